// Time: to connect, to the first token, between chunks, in all, and the request's own. One timer a call.
import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Timeouts } from '../../src/contract/index.ts';
import { simulatedClock } from '../support/simulated-clock.ts';
import {
  callTo,
  collecting,
  COMPLETION,
  failureOf,
  json,
  site,
  until,
  upstreamFor,
  type CallOverrides,
} from './scene.ts';

const TIMEOUTS: Timeouts = { connectMs: 1_000, firstTokenMs: 5_000, idleMs: 2_000, totalMs: 20_000 };
const EVENT = 'data: {"choices":[]}\n\n';

const slowCall = (origin: string, overrides: CallOverrides = {}): ReturnType<typeof callTo> =>
  callTo(origin, {
    stream: true,
    maxRetries: 5,
    provider: { maxRetries: 5 },
    model: { timeouts: TIMEOUTS },
    ...overrides,
  });

describe('timeouts', () => {
  it.each([
    ['whole', 'total', 20_000, {}],
    ['whole', 'total of the call', 3_000, { totalMs: 3_000 }],
    ['stream', 'first token', 5_000, {}],
    ['stream', 'total of the call', 3_000, { totalMs: 3_000 }],
  ] as const)('%s: %s, at %i ms, not tried again', async (verb, _, atMs, overrides) => {
    const { origin, seen, sockets } = await site(() => undefined);
    const clock = simulatedClock();
    const upstream = upstreamFor({ clock });
    let failed = false;
    const failing = failureOf(upstream[verb](slowCall(origin, overrides))).finally(() => (failed = true));
    await until(() => seen.length === 1);
    await clock.advance(atMs - 1);
    expect([failed, clock.pending]).toEqual([false, 1]);
    await clock.advance(2);
    expect(await failing).toMatchObject({ kind: 'timeout', retries: 0, status: null });
    expect(clock.pending).toBe(0);
    await until(() => sockets.size === 0);
    expect(seen).toHaveLength(1);
  });

  it('the deadline of the request bounds everything', async () => {
    const { origin, seen } = await site(() => undefined);
    const clock = simulatedClock();
    const upstream = upstreamFor({ clock });
    const call = slowCall(origin, { deadlineAt: clock.now() + 700 });
    const failing = failureOf(upstream.whole(call));
    await until(() => seen.length === 1);
    await clock.advance(700);
    expect((await failing).message).toContain("request's time");
    expect(await failureOf(upstream.whole(call))).toMatchObject({ kind: 'timeout' });
    expect(seen).toHaveLength(1);
  });

  it('a connection that never comes about: the socket being opened is closed, and nothing is tried again', async () => {
    let opened = 0;
    let open = 0;
    // It takes connections, and never says a word of TLS.
    const server = createServer((socket) => {
      opened++;
      open++;
      socket.on('error', () => undefined).on('close', () => open--);
      socket.resume();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const clock = simulatedClock();
    const failing = failureOf(
      upstreamFor({ clock }).whole(slowCall(`https://127.0.0.1:${(server.address() as AddressInfo).port}`)),
    );
    await until(() => open === 1);
    await clock.advance(1_000);
    expect(await failing).toMatchObject({ kind: 'timeout', retries: 0 });
    await until(() => open === 0);
    expect([opened, clock.pending]).toEqual([1, 0]);
  });

  it('waiting for a free connection counts as connecting, and does not harm the one that is busy', async () => {
    const { origin, seen } = await site((response, _, nth) => {
      if (nth > 1) json(response, 200, COMPLETION);
    });
    const clock = simulatedClock();
    const upstream = upstreamFor({ clock, maxSockets: 1 });
    const first = failureOf(upstream.whole(slowCall(origin)));
    await until(() => seen.length === 1);
    const second = failureOf(upstream.whole(slowCall(origin)));
    await clock.advance(1_000);
    expect((await second).message).toContain('no connection within 1000 ms');
    await clock.advance(19_000);
    expect((await first).kind).toBe('timeout');
    const third = await upstream.whole(slowCall(origin));
    expect(third.completion.id).toBe('chatcmpl-1');
    expect(seen).toHaveLength(2);
  });

  it('silence between chunks breaks a stream off; a stream that keeps talking may go on', async () => {
    let write: () => void = () => undefined;
    const { origin, sockets } = await site((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(EVENT);
      write = () => void response.write(EVENT);
    });
    const clock = simulatedClock();
    const reply = await upstreamFor({ clock }).stream(slowCall(origin));
    const sink = collecting();
    const failing = failureOf(reply.pump(sink));
    for (let chunk = 2; chunk < 6; chunk++) {
      await clock.advance(1_900);
      write();
      await until(() => sink.text().length === chunk * EVENT.length);
    }
    await clock.advance(2_000);
    expect(await failing).toMatchObject({ kind: 'timeout', message: expect.stringContaining('2000 ms') as string });
    expect(clock.pending).toBe(0);
    await until(() => sockets.size === 0);
  });

  it('silence is noticed in time also after a first token that took long', async () => {
    let write: () => void = () => undefined;
    const { origin, seen } = await site((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
      write = () => void response.write(EVENT);
    });
    const clock = simulatedClock();
    const opening = upstreamFor({ clock }).stream(slowCall(origin));
    await until(() => seen.length === 1);
    // Past the time to connect: the timer is set for the first token.
    await clock.advance(1_500);
    write();
    const failing = failureOf((await opening).pump(collecting()));
    await clock.advance(2_000);
    expect(await failing).toMatchObject({ kind: 'timeout', message: expect.stringContaining('2000 ms') as string });
    expect(clock.pending).toBe(0);
  });

  it('silence is noticed in time also after a reader that took long', async () => {
    const { origin } = await site((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(EVENT);
    });
    const clock = simulatedClock();
    const reply = await upstreamFor({ clock }).stream(slowCall(origin));
    let drain: () => void = () => undefined;
    const drained = new Promise<void>((resolve) => (drain = resolve));
    const failing = failureOf(reply.pump({ write: () => false, drained: () => drained }));
    await clock.advance(10_000);
    drain();
    await drained;
    await clock.advance(2_001);
    expect(await failing).toMatchObject({ kind: 'timeout', message: expect.stringContaining('2000 ms') as string });
    expect(clock.pending).toBe(0);
  });

  it('a slow reader is not the upstream’s silence', async () => {
    const { origin } = await site((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(EVENT);
      setImmediate(() => response.end(EVENT));
    });
    const clock = simulatedClock();
    const reply = await upstreamFor({ clock }).stream(slowCall(origin));
    let drain: () => void = () => undefined;
    let taken = 0;
    const pumped = reply.pump({
      write: (bytes) => {
        taken += bytes.length;
        return false;
      },
      drained: () => new Promise((resolve) => (drain = resolve)),
    });
    await clock.advance(15_000);
    drain();
    await until(() => taken === 2 * EVENT.length);
    drain();
    await pumped;
  });

  it('a stream that nobody pumps ends with its total', async () => {
    const { origin, sockets } = await site((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(EVENT);
    });
    const clock = simulatedClock();
    const reply = await upstreamFor({ clock }).stream(slowCall(origin));
    await clock.advance(20_000);
    await until(() => sockets.size === 0);
    expect((await failureOf(reply.pump(collecting()))).kind).toBe('timeout');
  });

  it('leaves no timer behind when all goes well', async () => {
    const { origin } = await site((response, { body }) => {
      if (body['stream'] === true) response.writeHead(200, { 'content-type': 'text/event-stream' }).end(EVENT);
      else json(response, 200, COMPLETION);
    });
    const clock = simulatedClock();
    const upstream = upstreamFor({ clock });
    await upstream.whole(slowCall(origin));
    await (await upstream.stream(slowCall(origin))).pump(collecting());
    expect(clock.pending).toBe(0);
  });
});
