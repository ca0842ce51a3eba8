// Laws of slimming: schemas mean what they meant, users' words and examples stay, the prefix is stable, twice is once.
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '../../src/contract/index.ts';
import { slim } from '../../src/slim/index.ts';

type Json = Readonly<Record<string, unknown>>;

const words = fc.constantFrom(
  'The ID of the user.',
  'This parameter specifies the name of the city. It is nice. Must be in English. We love it a lot.',
  'in order to',
  '',
  'A string that represents the value',
  'Example: `x   y`',
  'Please note that you must return it',
  'ISO 8601 date,   e.g. 2026-01-31. Such dates are lovely. They were invented long ago by people who liked order.',
);
const names = fc.constantFrom('user_id', 'city', 'title', 'description', 'required', 'count', 'tags', 'default');

const schema = fc
  .letrec<{ node: Json; leaf: Json; object: Json; list: Json; choice: Json }>((tie) => ({
    node: fc.oneof({ maxDepth: 3, withCrossShrink: true }, tie('leaf'), tie('object'), tie('list'), tie('choice')),
    leaf: fc.record(
      {
        type: fc.constantFrom('string', 'integer', 'number', 'boolean', 'null'),
        description: words,
        title: fc.constantFrom('City', 'User Id', 'Something else'),
        $comment: words,
        minLength: fc.constantFrom(0, 2),
        enum: fc.constantFrom(['a', 'b'], ['in order to', 1]),
        default: fc.constantFrom(null, 'in   order to'),
        deprecated: fc.boolean(),
        const: fc.constantFrom('a', 1),
      },
      { requiredKeys: [] },
    ),
    object: fc
      .tuple(
        fc.dictionary(names, tie('node'), { maxKeys: 4, noNullPrototype: true }),
        fc.record(
          {
            additionalProperties: fc.oneof(fc.boolean(), tie('leaf')),
            required: fc.subarray(['user_id', 'city', 'title']),
            minProperties: fc.constantFrom(0, 1),
            description: words,
            title: fc.constant('Args'),
          },
          { requiredKeys: [] },
        ),
      )
      .map(([properties, more]) => ({ type: 'object', properties, ...more })),
    list: fc.record(
      { type: fc.constant('array'), items: tie('node'), minItems: fc.constantFrom(0, 1), uniqueItems: fc.boolean() },
      { requiredKeys: ['type'] },
    ),
    choice: fc.oneof(
      fc.record({ anyOf: fc.array(tie('node'), { minLength: 1, maxLength: 2 }) }),
      fc.record({ not: tie('leaf') }),
      fc.constant({ $ref: '#/$defs/shared' }),
    ),
  }))
  .object.map((root): Json => ({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    ...root,
    $defs: { shared: { type: 'string', title: 'Shared', minLength: 1 }, unused: { type: 'integer' } },
  }));

const instance = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<unknown>('a', 'b', '', 1, 2.5, true, null, 'in order to'),
    fc.dictionary(names, tie('value'), { maxKeys: 4, noNullPrototype: true }),
    fc.array(tie('value'), { maxLength: 3 }),
  ),
})).value;

const ask = (messages: unknown[], more: object = {}): ChatRequest => ({ model: 'm', messages, ...more }) as ChatRequest;
const parametersOf = (request: ChatRequest): unknown => (request.tools![0]!['function'] as Json)['parameters'];
const inTool = (parameters: unknown): ChatRequest =>
  ask([{ role: 'user', content: 'go' }], { tools: [{ type: 'function', function: { name: 'f', parameters } }] });

const lines = fc.constantFrom(
  'You are a planner.',
  '',
  '',
  '   ',
  'Please note that you must always cite sources.',
  '# Rules',
  '## Output',
  '- Never invent values that no document contains.',
  'Never invent values that no document contains.',
  'Respond only with valid JSON. Do not add any text outside the JSON. No markdown code fences.',
  '==========',
  'Use   `a   b`   in order to   help.',
  '1. Check the input carefully for errors.',
  'He said "in   order to   win".',
  '```',
  'code   in order to',
  '<example>',
  '</example>',
  'Example 1:',
  'Input:  x',
  'Output:  {"a":   1}',
  '> quoted   line',
  '{"type": "object",',
  '"properties": {}}',
  '    indented   code',
  '{{template   name}}',
  '•   a bullet!!!!',
  'Être   précis, s’il vous plaît.',
);
const prompt = fc.array(lines, { maxLength: 25 }).map((all) => all.join('\n'));

