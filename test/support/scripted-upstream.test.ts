// The scripted upstream does what it is told: the tests of every other room lean on it.
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startUpstream, type Script, type ScriptedUpstream } from './scripted-upstream.ts';

let upstream: ScriptedUpstream;
let client: OpenAI;

beforeAll(async () => {
  upstream = await startUpstream({ models: ['small', 'large'] });
  client = new OpenAI({ baseURL: upstream.url, apiKey: 'sk-test', maxRetries: 0 });
});
afterAll(() => upstream.close());

let models = 0;
/** A fresh model name with this script. */
function scripted(...scripts: readonly Script[]): string {
  const model = `model-${models++}`;
  upstream.reply(model, scripts);
  return model;
}

function ask(model: string, more: Record<string, unknown> = {}, signal?: AbortSignal): Promise<Response> {
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'Tell me more' }], ...more });
  const headers = { 'content-type': 'application/json' };
  return fetch(`${upstream.url}/chat/completions`, { method: 'POST', headers, body, ...(signal && { signal }) });
}

async function textOf(model: string, more: Record<string, unknown> = {}): Promise<string> {
  return (await ask(model, more)).text();
}

describe('a good answer', () => {
  it('echoes to the official client, whole and streamed, with usage', async () => {
    const request = { model: 'small', messages: [{ role: 'user' as const, content: 'Hi there' }] };
    const whole = await client.chat.completions.create(request);
    expect(whole.choices[0]?.message.content).toBe('You said: Hi there');
    expect(whole.usage?.total_tokens).toBe(whole.usage!.prompt_tokens + whole.usage!.completion_tokens);
    const stream = client.chat.completions.stream({ ...request, stream_options: { include_usage: true } });
    const final = await stream.finalChatCompletion();
    expect(final.choices[0]?.message.content).toBe('You said: Hi there');
    expect(final.usage).toEqual(whole.usage);
  });

  it('makes tool calls, several choices and logprobs, streamed as whole', async () => {
    const toolCalls = [
      { name: 'weather', arguments: { city: 'Ulm' } },
      { name: 'time', arguments: '{"zone": "CET"}' },
    ];
    const model = scripted({ toolCalls, choices: 2 }, { toolCalls, choices: 2 });
    const request = { model, messages: [{ role: 'user' as const, content: 'x' }] };
    const whole = await client.chat.completions.create(request);
    const streamed = await client.chat.completions.stream(request).finalChatCompletion();
    const calls = (from: typeof whole): unknown[] =>
      from.choices.map(({ message }) =>
        message.tool_calls?.map((call) => (call.type === 'function' ? { ...call.function } : null)),
      );
    expect(calls(whole)).toEqual(
      calls(streamed).map((list) =>
        (list as { name: string; arguments: string }[]).map(({ name, arguments: args }) => ({ name, arguments: args })),
      ),
    );
    expect(calls(whole)).toHaveLength(2);
    expect(await textOf(scripted({ content: 'a b', logprobs: true }), { stream: true })).toContain(
      '"logprobs":{"content":[{"token":"b","logprob":-0.1}]',
    );
  });

  it('serves models, embeddings, completions, and echoes what it does not know', async () => {
    const listed = await client.models.list();
    expect(listed.data.map(({ id }) => id)).toEqual(['small', 'large']);
    expect((await client.models.retrieve('small')).id).toBe('small');
    const { data } = await client.embeddings.create({
      model: 'small',
      input: ['the cat sat', 'a cat sat', 'quantum field'],
    });
    const cosine = (left: number[], right: number[]): number =>
      left.reduce((sum, value, at) => sum + value * right[at]!, 0);
    const [one, two, three] = data.map(({ embedding }) => embedding);
    expect(cosine(one!, one!)).toBeCloseTo(1);
    expect(cosine(one!, two!)).toBeGreaterThan(cosine(one!, three!));
    expect((await client.completions.create({ model: 'small', prompt: 'Once' })).choices[0]?.text).toBe(
      'You said: Once',
    );
    const echo = await fetch(`${upstream.url}/files?limit=2`, { method: 'POST', body: 'raw' });
    expect(await echo.json()).toMatchObject({ method: 'POST', path: '/v1/files?limit=2', body: 'raw' });
  });
});

