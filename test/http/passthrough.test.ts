// Everything else under /v1 goes to the provider of the named model, streamed both ways, with our key and none of the client's.
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { gunzipSync, gzipSync } from 'node:zlib';
import { toFile } from 'openai';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import {
  dataOf,
  open,
  openaiAt,
  scriptedConfig,
  send,
  startQuorum,
  startScene,
  UPSTREAM_KEY,
  type Body,
  type Heard,
  type RunningQuorum,
  type Scene,
} from '../support/program.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await startScene({
    provider: { also_serves: ['text-embedding-*', 'whisper-1'], headers: { 'x-org': 'acme' } },
    more: { server: { body_limit: '1mb' } },
  });
});
afterAll(() => scene.close());

const last = () => scene.upstream.requests.at(-1)!;

/** A Quorum before a server that the test writes itself. */
async function before(listener: (incoming: IncomingMessage, response: ServerResponse) => void): Promise<RunningQuorum> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const quorum = await startQuorum({
    config: scriptedConfig({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1` }),
  });
  onTestFinished(async () => {
    await quorum.stop();
    server.closeAllConnections();
    server.close();
  });
  return quorum;
}

test('embeddings, by the official client', async () => {
  const client = openaiAt(scene.url);
  const { data, model } = await client.embeddings.create({ model: 'text-embedding-3-small', input: ['a', 'b'] });
  expect(data.map(({ index }) => index)).toEqual([0, 1]);
  expect(data[0]!.embedding.length).toBeGreaterThan(8);
  expect(model).toBe('text-embedding-3-small');
  expect(last()).toMatchObject({ path: '/v1/embeddings', method: 'POST' });
  expect((await send(`${scene.url}/v1/embeddings`, { body: { model: 'alpha', input: 'a' } })).status).toBe(200);
  expect(last().body).toMatchObject({ model: 'alpha' });
  expect((await send(`${scene.url}/v1/embeddings/`, { body: { model: 'alpha', input: 'a' } })).status).toBe(200);
  expect(last().path).toBe('/v1/embeddings');
  expect((await send(`${scene.url}/v1/embeddings//`, { body: { model: 'alpha', input: 'a' } })).status).toBe(404);
});

test('the old completions, whole and streamed', async () => {
  const client = openaiAt(scene.url);
  const whole = await client.completions.create({ model: 'alpha', prompt: 'one two' });
  expect(whole.choices[0]!.text).toBe('You said: one two');
  let text = '';
  for await (const chunk of await client.completions.create({ model: 'alpha', prompt: 'one two', stream: true }))
    text += chunk.choices[0]!.text;
  expect(text).toBe('You said: one two');
  const raw = await send(`${scene.url}/v1/completions`, { body: { model: 'alpha', prompt: 'x', stream: true } });
  expect(raw.headers).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
  });
  expect(dataOf(raw.text).at(-1)).toBe('[DONE]');
});

test('forms: an upload with its model in it', async () => {
  const client = openaiAt(scene.url);
  const file = await toFile(Buffer.from('RIFF-sound-bytes'), 'a.wav');
  await client.audio.transcriptions.create({ file, model: 'whisper-1' });
  expect(last()).toMatchObject({ path: '/v1/audio/transcriptions' });
  expect(last().headers['content-type']).toMatch(/^multipart\/form-data; boundary=/);
  expect(Buffer.from(last().bytes).toString()).toContain('RIFF-sound-bytes');
  await client.files.create({ file, purpose: 'batch' });
  expect(last()).toMatchObject({ path: '/v1/files' });
  await expect(client.audio.transcriptions.create({ file, model: 'whisper-9' })).rejects.toMatchObject({
    status: 404,
    code: 'model_not_found',
  });
});

test.each([true, false])('a form that comes in pieces, its model last and its length told: %s', async (told) => {
  const form = (model: string): Buffer[] =>
    ['--b\r\ncontent-disposition: form-data; name="file"; filename="a.wav"\r\n\r\nRIFF', '-sound\r\n']
      .concat('--b\r\ncontent-disposition: form-data; na', `me="model"\r\n\r\n${model}\r\n--b--\r\n`)
      .map((piece) => Buffer.from(piece));
  const post = async (pieces: readonly Buffer[]): Promise<number | undefined> => {
    const { length } = Buffer.concat(pieces);
    const outgoing = request(`${scene.url}/v1/audio/transcriptions`, {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=b', ...(told && { 'content-length': length }) },
    });
    for (const piece of pieces) await new Promise((sent) => outgoing.write(piece, sent));
    outgoing.end();
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    answer.resume();
    return answer.statusCode;
  };
  expect(await post(form('whisper-9'))).toBe(404);
  expect(await post(form('whisper-1'))).toBe(200);
  expect(Buffer.from(last().bytes).equals(Buffer.concat(form('whisper-1')))).toBe(true);
});

