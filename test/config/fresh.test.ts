// What is generated from the catalog and the schema is what lies in the repository. UPDATE=1 writes it.
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { catalogJson } from '../../src/config/catalog.ts';
import { configJsonSchema } from '../../src/config/json-schema.ts';
import { configReference } from '../../src/config/reference.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(resolve(ROOT, path), 'utf8');

function fresh(path: string, wanted: string): void {
  if (process.env['UPDATE'] === '1') writeFileSync(resolve(ROOT, path), wanted);
  expect(read(path) === wanted, `${path} is stale; UPDATE=1 npx vitest run test/config/fresh.test.ts writes it`).toBe(
    true,
  );
}

describe('what is generated', () => {
  it('catalog.json is made of catalog.yaml', () =>
    fresh('config/catalog.json', catalogJson(read('config/catalog.yaml'))));

  it('quorum.schema.json is made of the schema', () =>
    fresh('config/quorum.schema.json', `${JSON.stringify(configJsonSchema(), null, 2)}\n`));

  it('docs/configuration.md is made of the schema', () => fresh('docs/configuration.md', configReference()));
});

it('every key of the reference has a meaning', () => {
  const rows = configReference()
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  expect(rows.length).toBeGreaterThan(120);
  expect(rows.filter((line) => /\|\s*\|$/.test(line))).toEqual([]);
});

describe('the JSON Schema', () => {
  const validate = new Ajv2020({ strict: false }).compile(configJsonSchema());

  it('accepts the default config and the catalog', () => {
    expect(validate(parse(read('config/quorum.yaml'))), JSON.stringify(validate.errors)).toBe(true);
    expect(validate(parse(read('config/catalog.yaml'))), JSON.stringify(validate.errors)).toBe(true);
  });

  it.each([
    ['an unknown key', { server: { prot: 1 } }],
    ['a wrong type', { models: { fast: { provider: 'openai', price: { input: 'cheap', output: 1 } } } }],
    ['a wrong duration', { cache: { ttl: '1 hour' } }],
    ['a wrong choice', { routing: { prefer: 'luck' } }],
  ])('refuses %s', (_what, config) => expect(validate(config)).toBe(false));

  it.each([
    ['a number from the environment', { server: { port: '${PORT:-4000}' } }],
    ['a flag from the environment', { cache: { enabled: '${CACHE}' } }],
    [
      'short forms',
      {
        models: { x: 'openai/gpt-4o-mini' },
        providers: { y: 'http://127.0.0.1:1/v1' },
        tiers: { z: ['x'] },
        cache: false,
      },
    ],
  ])('accepts %s', (_what, config) => expect(validate(config), JSON.stringify(validate.errors)).toBe(true));
});
