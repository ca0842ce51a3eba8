// The cache as a client meets it: hits, directives, coalescing, and replays as streams.
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  chat,
  commentsOf,
  dataOf,
  open,
  send,
  startScene,
  type Body,
  type Heard,
  type Scene,
} from '../support/program.ts';

let scene: Scene;
beforeEach(async () => {
  scene = await startScene({ more: { cache: { ttl: '1h' } } });
});
afterEach(() => scene.close());

const calls = (): number => scene.upstream.requests.length;
const stateOf = ({ headers }: Heard) => headers['x-quorum-cache'];
const ask = (directive: string | null = null, body: object = {}): Promise<Heard> =>
  chat(scene.url, body, directive === null ? {} : { 'x-quorum-cache': directive });
const contentOf = ({ text }: Heard): string =>
  dataOf(text)
    .filter((data) => data !== '[DONE]')
    .map((data) => (JSON.parse(data) as Body).choices[0]?.delta.content ?? '')
    .join('');

test('the same question is answered from the cache, with the same body', async () => {
  const first = await ask();
  const second = await ask();
  expect([stateOf(first), stateOf(second), calls()]).toEqual(['miss', 'hit', 1]);
  expect(second.text).toBe(first.text);
  expect(second.headers).toMatchObject({
    'x-quorum-cache-age': '0',
    'x-quorum-cost-usd': '0',
    'x-quorum-attempts': '0',
    'x-quorum-model': 'alpha',
  });
  expect(second.headers['x-request-id']).not.toBe(first.headers['x-request-id']);
});

test('an answer that is given again names the request that it was made for: its record has the decision', async () => {
  const first = (await ask()).headers['x-request-id'];
  const again = await chat(scene.url, {}, { 'x-quorum-debug': 'true' });
  expect(again.json().quorum).toMatchObject({ cache: 'hit', decision: null, repeats: first });
  const own = await send(`${scene.url}/v1/requests/${again.headers['x-request-id'] as string}`);
  expect(own.json()).toMatchObject({ decision: null, repeats: first });
  const record = await send(`${scene.url}/v1/requests/${first as string}`);
  expect(record.json()).toMatchObject({ decision: { plan: { call: { kind: 'single' } } } });
  expect(record.json()).not.toHaveProperty('repeats');
});

test('what means the same is the same; what may change the answer is not', async () => {
  await ask(null, { temperature: 0.5, top_p: 1 });
  expect(stateOf(await ask(null, { top_p: 1, temperature: 0.5 }))).toBe('hit');
  for (const other of [{ temperature: 0.6, top_p: 1 }, { model: 'beta' }, { n: 2 }, { max_tokens: 5 }, { seed: 1 }])
    expect([other, stateOf(await ask(null, other))]).toEqual([other, 'miss']);
});

test('every directive, by header', async () => {
  expect(stateOf(await ask('no-store'))).toBe('miss');
  expect(stateOf(await ask('only'))).toBe('miss');
  expect((await ask('only')).status).toBe(504);
  expect(stateOf(await ask('default'))).toBe('miss');
  expect(stateOf(await ask('only'))).toBe('hit');
  expect(stateOf(await ask('off'))).toBe('bypass');
  expect(stateOf(await ask('no-cache'))).toBe('bypass');
  const before = calls();
  scene.upstream.reply('*', { content: 'fresher' });
  expect((await ask()).text).not.toContain('fresher');
  expect((await ask('refresh')).text).toContain('fresher');
  expect((await ask()).text).toContain('fresher');
  expect(calls() - before).toBe(1);
  expect(stateOf(await ask('default; ttl=60s'))).toBe('hit');
});

test('and by metadata', async () => {
  await ask(null, { metadata: { quorum_cache: 'default' } });
  expect(stateOf(await ask())).toBe('hit');
  expect(stateOf(await ask(null, { metadata: { quorum_cache: 'off' } }))).toBe('bypass');
});

test('a hit streams as a proper stream, whichever way it came in', async () => {
  for (const model of ['alpha', 'quorum/dual']) {
    const messages = [{ role: 'user', content: `Twice, ${model}` }];
    const first = await ask(null, { model, messages, stream: true });
    const again = await ask(null, { model, messages, stream: true });
    expect([stateOf(first), stateOf(again)]).toEqual(['miss', 'hit']);
    expect(again.headers['content-type']).toMatch(/^text\/event-stream/);
    expect(contentOf(again)).toBe(`You said: Twice, ${model}`);
    expect(dataOf(again.text).length).toBeGreaterThan(3);
    expect(dataOf(again.text).at(-1)).toBe('[DONE]');
    expect(commentsOf(again.text).at(-1)).toMatchObject({ cache: 'hit', cost_usd: 0, attempts: 0 });
    const whole = await ask(null, { model, messages });
    if (stateOf(whole) === 'hit') expect(whole.json().choices[0]!.message.content).toBe(`You said: Twice, ${model}`);
    const counted = await ask(null, { model, messages, stream: true, stream_options: { include_usage: true } });
    expect(JSON.parse(dataOf(counted.text).at(-2)!)).toMatchObject({ usage: { total_tokens: expect.any(Number) } });
  }
});

