// The wire format, through the official client and bare bytes: streams equal wholes, tools, probabilities, limits, errors, the other endpoints.
import { NotFoundError, type OpenAI } from 'openai';
import { describe, expect, it } from 'vitest';
import { SANDBOX_MODELS, type Behaviour } from '../../src/sandbox/index.ts';
import { bench, RIGHT, WRONG } from './harness.ts';

const tool = (
  name: string,
  description: string,
  properties: Record<string, unknown>,
  required = Object.keys(properties),
): OpenAI.ChatCompletionTool => ({
  type: 'function',
  function: { name, description, parameters: { type: 'object', properties, required } },
});
const text = { type: 'string' };
const WEATHER = tool(
  'get_weather',
  'Get the current weather in a city',
  { city: text, unit: { type: 'string', enum: ['celsius', 'fahrenheit'] } },
  ['city'],
);
const FLIGHT = tool('book_flight', 'Book a flight', {
  origin: text,
  destination: text,
  date: { type: 'string', format: 'date' },
  passengers: { type: 'integer' },
});
const MAIL = tool('send_email', 'Send an email to somebody', { to: text, body: text });
const TOOLS = [WEATHER, FLIGHT, MAIL];
const PROMPTS: readonly (readonly [string, Record<string, unknown>])[] = [
  ['What is 17*23?', {}],
  ['Tell me about rivers and their deltas, ça va 🌊?', { logprobs: true, top_logprobs: 2 }],
  ["What's the weather in Paris and London?", { tools: TOOLS }],
  ['Give me a colour', { n: 3 }],
  [
    'Name: Jane Doe',
    {
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'x', schema: { type: 'object', properties: { name: text }, required: ['name'] } },
      },
    },
  ],
  ['Write 200 words about trees', { max_tokens: 12 }],
];

describe('streams', async () => {
  const { client, chat, post } = await bench();

  it.each(PROMPTS)('%s: a stream adds up to the whole', async (content, more) => {
    const model = 'sandbox-sage';
    const whole = await chat(model, content, more);
    const streamed = await client.chat.completions
      .stream({
        ...more,
        model,
        messages: [{ role: 'user', content }],
        stream_options: { include_usage: true },
      })
      .finalChatCompletion();
    for (const [index, choice] of whole.choices.entries()) {
      const other = streamed.choices[index]!;
      expect(other.message.content ?? '').toBe(choice.message.content ?? '');
      expect(other.finish_reason).toBe(choice.finish_reason);
      expect(other.message.tool_calls?.map(({ id, function: call }) => [id, call.name, call.arguments])).toEqual(
        choice.message.tool_calls?.map((call) =>
          call.type === 'function' ? [call.id, call.function.name, call.function.arguments] : [],
        ),
      );
      expect(other.logprobs?.content ?? null).toEqual(choice.logprobs?.content ?? null);
    }
    expect(streamed.usage).toEqual(whole.usage);
    expect(streamed.id).toBe(whole.id);
  });

  it('begins with the role, sends tokens, says usage only when asked, and ends with [DONE]', async () => {
    const body = { model: 'sandbox-swift', stream: true, messages: [{ role: 'user', content: 'Count from 1 to 20' }] };
    const response = await post('/chat/completions', body);
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    expect(response.headers.get('x-quorum-simulated')).toBe('true');
    const events = (await response.text()).split('\n\n').filter(Boolean);
    expect(events.at(-1)).toBe('data: [DONE]');
    const chunks = events
      .slice(0, -1)
      .map((event) => JSON.parse(event.replace(/^data: /, '')) as OpenAI.ChatCompletionChunk);
    expect(chunks[0]!.choices[0]!.delta.role).toBe('assistant');
    expect(chunks.length).toBeGreaterThan(20);
    expect(chunks.every((chunk) => chunk.system_fingerprint === 'quorum-sandbox' && !('usage' in chunk))).toBe(true);
  });
});

