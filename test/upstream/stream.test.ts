// Streams: when they open, what is passed on, how they end, and that a slow reader slows the upstream down.
import { randomBytes } from 'node:crypto';
import { createServer, type AddressInfo } from 'node:net';
import { createBrotliCompress, createGzip, gzipSync, constants } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Sink } from '../../src/contract/index.ts';
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

const event = (content: string): string =>
  `data: ${JSON.stringify({ id: 'c', choices: [{ index: 0, delta: { content }, finish_reason: null }] })}\n\n`;
const DONE = 'data: [DONE]\n\n';

const streamCall = (origin: string, overrides: CallOverrides = {}): ReturnType<typeof callTo> =>
  callTo(origin, { stream: true, ...overrides });

const events: (...parts: readonly (string | Buffer)[]) => Answer =
  (...parts) =>
  (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    for (const part of parts) response.write(part);
    response.end();
  };

async function textOf(answer: Answer, overrides: CallOverrides = {}): Promise<string> {
  const { origin } = await site(answer);
  const sink = collecting();
  const reply = await upstreamFor().stream(streamCall(origin, overrides));
  await reply.pump(sink);
  return sink.text();
}

async function failureAtOpening(answer: Answer): Promise<unknown> {
  const { origin } = await site(answer);
  return failureOf(upstreamFor().stream(streamCall(origin)));
}