test('GET and DELETE with a query', async () => {
  const list = await send(`${scene.url}/v1/files?limit=2&after=a%2Fb`, { headers: { accept: 'application/json' } });
  expect(list.json()).toMatchObject({ method: 'GET', path: '/v1/files?limit=2&after=a%2Fb' });
  expect((await send(`${scene.url}/v1/files/file-1`, { method: 'DELETE' })).json()).toMatchObject({
    method: 'DELETE',
    path: '/v1/files/file-1',
  });
});

test('no credential or hop of the client reaches the upstream; ours does', async () => {
  await send(`${scene.url}/v1/embeddings`, {
    body: { model: 'alpha', input: 'a' },
    headers: {
      authorization: 'Bearer sk-client-secret',
      'x-api-key': 'sk-client-secret',
      'api-key': 'sk-client-secret',
      cookie: 'session=sk-client-secret',
      'proxy-authorization': 'Basic c2s=',
      'x-forwarded-for': '10.1.2.3',
      'x-quorum-tags': 'a',
      'openai-organization': 'org-client',
      te: 'trailers',
      forwarded: 'for=10.1.2.3',
    },
  });
  const { headers } = last();
  expect(headers.authorization).toBe(`Bearer ${UPSTREAM_KEY}`);
  expect(headers['x-org']).toBe('acme');
  expect(JSON.stringify(headers)).not.toMatch(/sk-client-secret|10\.1\.2\.3|org-client|x-quorum|trailers/);
  expect(headers.host).toBe(new URL(scene.upstream.url).host);
});

test('of the answer’s headers only the known ones come back', async () => {
  scene.upstream.reply('/v1/moderations', {
    body: { results: [] },
    headers: {
      'set-cookie': 'upstream=1',
      server: 'secret-server/1.0',
      'x-internal': 'yes',
      'keep-alive': 'timeout=99',
      'x-ratelimit-remaining-requests': '7',
      'retry-after': '3',
    },
  });
  const { headers } = await send(`${scene.url}/v1/moderations`, { body: { model: 'alpha', input: 'a' } });
  expect(headers).toMatchObject({
    'x-ratelimit-remaining-requests': '7',
    'retry-after': '3',
    'content-type': 'application/json',
    'x-request-id': expect.stringMatching(/^req_[0-9a-f]{32}$/),
  });
  for (const name of ['set-cookie', 'server', 'x-internal']) expect(headers).not.toHaveProperty(name);
  expect(headers['keep-alive']).not.toBe('timeout=99');
});

test('an error of the provider keeps status and body; a redirect is not followed', async () => {
  const error = { message: 'no', type: 'invalid_request_error', param: 'input', code: 'bad_input' };
  scene.upstream.reply('/v1/moderations', { status: 400, error });
  const answer = await send(`${scene.url}/v1/moderations`, { body: { model: 'alpha', input: 'a' } });
  expect([answer.status, answer.json()]).toEqual([400, { error }]);
  scene.upstream.reply('/v1/moderations', { status: 302, body: '', headers: { location: 'http://169.254.169.254/' } });
  const redirect = await send(`${scene.url}/v1/moderations`, { body: { model: 'alpha', input: 'a' } });
  expect([redirect.status, redirect.headers.location]).toEqual([502, undefined]);
  expect(redirect.json().error).toMatchObject({ code: 'upstream_error', type: 'server_error', param: null });
});

test('an error of the provider that repeats our key comes without it', async () => {
  for (const status of [400, 401, 500]) {
    scene.upstream.reply('/v1/moderations', {
      status,
      error: { message: `${UPSTREAM_KEY} is no good: ${UPSTREAM_KEY}` },
    });
    const answer = await send(`${scene.url}/v1/moderations`, { body: { model: 'alpha', input: 'a' } });
    expect([answer.status, answer.json().error.message]).toEqual([
      status,
      expect.stringMatching(/^\*+ is no good: \*+$/),
    ]);
  }
});

