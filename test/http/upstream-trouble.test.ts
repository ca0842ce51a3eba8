// Hazards at the upstream: cut-mid-stream, slow-first-chunk, stalls, errors in disguise; what the client gets to see of them.
import { once } from 'node:events';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import type { Script } from '../support/scripted-upstream.ts';
import { chat, dataOf, open, send, startScene, UPSTREAM_KEY } from '../support/program.ts';
import type { Body, Heard, Scene } from '../support/program.ts';

/** For models that fall silent; anywhere else a busy machine would count as silence. */
const IMPATIENT = { model: { timeouts: { connect: '200ms', first_token: '200ms', idle: '200ms', total: '800ms' } } };

let scene: Scene;
beforeEach(async () => {
  scene = await startScene();
});
afterEach(() => scene.close());

async function begin(more: typeof IMPATIENT): Promise<void> {
  await scene.close();
  scene = await startScene(more);
}

const lastChunk = ({ text }: Heard) => JSON.parse(dataOf(text).at(-1)!) as Body;
const contentOf = ({ text }: Heard): string =>
  dataOf(text)
    .filter((data) => data !== '[DONE]')
    .map((data) => (JSON.parse(data) as Body).choices[0]?.delta.content ?? '')
    .join('');

for (const [name, script] of Object.entries({
  'in the middle of an event': { cut: 'mid-event' },
  'with a reset': { cut: 'mid-event', reset: true },
  'by silence': { stall: 'mid-stream' },
  'without its end': {
    chunks: [{ data: { id: 'x', object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content: 'a' } }] } }],
    done: false,
  },
  'by an event that is no JSON': {
    chunks: [
      { data: { id: 'x', object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content: 'a' } }] } },
      { raw: 'data: {"id":"x","choices":[{"index":0,"delta":{"con\n\n' },
      { data: { id: 'x', object: 'chat.completion.chunk', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] } },
    ],
  },
} satisfies Record<string, Script>)) {
  test(`cut-mid-stream, ${name}: an error chunk, no [DONE], nothing half`, async () => {
    if ('stall' in script) await begin(IMPATIENT);
    scene.upstream.reply('*', { content: 'a b c d e f g h', ...script });
    const answer = await chat(scene.url, { model: 'alpha', stream: true });
    expect(answer.status).toBe(200);
    expect(answer.text).not.toContain('[DONE]');
    for (const data of dataOf(answer.text)) expect(() => JSON.parse(data) as unknown).not.toThrow();
    expect(lastChunk(answer)).toMatchObject({
      object: 'chat.completion.chunk',
      error: { message: expect.any(String), type: expect.any(String), param: null, code: expect.any(String) },
      choices: [{ finish_reason: 'error' }],
    });
    expect(Number(lastChunk(answer)['created'])).toBeGreaterThan(1_700_000_000);
    expect('a b c d e f g h'.startsWith(contentOf(answer))).toBe(true);
    expect(contentOf(answer)).not.toBe('');
    expect(scene.upstream.requests).toHaveLength(1);
  });
}

test('an event without an end is the upstream’s fault, not taken for a client that left', async () => {
  const own = await startScene();
  onTestFinished(() => own.close());
  const delta = {
    data: { id: 'x', object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content: 'a' } }] },
  };
  own.upstream.reply('*', { chunks: [delta, { raw: `data: ${'x'.repeat(17 * 1024 * 1024)}` }] });
  const answer = await chat(own.url, { model: 'alpha', stream: true });
  const { error } = lastChunk(answer);
  expect([error.code, error.message]).toEqual(['upstream_error', expect.stringContaining('without an end')]);
});

test('a stream whose end is not marked but whose answer is complete is complete', async () => {
  scene.upstream.reply('*', { content: 'all of it', done: false });
  const answer = await chat(scene.url, { model: 'alpha', stream: true });
  expect(contentOf(answer)).toBe('all of it');
  expect(dataOf(answer.text).at(-1)).toBe('[DONE]');
});

const piece = (index: number, delta: object, finish_reason: string | null = null, more: object = {}) => ({
  data: { id: 'x', object: 'chat.completion.chunk', choices: [{ index, delta, finish_reason, ...more }] },
});