describe('stream', () => {
  it('asks for a stream with usage, and passes on every byte as it came', async () => {
    const { origin, seen } = await site(events(': hello\n\n', event('a'), event('b'), DONE));
    const reply = await upstreamFor().stream(streamCall(origin));
    expect(reply.firstByteAt).toBeGreaterThanOrEqual(reply.sentAt);
    const sink = collecting();
    await reply.pump(sink);
    expect(sink.text()).toBe(`: hello\n\n${event('a')}${event('b')}${DONE}`);
    expect(seen[0]!.body).toMatchObject({ stream: true, stream_options: { include_usage: true } });
    expect(seen[0]!.request.headers.accept).toBe('text/event-stream');
  });

  it('opens on the first event, not on comments, and passes chunks on while the stream goes on', async () => {
    let write: (text: string) => void = () => undefined;
    const { origin, seen } = await site((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(': PROCESSING\n\n');
      write = (text) => void response.write(text);
    });
    let open = false;
    const opening = upstreamFor().stream(streamCall(origin));
    void opening.then(() => (open = true));
    await until(() => seen.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(open).toBe(false);
    write(event('a'));
    const sink = collecting();
    const reply = await opening;
    reply.pump(sink).catch(() => undefined);
    await until(() => sink.text().endsWith(event('a')));
    write(event('b'));
    await until(() => sink.text().endsWith(event('b')));
  });

  it('pumps once only', async () => {
    const { origin } = await site(events(event('a')));
    const reply = await upstreamFor().stream(streamCall(origin));
    await reply.pump(collecting());
    await expect(reply.pump(collecting())).rejects.toThrow('once');
  });

  it.each([
    ['the usual type', 'text/event-stream', event('a') + DONE],
    ['no event-stream type', 'application/octet-stream', event('a') + DONE],
    ['a byte order mark and CRLF', 'text/event-stream', `\ufeffid: 1\r\nevent: x\r\n${event('a')}`],
    ['an error word in its text', 'text/event-stream', event('{"error":{"message":"x"}}')],
    ['an error that is null', 'text/event-stream', 'data: {"id":"c","error":null,"choices":[]}\n\n'],
    ['only the end', 'text/event-stream', DONE],
  ])('is a stream: %s', async (_, type, body) => {
    const text = await textOf((response) => {
      response.writeHead(200, { 'content-type': type });
      response.end(body);
    });
    expect(text).toBe(body);
  });

  it.each([
    ['cut at every byte', (text: string) => [...Buffer.from(text)].map((byte) => Buffer.from([byte]))],
    ['in one piece', (text: string) => [Buffer.from(text)]],
  ])('an error as the first event is a failure: %s', async (_, cut) => {
    const text = ': wait\n\nevent: error\ndata: {"error":{"message":"slow down","code":"rate_limit_exceeded"}}\n\n';
    const failure = await failureAtOpening((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const [first, ...rest] = cut(text);
      response.write(first);
      for (const piece of rest) response.write(piece);
      response.end();
    });
    expect(failure).toMatchObject({ kind: 'rate_limited', status: 429 });
  });

  it('statuses and errors under a 200 are failures, as for a whole call', async () => {
    expect(await failureAtOpening((response) => json(response, 400, { error: {} }))).toMatchObject({
      kind: 'rejected',
    });
    expect(await failureAtOpening((response) => json(response, 503, {}))).toMatchObject({ kind: 'server_error' });
    expect(await failureAtOpening((response) => json(response, 200, { error: { message: 'x' } }))).toMatchObject({
      kind: 'server_error',
    });
    const page: Answer = (response) => {
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end('<html>hello</html>');
    };
    expect(await failureAtOpening(page)).toMatchObject({ kind: 'malformed' });
    expect(await failureAtOpening(events())).toMatchObject({ kind: 'malformed' });
    expect(await failureAtOpening(events(': nothing\n\n'))).toMatchObject({ kind: 'malformed' });
    expect(await failureAtOpening(events('Internal'))).toMatchObject({ kind: 'malformed' });
  });

  it('a whole completion where a stream was asked for becomes a stream', async () => {
    for (const type of ['application/json', 'text/event-stream']) {
      const text = await textOf((response) => {
        response.writeHead(200, { 'content-type': type });
        response.end(JSON.stringify(COMPLETION));
      });
      expect(text).toContain('"content":"hi"');
      expect(text).toContain('"total_tokens":2');
      expect(text.endsWith(DONE)).toBe(true);
    }
  });

  it.each(['gzip', 'br'])('decodes %s as it comes', async (encoding) => {
    let encoder: ReturnType<typeof createGzip | typeof createBrotliCompress> = createGzip();
    const { origin } = await site((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': encoding });
      encoder = encoding === 'gzip' ? createGzip() : createBrotliCompress();
      encoder.pipe(response);
      encoder.write(event('a'));
      encoder.flush(encoding === 'gzip' ? constants.Z_SYNC_FLUSH : constants.BROTLI_OPERATION_FLUSH);
    });
    const reply = await upstreamFor().stream(streamCall(origin));
    const sink = collecting();
    const pumped = reply.pump(sink);
    await until(() => sink.text() === event('a'));
    encoder.end(event('b'));
    await pumped;
    expect(sink.text()).toBe(event('a') + event('b'));
  });

  it('decodes a compressed document and a compressed error, too', async () => {
    const zipped =
      (status: number, body: unknown): Answer =>
      (response) => {
        response.writeHead(status, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
        const bytes = gzipSync(JSON.stringify(body));
        response.write(bytes.subarray(0, 80));
        setTimeout(() => response.end(bytes.subarray(80)), 10);
      };
    expect(await textOf(zipped(200, COMPLETION))).toContain('"content":"hi"');
    expect(await textOf(zipped(200, { padding: randomBytes(99_000).toString('hex'), ...COMPLETION }))).toContain(
      '"hi"',
    );
    const failure = await failureAtOpening(zipped(400, { error: { message: 'x' } }));
    expect(failure).toMatchObject({ kind: 'rejected', body: Buffer.from('{"error":{"message":"x"}}') });
  });

  it('a broken compression fails the pump, or the opening', async () => {
    const broken = Buffer.concat([gzipSync(event('a')).subarray(0, 20), Buffer.alloc(64, 7)]);
    const failure = await failureAtOpening((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' });
      response.end(broken);
    });
    expect(failure).toMatchObject({ kind: 'malformed' });
  });

  it.each([
    ['chunked', {}],
    ['until the connection closes', { connection: 'close' }],
    ['with a length', { 'content-length': '100000' }],
  ])('cut mid-stream (%s): what came is passed on, then the pump fails', async (_, headers) => {
    const { origin } = await site((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', ...headers });
      response.write(event('a'));
      setImmediate(() => response.socket?.resetAndDestroy());
    });
    const sink = collecting();
    const reply = await upstreamFor().stream(streamCall(origin, { maxRetries: 3, provider: { maxRetries: 3 } }));
    const failure = await failureOf(reply.pump(sink));
    expect(failure).toMatchObject({ kind: 'unreachable', retries: 0 });
    expect(sink.text()).toBe(event('a'));
  });

  it('cut before pump was called: the pump still gives what came, and then the failure', async () => {
    const { origin, sockets } = await site((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(event('a'));
      setImmediate(() => response.socket?.resetAndDestroy());
    });
    const reply = await upstreamFor().stream(streamCall(origin));
    await until(() => sockets.size === 0);
    await new Promise((resolve) => setTimeout(resolve, 10));
    const sink = collecting();
    expect((await failureOf(reply.pump(sink))).kind).toBe('unreachable');
    expect(sink.text()).toBe(event('a'));
  });

  it('a sink that throws ends the call and closes the socket', async () => {
    const { origin, sockets } = await site((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(event('a'));
    });
    const reply = await upstreamFor().stream(streamCall(origin));
    const sink: Sink = {
      write: () => {
        throw new Error('gone');
      },
      drained: () => Promise.resolve(),
    };
    expect((await failureOf(reply.pump(sink))).kind).toBe('aborted');
    await until(() => sockets.size === 0);
  });
});

interface Plan {
  readonly sizes: readonly number[];
  readonly ending: string;
  readonly close: boolean;
}

/** Writes for as long as it is let, and counts. */
const flood =
  (counter: { bytes: number }, headers: Record<string, string> = {}): Answer =>
  (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', ...headers });
    const piece = Buffer.from(event('x'.repeat(64 * 1024)));
    const more = (): void => {
      while (!response.destroyed) {
        counter.bytes += piece.length;
        if (!response.write(piece)) return;
      }
    };
    response.on('drain', more);
    more();
  };

/** The sockets' own buffers in between, sender's and receiver's. */
const KERNEL_BYTES = 16 * 1024 * 1024;

async function standsStill(counter: { bytes: number }): Promise<number> {
  for (let last = -1; last !== counter.bytes;) {
    last = counter.bytes;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return counter.bytes;
}

describe('back-pressure', () => {
  it('before pump, only what came first is held', async () => {
    const counter = { bytes: 0 };
    const { origin } = await site(flood(counter));
    await upstreamFor().stream(streamCall(origin));
    expect(await standsStill(counter)).toBeLessThan(KERNEL_BYTES);
  });

  it('a sink that wants no more stops the upstream, and goes on where it stopped', async () => {
    const counter = { bytes: 0 };
    const { origin } = await site(flood(counter));
    const reply = await upstreamFor().stream(streamCall(origin));
    let taken = 0;
    let drain: () => void = () => undefined;
    const sink: Sink = {
      write: (bytes) => {
        taken += bytes.length;
        return false;
      },
      drained: () => new Promise((resolve) => (drain = resolve)),
    };
    const pumped = failureOf(reply.pump(sink));
    const first = await standsStill(counter);
    expect(first).toBeLessThan(KERNEL_BYTES);
    expect(taken).toBeLessThan(256 * 1024);
    for (let turn = 0; turn < 400; turn++) {
      const before = taken;
      drain();
      await until(() => taken > before);
    }
    await until(() => counter.bytes > first);
    expect(counter.bytes - taken).toBeLessThan(KERNEL_BYTES);
    void pumped;
  });

  it.each([
    ['kept alive', {}],
    ['until the connection closes', { connection: 'close' }],
  ])(
    'an upstream that resets while paused fails the pump once it goes on, and nothing else (%s)',
    async (_, headers) => {
      const counter = { bytes: 0 };
      const { origin, sockets } = await site(flood(counter, headers));
      const reply = await upstreamFor().stream(streamCall(origin));
      let drain: () => void = () => undefined;
      const sink: Sink = { write: () => false, drained: () => new Promise((resolve) => (drain = resolve)) };
      let failed = false;
      const failing = failureOf(reply.pump(sink)).finally(() => (failed = true));
      await standsStill(counter);
      for (const socket of sockets) socket.resetAndDestroy();
      await new Promise((resolve) => setTimeout(resolve, 10));
      await until(() => {
        drain();
        return failed;
      });
      expect((await failing).kind).toBe('unreachable');
    },
  );

  it('whatever the reader’s pace and the way it ends, the bytes are a prefix and the end is told', async () => {
    const endings = ['end', 'reset', 'fin'] as const;
    const { origin, seen } = await site((response, { request }) => {
      const { sizes, ending, close } = JSON.parse(String(request.headers['x-plan'])) as Plan;
      response.writeHead(200, { 'content-type': 'text/event-stream', ...(close && { connection: 'close' }) });
      for (const size of sizes) response.write(event('x'.repeat(size)));
      if (ending === 'end') response.end();
      else if (ending === 'fin') response.write(event('y'), () => response.socket?.end());
      else response.write(event('y'), () => response.socket?.resetAndDestroy());
    });
    const upstream = upstreamFor();
    const plans = fc.record({
      sizes: fc.array(fc.nat({ max: 100_000 }), { minLength: 1, maxLength: 5 }),
      ending: fc.constantFrom(...endings),
      close: fc.boolean(),
      eager: fc.array(fc.boolean(), { minLength: 1, maxLength: 4 }),
      lateMs: fc.nat({ max: 2 }),
    });
    await fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        const sink = collecting();
        let turn = 0;
        const full = plan.sizes.map((size) => event('x'.repeat(size))).join('');
        const headers = { 'x-plan': JSON.stringify(plan) };
        const opening = await upstream.stream(streamCall(origin, { provider: { headers } })).catch(() => null);
        // A reset may overtake everything that was sent before it.
        if (opening === null) return expect(plan.ending).toBe('reset');
        await new Promise((resolve) => setTimeout(resolve, plan.lateMs));
        const pumped = opening.pump({
          write: (bytes) => sink.write(bytes) && plan.eager[turn++ % plan.eager.length] === true,
          drained: () => new Promise((resolve) => setTimeout(resolve, plan.lateMs)),
        });
        if (plan.ending === 'end') {
          await pumped;
          expect(sink.text()).toBe(full);
        } else {
          expect((await failureOf(pumped)).kind).toBe('unreachable');
          expect((full + event('y')).startsWith(sink.text())).toBe(true);
        }
      }),
      { numRuns: 150 },
    );
    expect(seen.length).toBeGreaterThanOrEqual(150);
  });

  it.each([event('a'), event('x'.repeat(300_000))])(
    'a body that ends with its connection, read slowly (%#)',
    async (body) => {
      const server = createServer((socket) => {
        socket.on('error', () => undefined);
        socket.once('data', () => socket.end(`HTTP/1.0 200 OK\r\ncontent-type: text/event-stream\r\n\r\n${body}`));
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      onTestFinished(() => void server.close());
      const reply = await upstreamFor().stream(
        streamCall(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
      );
      // The whole answer and its end are there before it is read.
      await new Promise((resolve) => setTimeout(resolve, 20));
      const sink = collecting();
      await reply.pump({
        write: (bytes) => sink.write(bytes) && false,
        drained: () => new Promise((resolve) => setTimeout(resolve, 5)),
      });
      expect(sink.text()).toBe(body);
    },
  );

  it('a server that speaks HTTP/1.0 and closes', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end(`HTTP/1.0 200 OK\r\ncontent-type: text/event-stream\r\n\r\n${event('a')}`));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const reply = await upstreamFor().stream(streamCall(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
    const sink = collecting();
    await reply.pump(sink);
    expect(sink.text()).toBe(event('a'));
  });
});
