// The official Node client: only baseURL changes.  npm install openai
import OpenAI from 'openai';

const client = new OpenAI({
  baseURL: `${process.env.QUORUM_URL ?? 'http://127.0.0.1:4000'}/v1`,
  apiKey: process.env.QUORUM_KEY ?? 'unused-without-virtual-keys',
});

const { data, response } = await client.chat.completions
  .create({ model: 'auto', messages: [{ role: 'user', content: 'What is 17 * 23?' }] })
  .withResponse();
console.log(data.choices[0].message.content);
console.log(`answered by ${response.headers.get('x-quorum-model')} as ${response.headers.get('x-quorum-strategy')}`);

const stream = await client.chat.completions.create({
  model: 'quorum/dual',
  messages: [{ role: 'user', content: 'Name the capital of France.' }],
  metadata: { quorum_cache: 'off' },
  stream: true,
});
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? '');
console.log();