test('a provider that can’t be reached is 502 in our words', async () => {
  const quorum = await startQuorum({ config: scriptedConfig({ url: 'http://127.0.0.1:1/v1' }) });
  onTestFinished(() => quorum.stop());
  const answer = await send(`${quorum.url}/v1/embeddings`, { body: { model: 'alpha', input: 'a' } });
  expect([answer.status, answer.json().error]).toEqual([
    502,
    { message: expect.stringContaining('scripted'), type: 'server_error', param: null, code: 'upstream_error' },
  ]);
  expect(answer.text).not.toMatch(/127\.0\.0\.1|ECONNREFUSED/);
});

test('what is not ours is refused before any call', async () => {
  const calls = scene.upstream.requests.length;
  for (const [method, path, status, code] of [
    ['GET', '/v1/unknown', 404, 'not_found'],
    ['POST', '/v1/organization/admin_api_keys', 404, 'not_found'],
    ['GET', '/v1', 404, 'not_found'],
    ['GET', '/nothing', 404, 'not_found'],
    ['POST', '/', 404, 'not_found'],
    ['GET', '/v1/files/..%2f..%2fadmin', 404, 'not_found'],
    ['GET', '/v1/files/%2e%2e/%2e%2e/admin', 404, 'not_found'],
    ['GET', '/v1/files/../../admin/v1/keys', 404, 'not_found'],
    ['GET', '/v1/files/%252e%252e/secret', 404, 'not_found'],
    ['GET', '/v1//files', 404, 'not_found'],
    ['GET', '/v1/files\\..\\x', 404, 'not_found'],
    ['GET', '/v1/files/%zz', 404, 'not_found'],
    ['GET', '/v1/files/%00', 404, 'not_found'],
    ['GET', '/v1/chat/completions', 405, 'method_not_allowed'],
    ['DELETE', '/v1/models', 405, 'method_not_allowed'],
    ['PUT', '/v1/route', 405, 'method_not_allowed'],
    ['POST', '/livez', 405, 'method_not_allowed'],
  ] as const) {
    const { port } = new URL(scene.url);
    const answer = await send(scene.url, { method, path, port });
    expect([method, path, answer.status]).toEqual([method, path, status]);
    expect(answer.json().error).toMatchObject({ type: 'invalid_request_error', code, message: expect.any(String) });
    if (status === 405) expect(answer.headers['allow']).toMatch(/^[A-Z, ]+$/);
  }
  for (const model of ['nobody', 'auto', 'quorum/dual', 7, '']) {
    const answer = await send(`${scene.url}/v1/embeddings`, { body: { model, input: 'a' } });
    expect([model, answer.json().error.param]).toEqual([model, 'model']);
    expect(answer.status).toBe(typeof model === 'string' ? 404 : 400);
  }
  const large = await send(`${scene.url}/v1/embeddings`, { body: { model: 'alpha', input: 'x'.repeat(2_000_000) } });
  expect([large.status, large.json().error.code]).toEqual([413, 'request_too_large']);
  expect(scene.upstream.requests.length).toBe(calls);
});

test('wishes in the metadata are taken out before it goes upstream, and count', async () => {
  const body = JSON.stringify({ model: 'alpha', input: 'a' }).replace(
    '}',
    ',"metadata":{"quorum_tags":"red","quorum_session":"s1","keep":"me"},"seed":12345678901234567890}',
  );
  const answer = await send(`${scene.url}/v1/responses`, { body, headers: { 'content-type': 'application/json' } });
  expect(answer.status).toBe(200);
  expect(Buffer.from(last().bytes).toString()).toBe(
    '{"model":"alpha","input":"a","seed":12345678901234567890,"metadata":{"keep":"me"}}',
  );
  const record = await send(`${scene.url}/v1/requests/${String(answer.headers['x-request-id'])}`);
  expect(record.json()).toMatchObject({ tags: ['red'], session: 's1' });
  const dear = { model: 'alpha', input: 'a', metadata: { quorum_max_cost: '0.000001' } };
  const refused = await send(`${scene.url}/v1/responses`, { body: dear });
  expect([refused.status, refused.json().error]).toEqual([
    400,
    expect.objectContaining({ code: 'request_exceeds_budget', param: 'metadata.quorum_max_cost' }),
  ]);
});

test('the time that a caller has is kept, before the answer and in it', async () => {
  const ask = (body: object = {}): Promise<Heard> =>
    send(`${scene.url}/v1/completions`, {
      body: { model: 'alpha', prompt: 'a', ...body },
      headers: { 'x-quorum-timeout': '150ms' },
    });
  scene.upstream.reply('/v1/completions', { stall: true });
  const late = await ask();
  expect([late.status, late.json().error]).toEqual([504, expect.objectContaining({ code: 'upstream_timeout' })]);
  scene.upstream.reply('/v1/completions', { content: 'a b c', stall: 'mid-stream' });
  const cut = await ask({ stream: true });
  expect(cut.status).toBe(200);
  expect(JSON.parse(dataOf(cut.text).at(-1)!)).toMatchObject({ error: { code: 'upstream_timeout' } });
  scene.upstream.reply('/v1/completions', {});
  expect((await ask()).status).toBe(200);
});

