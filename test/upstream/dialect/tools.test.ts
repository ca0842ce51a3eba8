// Conversations with tools: what a model asked for and got comes back to it as it was, whoever the client is.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '../../../src/contract/index.ts';
import { dialectOf } from '../../../src/upstream/dialect/index.ts';
import { closedSchema, geminiSchema } from '../../../src/upstream/dialect/schema.ts';
import { modelOf, readWhole } from './fixture.ts';

type Fields = Record<string, unknown>;

const input = fc
  .dictionary(fc.string({ minLength: 1 }), fc.jsonValue())
  .map((value) => JSON.parse(JSON.stringify(value).replaceAll('__proto__', 'proto')) as Fields);
const word = fc.stringMatching(/^[a-zA-Z0-9_-]{1,12}$/);
const calls = fc.uniqueArray(fc.record({ id: word, name: word, input }), {
  minLength: 1,
  maxLength: 4,
  selector: ({ id }) => id,
});

function sent(model: string, messages: readonly Fields[]): Fields {
  const { model: known, provider } = modelOf({ model });
  const request = { model, messages, tools: [] } as unknown as ChatRequest;
  return JSON.parse(dialectOf(provider).route(provider, known).shape(request, false)) as Fields;
}

const answerOf = (model: string, answers: Fields): Fields =>
  readWhole({ model }, answers).completion.choices[0]!.message;

const results = (given: readonly { readonly id: string }[]): Fields[] =>
  given.map(({ id }) => ({ role: 'tool', tool_call_id: id, content: `done ${id}` }));

describe('a turn with tools goes back as it came', () => {
  it('Anthropic', () => {
    fc.assert(
      fc.property(calls, (made) => {
        const content = [
          { type: 'thinking', thinking: 'hm', signature: 'sig' },
          { type: 'text', text: 'Let me see.' },
          ...made.map((call) => ({ type: 'tool_use', ...call })),
        ];
        const model = 'claude-sonnet-5';
        const answer = { id: 'm', type: 'message', role: 'assistant', content, stop_reason: 'tool_use' };
        const message = answerOf(model, { ...answer, model: `${model}-20260630` });
        const body = sent(model, [{ role: 'user', content: 'go' }, message, ...results(made).toReversed()]);
        const [, assistant, user] = body['messages'] as { content: Fields[] }[];
        expect(assistant!.content).toEqual(content);
        expect(user!.content.map(({ tool_use_id }) => tool_use_id)).toEqual(made.map(({ id }) => id).toReversed());
        expect(body['tool_choice']).toEqual({ type: 'none' });
      }),
    );
  });

  it('Gemini', () => {
    fc.assert(
      fc.property(calls, (made) => {
        const parts = made.map(({ id, name, input: args }, at) => ({
          functionCall: { id, name, args },
          ...(at === 0 && { thoughtSignature: 'c2ln' }),
        }));
        const model = 'gemini-3.8-flash';
        const answer = { candidates: [{ content: { role: 'model', parts }, finishReason: 'STOP' }] };
        const message = answerOf(model, answer);
        const body = sent(model, [{ role: 'user', content: 'go' }, message, ...results(made)]);
        const [, turn, user] = body['contents'] as { role: string; parts: Fields[] }[];
        expect(turn).toEqual({ role: 'model', parts });
        expect(user!.parts).toEqual(
          made.map(({ id, name }) => ({ functionResponse: { id, name, response: { result: `done ${id}` } } })),
        );
      }),
    );
  });

  it('one model’s turn can be put before the other', () => {
    const claude = answerOf('claude-sonnet-5', {
      id: 'm',
      type: 'message',
      content: [
        { type: 'thinking', thinking: 'hm', signature: 'sig' },
        { type: 'tool_use', id: 'toolu_1', name: 'f', input: { a: 1 } },
      ],
      stop_reason: 'tool_use',
    });
    const talk = [{ role: 'user', content: 'go' }, claude, ...results([{ id: 'toolu_1' }])];
    expect((sent('gemini-3.8-flash', talk)['contents'] as Fields[])[1]).toEqual({
      role: 'model',
      parts: [
        {
          functionCall: { id: 'toolu_1', name: 'f', args: { a: 1 } },
          thoughtSignature: 'skip_thought_signature_validator',
        },
      ],
    });
    expect((sent('gemini-2.5-pro', talk)['contents'] as Fields[])[1]).toEqual({
      role: 'model',
      parts: [{ functionCall: { id: 'toolu_1', name: 'f', args: { a: 1 } } }],
    });
    // Another Claude can't use the thinking of this one.
    expect((sent('claude-opus-5', talk)['messages'] as { content: Fields[] }[])[1]!.content).toEqual([
      { type: 'tool_use', id: 'toolu_1', name: 'f', input: { a: 1 } },
    ]);
  });
});