test('of several choices the first one’s end is not the stream’s', async () => {
  const first = [piece(0, { content: 'a' }), piece(1, { content: 'b' }), piece(0, {}, 'stop')];
  scene.upstream.reply('*', { chunks: first, done: false });
  const half = await chat(scene.url, { model: 'alpha', stream: true, n: 2 });
  expect(half.text).not.toContain('[DONE]');
  expect(lastChunk(half)).toMatchObject({ choices: [{ finish_reason: 'error' }], error: { code: 'upstream_error' } });
  scene.upstream.reply('*', { chunks: [...first, piece(1, {}, 'stop')], done: false });
  expect(dataOf((await chat(scene.url, { model: 'alpha', stream: true, n: 2 })).text).at(-1)).toBe('[DONE]');
});

test('[DONE] is the end, and so is an error, whatever becomes of the connection', async () => {
  const answer = [piece(0, { content: 'all of it' }), piece(0, {}, 'stop'), { raw: 'data: [DONE]\n\n' }];
  const quiet = { delayMs: 60_000, raw: ': nothing\n\n' };
  scene.upstream.reply('*', { chunks: [...answer, quiet] });
  const whole = await chat(scene.url, { model: 'alpha', stream: true });
  expect([contentOf(whole), dataOf(whole.text).at(-1)]).toEqual(['all of it', '[DONE]']);
  const record = (await send(`${scene.url}/v1/requests/${String(whole.headers['x-request-id'])}`)).json();
  expect(record).toMatchObject({ status: 200, attempts: [{ outcome: 'ok', finish_reason: 'stop' }] });
  const failed = { data: { error: { message: 'overloaded', type: 'server_error' } } };
  scene.upstream.reply('*', { chunks: [piece(0, { content: 'a' }), failed, quiet] });
  expect(lastChunk(await chat(scene.url, { model: 'alpha', stream: true }))).toMatchObject({
    error: { message: expect.stringContaining('overloaded') },
  });
});

const BROKEN = { finish_reason: 'error', error: { code: 502, message: 'the provider hung up' } };

test('a choice that ends in an error is no answer: another model’s is taken, a stream ends as one that failed', async () => {
  const message = { role: 'assistant', content: 'half of' };
  scene.upstream.reply('alpha', { body: { id: 'x', choices: [{ index: 0, message, ...BROKEN }] } });
  const other = await chat(scene.url, { model: 'quorum/single' });
  expect([other.status, other.headers['x-quorum-model']]).toEqual([200, 'beta']);
  expect((await chat(scene.url, { model: 'alpha' })).json().error).toMatchObject({
    code: 'upstream_error',
    attempts: [{ model: 'alpha', status: 200 }],
  });
  scene.upstream.reply('alpha', { chunks: [piece(0, { content: 'half' }), piece(0, {}, 'error', BROKEN)] });
  const streamed = await chat(scene.url, { model: 'alpha', stream: true });
  expect(streamed.text).not.toContain('[DONE]');
  expect(dataOf(streamed.text)).toHaveLength(2);
  expect(lastChunk(streamed)).toMatchObject({
    choices: [{ finish_reason: 'error' }],
    error: { message: expect.stringContaining('the provider hung up') },
  });
});

test('a last event that its upstream left open is passed on, closed', async () => {
  const choice = { index: 0, delta: { content: 'all of it' }, finish_reason: 'stop' };
  const last = JSON.stringify({ id: 'x', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [choice] });
  scene.upstream.reply('*', { chunks: [{ raw: `data: ${last}` }], done: false });
  const answer = await chat(scene.url, { model: 'alpha', stream: true });
  expect(contentOf(answer)).toBe('all of it');
  expect(dataOf(answer.text).at(-1)).toBe('[DONE]');
});

test('an error inside a stream is passed on as one, and ends it', async () => {
  scene.upstream.reply('*', {
    chunks: [
      { data: { id: 'x', object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content: 'a' } }] } },
      { data: { error: { message: 'overloaded', type: 'server_error', code: 'overloaded' } } },
    ],
  });
  const answer = await chat(scene.url, { model: 'alpha', stream: true });
  expect(lastChunk(answer)).toMatchObject({ error: { message: expect.stringContaining('overloaded') } });
  expect(answer.text).not.toContain('[DONE]');
});

test('an error inside a stream shows no key of the provider’s, here or in the record', async () => {
  scene.upstream.reply('*', {
    chunks: [
      { data: { id: 'x', object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content: 'a' } }] } },
      { data: { error: { message: `revoked: ${UPSTREAM_KEY}`, type: 'server_error' } } },
    ],
  });
  const answer = await chat(scene.url, { model: 'alpha', stream: true });
  expect(lastChunk(answer).error.message).toContain('revoked: ***');
  const record = await send(`${scene.url}/v1/requests/${answer.headers['x-request-id'] as string}`);
  expect(record.text).toContain('revoked: ***');
  expect(answer.text + record.text + scene.quorum.logs.join('')).not.toContain(UPSTREAM_KEY);
});

