// Vercel's AI SDK.  npm install ai @ai-sdk/openai-compatible zod
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateObject, generateText, streamText } from 'ai';
import { z } from 'zod';

const quorum = createOpenAICompatible({
  name: 'quorum',
  baseURL: `${process.env.QUORUM_URL ?? 'http://127.0.0.1:4000'}/v1`,
  apiKey: process.env.QUORUM_KEY ?? 'unused-without-virtual-keys',
  includeUsage: true,
  supportsStructuredOutputs: true,
});

const { text } = await generateText({ model: quorum('auto'), prompt: 'What is 17 * 23?' });
console.log(text);

const { textStream } = streamText({ model: quorum('quorum/dual'), prompt: 'Name the capital of France.' });
for await (const part of textStream) process.stdout.write(part);
console.log();

const { object } = await generateObject({
  model: quorum('quorum/triple'),
  schema: z.object({ total: z.number(), currency: z.string() }),
  prompt: 'Extract the total and currency: "Total: 42.50 EUR"',
});
console.log(object);
