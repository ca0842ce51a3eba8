// A whole call: what goes out, what comes back, and what every kind of bad answer becomes.
import { readFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Secret } from '../../src/contract/index.ts';
import { callTo, COMPLETION, failureOf, json, site, upstreamFor } from './scene.ts';

/** Made for this test alone; valid for `localhost`, signed by itself. */
const SELF_SIGNED = readFileSync(new URL('self-signed.pem', import.meta.url));

const KEY = 'sk-very-secret-1';

describe('whole', () => {
  it('sends one POST with the key, the dialect and our name, and gives the original bytes back', async () => {
    const { origin, seen } = await site((response) => json(response, 200, COMPLETION));
    const call = callTo(origin, {
      provider: { apiKey: new Secret(KEY), headers: { 'X-Title': 'Quorum', Connection: 'close' } },
    });
    const reply = await upstreamFor().whole(call);
    expect(Buffer.from(reply.bytes).toString()).toBe(JSON.stringify(COMPLETION));
    expect(reply.completion.choices[0]?.message.content).toBe('hi');
    expect(reply.retries).toBe(0);
    expect(reply.firstByteAt).toBeGreaterThanOrEqual(reply.sentAt);
    const { method, url, headers } = seen[0]!.request;
    expect({ method, url }).toEqual({ method: 'POST', url: '/v1/chat/completions' });
    expect(headers).toMatchObject({
      authorization: `Bearer ${KEY}`,
      'content-type': 'application/json',
      accept: 'application/json',
      'accept-encoding': 'identity',
      'user-agent': expect.stringMatching(/^quorum\/\d+\.\d+\.\d+/) as string,
      'x-title': 'Quorum',
      connection: 'keep-alive',
    });
    expect(seen[0]!.body).toEqual({ model: 'acme-small-1', messages: call.request.messages });
  });

  it('keeps path and query of the base URL, and puts the key where the provider wants it', async () => {
    const { origin, seen } = await site((response) => json(response, 200, COMPLETION));
    const baseUrl = `${origin}/openai/deployments/d1/?api-version=2024-10-21`;
    const provider = { baseUrl, apiKey: new Secret(KEY), authHeader: 'api-key', authPrefix: '' };
    await upstreamFor().whole(callTo(origin, { provider }));
    expect(seen[0]!.request.url).toBe('/openai/deployments/d1/chat/completions?api-version=2024-10-21');
    expect(seen[0]!.request.headers).toMatchObject({ 'api-key': KEY });
    expect(seen[0]!.request.headers.authorization).toBeUndefined();
  });

  it('an address that names the whole path is taken as it is meant', async () => {
    const { origin, seen } = await site((response) => json(response, 200, COMPLETION));
    await upstreamFor().whole(callTo(origin, { provider: { baseUrl: `${origin}/v1/chat/completions` } }));
    expect(seen[0]!.request.url).toBe('/v1/chat/completions');
  });

  it('keeps connections alive and opens as many as calls at once need', async () => {
    const waiting: (() => void)[] = [];
    const { origin, sockets } = await site((response, _, nth) => {
      if (nth <= 1) json(response, 200, COMPLETION);
      else {
        waiting.push(() => json(response, 200, COMPLETION));
        if (waiting.length === 20) for (const answer of waiting) answer();
      }
    });
    const upstream = upstreamFor();
    await upstream.whole(callTo(origin));
    await new Promise((resolve) => setTimeout(resolve, 5));
    await Promise.all(Array.from({ length: 20 }, () => upstream.whole(callTo(origin))));
    expect(sockets.size).toBe(20);
  });

  it.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
  ] as const)('decodes a body in %s that we did not ask for (%#)', async (encoding, compress) => {
    const { origin } = await site((response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': encoding });
      response.end(compress(JSON.stringify(COMPLETION)));
    });
    const reply = await upstreamFor().whole(callTo(origin));
    expect(Buffer.from(reply.bytes).toString()).toBe(JSON.stringify(COMPLETION));
  });

  it('reads a stream that a server sends although it was asked for a whole answer', async () => {
    const { origin } = await site((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const chunk = {
        id: 'c',
        created: 1,
        model: 'm',
        choices: [{ index: 0, delta: { content: 'hi' }, finish_reason: 'stop' }],
      };
      response.end(`data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`);
    });
    const reply = await upstreamFor().whole(callTo(origin));
    expect(reply.completion.choices[0]?.message.content).toBe('hi');
    expect(JSON.parse(Buffer.from(reply.bytes).toString())).toEqual(reply.completion);
  });

  const error = (code: string | number | null, message = 'no'): unknown => ({ error: { message, type: 'x', code } });
  it.each([
    [400, error('context_length_exceeded'), 'rejected', 400],
    [400, error('model_not_found'), 'refused', 400],
    [400, error('invalid_request_error', 'Model Not Exist'), 'refused', 400],
    [400, error(null, 'Unsupported parameter'), 'rejected', 400],
    [401, error('invalid_api_key'), 'refused', 401],
    [402, error(null), 'refused', 402],
    [403, error(null), 'refused', 403],
    [404, error(null, 'No such file'), 'rejected', 404],
    [404, error('model_not_found'), 'refused', 404],
    [404, error(null, 'model "x" not found, try pulling it first'), 'refused', 404],
    [
      404,
      { object: 'error', message: 'The model `x` does not exist.', type: 'NotFoundError', code: 404 },
      'refused',
      404,
    ],
    [404, { detail: 'Not Found' }, 'refused', 404],
    [405, error(null), 'rejected', 405],
    [408, error(null), 'server_error', 408],
    [409, error(null), 'server_error', 409],
    [413, error(null), 'rejected', 413],
    [415, error(null), 'rejected', 415],
    [422, error(null), 'rejected', 422],
    [425, error(null), 'server_error', 425],
    [429, error('rate_limit_exceeded'), 'rate_limited', 429],
    [429, error('insufficient_quota'), 'refused', 429],
    [500, error(null), 'server_error', 500],
    [503, error(null), 'server_error', 503],
    [529, { type: 'error', error: { type: 'overloaded_error' } }, 'server_error', 529],
    [200, error(null), 'server_error', 502],
    [200, error(429), 'rate_limited', 429],
    [200, error('insufficient_quota'), 'refused', 402],
    [200, error('context_length_exceeded'), 'rejected', 400],
    [200, { hello: 'world' }, 'malformed', 200],
    [200, { choices: [] }, 'malformed', 200],
    [302, error(null), 'malformed', 302],
  ])('%i %j is %s', async (status, body, kind, told) => {
    const { origin, seen } = await site((response) => json(response, status, body, { location: '/elsewhere' }));
    const failure = await failureOf(upstreamFor().whole(callTo(origin, { provider: { apiKey: new Secret(KEY) } })));
    expect(failure).toMatchObject({ kind, status: told, retries: 0 });
    const kept = kind === 'rejected' || kind === 'rate_limited';
    expect(failure.body === null ? null : JSON.parse(Buffer.from(failure.body).toString())).toEqual(kept ? body : null);
    expect(failure.message).toContain('acme');
    expect(seen).toHaveLength(1);
  });

  it('says neither the key nor the upstream’s words in its message, and takes an echoed key out of the body', async () => {
    const { origin } = await site((response, { request }) =>
      json(response, 400, { error: { message: `You sent ${request.headers.authorization}` } }),
    );
    const failure = await failureOf(upstreamFor().whole(callTo(origin, { provider: { apiKey: new Secret(KEY) } })));
    expect(failure.message).not.toContain('You sent');
    expect(`${failure.message} ${Buffer.from(failure.body!).toString()} ${String(failure.cause)}`).not.toContain(KEY);
  });

  it('keeps the type of a rejection that is no JSON', async () => {
    const { origin } = await site((response) => {
      response.writeHead(422, { 'content-type': 'text/plain' });
      response.end('no');
    });
    const failure = await failureOf(upstreamFor().whole(callTo(origin)));
    expect(failure).toMatchObject({ kind: 'rejected', contentType: 'text/plain', body: Buffer.from('no') });
  });

  it('drops an error body of more than a mebibyte, and closes the socket on it', async () => {
    const { origin, sockets } = await site((response) => {
      response.writeHead(400, { 'content-type': 'application/json' });
      response.write(Buffer.alloc(2 * 1024 * 1024, 0x20));
    });
    const failure = await failureOf(upstreamFor().whole(callTo(origin)));
    expect(failure).toMatchObject({ kind: 'rejected', status: 400, body: null });
    await expect.poll(() => sockets.size).toBe(0);
  });

  it('gives up on an endless answer', async () => {
    const { origin } = await site((response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(1024 * 1024, 0x20)));
      };
      response.on('drain', more);
      more();
    });
    const failure = await failureOf(upstreamFor().whole(callTo(origin)));
    expect(failure).toMatchObject({ kind: 'malformed', message: expect.stringContaining('64 MiB') as string });
  });

  it.each([
    ['an HTML page', 'text/html', '<html>Bad gateway</html>'],
    ['half a completion', 'application/json', JSON.stringify(COMPLETION).slice(0, 50)],
    ['nothing', 'application/json', ''],
    ['a cut stream', 'text/event-stream', 'data: {"choices":[{"index":0,"delta":{"content":"h"}}]}\n\n'],
  ])('%s under a 200 is malformed', async (_, type, body) => {
    const { origin } = await site((response) => {
      response.writeHead(200, { 'content-type': type });
      response.end(body);
    });
    const failure = await failureOf(upstreamFor().whole(callTo(origin)));
    expect(failure).toMatchObject({ kind: 'malformed', status: 200 });
    expect(failure.message).not.toContain('Bad gateway');
  });

  it('a bad gzip is malformed, and an unknown encoding too', async () => {
    const { origin } = await site((response, _, nth) => {
      response.writeHead(200, { 'content-encoding': nth === 1 ? 'gzip' : 'rot13' });
      response.end(JSON.stringify(COMPLETION));
    });
    const upstream = upstreamFor();
    expect((await failureOf(upstream.whole(callTo(origin)))).kind).toBe('malformed');
    expect((await failureOf(upstream.whole(callTo(origin)))).kind).toBe('malformed');
  });

  it('a body that breaks off is unreachable and not retried', async () => {
    const { origin, seen } = await site((response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('{"id":');
      setImmediate(() => response.socket?.resetAndDestroy());
    });
    const failure = await failureOf(
      upstreamFor().whole(callTo(origin, { maxRetries: 2, provider: { maxRetries: 2 } })),
    );
    expect(failure).toMatchObject({ kind: 'unreachable', retries: 0 });
    expect(seen).toHaveLength(1);
  });

  it('something that is no HTTP is malformed', async () => {
    const server = createServer((socket) => void socket.on('error', () => undefined).end('SSH-2.0-OpenSSH\r\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect((await failureOf(upstreamFor().whole(callTo(origin)))).kind).toBe('malformed');
  });

  it('nobody listening, an unknown name and a header that cannot be sent each say so', async () => {
    const upstream = upstreamFor();
    const refused = await failureOf(upstream.whole(callTo('http://127.0.0.1:1')));
    expect(refused).toMatchObject({ kind: 'unreachable', status: null });
    expect(refused.message).toContain('ECONNREFUSED');
    expect((await failureOf(upstream.whole(callTo('http://nobody.invalid')))).kind).toBe('unreachable');
    const provider = { apiKey: new Secret('sk\r\nx: 1') };
    const unsendable = await failureOf(upstream.whole(callTo('http://127.0.0.1:1', { provider })));
    expect(unsendable.kind).toBe('refused');
    expect(unsendable.message).not.toContain('x: 1');
  });

  it('sends nothing to a server whose certificate nobody vouches for, and doesn’t try again', async () => {
    let asked = 0;
    const server = createTlsServer({ key: SELF_SIGNED, cert: SELF_SIGNED }, () => asked++);
    server.on('tlsClientError', () => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const origin = `https://localhost:${(server.address() as AddressInfo).port}`;
    const failure = await failureOf(
      upstreamFor().whole(callTo(origin, { maxRetries: 5, provider: { maxRetries: 5 } })),
    );
    expect(failure).toMatchObject({ kind: 'unreachable', retries: 0 });
    expect(failure.message).toContain('SELF_SIGNED');
    expect(asked).toBe(0);
  });

  it('goes only to allowed origins', async () => {
    const { origin, seen } = await site((response) => json(response, 200, COMPLETION));
    const upstream = upstreamFor({ mayConnect: (asked) => asked === origin });
    await upstream.whole(callTo(origin));
    const elsewhere = await site((response) => json(response, 200, COMPLETION));
    const failure = await failureOf(upstream.whole(callTo(elsewhere.origin, { maxRetries: 5 })));
    expect(failure).toMatchObject({ kind: 'refused', sent: false, retries: 0 });
    expect([seen.length, elsewhere.seen.length, elsewhere.sockets.size]).toEqual([1, 0, 0]);
  });

  it('close ends what is under way', async () => {
    const { origin, seen, sockets } = await site(() => undefined);
    const upstream = upstreamFor();
    const failing = failureOf(upstream.whole(callTo(origin)));
    await expect.poll(() => seen.length).toBe(1);
    await upstream.close();
    expect((await failing).kind).toBe('aborted');
    expect((await failureOf(upstream.whole(callTo(origin)))).kind).toBe('aborted');
    await expect.poll(() => sockets.size).toBe(0);
  });
});
