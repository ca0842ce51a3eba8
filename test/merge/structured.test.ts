// Structured answers: field by field, lists by key, numbers within a tolerance, the caller's schema kept.
import { describe, expect, it } from 'vitest';
import { createMerger } from '../../src/merge/index.ts';
import { candidate, context, schema, texts } from './panel.ts';
import type { Setting } from './panel.ts';

const merger = createMerger();
const merge = (said: readonly unknown[], setting: Setting = {}) =>
  merger.merge(
    texts(...said.map((value) => (typeof value === 'string' ? value : JSON.stringify(value)))),
    context(setting),
  );
const valueOf = (merged: ReturnType<typeof merge>): unknown =>
  JSON.parse((merged.message ?? merged.base.message).content!);

describe('objects', () => {
  it('take each field by vote, recursively, and fill what is missing', () => {
    const merged = merge([
      { name: 'Ada', born: 1815, at: { city: 'London', zip: 'W1' } },
      { name: 'ada', born: 1816, at: { city: 'London' } },
      { name: 'Ida', born: 1815, at: { city: 'Paris', zip: 'W1' }, died: 1852 },
    ]);
    expect(merged.kind).toBe('json');
    expect(valueOf(merged)).toEqual({
      name: expect.stringMatching(/^ada$/i),
      born: 1815,
      at: { city: 'London', zip: 'W1' },
      died: 1852,
    });
    expect(merged.provenance.find((entry) => entry.path === 'born')).toMatchObject({
      value: '1815',
      by: [{ model: expect.any(String) }, { model: expect.any(String) }],
      otherwise: [{ model: 'b', value: '1816' }],
      tie: false,
    });
  });

  it('go out as the candidate wrote them when the result is its own', () => {
    const merged = merge([
      { a: 1, b: 2 },
      { a: 1, b: 2 },
      { a: 1, b: 3 },
    ]);
    expect(merged.message).toBeNull();
    expect(['a', 'b']).toContain(merged.base.model);
    expect(merged.models.toSorted()).toEqual(['a', 'b']);
  });

  it('keep numbers as they were written, beyond double precision too', () => {
    const merged = merge([
      '{"id": 12345678901234567891, "price": 12.50, "x": 1}',
      '{"id": 12345678901234567891, "price": 12.50, "x": 2}',
      '{"id": 12345678901234567891, "price": 12.50, "x": 1, "y": 0}',
    ]);
    expect((merged.message ?? merged.base.message).content).toMatch(/"id": ?12345678901234567891, ?"price": ?12\.50/);
  });

  it('are found in fences and prose, and put back where they were', () => {
    const merged = merge([
      'Here you are:\n```json\n{\n  "a": 1,\n  "b": 2\n}\n```',
      '{"a": 1, "b": 3, "c": 4}',
      '{"a": 1, "b": 3}',
    ]);
    expect(merged.kind).toBe('json');
    expect((merged.message ?? merged.base.message).content).toContain('"b"');
  });

  it('come out as JSON alone where JSON was asked for', () => {
    const merged = merge(['Sure!\n```json\n{"a": 1}\n```', 'Sure!\n```json\n{"a": 1}\n```'], {
      request: { response_format: { type: 'json_object' } },
    });
    expect(valueOf(merged)).toEqual({ a: 1 });
  });
});

describe('numbers', () => {
  const said = [{ price: 2.1 }, { price: 2.12 }, { price: 9 }];
  it('within the tolerance of the field: median, outlier shown', () => {
    const merged = merge(said, { rules: { tolerance: { price: { relative: 0.05 } } } });
    expect([2.1, 2.12]).toContain((valueOf(merged) as { price: number }).price);
    expect(merged.provenance.find((entry) => entry.path === 'price')).toMatchObject({
      outlier: true,
      otherwise: [{ model: 'c', value: '9' }],
    });
  });
  it('or the mean', () => {
    const merged = merge(said, { rules: { tolerance: { '*': { absolute: 0.1 } }, numbers: 'mean' } });
    expect((valueOf(merged) as { price: number }).price).toBeCloseTo(2.11, 9);
  });
  it('all apart: the median', () => {
    expect(valueOf(merge([{ n: 1 }, { n: 50 }, { n: 7 }]))).toEqual({ n: 7 });
  });
});