describe('tools', async () => {
  const { client, chat } = await bench({ overrides: { '*': { accuracy: RIGHT } } });
  const calls = async (content: string, more: Record<string, unknown> = {}): Promise<unknown> => {
    const { message } = (await chat('sandbox-coder', content, { tools: TOOLS, ...more })).choices[0]!;
    return message.tool_calls?.map((call) =>
      call.type === 'function' ? [call.function.name, JSON.parse(call.function.arguments)] : [],
    );
  };

  it('calls what the prompt asks for, with arguments from the text', async () => {
    expect(await calls('weather in paris in celsius')).toEqual([['get_weather', { city: 'paris', unit: 'celsius' }]]);
    expect(await calls('Book a flight from Paris to New York on 2025-03-04 for 2 passengers')).toEqual([
      ['book_flight', { origin: 'Paris', destination: 'New York', date: '2025-03-04', passengers: 2 }],
    ]);
    expect(await calls('Send an email to bob@x.org saying hello')).toEqual([
      ['send_email', { to: 'bob@x.org', body: 'hello' }],
    ]);
  });

  it('calls several times side by side, unless told not to', async () => {
    const question = 'What is the weather in Paris, Tokyo, and Berlin?';
    expect(await calls(question)).toEqual(['Paris', 'Tokyo', 'Berlin'].map((city) => ['get_weather', { city }]));
    expect(await calls(question, { parallel_tool_calls: false })).toEqual([['get_weather', { city: 'Paris' }]]);
    expect(await calls('What is the weather in Rome and send an email to a@b.org saying hi')).toEqual([
      ['get_weather', { city: 'Rome' }],
      ['send_email', { to: 'a@b.org', body: 'hi' }],
    ]);
  });

  it('honours tool_choice', async () => {
    expect(await calls('Tell me a joke')).toBeUndefined();
    expect(await calls('Weather in Paris?', { tool_choice: 'none' })).toBeUndefined();
    expect(await calls('Tell me a joke', { tool_choice: 'required' })).toHaveLength(1);
    expect(
      await calls('Tell me a joke', { tool_choice: { type: 'function', function: { name: 'send_email' } } }),
    ).toMatchObject([['send_email', {}]]);
  });

  it('answers in prose from the tools’ results', async () => {
    const { choices } = await client.chat.completions.create({
      model: 'sandbox-coder',
      tools: TOOLS,
      messages: [
        { role: 'user', content: 'Weather in Paris?' },
        {
          role: 'assistant',
          content: null,
          tool_calls: [
            { id: 'c1', type: 'function', function: { name: 'get_weather', arguments: '{"city":"Paris"}' } },
          ],
        },
        { role: 'tool', tool_call_id: 'c1', content: '{"temperature": 18, "sky": "clear"}' },
      ],
    });
    expect(choices[0]).toMatchObject({
      finish_reason: 'stop',
      message: { content: 'get_weather says: temperature 18, sky clear. (simulated)' },
    });
  });

  it('a wrong call is still a call of a tool that exists, with other arguments', async () => {
    const { chat } = await bench({ overrides: { '*': { accuracy: WRONG } } });
    const { message } = (
      await chat('sandbox-coder', 'Book a flight from Paris to New York on 2025-03-04 for 2 passengers', {
        tools: TOOLS,
      })
    ).choices[0]!;
    const call = message.tool_calls![0] as OpenAI.ChatCompletionMessageFunctionToolCall;
    expect(call.function.name).toBe('book_flight');
    expect(JSON.parse(call.function.arguments)).not.toEqual({
      origin: 'Paris',
      destination: 'New York',
      date: '2025-03-04',
      passengers: 2,
    });
  });
});

describe('limits and probabilities', async () => {
  const { chat } = await bench();

  it('max_tokens and max_completion_tokens cut the answer with finish_reason length', async () => {
    for (const limit of ['max_tokens', 'max_completion_tokens']) {
      const { choices, usage } = await chat('sandbox-sage', 'Write 100 words about rivers', { [limit]: 7 });
      expect(choices[0]!.finish_reason).toBe('length');
      expect(usage).toMatchObject({ completion_tokens: 7, total_tokens: usage!.prompt_tokens + 7 });
    }
  });

  it('stop ends the answer before the sequence', async () => {
    const { choices } = await chat('sandbox-sage', 'Count from 1 to 30', { stop: [', 5', ', 9'] });
    expect(choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: '1, 2, 3, 4' } });
  });

  it('n gives so many choices', async () => {
    const { choices } = await chat('sandbox-swift', 'Name a colour', { n: 128, max_tokens: 5 });
    expect(choices.map(({ index }) => index)).toEqual(Array.from({ length: 128 }, (_, index) => index));
  });

  it('probabilities are lower where the answer is wrong, and sorted', async () => {
    const mean = async (accuracy: Behaviour['accuracy']): Promise<number> => {
      const { chat } = await bench({ overrides: { '*': { accuracy } } });
      const { choices } = await chat('sandbox-sage', 'What is 17*23?', { logprobs: true, top_logprobs: 5, n: 30 });
      const tokens = choices.flatMap(({ logprobs }) => logprobs!.content!);
      for (const { token, logprob, top_logprobs: top } of tokens) {
        expect(logprob).toBeLessThanOrEqual(0);
        expect(top.map((each) => each.token)).toContain(token);
        expect(top.map((each) => each.logprob)).toEqual(top.map((each) => each.logprob).toSorted((a, b) => b - a));
        expect(top.reduce((sum, each) => sum + Math.exp(each.logprob), 0)).toBeLessThanOrEqual(1.000001);
      }
      expect(choices[0]!.logprobs!.content!.map(({ token }) => token).join('')).toBe(choices[0]!.message.content);
      return tokens.reduce((sum, { logprob }) => sum + logprob, 0) / tokens.length;
    };
    expect(await mean(WRONG)).toBeLessThan((await mean(RIGHT)) * 2);
  });

  it('says that it sees images', async () => {
    const { client } = await bench();
    const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } } as const;
    const { choices } = await client.chat.completions.create({
      model: 'sandbox-sage',
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Describe these' }, image, image] }],
    });
    expect(choices[0]!.message.content).toContain('2 images (simulated)');
  });
});