test('half an event isn’t passed on: the error after it can be read', async () => {
  scene.upstream.reply('/v1/completions', { content: 'a b c d', cut: 'mid-event' });
  const { text } = await send(`${scene.url}/v1/completions`, { body: { model: 'alpha', prompt: 'a', stream: true } });
  scene.upstream.reply('/v1/completions', {});
  const events = dataOf(text).map((data) => JSON.parse(data) as Body);
  expect(events.length).toBeGreaterThan(1);
  expect(events.at(-1)).toMatchObject({ error: { code: 'upstream_error' } });
});

test('an event stream that came compressed is passed on as it comes', async () => {
  const quorum = await before((_incoming, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' });
    response.write(gzipSync('data: {"n":1}\n\n'));
  });
  const answer = await open(`${quorum.url}/v1/completions`, { body: { model: 'alpha', prompt: 'a', stream: true } });
  const [first] = (await once(answer, 'data')) as [Buffer];
  expect([answer.headers['content-encoding'], gunzipSync(first).toString()]).toEqual(['gzip', 'data: {"n":1}\n\n']);
  answer.destroy();
});

test('the words behind a status are our own: those of the provider may be none', async () => {
  const quorum = await before(
    (_incoming, response) => void response.socket!.write('HTTP/1.1 200 O\x01K\r\ncontent-length: 2\r\n\r\n{}'),
  );
  const answer = await send(`${quorum.url}/v1/embeddings`, { body: { model: 'alpha', input: 'a' } });
  expect([answer.status, answer.text]).toEqual([200, '{}']);
});

test('who sends all of an upload before reading gets to read that it was too late', async () => {
  let letGo: () => void = () => undefined;
  const given = new Promise<void>((resolve) => (letGo = resolve));
  const quorum = await before((incoming) => void incoming.on('close', letGo));
  const client = connect(Number(new URL(quorum.url).port), '127.0.0.1');
  client.write(
    `POST /v1/files HTTP/1.1\r\nhost: quorum\r\nx-quorum-timeout: 100ms\r\ncontent-length: 1000000\r\n\r\nfirst part`,
  );
  await given;
  // More than a connection that nobody reads would take; the answer waits meanwhile.
  client.write(Buffer.alloc(1_000_000 - 'first part'.length));
  const parts: Buffer[] = [];
  for await (const part of client) parts.push(part as Buffer);
  expect(Buffer.concat(parts).toString()).toMatch(/^HTTP\/1\.1 504 [^]*"upstream_timeout"/);
});

test('an upload whose length is untold ends where the limit is', async () => {
  const form = request(`${scene.url}/v1/files`, {
    method: 'POST',
    headers: { 'content-type': 'multipart/form-data; boundary=b' },
  });
  form.write('--b\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n');
  for (let part = 0; part < 40; part++) form.write(Buffer.alloc(50_000, 0x61));
  form.end('\r\n--b--\r\n');
  const [answer] = (await once(form, 'response')) as [IncomingMessage];
  const [body] = (await once(answer, 'data')) as [Buffer];
  expect([answer.statusCode, JSON.parse(body.toString())]).toEqual([
    413,
    { error: expect.objectContaining({ code: 'request_too_large' }) },
  ]);
});

test('an upload is passed on while it still comes in', async () => {
  let arrived: () => void = () => undefined;
  const arriving = new Promise<void>((resolve) => (arrived = resolve));
  const quorum = await before((incoming, response) => {
    let bytes = 0;
    incoming.on('data', (part: Buffer) => {
      bytes += part.length;
      if (part.includes('first part')) arrived();
    });
    incoming.on('end', () => response.end(JSON.stringify({ bytes })));
  });
  const form = request(`${quorum.url}/v1/files`, {
    method: 'POST',
    headers: { 'content-type': 'multipart/form-data; boundary=b' },
  });
  const answered = new Promise<IncomingMessage>((resolve) => form.on('response', resolve));
  form.write('--b\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\nfirst part');
  await arriving;
  form.end('\r\n--b--\r\n');
  const answer = await answered;
  expect(answer.statusCode).toBe(200);
  answer.resume();
});

