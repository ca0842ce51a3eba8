// Reports and exports over HTTP and on the command line tell what was really asked.
import { spawnSync } from 'node:child_process';
import { dirname, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ensureBuilt, send, type Fields } from '../support/program.ts';
import { bearer, openOffice, type Office } from './office.ts';

let office: Office;
let secret: string;
beforeAll(async () => {
  office = await openOffice();
  ({ secret } = await office.key({ name: 'etl', team: 'data' }));
  for (let nth = 0; nth < 3; nth += 1)
    await office.chat(secret, { messages: [{ role: 'user', content: `What is 17 * ${nth}?` }] });
  const told = await office.chat(secret, { model: 'quorum/dual' });
  const feedback = { request_id: told.headers['x-request-id'], correct: true };
  await send(`${office.url}/v1/feedback`, { body: feedback, headers: bearer(secret) });
});
afterAll(() => office.close());

const reported = async (query: string): Promise<{ data: readonly Fields[]; total: Fields; counts: string }> =>
  (await office.admin('GET', `/reports${query}`)).json() as never;

it('by strategy and team', async () => {
  const { data, total, counts } = await reported('?by=strategy,team&since=1d');
  expect(counts).toBe('requests');
  expect(data).toContainEqual(expect.objectContaining({ strategy: 'single', team: 'data', requests: 3, ok: 3 }));
  expect(data).toContainEqual(expect.objectContaining({ strategy: 'dual', verdicts: 1, accuracy: 1 }));
  expect(total['requests']).toBe(4);
  expect(total['latency_ms']).toMatchObject({ count: 4, p99: expect.any(Number) });
});

it('by model it counts calls', async () => {
  const { data, counts } = await reported('?by=model');
  expect(counts).toBe('calls');
  expect(data.find(({ model }) => model === 'alpha')).toMatchObject({ requests: expect.any(Number), failed: 0 });
});

it('by tag and user, as requests and keys say them', async () => {
  const { secret: own } = await office.key({ name: 'tagged', user: 'ann', tags: ['batch'] });
  await office.chat(own, { user: 'bob' }, { 'x-quorum-tags': 'nightly' });
  await office.chat(own);
  const { data, total } = await reported('?by=tag,user&since=1h');
  expect(data).toContainEqual(expect.objectContaining({ tag: 'batch', user: 'ann', requests: 1 }));
  expect(data).toContainEqual(expect.objectContaining({ tag: 'batch', user: 'bob', requests: 1 }));
  expect(data).toContainEqual(expect.objectContaining({ tag: 'nightly', user: 'bob', requests: 1 }));
  expect(total['requests']).toBe(6);
  const byModel = await reported('?by=user,model');
  expect(byModel.data).toContainEqual(expect.objectContaining({ user: 'bob', model: expect.any(String) }));
});

it('as CSV; what it does not know it says', async () => {
  const csv = await office.admin('GET', '/reports?by=task&format=csv');
  expect(csv.headers['content-type']).toContain('text/csv');
  expect(csv.text.split('\r\n')[0]).toContain('task,requests');
  const wrong = await office.admin('GET', '/reports?by=colour');
  expect([wrong.status, wrong.json().error.param]).toEqual([400, 'by']);
  expect((await office.admin('GET', '/reports?since=yesterday')).json().error.param).toBe('since');
  expect((await office.admin('GET', '/reports?format=pdf')).status).toBe(400);
});

it('records go out as JSON lines, whole or call by call, filtered', async () => {
  const lines = async (query: string): Promise<readonly Fields[]> =>
    (await office.admin('GET', `/requests?format=jsonl${query}`)).text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Fields);
  expect(await lines('')).toHaveLength(6);
  expect(await lines('&strategy=dual')).toHaveLength(1);
  const attempts = await lines('&rows=attempts&model=alpha');
  expect(attempts[0]).toMatchObject({
    request: expect.stringMatching(/^req_/),
    model: expect.any(String),
    position: 0,
  });
  expect((await office.admin('GET', '/requests?format=xml')).status).toBe(400);
});

it('Π11 every record has its total, each stage, and the time of every call that answered', async () => {
  const { text } = await office.admin('GET', '/requests?format=jsonl');
  const records = text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { timings: Fields; attempts: readonly Fields[] });
  expect(records.length).toBe(6);
  for (const { timings, attempts } of records) {
    expect(timings['total_ms']).toBeGreaterThan(0);
    const stages = Object.values(timings['stages'] as Readonly<Record<string, number>>);
    expect(stages.length).toBeGreaterThan(0);
    expect(stages.reduce((sum, ms) => sum + ms, 0)).toBeCloseTo(timings['total_ms'] as number, 0);
    expect(attempts.length).toBeGreaterThan(0);
    for (const { started_ms: started, ended_ms: ended, outcome } of attempts)
      if (outcome === 'ok') expect(ended as number).toBeGreaterThanOrEqual(started as number);
  }
});

it('`quorum report` reads the same beside the running server', async () => {
  await reported('?by=model');
  ensureBuilt();
  const run = (...words: string[]) =>
    spawnSync(process.execPath, [resolve('dist/cli.js'), ...words, '--config', office.quorum.config.file], {
      cwd: dirname(office.quorum.config.file),
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] },
    });
  const table = run('report', '--by', 'strategy,task', '--since', '7d');
  expect([table.stderr, table.status]).toEqual(['', 0]);
  expect(table.stdout).toMatch(/^strategy\s+task\s+requests\s+errors\s+p50/m);
  expect(table.stdout).toMatch(/members/);
  const json = JSON.parse(run('report', '--by', 'model', '--format', 'json').stdout) as { data: readonly Fields[] };
  expect(json.data.map(({ model }) => model)).toContain('alpha');
  expect(run('report', '--format', 'csv').stdout.split('\r\n')[0]).toMatch(/^model,requests/);
  expect(run('report', 'export', '--rows', 'attempts').stdout.trim().split('\n').length).toBeGreaterThanOrEqual(5);
  const wrong = run('report', '--by', 'colour');
  expect([wrong.status, wrong.stderr]).toEqual([1, expect.stringContaining("'by' lists some of")]);
}, 60_000);
