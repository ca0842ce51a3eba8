// Upstreams that break HTTP's rules, by malice or by mistake: nobody is led elsewhere, nobody gets another's answer.
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { brotliCompressSync, gunzip, gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Sink } from '../../src/contract/index.ts';
import {
  callTo,
  collecting,
  COMPLETION,
  failureOf,
  json,
  site,
  upstreamFor,
  type CallOverrides,
  type Site,
} from './scene.ts';

/** A server of raw bytes; `speak` is called once for each request that came whole. */
async function rawSite(
  speak: (socket: Socket, nth: number) => void,
): Promise<{ origin: string; connections: () => number }> {
  let connections = 0;
  let nth = 0;
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    connections++;
    open.add(socket);
    let heard = '';
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      heard += chunk.toString('latin1');
      const head = heard.indexOf('\r\n\r\n');
      const length = Number(/content-length: (\d+)/i.exec(heard)?.[1] ?? 0);
      if (head < 0 || heard.length < head + 4 + length) return;
      heard = heard.slice(head + 4 + length);
      speak(socket, ++nth);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, connections: () => connections };
}

const completion = (content: string): string =>
  JSON.stringify({
    ...COMPLETION,
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
  });
const answer = (body: string, head = `content-length: ${Buffer.byteLength(body)}`): string =>
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n${head}\r\n\r\n${body}`;

const wholeOf = (origin: string, overrides: CallOverrides = {}): Promise<string | null> =>
  upstreamFor()
    .whole(callTo(origin, overrides))
    .then(({ completion: { choices } }) => choices[0]!.message.content);

describe('redirects', () => {
  it.each([301, 302, 303, 307, 308])('%i is followed by nobody', async (status) => {
    const elsewhere = await site((response) => json(response, 200, COMPLETION));
    const there = await site((response) => {
      response.writeHead(status, { location: `${elsewhere.origin}/v1/chat/completions` });
      response.end();
    });
    const upstream = upstreamFor();
    expect(await failureOf(upstream.whole(callTo(there.origin)))).toMatchObject({ kind: 'malformed', status });
    expect(await failureOf(upstream.stream(callTo(there.origin)))).toMatchObject({ kind: 'malformed', status });
    expect(elsewhere.sockets.size + elsewhere.seen.length).toBe(0);
  });
});

describe('answers that nobody asked for', () => {
  it('behind an answer, at once: the next call gets its own', async () => {
    const there = await rawSite((socket, nth) => {
      socket.write(answer(completion(`own ${nth}`)) + (nth === 1 ? answer(completion('poison')) : ''));
    });
    const upstream = upstreamFor();
    const first = await upstream.whole(callTo(there.origin)).catch((failure: unknown) => failure);
    expect(JSON.stringify(first)).not.toContain('poison');
    for (const nth of [2, 3]) {
      const { completion: own } = await upstream.whole(callTo(there.origin));
      expect(own.choices[0]!.message.content).toBe(`own ${nth}`);
    }
    expect(there.connections()).toBeGreaterThan(1);
  });

  it('on an idle socket: the next call gets its own', async () => {
    let idle: Socket | null = null;
    const there = await rawSite((socket, nth) => {
      idle ??= socket;
      socket.write(answer(completion(`own ${nth}`)));
    });
    const upstream = upstreamFor();
    await upstream.whole(callTo(there.origin));
    idle!.write(answer(completion('poison')));
    const { completion: own } = await upstream.whole(callTo(there.origin));
    expect(own.choices[0]!.message.content).toMatch(/^own/);
  });
});

describe('lengths', () => {
  const body = completion('hi');
  const length = Buffer.byteLength(body);

  it.each([
    ['two that differ', `content-length: ${length}\r\ncontent-length: ${length + 5}`],
    ['no number', 'content-length: many'],
    ['a negative one', 'content-length: -1'],
    ['a header without an end', `x-long: ${'x'.repeat(100_000)}`],
    ['a header that is none', 'this is no header'],
  ])('%s: no answer', async (_what, head) => {
    const there = await rawSite((socket) => socket.end(answer(body, head)));
    const { kind, retries } = await failureOf(upstreamFor().whole(callTo(there.origin)));
    expect(['malformed', 'unreachable']).toContain(kind);
    expect(retries).toBe(0);
  });

  it('a length beside chunks: no answer', async () => {
    const head = `content-length: 5\r\ntransfer-encoding: chunked`;
    const chunked = `${length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
    const there = await rawSite((socket) => socket.end(answer(chunked, head)));
    expect((await failureOf(upstreamFor().whole(callTo(there.origin)))).kind).toMatch(/malformed|unreachable/);
  });

  it('hints before the answer are skipped', async () => {
    const there = await rawSite((socket) => {
      socket.write('HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n');
      socket.write(answer(body));
    });
    expect(await wholeOf(there.origin)).toBe('hi');
  });

  it('an answer shorter than it says is no answer', async () => {
    const there = await rawSite((socket) => socket.end(answer(body, `content-length: ${length + 1}`)));
    expect(await failureOf(upstreamFor().whole(callTo(there.origin)))).toMatchObject({ kind: 'unreachable' });
  });
});

