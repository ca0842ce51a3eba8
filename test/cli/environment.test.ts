// Where variables come from: the process, then a `.env` file where it is started.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ensureBuilt } from '../support/program.ts';

const CLI = resolve(import.meta.dirname, '../../dist/cli.js');
const folder = mkdtempSync(join(tmpdir(), 'quorum-env-'));
beforeAll(() => {
  ensureBuilt();
  writeFileSync(join(folder, '.env'), '# mine\nexport HOUSE_KEY="sk-house"\nGROQ_API_KEY=sk-groq\nMODEL_TIER=cost\n');
  writeFileSync(
    join(folder, 'quorum.yaml'),
    'providers: { house: { base_url: "http://127.0.0.1:9/v1", api_key: "${HOUSE_KEY:-}" } }\nmodels: { mine: house }\n',
  );
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function usable(env: Readonly<Record<string, string>>, cwd = folder): readonly string[] {
  const { stdout } = spawnSync(process.execPath, [CLI, 'models', '--json', '--config', join(folder, 'quorum.yaml')], {
    cwd,
    env: { PATH: process.env['PATH'], ...env },
    encoding: 'utf8',
  });
  const rows = JSON.parse(stdout) as readonly { readonly provider: string; readonly usable: boolean }[];
  return [...new Set(rows.filter((row) => row.usable).map(({ provider }) => provider))];
}

test('a .env file is read, the process’s own variables win, and elsewhere it isn’t there', () => {
  expect(usable({})).toEqual(expect.arrayContaining(['house', 'groq']));
  expect(usable({ GROQ_API_KEY: '' })).not.toContain('groq');
  expect(usable({}, tmpdir())).toEqual(['sandbox']);
});

test.each(['utf8', 'utf16le'] as const)('also one that was written on Windows: %s', (encoding) => {
  const there = mkdtempSync(join(folder, 'windows-'));
  writeFileSync(join(there, '.env'), Buffer.from('\uFEFFGROQ_API_KEY=sk-groq\r\nHOUSE_KEY=sk-house\r\n', encoding));
  expect(usable({}, there)).toEqual(expect.arrayContaining(['house', 'groq']));
});
