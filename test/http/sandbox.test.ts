// Without any key the simulated models answer all of it, and say what they are.
import { zodResponseFormat } from 'openai/helpers/zod';
import type { OpenAI } from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { chat, openaiAt, send, startQuorum, type RunningQuorum } from '../support/program.ts';

let quorum: RunningQuorum;
let client: OpenAI;
beforeAll(async () => {
  quorum = await startQuorum();
  client = openaiAt(quorum.url);
});
afterAll(() => quorum.stop());

const user = (content: string) => [{ role: 'user' as const, content }];

test('arithmetic, by every strategy, whole and streamed', async () => {
  for (const model of ['auto', 'quorum/single', 'quorum/dual', 'quorum/triple', 'quorum/cascade', 'quorum/council']) {
    const messages = user('What is 17 * 23? Answer with the number only.');
    const whole = await client.chat.completions.create({ model, messages });
    expect([model, whole.choices[0]!.message.content]).toEqual([model, expect.stringMatching(/\d/)]);
    const streamed = await client.chat.completions
      .stream({ model, messages, stream_options: { include_usage: true } })
      .finalChatCompletion();
    expect(streamed.choices[0]!.finish_reason, model).toBe('stop');
    expect(streamed.usage!.total_tokens, model).toBeGreaterThan(0);
  }
});

test('every answer is marked as simulated', async () => {
  for (const model of ['auto', 'quorum/dual', 'sandbox-swift']) {
    const { headers } = await chat(quorum.url, { model });
    expect([model, headers['x-quorum-flags']]).toEqual([model, expect.stringContaining('simulated')]);
    expect(headers['x-quorum-model']).toMatch(/^sandbox-/);
  }
  const { data } = (await send(`${quorum.url}/v1/models`)).json();
  expect(data.filter((each) => each.id.startsWith('sandbox-')).length).toBeGreaterThanOrEqual(8);
  expect(data.find((each) => each.id === 'sandbox-sage')).toMatchObject({ simulated: true });
});

test('structured output, tools, several choices, log-probabilities, embeddings', async () => {
  const Invoice = z.object({ total: z.number(), currency: z.string() });
  const parsed = await client.chat.completions.parse({
    model: 'quorum/triple',
    messages: user('Extract the total and the currency: "Total: 42.50 EUR".'),
    response_format: zodResponseFormat(Invoice, 'invoice'),
  });
  expect(Invoice.safeParse(parsed.choices[0]!.message.parsed).success).toBe(true);

  const called = await client.chat.completions.create({
    model: 'quorum/dual',
    messages: user('What is the weather in Paris?'),
    tools: [
      {
        type: 'function',
        function: {
          name: 'get_weather',
          description: 'The weather of a city now.',
          parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
        },
      },
    ],
    tool_choice: 'required',
  });
  expect(called.choices[0]!.finish_reason).toBe('tool_calls');
  const [call] = called.choices[0]!.message.tool_calls!;
  expect(call).toMatchObject({ type: 'function', function: { name: 'get_weather' } });

  const several = await client.chat.completions.create({
    model: 'auto',
    messages: user('What is the capital of France?'),
    n: 2,
    logprobs: true,
  });
  expect(several.choices).toHaveLength(2);
  expect(several.choices[0]!.logprobs!.content!.length).toBeGreaterThan(0);
});

test('embeddings and the old completions, by a simulated model', async () => {
  const models = (await send(`${quorum.url}/v1/embeddings`, { body: { model: 'sandbox-swift', input: 'a' } })).json();
  expect(models['data']).toHaveLength(1);
  const old = await client.completions.create({ model: 'sandbox-swift', prompt: 'What is 2 + 2?' });
  expect(old.choices[0]!.text).not.toBe('');
});

test('a route is explained for it, too', async () => {
  const told = (
    await send(`${quorum.url}/v1/route`, { body: { model: 'auto', messages: user('Solve x + 2 = 5') } })
  ).json();
  expect(told.decision.plan.call).toMatchObject({ kind: expect.any(String) });
});