describe('bodies that grow when they are unpacked', () => {
  const bomb = Buffer.alloc(80 * 1024 * 1024, 0x20).fill('{', 0, 1);

  it.each([
    ['gzip', gzipSync(bomb)],
    ['br', brotliCompressSync(bomb.subarray(0, 70 * 1024 * 1024))],
  ])('%s: given up at the limit', async (encoding, bytes) => {
    expect(bytes.length).toBeLessThan(200_000);
    const there = await site((response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': encoding });
      response.end(bytes);
    });
    expect(await failureOf(upstreamFor().whole(callTo(there.origin)))).toMatchObject({ kind: 'malformed' });
    // Asked for a stream, and the connection over long before it is all unpacked.
    expect(await failureOf(upstreamFor().stream(callTo(there.origin, { stream: true })))).toMatchObject({
      kind: 'malformed',
    });
  });

  const told = Buffer.from(`data: {"choices":[{"index":0,"delta":{"content":"${'x'.repeat(900)}"}}]}\n\n`);
  /** Gzip may be put together from many; a megabyte in each two kilobytes. */
  const many = (megabytes: number): Buffer => {
    const one = gzipSync(Buffer.concat(Array<Buffer>(1_048_576 / 1_024).fill(told)));
    return Buffer.concat(Array<Buffer>(megabytes).fill(one));
  };
  const compressed = (bytes: Buffer): Promise<Site> =>
    site((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' });
      response.end(bytes);
    });

  it('a stream doesn’t unfold while nobody reads it, and no further once the reader has gone', async () => {
    const zipped = many(60);
    const there = await compressed(zipped);
    const gone = new AbortController();
    const reply = await upstreamFor().stream(callTo(there.origin, { stream: true, signal: gone.signal }));
    let bytes = 0;
    let read: () => void = () => undefined;
    const pumped = reply.pump({
      write: (chunk) => {
        bytes += chunk.length;
        return false;
      },
      drained: () => new Promise((resolve) => (read = resolve)),
    });
    // As long as it takes to unpack all of it.
    const meanwhile = promisify(gunzip);
    await meanwhile(zipped);
    const held = bytes;
    expect(held).toBeGreaterThan(0);
    expect(held).toBeLessThan(512 * 1024);
    read();
    await meanwhile(zipped);
    expect(bytes).toBeGreaterThan(held);
    const before = bytes;
    gone.abort();
    read();
    expect(await failureOf(pumped)).toMatchObject({ kind: 'aborted' });
    expect(bytes).toBe(before);
  });

  it('a stream that unfolds without end is given up', async () => {
    const there = await compressed(many(300));
    const reply = await upstreamFor().stream(callTo(there.origin, { stream: true }));
    const sink: Sink = { write: () => true, drained: () => Promise.resolve() };
    expect(await failureOf(reply.pump(sink))).toMatchObject({ kind: 'malformed', message: /unfolds/ });
  });
});

describe('answers that nobody could walk through', () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  const many = Array.from({ length: 1_001 }, (_, index) => ({ index, message: { role: 'assistant', content: 'x' } }));

  it.each([
    ['100,000 levels deep', `{"choices":[{"message":{"role":"assistant","content":"x"}}],"x":${deep}}`],
    ['five million brackets', '['.repeat(5_000_000)],
    ['a thousand choices and one', JSON.stringify({ choices: many })],
  ])('%s: no answer, whole or asked for as a stream', async (_, text) => {
    const there = await site((response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(text);
    });
    for (const provider of [{}, { type: 'anthropic' }, { type: 'gemini' }] as const) {
      expect(await failureOf(upstreamFor().whole(callTo(there.origin, { provider })))).toMatchObject({
        kind: 'malformed',
      });
      const asStream = upstreamFor().stream(callTo(there.origin, { stream: true, provider }));
      expect(await failureOf(asStream)).toMatchObject({ kind: 'malformed' });
    }
  });

  it('hints without end: no answer', async () => {
    const there = await rawSite((socket) => {
      const more = (): void => {
        while (!socket.destroyed && socket.write('HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'));
      };
      socket.on('drain', more);
      more();
    });
    expect(await failureOf(upstreamFor().whole(callTo(there.origin)))).toMatchObject({
      kind: 'malformed',
      message: /hints/,
    });
  });
});

it('one event of a native dialect’s stream may not grow for ever', async () => {
  const there = await site((response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('event: message_start\ndata: {"type":"message_start","message":{"id":"m"}}\n\n');
    response.write(
      'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text"}}\n\n',
    );
    const more = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(1024 * 1024, 0x78)));
    };
    response.on('drain', more);
    more();
  });
  const reply = await upstreamFor().stream(callTo(there.origin, { provider: { type: 'anthropic' } }));
  const sink = collecting();
  expect(await failureOf(reply.pump(sink))).toMatchObject({ kind: 'malformed' });
  expect(sink.text()).toContain('"role":"assistant"');
});

it('the caller’s own words never become headers, and the key stays where the provider wants it', async () => {
  const there = await site((response) => json(response, 200, COMPLETION));
  const request = {
    model: 'small',
    messages: [{ role: 'user', content: 'hi' }],
    headers: { authorization: 'Bearer of-the-client' },
    extra_headers: { 'x-evil': '1' },
  };
  const headers = { Connection: 'upgrade', Upgrade: 'h2c', 'Transfer-Encoding': 'chunked', 'X-Fine': '1' };
  await upstreamFor().whole(callTo(there.origin, { request, provider: { headers } }));
  const { headers: got } = there.seen[0]!.request;
  expect(got).toMatchObject({ 'x-fine': '1', 'content-length': String(there.seen[0]!.text.length) });
  expect(Object.keys(got).toSorted()).toEqual([
    'accept',
    'accept-encoding',
    'connection',
    'content-length',
    'content-type',
    'host',
    'user-agent',
    'via',
    'x-fine',
  ]);
  expect(got['connection']).toBe('keep-alive');
});
