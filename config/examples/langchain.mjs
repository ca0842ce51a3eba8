// LangChain.  npm install @langchain/openai @langchain/core zod
import { ChatOpenAI } from '@langchain/openai';
import { z } from 'zod';

const model = new ChatOpenAI({
  model: 'quorum/triple',
  apiKey: process.env.QUORUM_KEY ?? 'unused-without-virtual-keys',
  configuration: {
    baseURL: `${process.env.QUORUM_URL ?? 'http://127.0.0.1:4000'}/v1`,
    defaultHeaders: { 'x-quorum-tags': 'langchain' },
  },
});

console.log((await model.invoke('What is 17 * 23?')).text);

for await (const chunk of await model.stream('Name the capital of France.')) process.stdout.write(chunk.text);
console.log();

const Invoice = z.object({ total: z.number(), currency: z.string() });
console.log(
  await model.withStructuredOutput(Invoice, { name: 'invoice' }).invoke('Extract the total and currency: "Total: 42.50 EUR"'),
);
