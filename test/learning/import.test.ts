// Verdicts from a file: through the running program or into its store; bad lines are named, nothing counts twice, and an export teaches another installation.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runImportFeedback } from '../../src/cli/import-feedback.ts';
import { systemClock } from '../../src/main.ts';
import { chat, send, startScene, type Fields, type Scene } from '../support/program.ts';

const ADMIN = 'sk-admin-secret-000';
const admin = { authorization: `Bearer ${ADMIN}` };
const more = { server: { admin_key: ADMIN }, routing: { explore: 0, strategy: 'single' } };
const folder = mkdtempSync(join(tmpdir(), 'quorum-import-test-'));
let scene: Scene;
const ids: string[] = [];
beforeAll(async () => {
  scene = await startScene({ more });
  for (let nth = 0; nth < 8; nth += 1) {
    const body = { model: 'auto', messages: [{ role: 'user', content: `Which river runs through town ${nth}?` }] };
    ids.push(String((await chat(scene.url, body, admin)).headers['x-request-id']));
  }
});
afterAll(async () => {
  await scene.close();
  rmSync(folder, { recursive: true, force: true });
});

function written(name: string, lines: readonly unknown[]): string {
  const file = join(folder, name);
  writeFileSync(file, lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'));
  return file;
}

interface Told {
  readonly taken: number;
  readonly replaced: number;
  readonly unchanged: number;
  readonly failed: number;
  readonly problems: readonly { readonly line: number; readonly problem: string }[];
}

async function imported(file: string, to: Scene, given = {}): Promise<Told & { readonly code: number }> {
  let text = '';
  const code = await runImportFeedback(file, {
    config: to.quorum.config.file ?? undefined,
    port: new URL(to.url).port,
    json: true,
    env: {},
    clock: systemClock,
    isTerminal: false,
    write: (part) => void (text += part),
    ...given,
  });
  return { code, ...(JSON.parse(text) as Told) };
}

const verdictsAt = async (url: string): Promise<readonly Fields[]> =>
  (await send(`${url}/admin/v1/feedback?limit=100`, { headers: admin })).json().data;

test('a program that runs learns from it at once; bad lines are named and put aside, all others count, and again changes nothing', async () => {
  const file = written('mixed.jsonl', [
    { request_id: ids[0], correct: true },
    'not json',
    { request_id: ids[1], score: 0.25, comment: 'meh' },
    { request_id: 'req_nobody', correct: true },
    '',
    { request_id: ids[2] },
    { request_id: ids[3], score: 7 },
    { request_id: ids[4], correction: 'the Danube', kind: 'fact' },
  ]);
  const rejects = join(folder, 'rejects.jsonl');
  const told = await imported(file, scene, { rejects });
  expect(told).toMatchObject({ code: 1, taken: 3, replaced: 0, unchanged: 0, failed: 4 });
  expect(told.problems.map(({ line }) => line)).toEqual([2, 4, 6, 7]);
  expect(told.problems[0]!.problem).toBe('It is not JSON.');
  expect(told.problems[3]!.problem).toMatch(/score.*0 to 1/);
  expect(readFileSync(rejects, 'utf8').split('\n')[0]).toBe('not json');
  expect(readFileSync(rejects, 'utf8').trimEnd().split('\n')).toHaveLength(4);
  expect(new Set((await verdictsAt(scene.url)).map(({ request_id }) => request_id))).toEqual(
    new Set([ids[0], ids[1], ids[4]]),
  );

  expect(await imported(file, scene)).toMatchObject({ taken: 0, replaced: 0, unchanged: 3, failed: 4 });
  const other = written('other.jsonl', [{ request_id: ids[0], correct: false }]);
  expect(await imported(other, scene)).toMatchObject({ code: 0, replaced: 1 });
  const found = (await verdictsAt(scene.url)).find(({ request_id }) => request_id === ids[0]);
  expect(found).toMatchObject({ correct: false });
});

test('where no program runs it goes into the store, and the next start knows it', async () => {
  const file = written('later.jsonl', [{ request_id: ids[5], correct: true }]);
  // Nobody listens on port 0.
  expect(await imported(file, scene, { port: '0' })).toMatchObject({ code: 0, taken: 1 });
  expect((await verdictsAt(scene.url)).some(({ request_id }) => request_id === ids[5])).toBe(true);
});

test('an export with its lessons teaches another installation the same, once', async () => {
  const { text } = await send(`${scene.url}/admin/v1/feedback?format=jsonl`, { headers: admin });
  const lines = text.trimEnd().split('\n');
  expect(lines).toHaveLength(4);
  expect(text).not.toContain('"prompt"');
  const other = await startScene({ more });
  try {
    const file = written('export.jsonl', lines);
    expect(await imported(file, other)).toMatchObject({ code: 0, taken: 4 });
    expect(await imported(file, other)).toMatchObject({ code: 0, taken: 0, unchanged: 4 });
    const [here, there] = await Promise.all([verdictsAt(scene.url), verdictsAt(other.url)]);
    const plain = (rows: readonly Fields[]) =>
      rows
        .map(({ request_id, score, correction, task, models }) => ({ request_id, score, correction, task, models }))
        .toSorted((one, two) => (String(one.request_id) < String(two.request_id) ? -1 : 1));
    expect(plain(there)).toEqual(plain(here));
    const calibration = async (url: string) =>
      (await send(`${url}/admin/v1/calibration`, { headers: admin })).json()['all'];
    expect(await calibration(other.url)).toMatchObject({ verdicts: 4 });
  } finally {
    await other.close();
  }
});

test('a file that isn’t there, and one that refuses', async () => {
  await expect(imported(join(folder, 'none.jsonl'), scene)).rejects.toThrow('There is no file');
  const file = written('again.jsonl', [{ request_id: ids[6], correct: true }]);
  await expect(imported(file, scene, { env: { QUORUM_ADMIN_KEY: 'wrong' }, config: undefined })).rejects.toThrow(
    /refuses.*Lines before 1 were taken/,
  );
});