describe('any messages', () => {
  const content = fc.oneof(
    fc.string(),
    fc.constant(null),
    fc.array(fc.record({ type: fc.constant('text'), text: fc.string() }), { maxLength: 3 }),
  );
  const message = fc.oneof(
    fc.record({ role: fc.constantFrom('system', 'developer', 'user', 'assistant', 'odd'), content }),
    fc.record({ role: fc.constant('tool'), tool_call_id: word, content }),
    fc.record({
      role: fc.constant('assistant'),
      content,
      tool_calls: fc.array(fc.record({ id: word, function: fc.record({ name: word, arguments: fc.string() }) })),
    }),
  );

  it.each(['claude-haiku-4-5', 'gemini-3.8-flash'])('%s gets a talk that its API takes', (model) => {
    fc.assert(
      fc.property(fc.array(message, { minLength: 1, maxLength: 8 }), (messages) => {
        const body = sent(model, messages);
        const turns = (body['messages'] ?? body['contents']) as {
          role: string;
          content?: Fields[];
          parts?: Fields[];
        }[];
        for (const { content: blocks, parts } of turns) expect((blocks ?? parts)!.length).toBeGreaterThan(0);
        const texts = turns.flatMap(({ content: blocks, parts }) => (blocks ?? parts)!.map(({ text }) => text));
        for (const text of texts) expect(text === undefined || (text as string).trim() !== '').toBe(true);
        if (model.startsWith('claude') && turns.length > 0) {
          expect([turns[0]!.role, turns.at(-1)!.role]).toEqual(['user', 'user']);
          const blocks = turns.map((turn) => turn.content!);
          const open = new Set<unknown>();
          for (const { type, id, tool_use_id } of blocks.flat()) {
            if (type === 'tool_use') open.add(id);
            if (type === 'tool_result') expect(open.has(tool_use_id)).toBe(true);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('schemas', () => {
  it.each([
    [
      'recursion',
      { $ref: '#/$defs/node', $defs: { node: { type: 'object', properties: { next: { $ref: '#/$defs/node' } } } } },
    ],
    ['recursion to the top', { type: 'object', properties: { next: { $ref: '#' } } }],
    ['a free map', { type: 'object', additionalProperties: { type: 'string' } }],
    ['an object of anything', { type: 'object' }],
    ['anything', {}],
    ['a reference to elsewhere', { $ref: 'https://example.com/schema.json' }],
    ['an enum of objects', { enum: [{ a: 1 }] }],
  ])('%s can’t be said to Anthropic, and Gemini gets what it can take', (_what, schema) => {
    expect(closedSchema(schema)).toBe(null);
    expect(() => geminiSchema(schema)).not.toThrow();
  });

  it('allOf becomes one object, a definition used twice is no recursion', () => {
    const point = { type: 'object', properties: { x: { type: 'number' } }, required: ['x'] };
    const schema = {
      allOf: [
        { $ref: '#/$defs/none' },
        point,
        { properties: { y: { $ref: '#/$defs/n' }, z: { $ref: '#/$defs/n' } }, required: ['y'] },
      ].slice(1),
      $defs: { n: { type: 'integer', minimum: 3 } },
    };
    expect(closedSchema(schema)).toEqual({
      type: 'object',
      properties: { x: { type: 'number' }, y: { $ref: '#/$defs/n' }, z: { $ref: '#/$defs/n' } },
      required: ['x', 'y'],
      $defs: { n: { type: 'integer', description: '(minimum: 3)' } },
      additionalProperties: false,
    });
  });
});

describe('what a caller may send to keep us busy', () => {
  const many = 20_000;
  const lots: [what: string, messages: Fields[]][] = [
    ['many messages of one role', Array.from({ length: many }, () => ({ role: 'user', content: 'x' }))],
    [
      'many calls and their results in reverse',
      [
        {
          role: 'assistant',
          tool_calls: Array.from({ length: many }, (_, at) => ({
            id: `c${at}`,
            function: { name: 'f', arguments: '{}' },
          })),
        },
        ...results(Array.from({ length: many }, (_, at) => ({ id: `c${at}` }))).toReversed(),
      ],
    ],
  ];

  it.each(lots)('%s', (_what, messages) => {
    for (const model of ['claude-sonnet-5', 'gemini-3.8-flash']) {
      expect(sent(model, messages)).toBeDefined();
    }
  });

  it('a schema as deep as a body can be', () => {
    let schema: Fields = { type: 'string' };
    for (let depth = 0; depth < 180; depth++) schema = { type: 'object', properties: { a: schema } };
    expect(closedSchema(schema)).toBe(null);
    expect(JSON.stringify(geminiSchema(schema)).length).toBeGreaterThan(1000);
    const wide = {
      allOf: Array.from({ length: many }, (_, at) => ({ properties: { [`p${at}`]: { type: 'string' } } })),
    };
    expect(Object.keys(geminiSchema(wide)['properties'] as object)).toHaveLength(many);
  });
});
