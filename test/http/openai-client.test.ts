// The official client with nothing changed but its base URL.
import { zodResponseFormat } from 'openai/helpers/zod';
import type { ChatCompletionChunk } from 'openai/resources';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type OpenAI from 'openai';
import { openaiAt, startScene, type Fields, type Scene } from '../support/program.ts';

let scene: Scene;
let client: OpenAI;
beforeAll(async () => {
  scene = await startScene();
  client = openaiAt(scene.url);
});
afterAll(() => scene.close());

const user = (content: string) => [{ role: 'user' as const, content }];
const sentLast = () => scene.upstream.requests.at(-1)!.body as Fields;

const WEATHER = {
  type: 'function' as const,
  function: {
    name: 'weather',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string' } },
      required: ['city'],
      additionalProperties: false,
    },
  },
};

test('a whole answer', async () => {
  const { data, response, request_id } = await client.chat.completions
    .create({ model: 'alpha', messages: user('Good morning to you') })
    .withResponse();
  expect(data.choices[0]!.message).toMatchObject({ role: 'assistant', content: 'You said: Good morning to you' });
  expect(data.usage).toMatchObject({ total_tokens: expect.any(Number) });
  expect(response.headers.get('x-quorum-model')).toBe('alpha');
  expect(request_id).toMatch(/^req_[0-9a-f]{32}$/);
});

test('a streamed answer, with the usage only where it is asked for', async () => {
  const read = async (include_usage: boolean) => {
    const chunks: ChatCompletionChunk[] = [];
    const stream = await client.chat.completions.create({
      model: 'alpha',
      messages: user('one two three'),
      stream: true,
      ...(include_usage && { stream_options: { include_usage } }),
    });
    for await (const chunk of stream) chunks.push(chunk);
    return chunks;
  };
  const plain = await read(false);
  expect(plain.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe('You said: one two three');
  expect(plain.every((chunk) => chunk.choices.length === 1 && !chunk.usage)).toBe(true);
  expect(sentLast()['stream_options']).toEqual({ include_usage: true });
  const counted = await read(true);
  expect(counted.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: expect.any(Number) } });
});

test('the stream helper puts the whole answer together, for one model and for several', async () => {
  for (const model of ['alpha', 'quorum/dual', 'quorum/triple', 'quorum/cascade']) {
    const done = await client.chat.completions
      .stream({ model, messages: user('Say it in one word'), stream_options: { include_usage: true } })
      .finalChatCompletion();
    expect(done.choices[0], model).toMatchObject({
      finish_reason: 'stop',
      message: { content: 'You said: Say it in one word' },
    });
    expect(done.usage?.total_tokens, model).toBeGreaterThan(0);
  }
});

test('parallel tool calls, whole and streamed', async () => {
  scene.upstream.reply((request) => JSON.stringify(request.body).includes('Paris and Rome'), {
    content: null,
    toolCalls: [
      { id: 'call_1', name: 'weather', arguments: { city: 'Paris' } },
      { id: 'call_2', name: 'weather', arguments: { city: 'Rome' } },
    ],
  });
  const ask = { messages: user('The weather in Paris and Rome?'), tools: [WEATHER], parallel_tool_calls: true };
  const cities = (calls: readonly { type?: string; function?: { arguments: string } }[] | undefined) =>
    calls?.map((call) => (JSON.parse(call.function!.arguments) as { city: string }).city);
  for (const model of ['alpha', 'quorum/dual', 'quorum/triple', 'quorum/cascade']) {
    const whole = await client.chat.completions.create({ ...ask, model });
    expect(whole.choices[0]!.finish_reason, model).toBe('tool_calls');
    expect(cities(whole.choices[0]!.message.tool_calls as never), model).toEqual(['Paris', 'Rome']);
    const streamed = await client.chat.completions.stream({ ...ask, model }).finalChatCompletion();
    expect(streamed.choices[0]!.finish_reason, model).toBe('tool_calls');
    expect(cities(streamed.choices[0]!.message.tool_calls as never), model).toEqual(['Paris', 'Rome']);
    expect(
      streamed.choices[0]!.message.tool_calls!.map((call) => call.id),
      model,
    ).toEqual(['call_1', 'call_2']);
  }
  expect(sentLast()).toMatchObject({ tools: [WEATHER], parallel_tool_calls: true });
});

test('a tool loop: the helper runs the tool and sends its result back', async () => {
  scene.upstream.reply(
    (request) => JSON.stringify(request.body).includes('Oslo'),
    (request) =>
      JSON.stringify(request.body).includes('"role":"tool"')
        ? { content: 'Rain in Oslo.' }
        : { content: null, toolCalls: [{ id: 'call_oslo', name: 'weather', arguments: { city: 'Oslo' } }] },
  );
  const asked: string[] = [];
  const answer = await client.chat.completions
    .runTools({
      model: 'quorum/dual',
      messages: user('The weather in Oslo?'),
      tools: [
        {
          type: 'function',
          function: {
            ...WEATHER.function,
            description: 'The weather of a city now.',
            function: (text: string) => {
              asked.push((JSON.parse(text) as { city: string }).city);
              return 'rain';
            },
          },
        },
      ],
    })
    .finalContent();
  expect(answer).toBe('Rain in Oslo.');
  expect(asked).toEqual(['Oslo']);
});