test('slow-first-chunk: what came is passed on while the rest is still out', async () => {
  scene.upstream.reply('*', { content: 'a b c d', stall: 'mid-stream' });
  const answer = await open(`${scene.url}/v1/chat/completions`, {
    body: { model: 'alpha', stream: true, messages: [{ role: 'user', content: 'Is it so?' }] },
  });
  const [first] = (await once(answer, 'data')) as [Buffer];
  expect(first.toString()).toMatch(/^data: \{/);
  expect(scene.upstream.requests[0]!.aborted).toBeNull();
  answer.destroy();
});

test('a model too slow for its first token makes room for another; alone it is a timeout', async () => {
  await begin(IMPATIENT);
  scene.upstream.reply('alpha', { stall: true });
  for (const stream of [false, true]) {
    const answer = await chat(scene.url, { model: 'auto', stream }, { 'x-quorum-strategy': 'single' });
    expect(answer.status).toBe(200);
    expect(answer.headers['x-quorum-model']).toBe('beta');
    expect(answer.headers['x-quorum-flags']).toContain('degraded');
    const alone = await chat(scene.url, { model: 'alpha', stream });
    expect([alone.status, alone.json().error]).toEqual([
      504,
      expect.objectContaining({ type: 'timeout_error', code: 'upstream_timeout', param: null }),
    ]);
  }
});

for (const [name, script] of Object.entries({
  'a 500': { status: 500 },
  'a 503 with HTML': { status: 503, html: true },
  'HTML under a 200': { html: true },
  'an error under a 200': { error: { message: 'no capacity', type: 'server_error', code: 'overloaded' } },
  'damaged JSON': { malformed: true },
  'JSON that is no answer': { body: { object: 'list', data: [] } },
  'an empty body': { body: '' },
  'a connection cut before its headers': { cut: 'before-headers' },
  'a refused key': { status: 401 },
  'a model that is gone': { status: 404, error: { message: 'no such model', code: 'model_not_found' } },
} satisfies Record<string, Script>)) {
  test(`${name}: another model stands in; without one it is 502 and says so`, async () => {
    scene.upstream.reply('alpha', script);
    for (const stream of [false, true]) {
      const answer = await chat(scene.url, { model: 'auto', stream }, { 'x-quorum-strategy': 'single' });
      expect([stream, answer.status]).toEqual([stream, 200]);
      expect(answer.headers['x-quorum-model']).toBe('beta');
      const alone = await chat(scene.url, { model: 'alpha', stream });
      expect([stream, alone.status, alone.headers['content-type'], alone.json().error]).toEqual([
        stream,
        502,
        'application/json; charset=utf-8',
        expect.objectContaining({ type: 'server_error', code: 'upstream_error', attempts: [expect.anything()] }),
      ]);
      expect(alone.text).not.toMatch(/<h1>|127\.0\.0\.1/);
    }
  });
}

test('a call that may have been worked on counts as charged, one that was turned down doesn’t', async () => {
  for (const [script, charged] of [
    [{ cut: 'before-headers' }, true],
    [{ html: true }, true],
    [{ status: 500 }, false],
    [{ status: 401 }, false],
    [{ stall: true }, true],
  ] as const satisfies [Script, boolean][]) {
    if ('stall' in script) await begin(IMPATIENT);
    scene.upstream.reply('alpha', script);
    const { headers } = await chat(scene.url, { model: 'alpha' });
    const record = (await send(`${scene.url}/v1/requests/${String(headers['x-request-id'])}`)).json();
    const [attempt] = record.attempts as { cost_usd: number; estimated: boolean }[];
    expect([script, attempt!.cost_usd > 0, attempt!.estimated]).toEqual([script, charged, charged]);
  }
});

test('the caller’s own fault is told at once, not tried elsewhere', async () => {
  const error = {
    message: 'too long',
    type: 'invalid_request_error',
    param: 'messages',
    code: 'context_length_exceeded',
  };
  scene.upstream.reply('alpha', { status: 400, error });
  for (const stream of [false, true]) {
    const answer = await chat(scene.url, { model: 'auto', stream }, { 'x-quorum-strategy': 'single' });
    expect([answer.status, answer.json()]).toEqual([400, { error }]);
  }
  expect(scene.upstream.requests).toHaveLength(2);
});

test('an answer that failed says how far it came and what it cost', async () => {
  scene.upstream.reply('*', { status: 500 });
  const failed = await chat(scene.url, { model: 'quorum/dual' });
  expect(failed.headers).toMatchObject({
    'x-quorum-strategy': 'dual',
    'x-quorum-task': expect.any(String),
    'x-quorum-tier': 'balanced',
    'x-quorum-cache': 'bypass',
    'x-quorum-cost-usd': '0',
    'x-quorum-overhead-ms': expect.stringMatching(/^[\d.]+$/),
  });
  expect(Number(failed.headers['x-quorum-attempts'])).toBe(failed.json().error.attempts.length);
  scene.upstream.reply('alpha', { status: 400, error: { message: 'no', type: 'invalid_request_error' } });
  const refused = await chat(scene.url, { model: 'alpha' });
  expect([refused.status, refused.headers['x-quorum-strategy'], refused.headers['x-quorum-attempts']]).toEqual([
    400,
    'single',
    '1',
  ]);
  const unknown = await chat(scene.url, { model: 'alhpa' });
  expect([unknown.status, unknown.headers['x-quorum-attempts'], unknown.headers['x-quorum-strategy']]).toEqual([
    404,
    '0',
    undefined,
  ]);
});

test('of three models two may fail', async () => {
  scene.upstream.reply('alpha', { status: 500 });
  scene.upstream.reply('beta', { cut: 'before-headers' });
  for (const stream of [false, true]) {
    const answer = await chat(scene.url, { model: 'quorum/triple', stream });
    expect(answer.status).toBe(200);
    expect(stream ? contentOf(answer) : answer.json().choices[0]!.message.content).toBe('You said: Is it so?');
  }
});

test('all models of a streamed vote fail: the stream says so, it isn’t cut', async () => {
  scene.upstream.reply('*', { status: 500 });
  const answer = await chat(scene.url, { model: 'quorum/dual', stream: true });
  expect(answer.status).toBe(200);
  expect(lastChunk(answer)).toMatchObject({
    error: { code: 'upstream_error', attempts: expect.any(Array) },
    choices: [{ finish_reason: 'error' }],
  });
  expect(answer.text).not.toContain('[DONE]');
});

test('in a streamed vote an upstream’s own 4xx comes as its own error', async () => {
  const error = {
    message: 'The image is too small.',
    type: 'invalid_request_error',
    param: 'messages[0]',
    code: 'image',
  };
  for (const [body, said] of [
    [{ error }, error],
    [{ error: { message: 'too small' } }, { message: 'too small', param: null, code: 'invalid_value' }],
    [{ error: 'too small' }, { message: 'too small', code: 'invalid_value' }],
    ['<p>no</p>', { message: expect.stringContaining('400'), code: 'invalid_value' }],
    [[null], { message: expect.stringContaining('400'), code: 'invalid_value' }],
  ] as const) {
    scene.upstream.reply('*', { status: 400, body });
    for (const model of ['quorum/dual', 'quorum/council'])
      expect(lastChunk(await chat(scene.url, { model, stream: true })), model).toMatchObject({
        error: said,
        choices: [{ finish_reason: 'error' }],
      });
  }
});

test('single streams are the upstream’s own data, chunk by chunk and byte by byte', async () => {
  // A hundred and fifty crumbs take their time on a busy machine.
  const patient = await startScene();
  onTestFinished(() => patient.close());
  const odd = [
    '{"id":"x", "object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"é\\u00e9 😀"},"finish_reason":null}],"odd":1.0}',
    '{"choices":[{"delta":{"content":"b"},"index":0}],"x":1e3}',
    '{"choices":[{"delta":{},"index":0,"finish_reason":"stop"}]}',
  ];
  for (const lineEnd of ['\n', '\r\n'] as const) {
    patient.upstream.reply('*', { chunks: odd.map((data) => ({ data })), lineEnd });
    const answer = await chat(patient.url, { model: 'alpha', stream: true });
    expect(dataOf(answer.text.replaceAll('\r', ''))).toEqual([...odd, '[DONE]']);
  }
  patient.upstream.reply('*', { content: 'in crumbs', trickle: { bytes: 7, everyMs: 1 } });
  expect(contentOf(await chat(patient.url, { model: 'alpha', stream: true }))).toBe('in crumbs');
  patient.upstream.reply('*', { content: 'packed', gzip: true });
  expect(contentOf(await chat(patient.url, { model: 'alpha', stream: true }))).toBe('packed');
});
