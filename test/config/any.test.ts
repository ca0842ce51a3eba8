// Whatever is written into a config: it loads, or says what is wrong and where. It never fails otherwise.
import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { readCatalog } from '../../src/config/catalog.ts';
import { ConfigError, resolve, resolveParts } from '../../src/config/index.ts';
import { load, NOBODY } from './support.ts';

const FULL = {
  server: { host: '127.0.0.1', port: 1 },
  providers: {
    house: { base_url: 'http://a/v1', headers: { a: 'b' }, rename_fields: { a: 'b' } },
    short: 'http://b/v1',
  },
  models: {
    a: { provider: 'house', price: { input: 1, output: 2 }, capabilities: ['tools'], timeouts: { total: '1s' } },
    b: 'short/x',
  },
  tiers: { mine: { models: ['a', 'b'], chairman: 'a' }, other: ['b'] },
  aliases: { x: 'a', y: 'auto' },
  tasks: {
    math: { patterns: ['x'], validators: [{ kind: 'range', field: 'x', min: 1 }], merge: { tolerance: { '*': '1%' } } },
  },
  routing: { prefer: 'cost', deadline: '1m' },
  limits: { roles: { planner: 1 } },
  cache: { ttl: '1h' },
  budgets: [{ scope: 'team', id: 'x', limit_usd: 5 }],
  experiments: { e: { arms: { a: {}, b: { tier: 'cost' } } } },
  sandbox: { models: { 'sandbox-swift': { error_rate: 0.1 } } },
};

const CATALOG = readCatalog({});

/** Every path into a value, its inner nodes included. */
function paths(value: unknown, above: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [above];
  return [above, ...Object.entries(value).flatMap(([key, inner]) => paths(inner, [...above, key]))];
}

function replaced(value: unknown, [step, ...rest]: readonly string[], by: unknown): unknown {
  if (step === undefined) return by;
  if (Array.isArray(value))
    return value.map((item, index) => (String(index) === step ? replaced(item, rest, by) : (item as unknown)));
  const map = value as Record<string, unknown>;
  return { ...map, [step]: replaced(map[step], rest, by) };
}

const odd = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    '',
    0,
    -1,
    1e300,
    true,
    [],
    {},
    [null],
    { a: null },
    '${X}',
    '${X:-5}',
    '${',
    '1h',
    '(',
    '__proto__',
    'constructor',
  ),
  fc.constantFrom<unknown>({ constructor: 'a' }, { toString: {} }, { provider: 'constructor' }, ['constructor'], {
    models: ['toString'],
  }),
  fc.jsonValue({ maxDepth: 2 }),
);

function attempt(yaml: string): void {
  try {
    const loaded = load(yaml, { env: {}, catalog: CATALOG });
    resolve(loaded, NOBODY);
    resolveParts(loaded.config);
  } catch (failure) {
    if (!(failure instanceof ConfigError)) throw failure;
    expect(failure.problems.length).toBeGreaterThan(0);
    for (const { line, column, message } of failure.problems) {
      expect(line).toBeGreaterThan(0);
      expect(column).toBeGreaterThan(0);
      expect(message).not.toMatch(/undefined|\[object|Invalid input/);
    }
  }
}

describe('any config', () => {
  it('that is whole loads', () => expect(() => load(stringify(FULL))).not.toThrow());

  it('with one value replaced', () => {
    const places = paths(FULL);
    const property = fc.property(fc.constantFrom(...places), odd, (path, value) =>
      attempt(stringify(replaced(FULL, path, value) ?? {})),
    );
    fc.assert(property, { numRuns: 150 });
  });

  it('cut off anywhere, or with a character changed', () => {
    const text =
      readFileSync('config/quorum.yaml', 'utf8').replaceAll(/^# /gm, '') + stringify(parse(stringify(FULL)).models);
    const property = fc.property(
      fc.nat(text.length),
      fc.constantFrom('', '{', '}', '\t', ':', '"', '&a', '*a', '<<: x', '- ', '\0', '…'),
      (at, by) => attempt(text.slice(0, at) + by),
    );
    fc.assert(property, { numRuns: 100 });
  });
});
