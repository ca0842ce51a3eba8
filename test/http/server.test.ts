// Requests and responses are born as Express knows them, and as V8 likes them.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import express from 'express';
import { expect, onTestFinished, test } from 'vitest';
import { createHttpServer } from '../../src/http/index.ts';
import { send } from '../support/program.ts';

test('neither is a dictionary, and Express has nothing to swap', async () => {
  setFlagsFromString('--allow-natives-syntax');
  const isFast = runInNewContext('(object) => %HasFastProperties(object)') as (object: object) => boolean;
  const app = express();
  const seen: unknown[] = [];
  const look = (request: IncomingMessage, response: ServerResponse): boolean => {
    const born = [Object.getPrototypeOf(request), Object.getPrototypeOf(response)];
    seen.push(born[0] === app.request, born[1] === app.response, isFast(request), isFast(response));
    return false;
  };
  const server = createHttpServer({ express: app, direct: look, bodyLimitBytes: () => Infinity }, 10_000);
  app.get('/', (request, response) => void response.json({ host: request.hostname }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const answer = await send(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, { method: 'GET' });
  expect(answer.json()).toEqual({ host: '127.0.0.1' });
  expect(seen).toEqual([true, true, true, true]);
});
