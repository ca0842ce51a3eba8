// What Quorum doesn't know passes through both ways to the letter: numbers that a double can't hold, keys that stand twice, odd spellings.
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { scriptedConfig, send, startQuorum, type RunningQuorum } from '../support/program.ts';

const ODD =
  '"seed":12345678901234567891,"x_big":1e400,"x_list":[9007199254740993,1.0,{"k":1,"k":2}],"x_text":"\\u00fc\\/","x_none":null';
const ANSWER =
  '{"id":"c","object":"chat.completion","created":1,"model":"m","x_id":98765432109876543210,"choices":[{"index":0,"message":{"role":"assistant","content":"7","x_score":0.10000000000000000555},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}';

const bodies: string[] = [];
const upstream = createServer((incoming: IncomingMessage, response) => {
  let text = '';
  incoming.setEncoding('utf8').on('data', (part: string) => (text += part));
  incoming.on('end', () => {
    bodies.push(text);
    response.writeHead(200, { 'content-type': 'application/json' }).end(ANSWER);
  });
});
let quorum: RunningQuorum;
beforeAll(async () => {
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const { port } = upstream.address() as AddressInfo;
  const config = scriptedConfig(
    { url: `http://127.0.0.1:${port}/v1` },
    {
      model: { upstream_model: 'theirs' },
      provider: { also_serves: ['text-embedding-*'] },
      more: { cache: { ttl: '1h' } },
    },
  );
  quorum = await startQuorum({ config });
});
afterAll(async () => {
  await quorum.stop();
  upstream.closeAllConnections();
  upstream.close();
});

const MESSAGES = '"messages": [ {"role":"user","content":"What is 3 + 4?","x_at":1234567890123456789} ]';
const ask = (more: string, headers: Record<string, string> = {}, path = '/v1/chat/completions') =>
  send(`${quorum.url}${path}`, { body: `{${more}}`, headers });

test.each(['alpha', 'quorum/dual', 'auto'])('of a request for %s', async (model) => {
  const from = bodies.length;
  const answer = await ask(`"model":"${model}",${MESSAGES},${ODD},"metadata":{"quorum_cache":"off"}`);
  expect(answer.status).toBe(200);
  expect(bodies.length).toBeGreaterThan(from);
  for (const body of bodies.slice(from)) {
    expect(body).toContain('"model":"theirs"');
    expect(body).toContain(MESSAGES);
    expect(body).toContain(ODD);
    expect(body).not.toContain('quorum');
  }
});

test('of an answer, also with the decision beside it', async () => {
  expect((await ask(`"model":"alpha",${MESSAGES}`)).text).toBe(ANSWER);
  const { text } = await ask(`"model":"alpha",${MESSAGES}`, { 'x-quorum-debug': 'true' });
  expect(text.slice(0, ANSWER.length - 1)).toBe(ANSWER.slice(0, -1));
  expect((JSON.parse(text) as { quorum: object }).quorum).toMatchObject({ strategy: 'single' });
});

test('of what is passed through under another name', async () => {
  await ask(`"model":"alpha","input":"x",${ODD}`, {}, '/v1/embeddings');
  expect(bodies.at(-1)).toBe(`{"model":"theirs","input":"x",${ODD}}`);
});

test('requests that differ in such a number only don’t share an answer', async () => {
  const state = async (seed: string): Promise<unknown> =>
    (await ask(`"model":"alpha",${MESSAGES},"seed":${seed}`)).headers['x-quorum-cache'];
  expect(await state('11111111111111111111')).toBe('miss');
  expect(await state('11111111111111111112')).toBe('miss');
  expect(await state('11111111111111111111')).toBe('hit');
});
