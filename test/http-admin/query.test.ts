// What lists are asked for: a wrong word is refused and named; nothing is ignored in silence.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DESCRIPTIONS } from '../../src/http/openapi/index.ts';
import { routesOf } from '../../src/http/routes.ts';
import { openOffice, type Office } from './office.ts';

let office: Office;
beforeAll(async () => {
  office = await openOffice();
});
afterAll(() => office.close());

const lists = routesOf({} as never)
  .filter(({ method, path, access }) => method === 'get' && access === 'admin' && !path.includes(':'))
  .map(({ path }) => path);

/** Two names for the same are told of by the first. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  '/admin/v1/spend group': 'group_by',
  '/admin/v1/reports group_by': 'by',
};

async function refusal(path: string): Promise<unknown> {
  const { status, text } = await office.admin('GET', path.replace('/admin/v1', ''));
  if (status !== 400) return [path, status];
  const { error } = JSON.parse(text) as { error: { code: string; param: string; message: string } };
  return [path, status, error.code, error.param, error.message];
}

test.each(lists)('%s: an unknown parameter is named, with the nearest', async (path) => {
  const known = Object.keys(DESCRIPTIONS[`GET ${path}`]?.query?.shape ?? {});
  const asked = `${path}?${known[0] === undefined ? 'x' : `${known[0]}x`}=1`;
  expect(await refusal(asked)).toEqual([
    asked,
    400,
    'invalid_value',
    asked.split(/[?=]/)[1],
    expect.stringContaining(known[0] ?? 'There is none'),
  ]);
  expect((await office.admin('GET', path.replace('/admin/v1', ''))).status).toBe(200);
});

test('a value that can’t be is refused and its parameter named, wherever it is taken', async () => {
  const bad: Readonly<Record<string, readonly string[]>> = {
    limit: ['abc', '-1', '0', '1.5', '501', '1e99'],
    cursor: ['nonsense!'],
    since: ['nonsense', '-1d', '2026-13-45'],
    until: ['tomorrow'],
    status: ['abc', '-1', '999'],
    format: ['xml'],
    rows: ['columns'],
    usable: ['maybe'],
    scope: ['galaxy'],
    group_by: ['colour'],
    group: ['colour'],
    by: ['colour'],
  };
  const tried = new Set<string>();
  for (const path of lists) {
    for (const name of Object.keys(DESCRIPTIONS[`GET ${path}`]?.query?.shape ?? {})) {
      for (const value of bad[name] ?? []) {
        tried.add(name);
        const asked = `${path}?${name}=${encodeURIComponent(value)}`;
        const told = OTHER_NAMES[`${path} ${name}`] ?? name;
        expect(await refusal(asked)).toEqual([asked, 400, 'invalid_value', told, expect.stringContaining(told)]);
      }
    }
  }
  expect([...tried].sort()).toEqual(Object.keys(bad).sort());
});
