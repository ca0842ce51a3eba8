// Hazard: the client goes away. Every upstream call of its request is aborted at once, and nobody else is disturbed.
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { open, send, startScene, type Scene } from '../support/program.ts';

/** Far from all that would end a call by itself; how soon it is in fact is measured by `bench/stress`. */
const AT_ONCE_MS = 5_000;

let scene: Scene;
beforeEach(async () => {
  scene = await startScene({ more: { tiers: { balanced: { models: ['alpha', 'beta', 'gamma'] } } } });
});
afterEach(() => scene.close());

/** A request whose client leaves when the upstream has got `calls` of it. */
async function leave(model: string, stream: boolean, calls: number): Promise<number> {
  const leaving = new AbortController();
  const body = { model, stream, messages: [{ role: 'user', content: 'Is it so?' }] };
  const answer = open(`${scene.url}/v1/chat/completions`, { body, signal: leaving.signal });
  answer.then(
    (head: IncomingMessage) => head.on('error', () => undefined).resume(),
    () => undefined,
  );
  await scene.upstream.received(calls);
  leaving.abort();
  return performance.timeOrigin + performance.now();
}

for (const [model, calls] of [
  ['alpha', 1],
  ['quorum/dual', 2],
  ['quorum/triple', 3],
  ['quorum/cascade', 1],
  ['quorum/council', 3],
] as const) {
  for (const stream of [false, true]) {
    test(`${model}, ${stream ? 'streamed' : 'whole'}: each of its calls is aborted`, async () => {
      scene.upstream.reply('*', { stall: stream && model === 'alpha' ? 'mid-stream' : 'before-headers' });
      const leftAt = await leave(model, stream, calls);
      const gone = await scene.upstream.aborted(calls);
      for (const call of gone) expect(call.aborted! - leftAt).toBeLessThan(AT_ONCE_MS);
      expect(scene.upstream.requests).toHaveLength(calls);
    });
  }
}

test('the second step of a cascade is aborted, too', async () => {
  scene.upstream.reply('*', [{ content: '', finishReason: 'length' }, { stall: true }]);
  const leftAt = await leave('quorum/cascade', false, 2);
  const [gone] = await scene.upstream.aborted(1);
  expect(gone!.aborted! - leftAt).toBeLessThan(AT_ONCE_MS);
});

test('what it asked for isn’t asked for again, and the next is served', async () => {
  scene.upstream.reply('*', { stall: true });
  await leave('auto', false, 1);
  await scene.upstream.aborted(1);
  scene.upstream.reply('*', {});
  const next = await send(`${scene.url}/v1/chat/completions`, {
    body: { model: 'alpha', messages: [{ role: 'user', content: 'And now?' }] },
  });
  expect(next.status).toBe(200);
  expect(scene.upstream.requests).toHaveLength(2);
});

test('what was used until then is in the record, under status 499', async () => {
  scene.upstream.reply('*', { stall: true });
  const leaving = new AbortController();
  const body = { model: 'quorum/dual', stream: true, messages: [{ role: 'user', content: 'Is it so?' }] };
  const head = await open(`${scene.url}/v1/chat/completions`, { body, signal: leaving.signal });
  head.on('error', () => undefined).resume();
  await scene.upstream.received(2);
  const id = String(head.headers['x-request-id']);
  const events = send(`${scene.url}/v1/requests/${id}/events`);
  leaving.abort();
  await events;
  const record = (await send(`${scene.url}/v1/requests/${id}`)).json();
  expect(record).toMatchObject({ status: 499, error_code: 'client_closed' });
  expect(record.attempts).toHaveLength(2);
  for (const attempt of record.attempts)
    expect(attempt).toMatchObject({
      outcome: 'aborted',
      estimated: true,
      usage: { prompt_tokens: expect.any(Number) },
    });
});

const askBody = (more: object = {}): string =>
  JSON.stringify({ model: 'alpha', messages: [{ role: 'user', content: 'Is it so?' }], ...more });
const post = (path: string, body: string): string =>
  `POST ${path} HTTP/1.1\r\nhost: q\r\ncontent-type: application/json\r\nx-quorum-cache: off\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
const stalled = post('/v1/chat/completions', askBody());
const inFlight = async (): Promise<string | undefined> =>
  /^quorum_requests_in_flight (\d+)$/m.exec((await send(`${scene.url}/metrics`)).text)?.[1];
const connected = (bytes: string): Socket => {
  const socket = connect(Number(new URL(scene.url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(bytes);
  return socket;
};

test('requests pipelined behind one that is being answered are ended with their connection', async () => {
  scene.upstream.reply('*', { stall: true });
  const socket = connected(stalled.repeat(5));
  await scene.upstream.received(5);
  socket.destroy();
  expect(await scene.upstream.aborted(5)).toHaveLength(5);
  await expect.poll(inFlight).toBe('0');
});

// Each would keep Node from reading the connection, or from telling that it ended.
test.each([
  ['a body that nobody reads', post('/v1/nowhere', 'x'.repeat(200_000))],
  [
    'a body where none belongs',
    `GET /v1/models HTTP/1.1\r\nhost: q\r\ntransfer-encoding: chunked\r\n\r\n${`4000\r\n${'x'.repeat(0x4000)}\r\n`.repeat(12)}`,
  ],
  ['half a head', 'GET /livez HTTP/1.1\r\nho'],
  ['half a body', stalled.slice(0, -5)],
  ['what isn’t HTTP', 'NONSENSE\r\n\r\n'],
])('its leaving is noticed behind %s', async (_, bytes) => {
  scene.upstream.reply('*', { stall: true });
  const socket = connected(stalled + bytes);
  await scene.upstream.received(1);
  await expect.poll(() => socket.bytesWritten - socket.writableLength).toBe(stalled.length + bytes.length);
  const leftAt = performance.timeOrigin + performance.now();
  socket.destroy();
  const [gone] = await scene.upstream.aborted(1);
  expect(gone!.aborted! - leftAt).toBeLessThan(AT_ONCE_MS);
  await expect.poll(inFlight).toBe('0');
});

/** Hung up on: none of its requests is under way any more, here or upstream. */
async function expectEnded(socket: Socket): Promise<void> {
  await once(socket.resume(), 'close');
  await expect.poll(inFlight).toBe('0');
  const open = (): readonly unknown[] =>
    scene.upstream.requests.filter(({ aborted, body }) => aborted === null && !isLong(body));
  await expect.poll(open).toEqual([]);
}
const isLong = (body: unknown): boolean => (body as { user?: string }).user === 'long';

test('who asks on while the refusals back up is hung up on', async () => {
  scene.upstream.reply('*', { stall: true });
  await expectEnded(connected(stalled.repeat(150)));
});

test('who asks on while long answers wait behind the first is hung up on', async () => {
  scene.upstream.reply('*', { stall: true });
  scene.upstream.reply(({ body }) => isLong(body), { content: 'long '.repeat(4_000) });
  const socket = connected(stalled + post('/v1/chat/completions', askBody({ user: 'long' })).repeat(3));
  const answered = (): number => scene.quorum.logs.filter((line) => line.includes('"status":200')).length;
  await expect.poll(answered).toBe(3);
  socket.write(stalled);
  await expectEnded(socket);
});

test('a body that never ends is given up when its client leaves', async () => {
  const leaving = new AbortController();
  const sending = open(`${scene.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-length': '1000' },
    signal: leaving.signal,
  });
  leaving.abort();
  await expect(sending).rejects.toThrow();
  expect((await send(`${scene.url}/livez`)).status).toBe(200);
  expect(scene.upstream.requests).toHaveLength(0);
});
