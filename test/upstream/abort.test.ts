// The signal: in every phase the call ends within milliseconds, the socket is closed, and nothing is left behind.
import { getEventListeners, setMaxListeners } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { UpstreamCall } from '../../src/contract/index.ts';
import {
  callTo,
  collecting,
  COMPLETION,
  failureOf,
  json,
  site,
  until,
  upstreamFor,
  type Answer,
  type CallOverrides,
} from './scene.ts';

const EVENT = 'data: {"choices":[]}\n\n';
/** Less than any wait that it could have ended in; a call's own time is far longer. */
const MOST_MS = 900;

function abortable(origin: string, overrides: CallOverrides = {}): { call: UpstreamCall; abort: () => void } {
  const controller = new AbortController();
  const call = callTo(origin, { signal: controller.signal, maxRetries: 5, provider: { maxRetries: 5 }, ...overrides });
  return { call, abort: () => controller.abort(new Error('client left')) };
}

const listeners = ({ signal }: UpstreamCall): number => getEventListeners(signal as AbortSignal, 'abort').length;

/** Aborts, and holds that the call ends so, at once and cleanly. */
async function endsAtOnce(call: UpstreamCall, abort: () => void, ending: Promise<unknown>): Promise<void> {
  const failing = failureOf(ending);
  const before = performance.now();
  abort();
  expect((await failing).kind).toBe('aborted');
  expect(performance.now() - before).toBeLessThan(MOST_MS);
  expect(listeners(call)).toBe(0);
}

const openStream: Answer = (response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(EVENT);
};

