// Hazard: a slow reader. What it hasn't read yet stays at the upstream, not in our memory.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { open, scriptedConfig, startQuorum } from '../support/program.ts';

const CHUNK = `data: ${JSON.stringify({
  id: 'x',
  object: 'chat.completion.chunk',
  choices: [{ index: 0, delta: { content: 'x'.repeat(16_000) } }],
})}\n\n`;
const TOTAL = 48 * 1024 * 1024;
/** What two sockets and their streams hold at the most. */
const BOUND = 16 * 1024 * 1024;

test('an answer that nobody reads is taken from the upstream only as far as buffers go', async () => {
  let sent = 0;
  let rested: () => void = () => undefined;
  const resting = new Promise<void>((resolve) => (rested = resolve));
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    let quiet: NodeJS.Timeout | undefined;
    const more = (): void => {
      clearTimeout(quiet);
      while (sent < TOTAL) {
        sent += CHUNK.length;
        if (!response.write(CHUNK)) {
          // No drain for so long: everybody downstream has stopped reading.
          quiet = setTimeout(rested, 300);
          return;
        }
      }
      response.end(
        'data: {"id":"x","object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n',
      );
    };
    response.on('drain', more);
    more();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const quorum = await startQuorum({
    config: scriptedConfig({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1` }),
  });
  onTestFinished(async () => {
    await quorum.stop();
    server.closeAllConnections();
    server.close();
  });

  const answer = await open(`${quorum.url}/v1/chat/completions`, {
    body: { model: 'alpha', stream: true, messages: [{ role: 'user', content: 'Tell me everything' }] },
  });
  await resting;
  expect(sent).toBeLessThan(BOUND);
  let read = 0;
  let tail = '';
  for await (const part of answer) {
    read += (part as Buffer).length;
    tail = (tail + (part as Buffer).toString('latin1')).slice(-64);
  }
  expect(read).toBeGreaterThan(TOTAL);
  expect(tail).toContain('data: [DONE]');
});
