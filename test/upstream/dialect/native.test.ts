// Calls through a real server that speaks Anthropic's or Gemini's API: paths, keys, answers, streams, errors, odd bodies.
import type { ServerResponse } from 'node:http';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Model, Provider } from '../../../src/contract/index.ts';
import { Secret } from '../../../src/contract/index.ts';
import { callTo, collecting, failureOf, json, site, upstreamFor } from '../scene.ts';
import { bytesOf, fixtures, modelOf, translated, type Fixture } from './fixture.ts';

const named = (name: string): Fixture => fixtures.find((fixture) => fixture.name === name)!;
const WHOLE = { anthropic: named('anthropic-whole'), gemini: named('gemini-whole') };
const STREAM = { anthropic: named('anthropic-stream'), gemini: named('gemini-stream') };
const TYPES = ['anthropic', 'gemini'] as const;
type Type = (typeof TYPES)[number];

const provider = (type: Type): Partial<Provider> => ({
  type,
  authHeader: type === 'anthropic' ? 'x-api-key' : 'x-goog-api-key',
  authPrefix: '',
  apiKey: new Secret('key-1'),
});
const model = (type: Type): Partial<Model> => ({ upstreamModel: WHOLE[type].model });
const call = (origin: string, type: Type, base = ''): ReturnType<typeof callTo> =>
  callTo(origin, { provider: { ...provider(type), ...(base && { baseUrl: `${origin}${base}` }) }, model: model(type) });

function events(response: ServerResponse, bytes: Uint8Array, headers: Record<string, string> = {}): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', ...headers });
  response.end(bytes);
}

async function streamed(origin: string, type: Type): Promise<string> {
  const sink = collecting();
  const reply = await upstreamFor().stream(call(origin, type));
  await reply.pump(sink);
  return sink.text();
}

/** Chunks carry the time. */
const timeless = (text: string): string => text.replaceAll(/"created":\d+/g, '"created":0');

describe.each(TYPES)('%s', (type) => {
  it('is called where and how it wants to be', async () => {
    const there = await site((response) => json(response, 200, WHOLE[type].answers));
    const upstream = upstreamFor();
    const bases = ['/v1', '', '/', '/v1/', '/proxy/v1'];
    for (const base of bases) await upstream.whole(call(there.origin, type, base || '/'));
    const paths =
      type === 'anthropic'
        ? ['', '', '', '', '/proxy'].map((before) => `${before}/v1/messages`)
        : ['/v1', '/v1beta', '/v1beta', '/v1', '/proxy/v1'].map(
            (before) => `${before}/models/gemini-3.8-flash:generateContent`,
          );
    expect(there.seen.map(({ request }) => request.url)).toEqual(paths);
    const { headers, method } = there.seen[0]!.request;
    expect(method).toBe('POST');
    expect(headers[type === 'anthropic' ? 'x-api-key' : 'x-goog-api-key']).toBe('key-1');
    expect(headers['authorization']).toBe(undefined);
    expect(headers['anthropic-version']).toBe(type === 'anthropic' ? '2023-06-01' : undefined);
  });

  it('gives a whole answer in OpenAI’s form, with the time of the call', async () => {
    const there = await site((response) => json(response, 200, WHOLE[type].answers));
    const { completion, bytes } = await upstreamFor().whole(call(there.origin, type));
    const { created: _, ...gives } = WHOLE[type].gives!;
    expect(completion).toMatchObject(gives);
    expect(Math.abs(completion.created - Date.now() / 1000)).toBeLessThan(60);
    expect(JSON.parse(Buffer.from(bytes).toString())).toEqual(completion);
  });

  it.each(['plain', 'gzip', 'br'])('gives a stream in OpenAI’s form, %s', async (encoding) => {
    const raw = bytesOf(STREAM[type].stream!);
    const there = await site((response) => {
      if (encoding === 'plain') events(response, raw);
      else
        events(response, encoding === 'br' ? brotliCompressSync(raw) : gzipSync(raw), { 'content-encoding': encoding });
    });
    expect(timeless(await streamed(there.origin, type))).toBe(timeless(translated(STREAM[type], raw).toString()));
    expect(there.seen[0]!.request.url).toMatch(
      type === 'anthropic' ? /\/v1\/messages$/ : /:streamGenerateContent\?alt=sse$/,
    );
  });

  it('a whole answer where a stream was asked for becomes a stream, and the other way round', async () => {
    const there = await site((response, _, nth) => {
      if (nth === 1) json(response, 200, WHOLE[type].answers);
      else events(response, bytesOf(STREAM[type].stream!));
    });
    const text = await streamed(there.origin, type);
    expect(text).toContain('"finish_reason":"stop"');
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
    const { completion } = await upstreamFor().whole(call(there.origin, type));
    expect(completion.choices[0]!.message.content).toBe('Grüß dich 👋');
  });

  it.each(fixtures.filter((each) => each.fails !== undefined && each.name.startsWith(type)))(
    '$name: an error before anything was said can be tried elsewhere',
    async (fixture) => {
      const there = await site((response) => events(response, bytesOf(fixture.stream!)));
      expect(await failureOf(upstreamFor().stream(call(there.origin, type)))).toMatchObject(fixture.fails!);
      if (type === 'anthropic') return;
      expect(await failureOf(upstreamFor().whole(call(there.origin, type)))).toMatchObject({ kind: 'malformed' });
    },
  );

  it('an error after the first words comes in the band', async () => {
    const fixture = named(`${type}-stream-error`);
    const there = await site((response) => events(response, bytesOf(fixture.stream!)));
    const text = await streamed(there.origin, type);
    expect(text).toContain('Half');
    expect(text).toContain('"error":{');
    expect(text).not.toContain('[DONE]');
  });

  it.each([
    ['an OpenAI completion', JSON.stringify({ choices: [{ message: { content: 'x' } }] }), 'malformed'],
    ['nothing', '', 'malformed'],
    ['a page', '<html>busy</html>', 'malformed'],
    ['a list', '[]', 'malformed'],
    ['null', 'null', 'malformed'],
    ['half of it', '{"type":"message","cont', 'malformed'],
  ])('%s under a 200 is %s', async (_what, body, kind) => {
    const there = await site((response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(body);
    });
    expect(await failureOf(upstreamFor().whole(call(there.origin, type)))).toMatchObject({ kind });
    expect(await failureOf(upstreamFor().stream(call(there.origin, type)))).toMatchObject({ kind });
  });

  it('its errors are told in OpenAI’s form, without the key', async () => {
    const body = {
      anthropic: { type: 'error', error: { type: 'invalid_request_error', message: 'bad: key-1' } },
      gemini: { error: { code: 400, message: 'bad: key-1', status: 'INVALID_ARGUMENT' } },
    };
    const there = await site((response) => json(response, 400, body[type]));
    for (const failing of [
      upstreamFor().whole(call(there.origin, type)),
      upstreamFor().stream(call(there.origin, type)),
    ]) {
      const failure = await failureOf(failing);
      expect(failure).toMatchObject({ kind: 'rejected', status: 400, contentType: 'application/json' });
      expect(JSON.parse(Buffer.from(failure.body!).toString())).toMatchObject({
        error: { message: 'bad: ***', type: 'invalid_request_error', param: null },
      });
    }
  });

  it('what it can’t be asked is refused here, and nothing is sent', async () => {
    const there = await site((response) => json(response, 200, WHOLE[type].answers));
    const messages = [{ role: 'user', content: [{ type: 'hologram', hologram: 1 }] }];
    const failure = await failureOf(
      upstreamFor().whole({ ...call(there.origin, type), request: { model: 'm', messages } }),
    );
    expect(failure).toMatchObject({ kind: 'rejected', status: 400, sent: false });
    expect(JSON.parse(Buffer.from(failure.body!).toString())).toMatchObject({
      error: { param: 'messages[0].content[0].type', code: 'unsupported_value' },
    });
    expect(there.seen).toEqual([]);
  });
});

