// What clients notice of a sick provider, of limits on what happens at once, and of rate limits: over HTTP, on the whole program.
import { afterEach, describe, expect, it } from 'vitest';
import {
  chat as ask,
  scriptedConfig,
  send,
  startQuorum,
  startScene,
  type RunningQuorum,
  type Scene,
} from '../support/program.ts';
import { startUpstream, type Script, type ScriptedUpstream } from '../support/scripted-upstream.ts';

let asked = 0;
/** Each another question: one that is asked again and again speaks against its model. */
const chat = (url: string, body: object, headers: Readonly<Record<string, string>> = {}) =>
  ask(url, { messages: [{ role: 'user', content: `Is ${(asked += 7)} a number?` }], ...body }, headers);
const SINGLE = { 'x-quorum-strategy': 'single' };

describe('one of three providers is sick', () => {
  const open: (RunningQuorum | ScriptedUpstream)[] = [];
  afterEach(async () => {
    for (const each of open.splice(0)) await ('stop' in each ? each.stop() : each.close());
  });

  async function three(sickness: Script): Promise<{ quorum: RunningQuorum; sick: ScriptedUpstream }> {
    const names = ['alpha', 'beta', 'gamma'];
    const upstreams = await Promise.all(names.map(() => startUpstream()));
    const config = scriptedConfig(upstreams[0]!, { names, more: { models: {} } });
    const first = upstreams[0]!;
    first.reply('*', sickness);
    const rows = scriptedConfig(first, { names })['models'] as Record<string, object>;
    const providers = Object.fromEntries(
      names.map((name, place) => [name, { base_url: upstreams[place]!.url, api_key: 'sk-x', max_retries: 0 }]),
    );
    const models = Object.fromEntries(
      names.map((name) => [
        name,
        { ...rows[name], provider: name, timeouts: { total: '300ms', first_token: '300ms' } },
      ]),
    );
    const quorum = await startQuorum({ config: { ...config, providers, models, default_provider: 'beta' } });
    open.push(quorum, ...upstreams);
    return { quorum, sick: first };
  }

  it.each([
    ['dead', { cut: 'before-headers', reset: true }],
    ['answers 503', { status: 503, error: 'overloaded' }],
    ['answers garbage', { malformed: true }],
    ['answers HTML', { html: true }],
    ['stalled', { stall: true }],
  ] as const)('%s: no client notices, and soon it is left alone', async (_, sickness) => {
    const { quorum, sick } = await three(sickness);
    for (let turn = 0; turn < 6; turn++) expect((await chat(quorum.url, { model: 'auto' }, SINGLE)).status).toBe(200);
    const seen = sick.requests.length;
    expect(seen).toBe(5);
    const more = await Promise.all(Array.from({ length: 20 }, () => chat(quorum.url, { model: 'auto' }, SINGLE)));
    expect(more.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(more.every(({ headers }) => headers['x-quorum-attempts'] === '1')).toBe(true);
    expect(sick.requests).toHaveLength(seen);
    expect(quorum.program.health().models.find(({ model }) => model === 'alpha')).toMatchObject({
      state: 'open',
      provider: 'alpha',
    });
  });

  it('tells in the decision who was left out and why', async () => {
    const { quorum } = await three({ status: 503, error: 'overloaded' });
    for (let turn = 0; turn < 5; turn++) await chat(quorum.url, { model: 'auto' }, SINGLE);
    const told = await send(`${quorum.url}/v1/route`, {
      body: { model: 'auto', messages: [{ role: 'user', content: 'x' }] },
    });
    expect(told.text).toMatch(/alpha is left out: ejected until/);
  });

  it('a model that is asked for by name is asked, ejected or not', async () => {
    const { quorum, sick } = await three({ status: 503, error: 'overloaded' });
    for (let turn = 0; turn < 7; turn++) expect((await chat(quorum.url, { model: 'alpha' })).status).toBe(502);
    expect(sick.requests).toHaveLength(7);
    sick.reply('*', {});
    expect((await chat(quorum.url, { model: 'alpha' })).status).toBe(200);
    expect(quorum.program.health().models.find(({ model }) => model === 'alpha')).toMatchObject({ state: 'closed' });
  });
});

describe('slots', () => {
  let scene: Scene;
  afterEach(() => scene.close());
  const limited = (limits: object) => startScene({ more: { limits } });

  it('a role has its own limit; who gets no slot in time is told so, with retry-after', async () => {
    scene = await limited({ roles: { heavy: 1 }, max_wait: '100ms' });
    scene.upstream.reply('*', { delayMs: 600 });
    const first = chat(scene.url, {}, { 'x-quorum-role': 'heavy' });
    await scene.upstream.received(1);
    const second = await chat(scene.url, {}, { 'x-quorum-role': 'heavy' });
    expect(second.status).toBe(503);
    expect(second.json().error).toMatchObject({ code: 'overload_throttled', type: 'server_error' });
    expect(Number(second.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect((await chat(scene.url, {}, { 'x-quorum-role': 'planner' })).status).toBe(200);
    expect((await first).status).toBe(200);
    expect((await send(`${scene.url}/livez`)).status).toBe(200);
  });

  it('waits are measured by role, and every slot is given back', async () => {
    scene = await limited({ roles: { heavy: 1, global: 2 } });
    scene.upstream.reply('*', { delayMs: 30 });
    const all = await Promise.all(Array.from({ length: 6 }, () => chat(scene.url, {}, { 'x-quorum-role': 'heavy' })));
    expect(all.map(({ status }) => status)).toEqual(Array(6).fill(200));
    const times = scene.upstream.requests.map(({ at }) => at).sort((a, b) => a - b);
    expect(Math.min(...times.slice(1).map((at, nth) => at - times[nth]!))).toBeGreaterThanOrEqual(25);
    const { text } = await send(`${scene.url}/metrics`);
    expect(text).toMatch(/quorum_queue_wait_ms_count\{role="heavy"\} 6/);
    expect(scene.quorum.program.health().slots.map(({ name, used, waiting }) => [name, used, waiting])).toEqual(
      expect.arrayContaining([
        ['role heavy', 0, 0],
        ['global', 0, 0],
      ]),
    );
  });

  it('calls to a model are limited too; another one answers when it is full', async () => {
    scene = await limited({ models: { alpha: 1 }, max_wait: '50ms' });
    scene.upstream.reply('alpha', { delayMs: 500 });
    const first = chat(scene.url, { model: 'auto' }, SINGLE);
    await scene.upstream.received(1);
    const second = await chat(scene.url, { model: 'auto' }, SINGLE);
    expect([second.status, second.headers['x-quorum-model']]).toEqual([200, 'beta']);
    expect((await chat(scene.url, { model: 'alpha' })).json().error.code).toBe('overload_throttled');
    expect((await first).status).toBe(200);
  });
});

describe('rate limits', () => {
  let scene: Scene;
  afterEach(() => scene.close());

  it('another model is taken while one must wait, and its own callers are told how long', async () => {
    scene = await startScene();
    scene.upstream.reply('alpha', {
      headers: { 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '1m0s' },
    });
    expect((await chat(scene.url, { model: 'auto' }, SINGLE)).headers['x-quorum-model']).toBe('alpha');
    const next = await chat(scene.url, { model: 'auto' }, SINGLE);
    expect([next.headers['x-quorum-model'], next.headers['x-quorum-flags']]).toEqual(['beta', undefined]);
    const named = await chat(scene.url, { model: 'alpha' });
    expect([named.status, named.json().error.code]).toEqual([429, 'rate_limit_exceeded']);
    expect(Number(named.headers['retry-after'])).toBeGreaterThan(50);
  });
});

describe('slow stages', () => {
  it('are told in the log, once', async () => {
    const scene = await startScene({ more: { limits: { warn_after: { members: '20ms' } } } });
    try {
      scene.upstream.reply('*', { delayMs: 60 });
      await chat(scene.url, {});
      const told = scene.quorum.logs.filter((line) => line.includes('a stage took long'));
      expect(told).toHaveLength(1);
      expect(told[0]).toMatch(/"stage":"members"/);
    } finally {
      await scene.close();
    }
  });
});
