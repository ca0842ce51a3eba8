// LangChain and Vercel's AI SDK, unchanged, against Quorum: text, streams, structured output, tools.
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { ChatOpenAI } from '@langchain/openai';
import { generateObject, generateText, stepCountIs, streamText, tool } from 'ai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { startScene, type Scene } from '../support/program.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await startScene();
  scene.upstream.reply(
    ({ body }) => JSON.stringify(body).includes('Oslo'),
    ({ body }) =>
      JSON.stringify(body).includes('"role":"tool"')
        ? { content: 'Rain in Oslo.' }
        : { content: null, toolCalls: [{ id: 'call_oslo', name: 'weather', arguments: { city: 'Oslo' } }] },
  );
  scene.upstream.reply(({ body }) => JSON.stringify(body).includes('Ada is 36'), {
    content: '{"name":"Ada","age":36}',
  });
});
afterAll(() => scene.close());

const MODELS = ['alpha', 'auto', 'quorum/dual', 'quorum/triple'];
const Person = z.object({ name: z.string(), age: z.number() });
const City = z.object({ city: z.string() });

const langchain = (model: string, more: object = {}) =>
  new ChatOpenAI({
    model,
    apiKey: 'sk-client',
    maxRetries: 0,
    configuration: { baseURL: `${scene.url}/v1` },
    ...more,
  });
const vercel = (model: string) =>
  createOpenAICompatible({
    name: 'quorum',
    baseURL: `${scene.url}/v1`,
    apiKey: 'sk-client',
    supportsStructuredOutputs: true,
    includeUsage: true,
  })(model);

for (const model of MODELS) {
  test(`LangChain: ${model}`, async () => {
    const answer = await langchain(model).invoke('Good morning');
    expect(answer.content).toBe('You said: Good morning');
    expect(answer).toMatchObject({ usage_metadata: { total_tokens: expect.any(Number) } });

    let text = '';
    for await (const chunk of await langchain(model).stream('one two three')) text += chunk.text;
    expect(text).toBe('You said: one two three');

    const person = await langchain(model).withStructuredOutput(Person, { name: 'person' }).invoke('Ada is 36');
    expect(person).toEqual({ name: 'Ada', age: 36 });

    const weather = {
      type: 'function',
      function: { name: 'weather', description: 'The weather.', parameters: z.toJSONSchema(City) },
    };
    const called = await langchain(model).bindTools([weather]).invoke('The weather in Oslo?');
    expect(called.tool_calls).toMatchObject([{ name: 'weather', args: { city: 'Oslo' }, id: 'call_oslo' }]);
  });

  test(`Vercel AI SDK: ${model}`, async () => {
    const answer = await generateText({ model: vercel(model), prompt: 'Good morning', maxRetries: 0 });
    expect(answer.text).toBe('You said: Good morning');
    expect(answer.usage.totalTokens).toBeGreaterThan(0);

    const stream = streamText({ model: vercel(model), prompt: 'one two three', maxRetries: 0 });
    let text = '';
    for await (const part of stream.textStream) text += part;
    expect(text).toBe('You said: one two three');
    expect(await stream.finishReason).toBe('stop');
    expect((await stream.usage).totalTokens).toBeGreaterThan(0);

    const { object } = await generateObject({
      model: vercel(model),
      prompt: 'Ada is 36',
      schema: Person,
      maxRetries: 0,
    });
    expect(object).toEqual({ name: 'Ada', age: 36 });

    const looped = await generateText({
      model: vercel(model),
      prompt: 'The weather in Oslo?',
      tools: {
        weather: tool({ description: 'The weather.', inputSchema: City, execute: () => Promise.resolve('rain') }),
      },
      stopWhen: stepCountIs(3),
      maxRetries: 0,
    });
    expect(looped.text).toBe('Rain in Oslo.');
    expect(looped.steps[0]!.toolCalls).toMatchObject([{ toolName: 'weather', input: { city: 'Oslo' } }]);
  });
}

test('a failure is an error of theirs, with the status', async () => {
  await expect(langchain('nobody').invoke('x')).rejects.toMatchObject({ status: 404 });
  await expect(generateText({ model: vercel('nobody'), prompt: 'x', maxRetries: 0 })).rejects.toMatchObject({
    statusCode: 404,
  });
});