describe('laws', () => {
  it('a schema accepts what it accepted before, and nothing else', () => {
    const valid = new Ajv2020({ strict: false, logger: false });
    let [yes, no] = [0, 0];
    fc.assert(
      fc.property(schema, fc.array(instance, { minLength: 8, maxLength: 8 }), (parameters, values) => {
        const after = parametersOf(slim(inTool(parameters)).request);
        const [before, now] = [valid.compile(parameters), valid.compile(after as Json)];
        for (const value of values) {
          expect(now(value)).toBe(before(value));
          if (before(value)) yes += 1;
          else no += 1;
        }
      }),
      { numRuns: 400 },
    );
    expect(Math.min(yes, no)).toBeGreaterThan(100);
  });

  it('a schema keeps its properties in order, and never grows', () => {
    const order = (value: unknown): unknown =>
      typeof value === 'object' && value !== null && 'properties' in value
        ? Object.keys(value.properties as object)
        : null;
    fc.assert(
      fc.property(schema, (parameters) => {
        const after = parametersOf(slim(inTool(parameters)).request);
        expect(order(after)).toEqual(order(parameters));
        expect(JSON.stringify(after).length).toBeLessThanOrEqual(JSON.stringify(parameters).length);
      }),
      { numRuns: 200 },
    );
  });

  it('the same input gives the same bytes, slimmed twice is slimmed once, and nothing grows', () => {
    fc.assert(
      fc.property(prompt, (text) => {
        const request = ask([{ role: 'system', content: text }]);
        const once = slim(request);
        expect(JSON.stringify(slim(structuredClone(request)).request)).toBe(JSON.stringify(once.request));
        expect(slim(once.request).request).toEqual(once.request);
        expect(text.length - (once.request.messages[0]!.content as string).length).toBe(once.saved.characters);
        expect(once.saved.characters).toBeGreaterThanOrEqual(0);
      }),
      // Found once: an empty first line hid which line the margin doesn't hold for.
      { numRuns: 500, examples: [[`   \nYou are a planner.${'\n    indented   code'.repeat(3)}`]] },
    );
  });

  it('a longer conversation begins with the bytes of the shorter one', () => {
    fc.assert(
      fc.property(prompt, prompt, prompt, (first, second, words) => {
        const start = [
          { role: 'system', content: first },
          { role: 'user', content: words },
        ];
        const short = slim(ask(start)).request.messages;
        const long = slim(ask([...start, { role: 'assistant', content: words }, { role: 'system', content: second }]))
          .request.messages;
        expect(long.slice(0, 2)).toEqual(short);
      }),
      { numRuns: 300 },
    );
  });

  it('users, answers, tools’ results and named examples stay to the letter', () => {
    fc.assert(
      fc.property(prompt, (text) => {
        const messages = [
          { role: 'user', content: text },
          { role: 'assistant', content: text },
          { role: 'tool', tool_call_id: '1', content: text },
          { role: 'system', name: 'example_user', content: text },
          { role: 'user', content: [{ type: 'text', text }] },
        ];
        const request = ask(messages);
        expect(slim(request).request).toBe(request);
      }),
      { numRuns: 200 },
    );
  });

  it.each(['hello there ', '12345 ', ' \n', 'a', '. ', '- x\n'])(
    'a system prompt of 400,000 letters of %j is read in linear time',
    (word) => {
      for (const end of ['', '.x']) {
        const content = word.repeat(400_000 / word.length) + end;
        const request = {
          model: 'm',
          messages: [
            { role: 'system', content },
            { role: 'user', content: 'go' },
          ],
        } as ChatRequest;
        expect(slim(request).request.messages).toHaveLength(2);
      }
    },
  );

  it('code, quotes, examples and data in a system prompt stay to the letter', () => {
    const kept = fc.constantFrom(
      '```py\nx  =  1\n\n\n\n# in order to\n```',
      '`a   b`',
      '"in   order to   win"',
      '“please   note that”',
      '<example>\nInput:   a\n\n\n\nOutput:   b\n</example>',
      '> in   order to',
      '<document>\n  a    b\n</document>',
      'User:   hi\nAssistant:   in order to',
      '{"answer":    "in order to"}',
      '## Examples\n\n\n\nQ:   a\nA:   in order to',
    );
    fc.assert(
      fc.property(
        fc.constantFrom('You are a planner.   Please be brief.', 'Use this in order to work:'),
        fc.array(kept, { minLength: 1, maxLength: 3 }),
        (head, pieces) => {
          const text = [head, ...pieces].join('\n\n');
          const out = slim(ask([{ role: 'system', content: text }])).request.messages[0]!.content as string;
          for (const piece of pieces) expect(out).toContain(piece);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('what must not be taken for repetition or a hint', () => {
  const out = (text: string): string =>
    slim(ask([{ role: 'system', content: text }])).request.messages[0]!.content as string;

  it.each([
    [
      'rules of one field told of another',
      '## amount\nReturn null when absent from the document.\n\n## date\nReturn null when absent from the document.',
    ],
    [
      'continuations of different bullets',
      '- amount:\n  Required and never an empty string.\n- date:\n  Required and never an empty string.',
    ],
    ['steps', '1. Verify the result with care.\n2. Write it down.\n3. Verify the result with care.'],
    [
      'a sentence that points elsewhere',
      'Rules\nCall the search tool. Do not repeat that more than twice.\nCall the map tool. Do not repeat that more than twice.',
    ],
    [
      'the opposite of a hint',
      'Do not respond in JSON format. Only answer in plain text, with no markdown code fences.',
    ],
    ['JSON or something else', 'Return only valid JSON or plain text, with no explanation.'],
    ['a hint with a field of its own', 'Return only a JSON object with the key status, nothing else.'],
    ['“please” as a word', 'When the user does not say please then answer anyway.'],
  ])('%s', (_what, text) => expect(out(text)).toBe(text));

  it.each([
    [
      'what the general rules said',
      'Never invent values that no document contains.\n\n## Output\nAnswer in French. Never invent values that no document contains.',
      'Never invent values that no document contains.\n\n## Output\nAnswer in French.',
    ],
    [
      'a litany of JSON',
      'Respond only with valid JSON. Do not add any explanations. Do not use markdown code fences.',
      'Output only valid JSON, no other text.',
    ],
    [
      'a schema over many lines',
      'The schema:\n{\n  "type": "object",\n  "properties": {}\n}',
      'The schema:\n{"type":"object","properties":{}}',
    ],
    [
      'the margin of a program',
      'You plan.\n    Be brief.\n\n    Be kind.\n    Be quick.',
      'You plan.\nBe brief.\n\nBe kind.\nBe quick.',
    ],
  ])('but %s', (_what, text, short) => expect(out(text)).toBe(short));
});
