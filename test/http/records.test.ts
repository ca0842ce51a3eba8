// POST /v1/route tells without doing; GET /v1/requests/{id} and its events tell what was done.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chat, dataOf, open, send, startScene, type Scene } from '../support/program.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await startScene({ more: { cache: { ttl: '1h' } } });
});
afterAll(() => scene.close());

const messages = [{ role: 'user', content: 'What is 12 + 30?' }];

test('a route is explained without any call', async () => {
  const answer = await send(`${scene.url}/v1/route`, { body: { model: 'quorum/dual', messages } });
  expect(answer.status).toBe(200);
  const told = answer.json();
  expect(told.decision).toMatchObject({
    classification: { task: expect.any(String), confidence: expect.any(Number), scores: expect.anything() },
    tier: 'balanced',
    plan: { call: { kind: 'dual' }, propensity: 1, because: expect.any(Array) },
  });
  expect(told.decision.prospects[0]).toMatchObject({ model: expect.any(String), quality: expect.any(Number) });
  expect(told.cache).toMatchObject({ state: 'miss' });
  expect(scene.upstream.requests).toHaveLength(0);
  for (const body of [{ model: 'nobody', messages }, { model: 'auto' }])
    expect((await send(`${scene.url}/v1/route`, { body })).status).toBeGreaterThanOrEqual(400);
  expect(scene.upstream.requests).toHaveLength(0);
});

test('the record of a request, by its id', async () => {
  const { headers } = await chat(scene.url, { model: 'quorum/triple', messages });
  const answer = await send(`${scene.url}/v1/requests/${String(headers['x-request-id'])}`);
  expect(answer.status).toBe(200);
  const record = answer.json();
  expect(record).toMatchObject({
    id: headers['x-request-id'],
    state: 'done',
    status: 200,
    requested_model: 'quorum/triple',
    decision: { classification: { task: headers['x-quorum-task'] } },
    attempts: expect.any(Array),
    merge: { agreement: 1 },
    timings: { total_ms: expect.any(Number), upstream_ms: expect.any(Number), stages: expect.any(Object) },
    cost_usd: Number(headers['x-quorum-cost-usd']),
  });
  expect(record.attempts.length).toBeGreaterThanOrEqual(2);
  for (const attempt of record.attempts)
    expect(attempt).toMatchObject({
      model: expect.any(String),
      started_ms: expect.any(Number),
      ended_ms: expect.any(Number),
    });
});

test('the events of a request are replayed, numbered from one, stages never going back', async () => {
  const { headers } = await chat(scene.url, { model: 'quorum/dual', messages });
  const replay = await send(`${scene.url}/v1/requests/${String(headers['x-request-id'])}/events`);
  expect(replay.headers['content-type']).toMatch(/^text\/event-stream/);
  const events = dataOf(replay.text)
    .slice(0, -1)
    .map((data) => JSON.parse(data));
  expect(dataOf(replay.text).at(-1)).toBe('[DONE]');
  expect(events.map((event) => event.seq)).toEqual(events.map((_, at) => at + 1));
  expect(events.map((event) => event.stage)).toEqual(events.map((event) => event.stage).toSorted((a, b) => a - b));
  expect(events.at(-1)).toMatchObject({ type: 'done' });
});

test('the events of a request that runs are followed to its end', async () => {
  scene.upstream.reply((request) => JSON.stringify(request.body).includes('slowly') && request.model === 'beta', {
    delayMs: 300,
  });
  const running = await open(`${scene.url}/v1/chat/completions`, {
    body: { model: 'quorum/dual', stream: true, messages: [{ role: 'user', content: 'Answer slowly' }] },
  });
  const id = String(running.headers['x-request-id']);
  const state = (await send(`${scene.url}/v1/requests/${id}`)).json();
  expect(state).toMatchObject({ id, state: 'running' });
  const followed = send(`${scene.url}/v1/requests/${id}/events`);
  running.resume();
  const events = dataOf((await followed).text);
  expect(events.at(-1)).toBe('[DONE]');
  expect(JSON.parse(events.at(-2)!)).toMatchObject({ type: 'done' });
  expect(JSON.parse(events[0]!)).toMatchObject({ seq: 1, type: 'routed' });
});

test('nobody’s request is 404', async () => {
  for (const path of ['/v1/requests/req_nobody', '/v1/requests/req_nobody/events', '/v1/requests/%00']) {
    const answer = await send(scene.url + path);
    expect([path, answer.status, answer.json().error.code]).toEqual([path, 404, 'not_found']);
  }
});

test('a failed request has its record, too', async () => {
  scene.upstream.reply((request) => JSON.stringify(request.body).includes('fail'), { status: 500 });
  const failed = await chat(scene.url, { model: 'alpha', messages: [{ role: 'user', content: 'fail' }] });
  const record = (await send(`${scene.url}/v1/requests/${String(failed.headers['x-request-id'])}`)).json();
  expect(record).toMatchObject({ status: failed.status, error_code: 'upstream_error' });
  expect(record.attempts[0]).toMatchObject({ outcome: 'failed', status: 500 });
});