describe('errors', async () => {
  const { sandbox, post, client } = await bench();
  const good = { model: 'sandbox-swift', messages: [{ role: 'user', content: 'hi' }] };

  it.each([
    ['no JSON', '{"model":', 400, 'invalid_json', null],
    ['no messages', { model: 'sandbox-swift' }, 400, 'invalid_value', 'messages'],
    ['unknown model', { ...good, model: 'sandbox-nobody' }, 404, 'model_not_found', 'model'],
    [
      'unknown role',
      { ...good, messages: [{ role: 'wizard', content: 'x' }] },
      400,
      'invalid_value',
      'messages[0].role',
    ],
    [
      'schema missing',
      { ...good, response_format: { type: 'json_schema', json_schema: { name: 'x' } } },
      400,
      'invalid_value',
      'response_format.json_schema.schema',
    ],
    ['top_logprobs alone', { ...good, top_logprobs: 2 }, 400, 'invalid_value', 'top_logprobs'],
    ['n too large', { ...good, n: 129 }, 400, 'invalid_value', 'n'],
  ])('%s', async (_name, body, status, code, param) => {
    const response = await post('/chat/completions', body);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({
      error: { message: expect.any(String) as string, type: 'invalid_request_error', code, param },
    });
  });

  it('takes only its own key', async () => {
    for (const authorization of ['Bearer sk-other', 'Bearer ', sandbox.apiKey]) {
      const response = await fetch(`${sandbox.url}/models`, { headers: { authorization } });
      expect(response.status).toBe(401);
    }
  });

  it('unknown paths and methods', async () => {
    expect((await post('/nothing', {})).status).toBe(404);
    expect((await post('/models', {})).status).toBe(405);
  });

  it('a body over 25 MB is refused with an answer', async () => {
    const response = await post(
      '/chat/completions',
      JSON.stringify({ ...good, padding: 'x'.repeat(26 * 1024 * 1024) }),
    );
    expect(response.status).toBe(413);
  });

  it('unknown fields are ignored', async () => {
    expect((await post('/chat/completions', { ...good, enable_search: true, made_up: { a: 1 } })).status).toBe(200);
  });

  it('lists its models', async () => {
    const { data } = await client.models.list();
    expect(data.map(({ id }) => id)).toEqual(SANDBOX_MODELS);
    expect((await client.models.retrieve('sandbox-sage')).id).toBe('sandbox-sage');
    await expect(client.models.retrieve('gpt-4o')).rejects.toBeInstanceOf(NotFoundError);
  });
});

describe('the other endpoints', async () => {
  const { client } = await bench({ overrides: { '*': { accuracy: RIGHT } } });
  const cosine = (a: readonly number[], b: readonly number[]): number =>
    a.reduce((sum, value, index) => sum + value * b[index]!, 0);

  it('embeds: unit vectors, nearer for texts that are alike, the same in both encodings', async () => {
    const input = ['How do I reset my password?', 'How can I reset the password', 'Bake a chocolate cake'];
    const make = async (encoding: 'float' | 'base64'): Promise<readonly (readonly number[])[]> =>
      (await client.embeddings.create({ model: 'sandbox-swift', input, encoding_format: encoding })).data.map(
        ({ embedding }) =>
          typeof embedding === 'string'
            ? [...new Float32Array(new Uint8Array(Buffer.from(embedding as string, 'base64')).buffer)]
            : embedding,
      );
    const [a, b, c] = await make('float');
    expect(cosine(a!, a!)).toBeCloseTo(1, 5);
    expect(cosine(a!, b!)).toBeGreaterThan(cosine(a!, c!) + 0.3);
    expect(await make('base64')).toEqual([a, b, c]);
  });

  it('completes in the older form, whole and streamed', async () => {
    const ask = { model: 'sandbox-swift', prompt: ['What is 6*7?', 'What is 6*8?'], logprobs: 2 };
    const whole = await client.completions.create(ask);
    expect(whole.choices.map(({ text }) => text)).toEqual(['42', '48']);
    let streamed = '';
    for await (const { choices } of await client.completions.create({ ...ask, prompt: 'What is 6*7?', stream: true }))
      streamed += choices[0]!.text;
    expect(streamed).toBe('42');
  });

  it('moderates', async () => {
    const { results } = await client.moderations.create({ input: ['what a lovely day', 'I will kill you'] });
    expect(results.map(({ flagged }) => flagged)).toEqual([false, true]);
  });
});
