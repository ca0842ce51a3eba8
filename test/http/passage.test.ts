// Requests that are passed through are told of like chat: a record, a line in the log, numbers, whatever way they end.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { open, send, startScene, type Body, type Scene } from '../support/program.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await startScene({ provider: { also_serves: ['whisper-1'] } });
});
afterAll(() => scene.close());

/** Its record, as soon as it is there: it is written when the client has its answer. */
async function recordOf(id: unknown): Promise<Body> {
  for (let tried = 0; ; tried += 1) {
    const found = await send(`${scene.url}/v1/requests/${String(id)}`);
    if (found.status === 200 || tried === 200) return found.json();
    await new Promise((resume) => setImmediate(resume));
  }
}

const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  send(`${scene.url}/v1/${path}`, { body, headers });

it('a record with model, usage, cost, times and session; a line in the log; metrics and reports', async () => {
  const session = { 'x-quorum-session': 'nightly', 'x-quorum-tags': 'index' };
  const { headers } = await post('embeddings', { model: 'alpha', input: 'one two three' }, session);
  const record = await recordOf(headers['x-request-id']);
  expect(record).toMatchObject({
    endpoint: '/v1/embeddings',
    requested_model: 'alpha',
    strategy: 'passthrough',
    models: ['alpha'],
    status: 200,
    error_code: null,
    tags: ['index'],
    session: 'nightly',
  });
  expect(record.attempts).toHaveLength(1);
  expect(record.attempts[0]).toMatchObject({ model: 'alpha', outcome: 'ok', status: 200, estimated: false });
  expect(record['cost_usd']).toBeGreaterThan(0);
  const timings = record['timings'] as Record<string, number>;
  expect(timings['total_ms']).toBeGreaterThanOrEqual(timings['upstream_ms']!);

  const line = scene.quorum.logs.find((each) => each.includes(String(headers['x-request-id'])))!;
  expect(JSON.parse(line)).toMatchObject({ message: 'request', endpoint: '/v1/embeddings', status: 200 });
  expect(line).not.toContain('one two three');
  const metrics = (await send(`${scene.url}/metrics`)).text;
  expect(metrics).toMatch(/quorum_requests_total\{strategy="passthrough",task="none",status="2xx"\} [1-9]/);
  expect(metrics).toMatch(/quorum_tokens_total\{model="alpha",kind="input"\} [1-9]/);
});

it('an error of the provider, one of ours, and a provider that is gone', async () => {
  scene.upstream.reply('beta', { status: 429 });
  const limited = await post('completions', { model: 'beta', prompt: 'x' });
  expect(await recordOf(limited.headers['x-request-id'])).toMatchObject({
    status: 429,
    error_code: 'upstream_error',
    attempts: [{ outcome: 'failed', status: 429 }],
    models: [],
    cost_usd: 0,
  });
  scene.upstream.reply('gamma', { cut: 'before-headers' });
  const cut = await post('completions', { model: 'gamma', prompt: 'x' });
  expect(await recordOf(cut.headers['x-request-id'])).toMatchObject({
    status: 502,
    error_code: 'upstream_error',
    attempts: [{ outcome: 'failed', status: null }],
  });
  const refused = await post('completions', { model: 'alpha', prompt: 'x' }, { 'x-quorum-max-cost': '0.000000001' });
  expect(refused.status).toBe(400);
  expect(await recordOf(refused.headers['x-request-id'])).toMatchObject({
    status: 400,
    error_code: refused.json().error.code,
    attempts: [],
  });
});

it('a client that leaves, before the answer and in the middle: the record says so, with what it cost', async () => {
  const stream = { model: 'alpha', prompt: 'one two', stream: true };
  scene.upstream.reply('alpha', { content: 'word '.repeat(400), stall: 'mid-stream' });
  const answer = await open(`${scene.url}/v1/completions`, { body: stream });
  await new Promise((resume) => answer.once('data', resume));
  answer.destroy();
  const left = await recordOf(answer.headers['x-request-id']);
  expect(left).toMatchObject({ status: 499, error_code: 'client_closed', stream: true });
  expect(left['cost_usd']).toBeGreaterThan(0);

  scene.upstream.reply('alpha', { stall: 'before-headers' });
  const leaver = new AbortController();
  const before = scene.upstream.requests.length;
  const leaving = open(`${scene.url}/v1/completions`, { body: stream, signal: leaver.signal }).catch(() => null);
  while (scene.upstream.requests.length === before) await new Promise((resume) => setImmediate(resume));
  leaver.abort();
  await leaving;
  const lines = () => scene.quorum.logs.filter((line) => line.includes('"client_closed"'));
  for (let tried = 0; lines().length < 2 && tried < 500; tried += 1)
    await new Promise((resume) => setImmediate(resume));
  const line = JSON.parse(lines()[1]!) as Record<string, unknown>;
  expect(line).toMatchObject({ status: 499, attempts: 1 });
  expect(line['cost_usd']).toBeGreaterThan(0);
});
