// Structured output: whatever the schema and whatever the text, the answer is valid; and it holds what the text says.
import { Ajv2020 } from 'ajv/dist/2020.js';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bench, RELIABLE, RIGHT } from './harness.ts';

type Schema = Record<string, unknown>;
const strictly = (schema: Schema, name = 'answer'): Record<string, unknown> => ({
  response_format: { type: 'json_schema', json_schema: { name, schema, strict: true } },
});
const object = (properties: Schema, required: readonly string[] = Object.keys(properties)): Schema => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});

function validator(schema: Schema): (value: unknown) => string | null {
  const ajv = new Ajv2020({ strict: false, allErrors: true, ownProperties: true });
  ajv.addFormat('date', /^\d{4}-\d{2}-\d{2}$/);
  ajv.addFormat('date-time', /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/);
  ajv.addFormat('email', /^[^@\s]+@[^@\s]+\.[^@\s]+$/);
  ajv.addFormat('uuid', /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i);
  const validate = ajv.compile(schema);
  return (value) => (validate(value) ? null : ajv.errorsText(validate.errors));
}

const KEYS = [
  'name',
  'email',
  'date',
  'price',
  'city',
  'answer',
  'items',
  'id',
  'is_urgent',
  'notes',
  'quantity',
  'x',
  'constructor',
  'tags',
];
const range = fc
  .tuple(fc.integer({ min: -50, max: 50 }), fc.integer({ min: 0, max: 100 }))
  .map(([low, width]) => ({ low, high: low + width }));
const leaf: fc.Arbitrary<Schema> = fc.oneof(
  fc.constant({ type: 'string' }),
  fc.constantFrom('date', 'date-time', 'email', 'uuid').map((format) => ({ type: 'string', format })),
  fc
    .constantFrom('^[A-Z]{3}-\\d{4}$', '^(?:low|high)$', '\\d{5}(-\\d{4})?', '^[a-z0-9_]{2,8}$')
    .map((pattern) => ({ type: 'string', pattern })),
  fc
    .tuple(fc.nat(5), fc.nat(20))
    .map(([minLength, more]) => ({ type: 'string', minLength, maxLength: minLength + more })),
  range.map(({ low, high }) => ({ type: 'number', minimum: low, maximum: high })),
  range.map(({ low, high }) => ({ type: 'integer', minimum: low, exclusiveMaximum: high + 1 })),
  fc.constant({ type: 'integer', multipleOf: 5 }),
  fc.constant({ type: 'boolean' }),
  fc.constant({ type: ['string', 'null'] }),
  fc.constant({ const: 'fixed' }),
  fc
    .uniqueArray(fc.string({ minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 4 })
    .map((list) => ({ type: 'string', enum: list })),
  fc.constant({ enum: [1, 2, 'three', null, true] }),
  fc.constant({ $ref: '#/$defs/person' }),
);
const { schema: anySchema } = fc.letrec<{ schema: Schema }>((tie) => ({
  schema: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc
      .tuple(
        fc.uniqueArray(fc.constantFrom(...KEYS), { maxLength: 5 }),
        fc.array(tie('schema'), { minLength: 5, maxLength: 5 }),
        fc.nat(5),
      )
      .map(([keys, parts, optional]) => {
        const properties = Object.fromEntries(keys.map((key, index) => [key, parts[index]!]));
        return object(properties, Object.keys(properties).slice(optional));
      }),
    fc
      .tuple(tie('schema'), fc.nat(2), fc.nat(4))
      .map(([items, minItems, more]) => ({ type: 'array', items, minItems, maxItems: minItems + more })),
    fc.tuple(tie('schema'), tie('schema')).map(([left, right]) => ({ anyOf: [left, right, { type: 'null' }] })),
    fc
      .array(tie('schema'), { minLength: 1, maxLength: 3 })
      .map((prefixItems) => ({ type: 'array', prefixItems, items: false, minItems: prefixItems.length })),
  ),
}));
const PERSON = object({ name: { type: 'string' }, manager: { anyOf: [{ $ref: '#/$defs/person' }, { type: 'null' }] } });
const TEXTS = [
  'Extract the data: Jane Doe (jane.doe@example.com) from Paris ordered 3 lamps for $45.50 on March 3, 2024. Order #A-1234. It is urgent.',
  'What is 17*23?',
  '',
  '- 2 apples at $1.50\n- 3 pears at $2.25\nTotal: $9.75',
];

describe('schema validity', async () => {
  const { say } = await bench({
    overrides: { '*': RELIABLE },
  });

  it('any schema, any text, any model: the answer is valid', async () => {
    await fc.assert(
      fc.asyncProperty(
        anySchema,
        fc.constantFrom(...TEXTS),
        fc.constantFrom('sandbox-swift', 'sandbox-sage', 'sandbox-flaky'),
        async (part, text, model) => {
          const schema: Schema = { ...object({ root: part }), $defs: { person: PERSON } };
          const value = JSON.parse(await say(model, text, strictly(schema))) as unknown;
          expect(validator(schema)(value)).toBeNull();
        },
      ),
      { numRuns: 120 },
    );
  }, 60_000);
});