describe('a scripted answer', () => {
  it('takes the latest reply that matches, uses a list up and stays at its end', async () => {
    const model = scripted({ status: 429, headers: { 'retry-after': '7' } }, { content: 'better' });
    const first = await ask(model);
    expect([first.status, first.headers.get('retry-after')]).toEqual([429, '7']);
    expect(await first.json()).toMatchObject({ error: { code: 'rate_limit_exceeded' } });
    for (let turn = 0; turn < 2; turn++) expect(await textOf(model)).toContain('better');
    upstream.reply(
      ({ model: asked }) => asked === model,
      ({ body }) => ({ content: `by ${(body as { user: string }).user}` }),
    );
    expect(await textOf(model, { user: 'Ann' })).toContain('by Ann');
  });

  it.each([
    ['html', { html: true, status: 502 }, 502, '<!doctype html>'],
    ['malformed', { malformed: true }, 200, '{"id":"chatcmpl-scripted","choices":[{"index":0,"mess'],
    ['an error under 200', { error: { message: 'no', code: 'x' } }, 200, '{"error":{"message":"no","code":"x"}}'],
    ['an explicit body', { body: { a: 1 } }, 200, '{"a":1}'],
    ['gzip', { body: { a: 1 }, gzip: true }, 200, '{"a":1}'],
    ['crumbs', { body: 'abcdefg', trickle: { bytes: 2, everyMs: 0 } }, 200, 'abcdefg'],
  ] as const)('%s', async (_name, script, status, text) => {
    const response = await ask(scripted(script));
    expect(response.status).toBe(status);
    expect((await response.text()).startsWith(text)).toBe(true);
  });

  it('streams with other line ends, without usage or [DONE], compressed, and step by step', async () => {
    const stream = { stream: true, stream_options: { include_usage: true } };
    const crlf = await textOf(scripted({ content: 'a b', lineEnd: '\r\n', usage: null, done: false }), stream);
    expect(crlf.replaceAll('\r\n', '')).not.toMatch(/\r|\n|\[DONE\]|prompt_tokens/);
    const zipped = await textOf(scripted({ content: 'a b', gzip: true }), stream);
    expect(zipped.trimEnd().endsWith('data: [DONE]')).toBe(true);
    expect(zipped).toMatch(/"choices":\[\],"usage":\{"prompt_tokens":\d+,"completion_tokens":2/);
    const chunks = [{ data: { x: 1 } }, { delayMs: 1, raw: ': half' }, { raw: ' a comment\n\n' }];
    expect(await textOf(scripted({ chunks }), stream)).toBe('data: {"x":1}\n\n: half a comment\n\ndata: [DONE]\n\n');
    const closing = [{ data: '[DONE]' }];
    expect(await textOf(scripted({ chunks: closing }), stream)).toBe('data: [DONE]\n\n');
  });

  it('cuts the connection where it is told', async () => {
    await expect(ask(scripted({ cut: 'before-headers' }))).rejects.toThrow('fetch failed');
    const whole = await ask(scripted({ body: 'abcdefgh', cut: 3 }));
    await expect(whole.text()).rejects.toThrow('terminated');
    const parts: string[] = [];
    const stream = await ask(scripted({ content: 'one two three four', cut: 'mid-event' }), { stream: true });
    await expect(
      (async () => {
        for await (const part of stream.body!) parts.push(Buffer.from(part as Uint8Array).toString());
      })(),
    ).rejects.toThrow('terminated');
    const text = parts.join('');
    expect(text).toContain('"content":"one ');
    expect(text.endsWith('\n\n')).toBe(false);
  });

  it.each(['before-headers', 'after-headers', 'mid-stream'] as const)(
    'goes silent %s and sees the client leave',
    async (stall) => {
      const known = (await upstream.aborted(0)).length;
      const leaving = new AbortController();
      const model = scripted({ stall, content: 'one two three' });
      const answer = ask(model, { stream: true }, leaving.signal).then((response) => response.text());
      await upstream.received(upstream.requests.length + 1);
      leaving.abort();
      await expect(answer).rejects.toThrow('aborted');
      const gone = (await upstream.aborted(known + 1)).at(-1)!;
      expect(gone.model).toBe(model);
      expect(gone.aborted).toBeGreaterThanOrEqual(gone.at);
    },
  );
});

describe('what it remembers', () => {
  it('keeps method, path, headers, body and connection, and no abort of a request that ended well', async () => {
    await textOf(scripted({ body: 'x', cut: 1 })).catch(() => '');
    await ask('small', { user: 'Ann' }).then((response) => response.text());
    const request = upstream.requests.at(-1)!;
    expect(request).toMatchObject({
      method: 'POST',
      path: '/v1/chat/completions',
      model: 'small',
      body: { user: 'Ann' },
      aborted: null,
    });
    expect(request.headers['content-type']).toBe('application/json');
    expect(request.connection).toBeGreaterThan(0);
    expect(upstream.requests.at(-2)?.aborted).toBeNull();
  });

  it('answers fast without remembering', async () => {
    const fast = await startUpstream({ fast: true, content: 'quick words' });
    const quick = new OpenAI({ baseURL: fast.url, apiKey: 'x', maxRetries: 0 });
    const request = { model: 'm', messages: [{ role: 'user' as const, content: 'x' }] };
    expect((await quick.chat.completions.create(request)).choices[0]?.message.content).toBe('quick words');
    const final = await quick.chat.completions.stream(request).finalChatCompletion();
    expect(final.choices[0]?.message.content).toBe('quick words');
    expect(fast.requests).toEqual([]);
    await fast.close();
  });
});
