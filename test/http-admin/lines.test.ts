// Everything as lines: no more is read than the client takes, and nothing more once it has left.
import { createServer, get, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Response } from 'express';
import { expect, onTestFinished, test } from 'vitest';
import { NOBODY } from '../../src/accounts/index.ts';
import { Abort } from '../../src/contract/index.ts';
import { sendLines } from '../../src/http/admin/answer.ts';

const LINE = `${'x'.repeat(64 * 1024 - 1)}\n`;
const LINES = 1_024;
/** What two sockets and their streams hold at the most. */
const MOST_READ = 256;

const visit = { id: 'req_1', visitor: NOBODY, gone: new Abort(), hops: 0 };

test('lines wait for a client that reads slowly, and end with one that leaves', async () => {
  let read = 0;
  async function* lines(): AsyncGenerator<string> {
    for (; read < LINES; read += 1) yield LINE;
  }
  let over: Promise<void> = Promise.resolve();
  const server = createServer((_, response: ServerResponse) => {
    over = sendLines(response as Response, visit, lines());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => {
    const asked = get({ port: (server.address() as AddressInfo).port }, (answer) => {
      expect(answer.headers['x-request-id']).toBe('req_1');
      answer.on('close', resolve).on('error', () => undefined);
      asked.destroy();
    });
  });
  await over;
  expect(read).toBeLessThan(MOST_READ);
});