test('what isn’t a good answer isn’t kept: failed, cut short, disputed, degraded', async () => {
  scene.upstream.reply('alpha', [{ status: 500 }, { content: 'half', finishReason: 'length' }, { content: 'good' }]);
  expect((await ask()).status).toBe(502);
  expect(stateOf(await ask())).toBe('miss');
  expect(stateOf(await ask())).toBe('miss');
  expect(stateOf(await ask())).toBe('hit');
  scene.upstream.reply('beta', { content: 'a b c d e f', cut: 'mid-event' });
  await ask(null, { model: 'beta', stream: true });
  scene.upstream.reply('beta', {});
  expect(stateOf(await ask(null, { model: 'beta', stream: true }))).toBe('miss');
  for (const [model, content] of Object.entries({ alpha: '4', beta: '5', gamma: '6' }))
    scene.upstream.reply(model, { content });
  const disputed = { model: 'quorum/triple', messages: [{ role: 'user', content: 'What is 2 + 2?' }] };
  expect((await ask(null, disputed)).headers['x-quorum-flags']).toContain('disputed');
  expect(stateOf(await ask(null, disputed))).toBe('miss');
});

test('a stream is kept by the same rules: each of its choices is whole, and it says something', async () => {
  const piece = (index: number, delta: object, finish_reason: string | null = null) => ({
    data: { id: 'x', object: 'chat.completion.chunk', choices: [{ index, delta, finish_reason }] },
  });
  const begun = [piece(0, { content: 'a' }), piece(1, { content: 'b' }), piece(0, {}, 'stop')];
  const state = async (chunks: readonly object[], body: object): Promise<unknown> => {
    scene.upstream.reply('*', { chunks });
    await ask(null, { model: 'alpha', stream: true, ...body });
    return stateOf(await ask(null, { model: 'alpha', stream: true, ...body }));
  };
  expect(await state([...begun, piece(1, {}, 'length')], { n: 2, seed: 1 })).toBe('miss');
  expect(await state([...begun, piece(1, {}, 'stop')], { n: 2, seed: 2 })).toBe('hit');
  expect(await state([piece(0, { role: 'assistant', content: '' }), piece(0, {}, 'stop')], { seed: 3 })).toBe('miss');
  expect(await state([piece(0, { refusal: 'No.' }), piece(0, {}, 'stop')], { seed: 4 })).toBe('hit');
});

test('a hundred who ask the same at once are one call', async () => {
  scene.upstream.reply('*', { delayMs: 150, content: 'for all' });
  const answers = await Promise.all(Array.from({ length: 100 }, () => ask()));
  expect(calls()).toBe(1);
  expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
  const states = answers.map(stateOf);
  expect(states.filter((state) => state === 'miss')).toHaveLength(1);
  expect(states.filter((state) => state === 'coalesced').length).toBeGreaterThan(0);
});

test('one that leaves doesn’t disturb the others, be it the first; the last one out ends the call', async () => {
  scene.upstream.reply('alpha', { delayMs: 300, content: 'still there' });
  const body = { model: 'alpha', messages: [{ role: 'user', content: 'Is it so?' }] };
  const leavers = [new AbortController(), new AbortController()];
  const leaving = leavers.map((leaver) =>
    open(`${scene.url}/v1/chat/completions`, { body, signal: leaver.signal }).catch(() => 'left'),
  );
  await scene.upstream.received(1);
  const staying = ask();
  // The stayer has joined when a later request has been answered.
  await ask(null, { model: 'beta', messages: [{ role: 'user', content: 'Another' }] });
  for (const leaver of leavers) leaver.abort();
  expect(await Promise.all(leaving)).toEqual(['left', 'left']);
  expect((await staying).json().choices[0]!.message.content).toBe('still there');
  expect(scene.upstream.requests.filter(({ model }) => model === 'alpha')).toHaveLength(1);
});

test('all leave: the call is aborted, and the next one is answered afresh', async () => {
  scene.upstream.reply('*', { stall: true });
  const leaver = new AbortController();
  const body = { model: 'alpha', messages: [{ role: 'user', content: 'Is it so?' }] };
  const left = open(`${scene.url}/v1/chat/completions`, { body, signal: leaver.signal }).catch(() => 'left');
  await scene.upstream.received(1);
  leaver.abort();
  await left;
  await scene.upstream.aborted(1);
  scene.upstream.reply('*', {});
  expect((await ask()).status).toBe(200);
});

test('a coalesced stream is a whole stream, and a failure is told to all', async () => {
  scene.upstream.reply('*', { delayMs: 100, content: 'one two' });
  const [first, second] = await Promise.all([ask(null, { stream: true }), ask(null, { stream: true })]);
  expect(calls()).toBe(1);
  expect([contentOf(first), contentOf(second)]).toEqual(['one two', 'one two']);
  scene.upstream.reply('*', { delayMs: 100, status: 500 });
  const failed = await Promise.all(Array.from({ length: 5 }, () => ask(null, { model: 'beta' })));
  expect(failed.map(({ status }) => status)).toEqual([502, 502, 502, 502, 502]);
  expect(scene.upstream.requests.filter(({ model }) => model === 'beta')).toHaveLength(1);
});