describe('hostile input', async () => {
  const { chat } = await bench();
  const self = { type: 'object', properties: { left: { $ref: '#' }, right: { $ref: '#' } } };
  const schema = object({ name: { type: 'string' }, email: { type: 'string' }, total: { type: 'number' } });

  it.each([
    ['digits', '1'.repeat(50_000), schema],
    ['blanks', `${' '.repeat(50_000)}x`, schema],
    ['capitals', 'Aa '.repeat(20_000), schema],
    ['dots', 'a.'.repeat(30_000), schema],
    ['towers', '9^400*7^400/'.repeat(300), schema],
    ['answers', 'Answer A\n'.repeat(7000), schema],
    ['a schema of itself', 'left and right', self],
    ['a schema that has no end', 'left', { ...self, required: ['left', 'right'] }],
    ['a list without measure', 'items', object({ items: { type: 'array', items: { type: 'string' }, minItems: 1e9 } })],
  ])('%s: answered in bounded time', async (_name, text, form) => {
    expect((await chat('sandbox-swift', text)).choices).toHaveLength(1);
    expect((await chat('sandbox-swift', text, strictly(form))).choices).toHaveLength(1);
  });
});

describe('extraction', async () => {
  const { say } = await bench({ overrides: { '*': { accuracy: RIGHT } } });
  const extract = async (text: string, schema: Schema): Promise<unknown> =>
    JSON.parse(await say('sandbox-sage', text, strictly(schema)));
  const text = { type: 'string' };
  const number = { type: 'number' };

  it('fills fields by their names', async () => {
    const item = object({ name: text, quantity: { type: 'integer' }, price: number });
    const schema = object({
      name: text,
      email: text,
      order_date: text,
      total: number,
      currency: text,
      items: { type: 'array', items: item },
      sentiment: { type: 'string', enum: ['positive', 'negative'] },
      phone: { type: ['string', 'null'] },
    });
    const order =
      'Extract the order: Jane Doe (jane.doe@example.com) bought on March 3, 2024: 2 notebooks at $3.50, 1 lamp at $20. The total is $27.00. She was very happy.';
    expect(await extract(order, schema)).toEqual({
      name: 'Jane Doe',
      email: 'jane.doe@example.com',
      order_date: '2024-03-03',
      total: 27,
      currency: 'USD',
      items: [
        { name: 'notebooks', quantity: 2, price: 3.5 },
        { name: 'lamp', quantity: 1, price: 20 },
      ],
      sentiment: 'positive',
      phone: null,
    });
  });

  it('reads labelled lines', async () => {
    const schema = object({
      invoice_number: text,
      vendor: text,
      due_date: { type: 'string', format: 'date' },
      amount: number,
    });
    const invoice =
      'Read this invoice.\nInvoice number: INV-2041\nVendor: Acme Corp\nDue date: 15/04/2024\nAmount: €1,250.00';
    expect(await extract(invoice, schema)).toEqual({
      invoice_number: 'INV-2041',
      vendor: 'Acme Corp',
      due_date: '2024-04-15',
      amount: 1250,
    });
  });

  it('puts a worked-out answer where the schema asks for one', async () => {
    const schema = object({ reasoning: text, answer: number });
    expect(await extract('What is 17*23?', schema)).toMatchObject({ answer: 391 });
  });

  it('follows a form described in words', async () => {
    const described = await say('sandbox-swift', 'Return JSON with keys name, age: John Smith is 42 years old', {
      response_format: { type: 'json_object' },
    });
    expect(JSON.parse(described)).toEqual({ name: 'John Smith', age: 42 });
  });
});

describe('ranking', async () => {
  const { client } = await bench({ overrides: { '*': { accuracy: RIGHT } } });
  const labels = ['A', 'B', 'C'];
  const schema = object({ ranking: { type: 'array', items: { type: 'string', enum: labels } } });
  const fenced = (answers: readonly string[], word: string): string =>
    answers
      .map((answer, index) => `<<m4rk ${word} ${word === 'draft' ? index + 1 : labels[index]}>>\n${answer}\n<</m4rk>>`)
      .join('\n\n');
  const judge = async (question: string, answers: readonly string[]): Promise<string[]> => {
    const { choices } = await client.chat.completions.create({
      model: 'sandbox-sage',
      messages: [
        { role: 'user', content: question },
        { role: 'user', content: `Rank them.\n\n${fenced(answers, 'answer')}` },
      ],
      ...strictly(schema, 'quorum_ranking'),
    });
    return (JSON.parse(choices[0]!.message.content!) as { ranking: string[] }).ranking;
  };

  it('puts what is true first, and every label once', async () => {
    const ranking = await judge('What is 17*23?', ['390', 'The answer is 391.', '401']);
    expect(ranking[0]).toBe('B');
    expect(ranking.toSorted()).toEqual(labels);
  });

  it('goes by agreement where the truth is unknown', async () => {
    expect((await judge('Name a colour.', ['green', 'blue', 'Blue.']))[2]).toBe('A');
  });

  it('a chairman takes the majority’s draft', async () => {
    const { choices } = await client.chat.completions.create({
      model: 'sandbox-sage',
      messages: [
        { role: 'user', content: 'What is 17*23?' },
        {
          role: 'user',
          content: `Write the one best answer.\n\n${fenced(['390', '391', 'The answer is 391.'], 'draft')}`,
        },
      ],
    });
    expect(choices[0]!.message.content).toBe('391');
  });
});
