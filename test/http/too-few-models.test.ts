// A strategy that was asked for and can't have its voices says so: by flag, in the plan, or with an error for a council of one.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chat, send, startScene, type Scene } from '../support/program.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await startScene({ names: ['alpha', 'beta'] });
});
afterAll(() => scene.close());

// The first of all: what answers were seen to cost changes what is expected.
test('a maximum cost that allows less is told as downgraded', async () => {
  const answer = await chat(scene.url, { model: 'quorum/dual' }, { 'x-quorum-max-cost': '0.002' });
  expect([answer.status, answer.headers['x-quorum-strategy'], answer.headers['x-quorum-flags']]).toEqual([
    200,
    'single',
    expect.stringContaining('downgraded'),
  ]);
});

test.each([
  ['quorum/triple', {}, 'dual'],
  ['quorum/triple', { 'x-quorum-models': 'alpha,beta' }, 'dual'],
  ['quorum/triple', { 'x-quorum-models': 'alpha' }, 'single'],
  ['quorum/dual', { 'x-quorum-models': 'beta' }, 'single'],
  ['auto', { 'x-quorum-strategy': 'cascade', 'x-quorum-models': 'beta' }, 'single'],
])('%s with %o is %s, flagged', async (model, headers, strategy) => {
  for (const stream of [false, true]) {
    const answer = await chat(scene.url, { model, stream }, headers);
    expect([answer.status, answer.headers['x-quorum-strategy']]).toEqual([200, strategy]);
    expect(answer.headers['x-quorum-flags']).toContain('degraded');
    const record = (await send(`${scene.url}/v1/requests/${String(answer.headers['x-request-id'])}`)).json();
    expect(JSON.stringify(record.decision)).toMatch(/only [12] of the models for \w+ can take it/);
  }
});

test('several choices are one model’s: flagged where more voices were asked for, not where they weren’t', async () => {
  const asked = await chat(scene.url, { model: 'quorum/dual', n: 2 });
  expect([asked.headers['x-quorum-strategy'], asked.headers['x-quorum-flags']]).toEqual(['single', 'degraded']);
  expect((await chat(scene.url, { model: 'auto', n: 2 })).headers['x-quorum-flags']).toBeUndefined();
});

test('what has its voices isn’t flagged', async () => {
  const dual = await chat(scene.url, { model: 'quorum/dual' });
  expect([dual.headers['x-quorum-strategy'], dual.headers['x-quorum-flags'] ?? '']).toEqual([
    'dual',
    expect.not.stringContaining('degraded'),
  ]);
});

test('a council of one is an error that says why', async () => {
  const calls = scene.upstream.requests.length;
  for (const stream of [false, true]) {
    const answer = await chat(scene.url, { model: 'quorum/council', stream }, { 'x-quorum-models': 'beta' });
    expect([answer.status, answer.json().error]).toEqual([
      502,
      expect.objectContaining({
        code: 'not_enough_answers',
        type: 'server_error',
        message: expect.stringContaining('beta'),
      }),
    ]);
  }
  expect(scene.upstream.requests).toHaveLength(calls);
});
