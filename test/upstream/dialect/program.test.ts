// OpenAI's own client talks to Claude and Gemini through the whole program.
import { OpenAI } from 'openai';
import { afterAll, describe, expect, it } from 'vitest';
import { startQuorum, type RunningQuorum } from '../../support/program.ts';
import { json, site, type Site } from '../scene.ts';
import { bytesOf, fixtures } from './fixture.ts';

const running: RunningQuorum[] = [];
afterAll(() => Promise.all(running.map((quorum) => quorum.stop())));

const FIXTURE = {
  anthropic: { whole: 'anthropic-tools', stream: 'anthropic-stream-tools', error: 'anthropic-errors' },
  gemini: { whole: 'gemini-tools', stream: 'gemini-stream-tools', error: 'gemini-errors' },
} as const;
const named = (name: string): (typeof fixtures)[number] => fixtures.find((fixture) => fixture.name === name)!;

const TOOLS = [{ type: 'function' as const, function: { name: 'get_weather', parameters: { type: 'object' } } }];
const asked = { model: 'native', tools: TOOLS, messages: [{ role: 'user' as const, content: 'Weather?' }] };

describe.each(['anthropic', 'gemini'] as const)('%s', (type) => {
  async function start(): Promise<{ there: Site; client: OpenAI }> {
    const there = await site((response, { text, request }) => {
      if (text.includes('wrong')) json(response, 400, named(FIXTURE[type].error).failures![0]!.body);
      else if (request.url!.includes('alt=sse') || text.includes('"stream":true')) {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.end(bytesOf(named(FIXTURE[type].stream).stream!));
      } else json(response, 200, named(FIXTURE[type].whole).answers);
    });
    const quorum = await startQuorum({
      config: {
        providers: { house: { type, base_url: there.origin, api_key: 'sk-1', max_retries: 0 } },
        models: {
          native: {
            provider: 'house',
            upstream_model: 'model-1',
            price: '1/10',
            capabilities: ['tools', 'json_schema', 'streaming'],
          },
        },
        cache: false,
      },
    });
    running.push(quorum);
    return { there, client: new OpenAI({ baseURL: `${quorum.url}/v1`, apiKey: 'none', maxRetries: 0 }) };
  }

  it('whole, with tools and its cost', async () => {
    const { client, there } = await start();
    const { data, response } = await client.chat.completions.create(asked).withResponse();
    expect(data).toMatchObject(named(FIXTURE[type].whole).gives!);
    const { prompt_tokens, completion_tokens } = data.usage!;
    expect(Number(response.headers.get('x-quorum-cost-usd'))).toBeCloseTo(
      (prompt_tokens + 10 * completion_tokens) / 1e6,
      9,
    );
    expect(there.seen[0]!.request.headers[type === 'anthropic' ? 'x-api-key' : 'x-goog-api-key']).toBe('sk-1');
  });

  it('streamed, as the client’s own helper puts it together', async () => {
    const { client } = await start();
    const stream = client.chat.completions.stream({ ...asked, stream_options: { include_usage: true } });
    const { choices, usage } = await stream.finalChatCompletion();
    expect(choices[0]!.finish_reason).toBe('tool_calls');
    expect(choices[0]!.message.tool_calls!.map((call) => 'function' in call && call.function.name)).toEqual([
      'get_weather',
      'now',
    ]);
    expect(usage!.total_tokens).toBeGreaterThan(0);
  });

  it('its refusal of the request is OpenAI’s error', async () => {
    const { client } = await start();
    const messages = [{ role: 'user' as const, content: 'wrong' }];
    await expect(client.chat.completions.create({ ...asked, messages })).rejects.toMatchObject({
      status: 400,
      type: 'invalid_request_error',
      message: expect.stringMatching(/max_tokens|contents/) as string,
    });
  });
});