test('a strict schema comes back parsed, from one model and from several', async () => {
  const Person = z.object({ name: z.string(), age: z.number() });
  const response_format = zodResponseFormat(Person, 'person');
  scene.upstream.reply((request) => JSON.stringify(request.body).includes('Ada is 36'), {
    content: '{"name":"Ada","age":36}',
  });
  for (const model of ['alpha', 'quorum/triple']) {
    const parsed = await client.chat.completions.parse({ model, messages: user('Ada is 36'), response_format });
    expect(parsed.choices[0]!.message.parsed, model).toEqual({ name: 'Ada', age: 36 });
  }
  expect(sentLast()['response_format']).toEqual(response_format);
  const streamed = await client.chat.completions
    .stream({ model: 'quorum/dual', messages: user('Ada is 36'), response_format })
    .finalChatCompletion();
  expect(streamed.choices[0]!.message.parsed).toEqual({ name: 'Ada', age: 36 });
});

test('json_object', async () => {
  scene.upstream.reply((request) => JSON.stringify(request.body).includes('as JSON'), { content: '{"ok":true}' });
  const answer = await client.chat.completions.create({
    model: 'quorum/dual',
    messages: user('Answer as JSON'),
    response_format: { type: 'json_object' },
  });
  expect(JSON.parse(answer.choices[0]!.message.content!)).toEqual({ ok: true });
});

test('several choices, with log-probabilities', async () => {
  scene.upstream.reply((request) => (request.body as { n?: number }).n === 3, { content: 'a b', logprobs: true });
  const ask = { messages: user('pick'), n: 3, logprobs: true, top_logprobs: 2 };
  for (const model of ['alpha', 'auto']) {
    const answer = await client.chat.completions.create({ ...ask, model });
    expect(answer.choices.map((choice) => choice.index)).toEqual([0, 1, 2]);
    expect(answer.choices[2]!.logprobs!.content!.map(({ token }) => token)).toHaveLength(2);
    expect(sentLast()).toMatchObject({ n: 3, logprobs: true, top_logprobs: 2 });
  }
  const streamed = await client.chat.completions.stream({ ...ask, model: 'auto' }).finalChatCompletion();
  expect(streamed.choices).toHaveLength(3);
});

test('images, sound and files go to the model as they came', async () => {
  const content = [
    { type: 'text' as const, text: 'What is on it?' },
    { type: 'image_url' as const, image_url: { url: 'data:image/png;base64,iVBORw0KGgo=', detail: 'low' as const } },
    { type: 'input_audio' as const, input_audio: { data: 'UklGRg==', format: 'wav' as const } },
    { type: 'file' as const, file: { file_id: 'file-1' } },
  ];
  await client.chat.completions.create({ model: 'auto', messages: [{ role: 'user', content }] });
  expect(sentLast()['messages']).toEqual([{ role: 'user', content }]);
});

test('metadata: Quorum’s own is taken out, the rest goes on', async () => {
  await client.chat.completions.create({
    model: 'auto',
    messages: user('Good day'),
    metadata: { quorum_strategy: 'single', quorum_tags: 'a,b', customer: '42' },
  });
  expect(sentLast()['metadata']).toEqual({ customer: '42' });
  await client.chat.completions.create({
    model: 'auto',
    messages: user('Good day'),
    metadata: { quorum_strategy: 'single' },
  });
  expect(sentLast()).not.toHaveProperty('metadata');
});

test('unknown fields pass both ways, in the request, its messages, the answer and the chunks', async () => {
  const more = { novelty: { deep: [1, { x: null }] }, service_tier: 'flex', system_fingerprint: 'fp_1' };
  scene.upstream.reply((request) => JSON.stringify(request.body).includes('unheard-of'), {
    content: 'fine',
    reasoning: 'I thought about it',
    more,
  });
  const request = {
    messages: [{ role: 'user' as const, content: 'unheard-of', mood: 'odd' }],
    frobnicate: { level: 11 },
    top_k: 5,
    reasoning_effort: 'low' as const,
  };
  for (const model of ['alpha', 'quorum/dual']) {
    const whole = await client.chat.completions.create({ ...request, model });
    expect(whole, model).toMatchObject(more);
    expect(whole.choices[0]!.message, model).toMatchObject({ reasoning_content: 'I thought about it' });
    expect(sentLast()).toMatchObject(request);
    const chunks: ChatCompletionChunk[] = [];
    for await (const chunk of await client.chat.completions.create({ ...request, model, stream: true }))
      chunks.push(chunk);
    expect(chunks[0], model).toMatchObject(more);
    expect(JSON.stringify(chunks), model).toContain('reasoning_content');
  }
});

test('the model’s own name is what the provider calls it, not what the client sent', async () => {
  await client.chat.completions.create({ model: 'auto', messages: user('Good evening') });
  expect(['alpha', 'beta', 'gamma']).toContain(sentLast()['model']);
});

test('an abort in the middle of a stream reaches the upstream', async () => {
  scene.upstream.reply((request) => JSON.stringify(request.body).includes('take your time'), { stall: 'mid-stream' });
  const stream = await client.chat.completions.create({
    model: 'alpha',
    messages: user('take your time'),
    stream: true,
  });
  for await (const _ of stream) break;
  const asked = scene.upstream.requests.at(-1)!;
  expect(asked.aborted).toBeNull();
  stream.controller.abort();
  await expect.poll(() => asked.aborted).not.toBeNull();
});

test('the list of models and each of them', async () => {
  const ids: string[] = [];
  for await (const model of client.models.list()) ids.push(model.id);
  expect(ids).toEqual(
    expect.arrayContaining(['auto', 'quorum/auto', 'quorum/dual', 'quorum/balanced', 'alpha', 'beta', 'gamma']),
  );
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) expect(await client.models.retrieve(id)).toMatchObject({ id, object: 'model' });
});
