// What was learnt is kept: over kill -9 of the real program, in the history with before, after and why, and as lines for another program. Tasks of one's own are learnt from the config.
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { evidenceAt } from '../../src/learning/index.ts';
import { systemClock } from '../../src/main.ts';
import { openStore } from '../../src/store/index.ts';
import { chat, send, startChild, startScene, type Fields, type Scene } from '../support/program.ts';

const ADMIN = 'sk-admin-secret-000';
const admin = { authorization: `Bearer ${ADMIN}` };
const REFUNDS = [
  'I want my money back',
  'refund my order please',
  'the charge on my card was wrong',
  'you billed me twice',
  'cancel it and return the payment',
  'my refund never arrived',
  'double charge this month',
  'reimburse the shipping fee',
  'give me back what I paid',
  'wrong amount on the bill',
];
const more = { server: { admin_key: ADMIN }, routing: { explore: 0, strategy: 'single' } };
let scene: Scene;
beforeAll(async () => {
  scene = await startScene({ more: { ...more, tasks: { refunds: { examples: REFUNDS } } } });
});
afterAll(() => scene.close());

const listAt = async (url: string, path: string): Promise<readonly Fields[]> =>
  (await send(`${url}/admin/v1/${path}`, { headers: admin })).json().data;
const exportOf = async (url: string): Promise<readonly string[]> =>
  (await send(`${url}/admin/v1/evidence`, { headers: admin })).text.trim().split('\n').toSorted();

async function judged(url: string, prompt: string, verdict: Fields): Promise<string> {
  const { headers } = await chat(url, { model: 'auto', messages: [{ role: 'user', content: prompt }] }, admin);
  const id = String(headers['x-request-id']);
  const told = await send(`${url}/v1/feedback`, {
    method: 'POST',
    body: { request_id: id, ...verdict },
    headers: admin,
  });
  expect(told.status).toBe(200);
  return id;
}

test('a task that the config adds with ten examples is told from the catalog’s', async () => {
  const taskOf = async (content: string): Promise<unknown> => {
    const body = { model: 'auto', messages: [{ role: 'user', content }] };
    const route = await send(`${scene.url}/v1/route`, { method: 'POST', body, headers: admin });
    return (route.json().decision as unknown as { classification: { task: string } }).classification.task;
  };
  expect(await taskOf('You charged my card twice, I would like the money back')).toBe('refunds');
  expect(await taskOf('still waiting for my refund on the last bill')).toBe('refunds');
  expect(await taskOf('I need a TypeScript function that debounces another function.')).toBe('code');
});

test('a change of confidence is logged and in the history, with before, after and why', async () => {
  for (let nth = 0; nth < 12; nth += 1)
    await judged(scene.url, `Which river runs through town ${nth}?`, { correct: false });
  const changes = await listAt(scene.url, 'confidence/history');
  const change = changes.find(({ after, before }) => after! < before!);
  expect(change).toMatchObject({
    task: expect.any(String),
    model: expect.any(String),
    why: expect.stringMatching(/\w/),
  });
  expect(Date.parse(String(change!['at']))).toBeGreaterThan(Date.now() - 60_000);
  const logged = scene.quorum.logs.map((line) => JSON.parse(line) as Fields);
  expect(logged).toContainEqual(
    expect.objectContaining({ model: change!['model'], task: change!['task'], why: change!['why'] }),
  );
  const pageAt = async (
    query: string,
  ): Promise<{ readonly data: readonly Fields[]; readonly next_cursor: string | null }> =>
    JSON.parse((await send(`${scene.url}/admin/v1/confidence/history?limit=1${query}`, { headers: admin })).text);
  const paged: Fields[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const page: Awaited<ReturnType<typeof pageAt>> = await pageAt(cursor === '' ? '' : `&cursor=${cursor}`);
    expect(page.data).toHaveLength(1);
    paged.push(...page.data);
    cursor = page.next_cursor;
  }
  expect(paged).toEqual(changes);
  const others = await listAt(scene.url, 'confidence/history?model=nobody');
  expect(others).toEqual([]);
});

test('exported lines make another program know the same', async () => {
  const other = await startScene({ more });
  try {
    const lines = await exportOf(scene.url);
    const told = await send(`${other.url}/admin/v1/evidence`, {
      method: 'POST',
      body: lines.join('\n'),
      headers: admin,
    });
    expect(told.json()).toMatchObject({ added: lines.length });
    const known = async (url: string) =>
      (await listAt(url, 'confidence?task=simple_query')).map(({ task, model, confidence }) => [
        task,
        model,
        Number(confidence).toFixed(2),
      ]);
    expect(new Set(await known(other.url))).toEqual(new Set(await known(scene.url)));
  } finally {
    await other.close();
  }
});

const seen = (lines: readonly string[]): number =>
  lines.reduce((sum, line) => sum + Number((JSON.parse(line) as Fields)['total']), 0);

async function stored(folder: string): Promise<number> {
  const store = await openStore(`sqlite:${join(folder, 'quorum.db')}`, systemClock, { decay: evidenceAt });
  const sums = await store.evidence.load();
  await store.close();
  return sums.reduce((sum, { total }) => sum + total, 0);
}

test('after kill -9 evidence, verdicts and corrections are there on the next start', async () => {
  const config = { server: { admin_key: ADMIN }, cache: false, routing: { explore: 0, strategy: 'single' } };
  const first = await startChild({ config });
  try {
    const ids: string[] = [];
    for (let nth = 0; nth < 8; nth += 1)
      ids.push(await judged(first.url, `What is ${nth} plus 30?`, { correct: false, correction: String(nth + 30) }));
    const before = await exportOf(first.url);
    expect(seen(before)).toBeGreaterThan(0);
    // Sums follow in batches; what the file holds is looked at from outside.
    await expect
      .poll(() => stored(first.folder), { timeout: 5_000, interval: 50 })
      .toBeGreaterThan(seen(before) * 0.99);
    const late = await judged(first.url, 'What is 50 plus 30?', { correct: true });
    first.process.kill('SIGKILL');
    expect(await first.ended).toBe('SIGKILL');

    const second = await startChild({ config, folder: first.folder });
    try {
      const verdicts = await listAt(second.url, 'feedback');
      expect(verdicts.map((one) => one['request_id'])).toEqual([late, ...ids.toReversed()]);
      expect(verdicts.find((one) => one['request_id'] === ids[3])).toMatchObject({ correct: false, correction: '33' });
      expect(seen(await exportOf(second.url))).toBeGreaterThan(seen(before) * 0.99);
      const again = { request_id: ids[0], correct: false, correction: '30' };
      const told = await send(`${second.url}/v1/feedback`, { method: 'POST', body: again, headers: admin });
      expect(told.json()).toMatchObject({ replaced: true });
    } finally {
      await second.clear();
    }
  } finally {
    await first.clear();
  }
}, 30_000);
