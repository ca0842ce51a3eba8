// Π18: the same question has the same key, and no other question has it.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fingerprint } from '../../src/cache/index.ts';
import type { ChatRequest } from '../../src/contract/index.ts';

const request = (more: Record<string, unknown> = {}): ChatRequest => ({
  model: 'auto',
  messages: [{ role: 'user', content: 'What is 2 + 2?' }],
  ...more,
});
const key = (more: Record<string, unknown> = {}, salt = 'acme'): string => fingerprint(request(more), salt);
const parsed = (text: string): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>;

/** The same value with the keys of every object in another order. */
function shuffled(value: unknown, turn: number): unknown {
  if (Array.isArray(value)) return value.map((item) => shuffled(item, turn));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, field]) => [name, shuffled(field, turn)] as const);
  const at = entries.length === 0 ? 0 : turn % entries.length;
  return Object.fromEntries([...entries.slice(at), ...entries.slice(0, at)].reverse());
}

const names = fc.oneof(
  { weight: 5, arbitrary: fc.string({ unit: 'grapheme', maxLength: 6 }) },
  { weight: 1, arbitrary: fc.constantFrom('__proto__', 'constructor', 'toString', '0', '10', '2') },
);
const json = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.constantFrom<unknown>(null, true, false, '', '1', 1, 0, '[]', '{}', 'null', '1,', '"'),
    fc.string({ unit: 'grapheme' }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(names, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;

/** A text of the value that says whether a list or an object is meant, whatever the order of keys. */
function meaning(value: unknown): string {
  if (Array.isArray(value)) return `list(${value.map(meaning).join()})`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).map(([name, field]) => `${JSON.stringify(name)} is ${meaning(field)}`);
  return `object(${fields.toSorted().join()})`;
}

describe('fingerprint', () => {
  it('Π18 is the same in whatever order the keys stand', () => {
    fc.assert(
      fc.property(fc.dictionary(names, json, { noNullPrototype: true }), fc.nat(7), (fields, turn) => {
        const one = request({ extra: fields });
        const other = shuffled(one, turn) as ChatRequest;
        expect(fingerprint(other, 's')).toBe(fingerprint(one, 's'));
      }),
      { numRuns: 300 },
    );
  });

  it('Π18 differs exactly when the meaning does', () => {
    fc.assert(
      fc.property(json, json, (one, other) => {
        expect(key({ extra: one }) === key({ extra: other })).toBe(meaning(one) === meaning(other));
      }),
      { numRuns: 1_000 },
    );
  });

  it('Π18 differs when a value moves by one place', () => {
    fc.assert(
      fc.property(fc.uniqueArray(json, { minLength: 2, maxLength: 5, selector: meaning }), (items) => {
        expect(key({ stop: items })).not.toBe(key({ stop: [...items.slice(1), items[0]] }));
      }),
      { numRuns: 200 },
    );
  });

  it('Π18 differs by tenant, and salt and request can not be mistaken for each other', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (one, other) => {
        expect(key({}, one) === key({}, other)).toBe(one === other);
      }),
      { numRuns: 200 },
    );
    expect(key({}, '"{')).not.toBe(key({}, '{"'));
  });

  it.each([
    ['order of messages', { messages: [{ role: 'a' }, { role: 'b' }] }, { messages: [{ role: 'b' }, { role: 'a' }] }],
    ['a number and its text', { n: 1 }, { n: '1' }],
    ['null and absent', { seed: null }, {}],
    ['a list and an object', { x: [] }, { x: {} }],
    ['a nested and a flat list', { x: [['a'], 'b'] }, { x: [['a', 'b']] }],
    ['composed and decomposed letters', { x: '\u00e9' }, { x: 'e\u0301' }],
    ['two lone surrogates', { x: '\ud800' }, { x: '\ud801' }],
    ['a key named __proto__', { x: parsed('{"__proto__":{"a":1}}') }, { x: {} }],
    [
      'a metadata key named __proto__',
      { metadata: parsed('{"__proto__":1}') },
      { metadata: parsed('{"__proto__":2}') },
    ],
    ['metadata of the caller', { metadata: { run: '1' } }, { metadata: { run: '2' } }],
    ['a user nested elsewhere', { x: { user: 'a' } }, { x: { user: 'b' } }],
    ['temperature', { temperature: 0 }, { temperature: 0.1 }],
    [
      'tools',
      { tools: [{ type: 'function', function: { name: 'a' } }] },
      { tools: [{ type: 'function', function: { name: 'b' } }] },
    ],
    ['numbers beyond the range', { x: Number.POSITIVE_INFINITY }, { x: null }],
  ])('differs: %s', (_what, one, other) => {
    expect(key(one)).not.toBe(key(other));
  });

  it('leaves out how the answer is delivered, who asks, and what is in the salt already', () => {
    const same = [
      {},
      { stream: true, stream_options: { include_usage: true } },
      { user: 'u1' },
      { safety_identifier: 'x' },
      { metadata: {} },
      { metadata: { quorum_strategy: 'triple' } },
    ];
    expect(new Set(same.map((more) => key(more))).size).toBe(1);
    expect(key({ metadata: { run: '1', quorum_cache: 'default' } })).toBe(key({ metadata: { run: '1' } }));
    expect(key()).toMatch(/^[\w-]{43}$/);
  });

  it('tells deep values apart, bounded in depth', () => {
    const nested = (depth: number, leaf: unknown): unknown =>
      Array.from({ length: depth }).reduce((inner) => ({ a: inner }), leaf);
    expect(key({ x: nested(500, 1) })).not.toBe(key({ x: nested(500, 2) }));
    expect(key({ x: nested(500, 1) })).not.toBe(key({ x: nested(501, 1) }));
    expect(() => key({ x: nested(100_000, 1) })).toThrow(/nested too deeply/);
  });
});