it('the catalog’s Gemini: a bare key for the native address, a bearer for what is passed through', async () => {
  const there = await site((response) => json(response, 200, WHOLE.gemini.answers));
  const { model: known, provider: given } = modelOf(WHOLE.gemini);
  expect(given).toMatchObject({ authHeader: 'authorization', authPrefix: 'Bearer ' });
  const baseUrl = given.baseUrl.replace('https://generativelanguage.googleapis.com', there.origin);
  await upstreamFor().whole(callTo(there.origin, { provider: { ...given, baseUrl }, model: known }));
  const { headers, url } = there.seen[0]!.request;
  expect(url).toBe('/v1beta/models/gemini-3.8-flash:generateContent');
  expect(headers['x-goog-api-key']).toBe('sk-GEMINI');
  expect(headers).not.toHaveProperty('authorization');
});

it('Gemini’s other addresses and models', async () => {
  const there = await site((response) => json(response, 200, WHOLE.gemini.answers));
  const upstream = upstreamFor();
  const paths: [base: string, name: string, path: string][] = [
    ['/v1beta/openai', 'gemini-x', '/v1beta/models/gemini-x:generateContent'],
    ['/v1alpha/models', 'gemini-x', '/v1alpha/models/gemini-x:generateContent'],
    ['/v1beta', 'tunedModels/mine 1', '/v1beta/tunedModels/mine%201:generateContent'],
    ['/v1beta?trace=1', 'gemini-x', '/v1beta/models/gemini-x:generateContent?trace=1'],
  ];
  for (const [base, upstreamModel] of paths) {
    const given = call(there.origin, 'gemini', base);
    await upstream.whole({ ...given, model: { ...given.model, upstreamModel } });
  }
  expect(there.seen.map(({ request }) => request.url)).toEqual(paths.map(([, , path]) => path));
});

it('Gemini’s errors in a list, under a 200 and where a stream was asked for', async () => {
  const error = { code: 429, message: 'Quota exceeded', status: 'RESOURCE_EXHAUSTED' };
  const there = await site((response, _, nth) => json(response, nth % 2 === 1 ? 200 : 429, [{ error }]));
  const upstream = upstreamFor();
  for (let nth = 0; nth < 2; nth++) {
    const failing = { kind: 'rate_limited', status: 429 };
    expect(await failureOf(upstream.whole(call(there.origin, 'gemini')))).toMatchObject(failing);
    const failure = await failureOf(upstream.stream(call(there.origin, 'gemini')));
    expect(failure).toMatchObject(failing);
    expect(JSON.parse(Buffer.from(failure.body!).toString())).toMatchObject({ error: { message: 'Quota exceeded' } });
  }
});