test('sound comes back piece by piece and byte by byte', async () => {
  const sound = Buffer.from(Array.from({ length: 4096 }, (_, at) => at % 256));
  let goOn: () => void = () => undefined;
  const quorum = await before((incoming, response) => {
    incoming.resume();
    response.writeHead(200, { 'content-type': 'audio/mpeg' });
    response.write(sound.subarray(0, 1000));
    goOn = () => response.end(sound.subarray(1000));
  });
  const answer = await open(`${quorum.url}/v1/audio/speech`, { body: { model: 'alpha', input: 'Hi', voice: 'x' } });
  expect(answer.headers['content-type']).toBe('audio/mpeg');
  const parts: Buffer[] = [];
  for await (const part of answer) {
    parts.push(part as Buffer);
    if (Buffer.concat(parts).length === 1000) goOn();
  }
  expect(Buffer.concat(parts).equals(sound)).toBe(true);
});

test('a client that leaves ends the call at the provider', async () => {
  let reached: () => void = () => undefined;
  let gone: () => void = () => undefined;
  const reaching = new Promise<void>((resolve) => (reached = resolve));
  const going = new Promise<void>((resolve) => (gone = resolve));
  const quorum = await before((incoming, response) => {
    incoming.resume();
    response.on('close', gone);
    reached();
  });
  const leaver = new AbortController();
  const body = { model: 'alpha', input: 'a' };
  const leaving = open(`${quorum.url}/v1/embeddings`, { body, signal: leaver.signal }).catch(() => 'left');
  await reaching;
  leaver.abort();
  expect(await leaving).toBe('left');
  await going;
});

test('a provider that cuts is not a whole answer, and not waited for', async () => {
  const quorum = await before((incoming, response) => {
    incoming.resume();
    if (incoming.url === '/v1/completions') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: {"choices":[]}\n\ndata: {"cho');
    } else {
      response.writeHead(200, { 'content-type': 'audio/mpeg', 'content-length': '9' });
      response.write('half');
    }
    setImmediate(() => response.destroy());
  });
  const stream = await send(`${quorum.url}/v1/completions`, { body: { model: 'alpha', prompt: 'Hi', stream: true } });
  expect(JSON.parse(dataOf(stream.text).at(-1)!)).toMatchObject({ error: { code: 'upstream_error' } });
  await expect(send(`${quorum.url}/v1/audio/speech`, { body: { model: 'alpha', input: 'Hi' } })).rejects.toThrow(
    /aborted|reset|hang up/,
  );
  expect((await send(`${quorum.url}/livez`)).status).toBe(200);
});

test('a stop tells those who wait: an error for who has heard nothing yet, a last event in a stream', async () => {
  const own = await startScene();
  own.upstream.reply('/v1/completions', { stall: 'mid-stream' });
  own.upstream.reply('/v1/embeddings', { stall: true });
  const stream = send(`${own.url}/v1/completions`, { body: { model: 'alpha', prompt: 'a b c', stream: true } });
  const whole = send(`${own.url}/v1/embeddings`, { body: { model: 'alpha', input: 'a' } });
  await own.upstream.received(2);
  await own.quorum.stop(150);
  const { status, headers, ...answer } = await whole;
  expect([status, answer.json().error.code, headers['retry-after']]).toEqual([503, 'shutting_down', '1']);
  expect(JSON.parse(dataOf((await stream).text).at(-1)!)).toMatchObject({ error: { code: 'shutting_down' } });
  expect(await own.upstream.aborted(2)).toHaveLength(2);
  await own.close();
});

test.each([
  ['a switch of protocols', 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n'],
  ['a status that is none', 'HTTP/1.1 099 Odd\r\ncontent-length: 0\r\n\r\n'],
  ['a status that nobody knows', 'HTTP/1.1 999 Odd\r\ncontent-length: 2\r\n\r\nhi'],
  ['hints without end', 'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'.repeat(50)],
])('%s from the provider is told as its failure', async (_, bytes) => {
  const quorum = await before((_incoming, response) => void response.socket!.write(bytes));
  const answer = await send(`${quorum.url}/v1/embeddings`, { body: { model: 'alpha', input: 'a' } });
  expect([answer.status, answer.json().error.code]).toEqual([502, 'upstream_error']);
  await expect.poll(() => quorum.logs.filter((line) => line.includes('"status":502')).length).toBe(1);
  expect(quorum.logs.filter((line) => /fault|uncaught/.test(line))).toEqual([]);
});