describe('abort', () => {
  it('before the call: nothing is sent', async () => {
    const { origin, seen } = await site((response) => json(response, 200, COMPLETION));
    const { call, abort } = abortable(origin);
    abort();
    expect((await failureOf(upstreamFor().whole(call))).kind).toBe('aborted');
    expect([seen.length, listeners(call)]).toEqual([0, 0]);
  });

  it('while connecting: in the very turn of the call', async () => {
    const { origin, seen, sockets } = await site((response) => json(response, 200, COMPLETION));
    const upstream = upstreamFor();
    const { call, abort } = abortable(origin);
    await endsAtOnce(call, abort, upstream.whole(call));
    await until(() => sockets.size === 0);
    expect(seen).toHaveLength(0);
    expect((await upstream.whole(callTo(origin))).completion.id).toBe('chatcmpl-1');
  });

  it('while a TLS handshake hangs: its socket is closed', async () => {
    let open = 0;
    const server = createServer((socket) => {
      open++;
      socket.on('error', () => undefined).on('close', () => open--);
      socket.resume();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const { call, abort } = abortable(`https://127.0.0.1:${port}`);
    const failing = upstreamFor().whole(call);
    await until(() => open === 1);
    await endsAtOnce(call, abort, failing);
    await until(() => open === 0);
  });

  it('while waiting for a free connection: the busy one is not harmed', async () => {
    let answer: () => void = () => undefined;
    const { origin, seen, sockets } = await site((response) => (answer = () => json(response, 200, COMPLETION)));
    const upstream = upstreamFor({ maxSockets: 1 });
    const first = upstream.whole(callTo(origin));
    await until(() => seen.length === 1);
    const { call, abort } = abortable(origin);
    await endsAtOnce(call, abort, upstream.whole(call));
    const third = upstream.whole(callTo(origin));
    answer();
    expect((await first).completion.id).toBe('chatcmpl-1');
    await until(() => seen.length === 2);
    answer();
    expect((await third).completion.id).toBe('chatcmpl-1');
    expect([seen.length, sockets.size]).toEqual([2, 1]);
  });

  it.each(['whole', 'stream'] as const)('%s: while waiting for the answer', async (verb) => {
    const { origin, seen, sockets } = await site(() => undefined);
    const upstream = upstreamFor();
    const { call, abort } = abortable(origin);
    const ending = upstream[verb](call);
    await until(() => seen.length === 1);
    expect(listeners(call)).toBe(1);
    await endsAtOnce(call, abort, ending);
    await until(() => sockets.size === 0);
    // undici by itself would connect anew for the aborted request.
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(sockets.size).toBe(0);
  });

  it('in the middle of a whole answer', async () => {
    let headed = false;
    const { origin, sockets } = await site((response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{', () => (headed = true));
    });
    const { call, abort } = abortable(origin);
    const ending = upstreamFor().whole(call);
    await until(() => headed);
    await endsAtOnce(call, abort, ending);
    await until(() => sockets.size === 0);
  });

  it('while streaming', async () => {
    const { origin, sockets } = await site(openStream);
    const { call, abort } = abortable(origin);
    const reply = await upstreamFor().stream(call);
    const sink = collecting();
    const ending = reply.pump(sink);
    await until(() => sink.text() === EVENT);
    await endsAtOnce(call, abort, ending);
    await until(() => sockets.size === 0);
  });

  it.each([{}, { connection: 'close' }])('while paused by a slow reader (%j)', async (headers) => {
    const { origin, sockets } = await site((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', ...headers });
      response.write(EVENT.repeat(100_000));
    });
    const { call, abort } = abortable(origin);
    const reply = await upstreamFor().stream(call);
    const ending = reply.pump({ write: () => false, drained: () => new Promise(() => undefined) });
    await endsAtOnce(call, abort, ending);
    await until(() => sockets.size === 0);
  });

  it('between opening and pumping', async () => {
    const { origin, sockets } = await site(openStream);
    const { call, abort } = abortable(origin);
    const reply = await upstreamFor().stream(call);
    abort();
    await until(() => sockets.size === 0);
    expect((await failureOf(reply.pump(collecting()))).kind).toBe('aborted');
    expect(listeners(call)).toBe(0);
  });

  it('while sleeping before a retry', async () => {
    const { origin, seen } = await site((response) => json(response, 503, {}));
    const { call, abort } = abortable(origin);
    const ending = upstreamFor().whole(call);
    await until(() => seen.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(listeners(call)).toBe(1);
    await endsAtOnce(call, abort, ending);
    expect(seen).toHaveLength(1);
  });

  it('after the end nothing listens any more, however it ended', async () => {
    const { origin, sockets } = await site((response, { body }, nth) => {
      if (nth % 3 === 0) json(response, 400, {});
      else if (body['stream'] === true) response.writeHead(200, { 'content-type': 'text/event-stream' }).end(EVENT);
      else json(response, 200, COMPLETION);
    });
    const upstream = upstreamFor();
    const { call } = abortable(origin, { maxRetries: 0 });
    for (let turn = 0; turn < 9; turn++) {
      await upstream.whole(call).catch(() => undefined);
      const reply = await upstream.stream(call).catch(() => null);
      await reply?.pump(collecting());
    }
    expect(listeners(call)).toBe(0);
    expect(sockets.size).toBeLessThanOrEqual(2);
  });

  it('of many at once, all end, and the next ones find a working pool', async () => {
    const { origin, seen, sockets } = await site((response, _, nth) => {
      if (nth > 50) json(response, 200, COMPLETION);
    });
    const upstream = upstreamFor({ maxSockets: 20 });
    const { call, abort } = abortable(origin);
    setMaxListeners(0, call.signal as AbortSignal);
    const endings = Array.from({ length: 50 }, () => failureOf(upstream.whole(call)));
    await until(() => seen.length === 20);
    expect(listeners(call)).toBe(50);
    abort();
    expect((await Promise.all(endings)).every(({ kind }) => kind === 'aborted')).toBe(true);
    await until(() => sockets.size === 0);
    expect([seen.length, listeners(call)]).toEqual([20, 0]);
    seen.length = 0;
    const replies = Array.from({ length: 30 }, () => upstream.whole(callTo(origin)));
    void Promise.allSettled(replies);
    await until(() => seen.length === 20);
    expect(sockets.size).toBe(20);
  });
});
