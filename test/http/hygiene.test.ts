// Hazards of HTTP between three parties: circles, sockets that speak out of turn, addresses nobody configured, clients that dawdle.
import { once } from 'node:events';
import { request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import express from 'express';
import { expect, onTestFinished, test } from 'vitest';
import { openAgent } from '../../src/http/agents.ts';
import { createHttpServer, refuseConnection } from '../../src/http/index.ts';
import { chat, scriptedConfig, send, startQuorum, startScene } from '../support/program.ts';

test('a Quorum whose provider is itself ends the circle after few rounds, in words', async () => {
  const scene = await startScene();
  onTestFinished(() => scene.close());
  const { quorum, url } = scene;
  await quorum.reconfigure(scriptedConfig({ url: `${url}/v1` }));
  for (const stream of [false, true]) {
    const before = quorum.logs.length;
    const answer = await chat(url, { model: 'alpha', stream });
    expect([answer.status, answer.json().error.code]).toEqual([502, 'upstream_error']);
    expect(quorum.logs.slice(before).filter((line) => line.includes('"requestId"')).length).toBeLessThan(12);
  }
  const passed = await send(`${url}/v1/embeddings`, { body: { model: 'alpha', input: 'a' } });
  expect([passed.status, passed.json().error.code]).toEqual([508, 'loop_detected']);
  expect(scene.upstream.requests).toHaveLength(0);
});

test('the count of Quorums goes on with the request, and a client’s nonsense is none', async () => {
  const scene = await startScene();
  onTestFinished(() => scene.close());
  for (const [given, seen] of [
    [undefined, '1.1 quorum'],
    ['1.1 quorum, 1.1 quorum', '1.1 quorum, 1.1 quorum, 1.1 quorum'],
    ['1.1 secret.proxy.corp', '1.1 quorum'],
    ['1.0 fred, 1.1 quorum (x)', '1.1 quorum, 1.1 quorum'],
  ]) {
    const headers = given === undefined ? {} : { via: given };
    expect((await chat(scene.url, { model: 'alpha' }, headers)).status).toBe(200);
    expect(scene.upstream.requests.at(-1)!.headers['via']).toBe(seen);
    await send(`${scene.url}/v1/embeddings`, { body: { model: 'alpha', input: 'a' }, headers });
    expect(scene.upstream.requests.at(-1)!.headers['via']).toBe(seen);
  }
  const looped = await chat(scene.url, { model: 'alpha' }, { via: '1.1 quorum, 1.1 quorum, 1.1 quorum, 1.1 quorum' });
  expect([looped.status, looped.json().error.code, looped.headers['x-should-retry']]).toEqual([
    508,
    'loop_detected',
    'false',
  ]);
});

test('passed through: an answer that nobody asked for, on a kept socket, is nobody’s', async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    let nth = 0;
    socket.on('error', () => undefined);
    socket.on('data', () => {
      const body = `{"own":${++nth}}`;
      socket.write(
        `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const quorum = await startQuorum({
    config: scriptedConfig({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1` }),
  });
  onTestFinished(async () => {
    await quorum.stop();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const ask = async () => (await send(`${quorum.url}/v1/files`)).text;
  for (let turn = 0; turn < 30; turn++) {
    expect(await ask()).toMatch(/^\{"own":\d+\}$/);
    const poison = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 6\r\n\r\npoison';
    await new Promise((resolve) => sockets.at(-1)!.write(poison, resolve));
  }
});

test('passed through: no socket is opened to an address that isn’t configured, whatever led there', async () => {
  let connections = 0;
  const server = createServer(() => connections++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const asked: string[] = [];
  const agent = openAgent('http:', (origin) => {
    asked.push(origin);
    return false;
  });
  const failed = await new Promise((resolve) => {
    request({ agent, host: '127.0.0.1', port }).on('error', resolve).end();
  });
  expect([String(failed), asked, connections]).toEqual([
    'Error: 127.0.0.1 is not a configured provider',
    [`http://127.0.0.1:${port}`],
    0,
  ]);
});

test('slow-loris: a head that comes byte by byte is given up, with an answer', async () => {
  const server = createHttpServer({ express: express(), direct: () => false, bodyLimitBytes: () => Infinity }, 100);
  server.on('clientError', refuseConnection);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const drip = setInterval(() => socket.write('x'), 50);
  onTestFinished(() => {
    clearInterval(drip);
    server.close();
  });
  socket.on('error', () => undefined).write('GET / HTTP/1.1\r\nx-slow: ');
  let text = '';
  for await (const part of socket) text += String(part);
  expect(text).toMatch(/^HTTP\/1\.1 408 /);
  expect(text).toContain('"code":"request_timeout"');
});

test('a body that doesn’t come in time is given up with an answer, and so is the call it was for', async () => {
  const deaf = createServer((socket) => void socket.pause().on('error', () => undefined));
  await new Promise<void>((resolve) => deaf.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(deaf.address() as AddressInfo).port}`;
  const quorum = await startQuorum({
    config: scriptedConfig({ url: `${origin}/v1` }, { more: { server: { request_timeout: '1s' } } }),
  });
  onTestFinished(async () => {
    await quorum.stop();
    deaf.close();
  });
  const head = (path: string, type: string): string =>
    `POST ${path} HTTP/1.1\r\nhost: q\r\ncontent-type: ${type}\r\ncontent-length: 9000\r\n\r\n`;
  const port = Number(new URL(quorum.url).port);
  const called = once(deaf, 'connection') as Promise<[Socket]>;
  const [chatted, passed] = await Promise.all([
    hear(port, `${head('/v1/chat/completions', 'application/json')}{"model":`),
    hear(port, `${head('/v1/files', 'multipart/form-data; boundary=b')}--b\r\n`),
  ]);
  for (const text of [chatted, passed]) {
    expect(text).toMatch(/^HTTP\/1\.1 408 /);
    expect(text).toContain('"code":"request_timeout"');
  }
  const [call] = await called;
  await once(call.resume(), 'close');
  await expect.poll(async () => (await send(`${quorum.url}/metrics`)).text).toMatch(/^quorum_requests_in_flight 0$/m);
  expect(quorum.logs.filter((line) => line.includes('a request met a fault'))).toEqual([]);
});

/** What comes on a connection until the server ends it. */
async function hear(port: number, words: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => undefined).write(words);
  let text = '';
  for await (const part of socket) text += String(part);
  return text;
}

async function slowEcho(): Promise<{ server: Server; port: number }> {
  const direct = (request: IncomingMessage, response: ServerResponse): boolean => {
    // The later it was asked, the sooner it is done.
    const last = request.url === '/b';
    setTimeout(() => response.end(`${request.url} ${'x'.repeat(last ? 1 : 500_000)}`), last ? 1 : 20);
    return true;
  };
  const server = createHttpServer({ express: express(), direct, bodyLimitBytes: () => Infinity }, 10_000);
  server.on('clientError', refuseConnection);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { server, port: (server.address() as AddressInfo).port };
}

test('what isn’t HTTP behind requests on the same connection: they are answered first, in their order', async () => {
  const { port } = await slowEcho();
  const ask = (path: string): string => `GET ${path} HTTP/1.1\r\nhost: q\r\n\r\n`;
  const text = await hear(port, `${ask('/a')}${ask('/b')}NONSENSE\0\r\n\r\n`);
  expect(text.match(/HTTP\/1\.1 \d+|\/[ab] x|"code":"\w+"/g)).toEqual([
    'HTTP/1.1 200',
    '/a x',
    'HTTP/1.1 200',
    '/b x',
    'HTTP/1.1 400',
    '"code":"invalid_http"',
  ]);
  expect(text.match(/x/g)!.length).toBeGreaterThan(500_000);
});

test('one connection begins at most a hundred requests at a time; further ones are told so, in their turn', async () => {
  const scene = await startScene();
  onTestFinished(() => scene.close());
  scene.upstream.reply('alpha', { content: 'It is.', delayMs: 200 });
  const body = JSON.stringify({ model: 'alpha', messages: [{ role: 'user', content: 'Is it so?' }] });
  const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: q\r\nx-quorum-cache: off\r\ncontent-length: ${body.length}`;
  const many = `${head}\r\ncontent-type: application/json\r\n\r\n${body}`.repeat(102);
  const text = await hear(Number(new URL(scene.url).port), `${many}NONSENSE\0\r\n\r\n`);
  const statuses = text.match(/HTTP\/1\.1 \d+/g)!.map((line) => line.slice(9));
  expect(statuses).toEqual([...Array<string>(100).fill('200'), '429', '429', '400']);
  expect(scene.upstream.requests).toHaveLength(100);
});

test('who sends nonsense and doesn’t hang up is hung up on', async () => {
  const { server, port } = await slowEcho();
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const drip = setInterval(() => socket.write('x'), 50);
  onTestFinished(() => {
    clearInterval(drip);
    socket.destroy();
  });
  socket.on('error', () => undefined).write('NONSENSE\0\r\n\r\n');
  const [peer] = (await once(server, 'connection')) as [Socket];
  await once(peer, 'close');
  expect(peer.destroyed).toBe(true);
});

test('who expects anything but 100-continue is told so in our shape', async () => {
  const scene = await startScene();
  onTestFinished(() => scene.close());
  const answer = await send(`${scene.url}/v1/chat/completions`, { body: '{}', headers: { expect: '200-maybe' } });
  expect([answer.status, answer.json().error.code]).toEqual([417, 'expectation_failed']);
});

test('without keys a page of another site gets nothing, whatever it says of itself; programs and pages from here do', async () => {
  const scene = await startScene();
  onTestFinished(() => scene.close());
  const ask = async (headers: Readonly<Record<string, string>>): Promise<unknown> => {
    const answer = await chat(scene.url, { model: 'alpha' }, headers);
    return answer.status === 200 ? 200 : answer.json().error.code;
  };
  for (const headers of [
    { origin: 'https://evil.example' },
    { origin: 'https://evil.example', 'content-type': 'text/plain' },
    { origin: 'http://localhost.evil.example:4000', host: 'localhost.evil.example:4000' },
    { origin: 'null' },
    { origin: 'https://evil.example', authorization: 'Bearer sk-anything' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-origin', host: 'points-here.example:4000' },
  ])
    expect(await ask(headers), JSON.stringify(headers)).toBe('permission_denied');
  expect(scene.upstream.requests).toHaveLength(0);
  for (const headers of [
    {},
    { host: 'quorum.internal' },
    { origin: 'http://localhost:3000' },
    { origin: 'app://notes.example' },
    { origin: 'http://127.0.0.1:8080', 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'same-origin', host: '[::1]:4000' },
  ])
    expect(await ask(headers), JSON.stringify(headers)).toBe(200);
});