describe('lists of items', () => {
  const row = (provider: string, gpu: string, price: number) => ({ provider, gpu, price });
  const said = [
    [row('aws', 'H100', 4), row('gcp', 'H100', 5)],
    [row('gcp', 'H100', 5), row('aws', 'H100', 4), row('azure', 'A100', 3)],
    [row('aws', 'H100', 9), row('azure', 'A100', 3), row('nobody', 'T4', 1)],
  ];
  const expected = [row('aws', 'H100', 4), row('azure', 'A100', 3), row('gcp', 'H100', 5)];
  const sorted = (value: unknown) =>
    (value as { provider: string }[]).toSorted((left, right) => (left.provider < right.provider ? -1 : 1));

  it.each([
    ['declared', { rules: { listKeys: { items: ['provider', 'gpu'] } } }],
    ['found', {}],
  ])('match by a key that is %s; each belongs by vote', (_, setting) => {
    const merged = merge(
      said.map((items) => ({ items })),
      setting,
    );
    expect(sorted((valueOf(merged) as { items: unknown }).items)).toEqual(expected);
    expect(
      merged.provenance.some((entry) => entry.value.includes('nobody') && entry.value.includes('not listed')),
    ).toBe(true);
  });

  it('at the top of the answer too, `*` naming any list', () => {
    expect(sorted(valueOf(merge(said, { rules: { listKeys: { '*': ['provider'] } } })))).toEqual(expected);
  });

  it('items with equal keys stay apart', () => {
    const twice = [
      { id: 'x', n: 1 },
      { id: 'x', n: 2 },
      { id: 'y', n: 3 },
    ];
    expect(valueOf(merge([twice, twice, [...twice, { id: 'z', n: 4 }]]))).toEqual(twice);
  });

  it('two voices: the union', () => {
    expect(sorted(valueOf(merge([said[0], [row('azure', 'A100', 3)]])))).toEqual(expected);
  });
});

describe('the schema of the caller', () => {
  const person = {
    type: 'object',
    properties: { name: { type: 'string' }, age: { type: 'integer' } },
    required: ['name', 'age'],
    additionalProperties: false,
  };
  it('is kept: where the fields together break it, the best valid candidate goes out whole', () => {
    const pairs = {
      type: 'object',
      properties: { a: { type: 'integer' }, b: { type: 'integer' } },
      oneOf: [
        { properties: { a: { const: 1 }, b: { const: 1 } } },
        { properties: { a: { const: 2 }, b: { const: 2 } } },
        { properties: { a: { const: 1 }, b: { const: 3 } } },
      ],
    };
    const merged = merge(
      [
        { a: 1, b: 1 },
        { a: 2, b: 2 },
        { a: 1, b: 3 },
      ],
      { request: schema(pairs) },
    );
    expect([
      { a: 1, b: 1 },
      { a: 2, b: 2 },
      { a: 1, b: 3 },
    ]).toContainEqual(valueOf(merged));
    expect(merged.violations).toEqual([]);
  });
  it('judges candidates: an invalid one counts for little', () => {
    const wrong = JSON.stringify({ name: 'Bo', age: 'old' });
    const merged = merger.merge(
      texts(wrong, JSON.stringify({ name: 'Bo', age: 41 })),
      context({ request: schema(person) }),
    );
    expect(valueOf(merged)).toEqual({ name: 'Bo', age: 41 });
    expect(merger.judge(candidate({ text: wrong }), context({ request: schema(person) }))).toMatchObject({
      acceptable: false,
      violations: [{ validator: 'schema', field: 'age' }],
    });
  });
  it.each([
    ['with a reference to elsewhere', { $ref: 'https://example.com/schema.json' }],
    ['that is no schema', { type: 12 }],
    ['with a pattern that is none', { type: 'object', properties: { a: { type: 'string', pattern: '(' } } }],
  ])('%s is as good as none', (_, body) => {
    expect(merger.judge(candidate({ text: '{"a":"x"}' }), context({ request: schema(body) })).acceptable).toBe(true);
  });
  it('of any draft, also under the same $id', () => {
    for (const draft of [
      'http://json-schema.org/draft-07/schema#',
      'https://json-schema.org/draft/2019-09/schema',
      'https://json-schema.org/draft/2020-12/schema',
    ]) {
      const body = { $schema: draft, $id: 'https://example.com/one', ...person };
      expect(merger.judge(candidate({ text: '{"name":1}' }), context({ request: schema(body) })).acceptable).toBe(
        false,
      );
      expect(
        merger.judge(candidate({ text: '{"name":"A","age":3}' }), context({ request: schema(body) })).acceptable,
      ).toBe(true);
    }
  });
});
