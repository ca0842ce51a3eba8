// Whatever comes in: the contract's error, or a clean 4xx of the parser; never a crash, a hang or a leak.
import { connect } from 'node:net';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chat, send, startScene, UPSTREAM_KEY, type Fields, type Heard, type Scene } from '../support/program.ts';

let scene: Scene;
const faults: unknown[] = [];
const noteFault = (fault: unknown): void => void faults.push((fault as Error).stack ?? fault);

beforeAll(async () => {
  process.on('unhandledRejection', noteFault);
  process.on('uncaughtException', noteFault);
  scene = await startScene({ more: { server: { body_limit: '1mb', admin_key: 'sk-admin-secret-000' } } });
  for (const path of ['/v1/moderations', '/v1/completions', '/v1/embeddings'])
    scene.upstream.reply(path, { body: { results: [] } });
});
afterAll(async () => {
  process.off('unhandledRejection', noteFault);
  process.off('uncaughtException', noteFault);
  await scene.close();
  expect(faults).toEqual([]);
  expect(scene.quorum.logs.filter((line) => line.includes('a request met a fault'))).toEqual([]);
});

const LEAKS = new RegExp(
  `${UPSTREAM_KEY}|sk-admin-secret|/src/|node_modules|/tmp/|\\bat [A-Za-z.]+ \\(|TypeError|RangeError|SyntaxError`,
);

/** An answer that a client can read: a success, or an error in OpenAI's shape. */
function expectCivil({ status, text, headers }: Heard, what: string): void {
  expect(text, what).not.toMatch(LEAKS);
  expect(status, what).not.toBe(500);
  if (status < 400) return;
  expect(headers['content-type'], what).toMatch(/^application\/json/);
  const { error } = JSON.parse(text) as { error: Fields };
  expect(error, what).toMatchObject({ message: expect.any(String), type: expect.any(String) });
  expect(error, what).toHaveProperty('param');
  expect(error, what).toHaveProperty('code');
  expect(headers['x-request-id'], what).toMatch(/^req_/);
}

const url = (): string => `${scene.url}/v1/chat/completions`;
const MESSAGES = '"messages":[{"role":"user","content":"hi"}]';

test('each kind of bad body gets the error that names what is wrong', async () => {
  const deep = (levels: number): string => `{"model":"alpha","messages":${'['.repeat(levels)}${']'.repeat(levels)}}`;
  for (const [body, status, code, param] of [
    ['', 400, 'invalid_json', null],
    ['   ', 400, 'invalid_json', null],
    ['hello', 400, 'invalid_json', null],
    ['{"model":', 400, 'invalid_json', null],
    [`{"model":"alpha",${MESSAGES}}}`, 400, 'invalid_json', null],
    [`{"model":"alpha",${MESSAGES},"temperature":NaN}`, 400, 'invalid_json', null],
    [`{"model":"alpha",${MESSAGES},"temperature":Infinity}`, 400, 'invalid_json', null],
    ['null', 400, 'invalid_value', null],
    ['[]', 400, 'invalid_value', null],
    ['"text"', 400, 'invalid_value', null],
    ['7', 400, 'invalid_value', null],
    ['{}', 400, 'invalid_value', expect.stringMatching(/model|messages/)],
    [`{${MESSAGES}}`, 400, 'invalid_value', 'model'],
    [`{"model":7,${MESSAGES}}`, 400, 'invalid_value', 'model'],
    ['{"model":"alpha","messages":"hi"}', 400, 'invalid_value', 'messages'],
    ['{"model":"alpha","messages":[]}', 400, 'invalid_value', 'messages'],
    ['{"model":"alpha","messages":[null]}', 400, 'invalid_value', 'messages[0]'],
    ['{"model":"alpha","messages":[{"role":7,"content":"x"}]}', 400, 'invalid_value', 'messages[0].role'],
    [`{"model":"alpha",${MESSAGES},"n":${2 ** 64}}`, 400, 'invalid_value', 'n'],
    [`{"model":"alpha",${MESSAGES},"n":-1}`, 400, 'invalid_value', 'n'],
    [`{"model":"alpha",${MESSAGES},"temperature":1e999}`, 400, expect.stringMatching(/invalid/), expect.anything()],
    [`{"model":"alpha",${MESSAGES},"stream":"yes"}`, 400, 'invalid_value', 'stream'],
    [`{"model":"alpha",${MESSAGES},"metadata":[]}`, 400, 'invalid_value', 'metadata'],
    [
      `{"model":"${'x'.repeat(100_000)}",${MESSAGES}}`,
      expect.toSatisfy((each) => each === 404 || each === 400),
      expect.any(String),
      'model',
    ],
    [deep(100_000), 400, 'invalid_json', null],
    [deep(250), 400, 'invalid_json', null],
    [Buffer.from([0xff, 0xfe, 0x7b, 0x7d]), 400, 'invalid_json', null],
    [
      Buffer.from(`{"model":"alpha","messages":[{"role":"user","content":"\xc3("}]}`, 'latin1'),
      400,
      'invalid_json',
      null,
    ],
    ['x'.repeat(1_100_000), 413, 'request_too_large', null],
  ] as const) {
    const answer = await send(url(), { body });
    const what = String(body).slice(0, 80);
    expectCivil(answer, what);
    const { error } = answer.json();
    expect([what, answer.status, error.code, error.param]).toEqual([what, status, code, param]);
  }
});

test('a body as long as the limit is read, and not a byte more', async () => {
  const body = JSON.stringify({ model: 'alpha', messages: [{ role: 'user', content: 'Hello' }] });
  expect((await send(url(), { body: body.padStart(2 ** 20) })).status).toBe(200);
  expect((await send(url(), { body: body.padStart(2 ** 20 + 1) })).status).toBe(413);
});

test('50 MB is refused while it comes in, and the client gets to read why', async () => {
  const answer = await send(url(), { body: Buffer.alloc(50 * 1024 * 1024, 0x20) });
  expect([answer.status, answer.json().error.code]).toEqual([413, 'request_too_large']);
});

test(
  'however long it is, who sends all of it before reading gets to read the refusal',
  { timeout: 30_000 },
  async () => {
    for (const [path, mebibytes, status] of [
      ['/v1/chat/completions', 90, 413],
      ['/v1/embeddings', 30, 413],
      ['/v1/files', 30, 413],
      ['/v1/nowhere', 30, 404],
    ] as const) {
      const body = Buffer.alloc(mebibytes * 1024 * 1024, 0x20);
      const answer = await send(`${scene.url}${path}`, { body, headers: { 'content-type': 'application/json' } });
      expectCivil(answer, path);
      expect([path, answer.status, answer.headers['connection']]).toEqual([path, status, 'close']);
    }
  },
);

test('who asks before sending is told at once that it is too much', async () => {
  const head = (bytes: number): string =>
    `POST /v1/chat/completions HTTP/1.1\r\nhost: q\r\nexpect: 100-continue\r\ncontent-length: ${bytes}\r\n\r\n`;
  expect(statusesOf(await raw(head(2_000_000)))).toEqual([413]);
  expect(statusesOf(await raw(`${head(2)}{}`))).toEqual([100, 400]);
});

test('odd keys are just keys', async () => {
  for (const key of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '']) {
    const body = `{"model":"alpha",${MESSAGES},"${key}":{"polluted":true},"metadata":{"${key}":"x"}}`;
    expectCivil(await send(url(), { body }), key);
    expect(({} as Fields)['polluted']).toBeUndefined();
    const tools = `[{"type":"function","function":{"name":"${key || 'f'}","parameters":{"properties":{"${key}":{}}}}}]`;
    expectCivil(await send(url(), { body: `{"model":"quorum/dual",${MESSAGES},"tools":${tools}}` }), key);
    expectCivil(await send(`${scene.url}/v1/models/${encodeURIComponent(key || 'x')}`), key);
    expectCivil(await send(`${scene.url}/v1/requests/${encodeURIComponent(key || 'x')}`), key);
    for (const option of ['strategy', 'tier', 'task', 'models'])
      expectCivil(await chat(scene.url, {}, { [`x-quorum-${option}`]: key }), `${option}: ${key}`);
    expectCivil(await send(url(), { body: { model: key || 'x', messages: [{ role: 'user', content: 'hi' }] } }), key);
  }
});

test('odd header names don’t matter', async () => {
  for (const name of ['__proto__', 'constructor', 'x-quorum-__proto__', 'x-quorum-', 'toString'])
    expect((await chat(scene.url, {}, { [name]: 'x' })).status).toBe(200);
});

const junk = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.double(),
  fc.integer(),
  fc.string({ maxLength: 20 }),
  fc.array(fc.jsonValue({ maxDepth: 1 }), { maxLength: 3 }),
  fc.dictionary(fc.string({ maxLength: 8 }), fc.jsonValue({ maxDepth: 1 }), { maxKeys: 3 }),
);
const FIELDS = [
  'model', 'messages', 'stream', 'stream_options', 'tools', 'tool_choice', 'response_format', 'n', 'temperature',
  'max_tokens', 'logprobs', 'metadata', 'stop', 'seed', 'user', 'audio', 'modalities', 'functions', '__proto__',
] as const; // prettier-ignore

const brokenChat = fc
  .record({
    model: fc.constantFrom('alpha', 'auto', 'quorum/dual', 'quorum/triple'),
    messages: fc.array(fc.record({ role: fc.constantFrom('user', 'system', 'tool', 'x'), content: junk }), {
      maxLength: 3,
    }),
  })
  .chain((base) =>
    fc
      .array(fc.tuple(fc.constantFrom(...FIELDS), junk), { maxLength: 4 })
      .map((fields) => JSON.stringify({ ...base, ...Object.fromEntries(fields) })),
  );

const batch = <Value>(each: fc.Arbitrary<Value>) => fc.array(each, { minLength: 20, maxLength: 20 });

test('Π bodies of any bytes and any shape are answered civilly', { timeout: 30_000 }, async () => {
  const body = fc.oneof(
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
    { weight: 1, arbitrary: fc.json({ maxDepth: 3 }) },
    { weight: 4, arbitrary: brokenChat },
  );
  const path = fc.constantFrom(
    '/v1/chat/completions',
    '/v1/route',
    '/v1/moderations',
    '/v1/completions',
    '/v1/embeddings',
    '/v1/feedback',
    '/v1/estimate',
  );
  await fc.assert(
    fc.asyncProperty(batch(fc.tuple(path, body)), async (requests) => {
      await Promise.all(
        requests.map(async ([to, bytes]) =>
          expectCivil(await send(scene.url + to, { body: bytes, method: 'POST' }), `${to} ${String(bytes)}`),
        ),
      );
    }),
    { numRuns: 60, endOnFailure: true },
  );
});

test('Π wishes of any text are answered civilly', { timeout: 30_000 }, async () => {
  const name = fc.constantFrom(
    'strategy', 'tier', 'task', 'models', 'max-cost', 'timeout', 'cache', 'tags', 'session', 'experiment', 'events', 'debug', 'role', 'x',
  ); // prettier-ignore
  const text = fc.string({
    unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => (code === 0x7f ? ' ' : String.fromCharCode(code))),
    maxLength: 30,
  });
  const value = fc.oneof(
    text,
    fc.constantFrom(
      '0',
      '1e9',
      '-1',
      'NaN',
      'Infinity',
      '1ms',
      '99999999999999d',
      'only; ttl=0s',
      'ttl=',
      ',',
      ';',
      'a'.repeat(5_000),
      '$0.01',
    ),
  );
  await fc.assert(
    fc.asyncProperty(batch(fc.tuple(name, value, fc.boolean())), async (wishes) => {
      await Promise.all(
        wishes.map(async ([wish, given, inMetadata]) => {
          const trimmed = given.trim();
          const answer = inMetadata
            ? await chat(scene.url, { model: 'auto', metadata: { [`quorum_${wish}`]: given } })
            : await chat(scene.url, { model: 'auto' }, { [`x-quorum-${wish}`]: trimmed });
          expectCivil(answer, `${wish}: ${given}`);
        }),
      );
    }),
    { numRuns: 30, endOnFailure: true },
  );
});

/** What comes back for raw bytes until the connection ends; after a quiet while the client hangs up. */
function raw(bytes: string | Uint8Array, quietMs = 300): Promise<string> {
  const { port } = new URL(scene.url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), '127.0.0.1');
    let text = '';
    let timer: NodeJS.Timeout | undefined;
    const rest = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => socket.destroy(), quietMs);
    };
    socket.on('data', (part) => {
      text += part.toString('latin1');
      rest();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(text);
    });
    socket.write(bytes);
    rest();
  });
}

const statusesOf = (text: string): number[] =>
  [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1]));
const post = (headers: string, body = ''): string =>
  `POST /v1/chat/completions HTTP/1.1\r\nhost: q\r\n${headers}\r\n${body}`;

const BYTE_BY_BYTE = Array.from(
  `{"model":"alpha",${' '.repeat(3_000)}${MESSAGES}}`,
  (letter) => `1\r\n${letter}\r\n`,
).join('');
const FORM =
  'POST /v1/audio/transcriptions HTTP/1.1\r\nhost: q\r\ncontent-type: multipart/form-data; boundary=b\r\ntransfer-encoding: chunked\r\n\r\n';

test('raw sockets: what isn’t HTTP gets a clean 4xx', async () => {
  for (const [what, bytes, statuses] of [
    ['garbage', 'hello\r\n\r\n', [400]],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', [400]],
    ['two lengths', post('content-length: 5\r\ncontent-length: 6\r\n', 'hello'), [400]],
    ['length and chunks', post('content-length: 5\r\ntransfer-encoding: chunked\r\n', '0\r\n\r\n'), [400]],
    ['a negative length', post('content-length: -5\r\n'), [400]],
    ['a bad chunk', post('transfer-encoding: chunked\r\n', 'zz\r\nhello\r\n'), [400]],
    ['a form’s bad chunk', `${FORM}5\r\n--b\r\n\r\nzz\r\n`, [400]],
    ['a body byte by byte', `${post('transfer-encoding: chunked\r\n')}${BYTE_BY_BYTE}0\r\n\r\n`, [200]],
    ['folded headers', 'GET /livez HTTP/1.1\r\nhost: q\r\nx: a\r\n b\r\n\r\n', [400]],
    ['no host', 'GET /livez HTTP/1.1\r\n\r\n', [400]],
    ['huge headers', `GET /livez HTTP/1.1\r\nhost: q\r\nx: ${'a'.repeat(40_000)}\r\n\r\n`, [431]],
    ['many headers', `GET /livez HTTP/1.1\r\nhost: q\r\n${'x-long-name: a long value\r\n'.repeat(2_000)}\r\n`, [431]],
    ['a NUL in a header', 'GET /livez HTTP/1.1\r\nhost: q\r\nx: a\0b\r\n\r\n', [400]],
    ['a strange method', 'FROB /v1/models HTTP/1.1\r\nhost: q\r\n\r\n', [400]],
    ['pipelined', 'GET /livez HTTP/1.1\r\nhost: q\r\n\r\nGET /readyz HTTP/1.1\r\nhost: q\r\n\r\n', [200, 200]],
    ['an absolute URI', 'GET http://evil.example/livez HTTP/1.1\r\nhost: evil.example\r\n\r\n', [200]],
    ['an absolute URI of a file', 'GET http://evil.example/v1/files HTTP/1.1\r\nhost: evil.example\r\n\r\n', [404]],
    ['two slashes', 'GET //evil.example/v1/files HTTP/1.1\r\nhost: q\r\n\r\n', [404]],
    ['a tunnel', 'CONNECT evil.example:443 HTTP/1.1\r\nhost: evil.example\r\n\r\n', []],
    ['an upgrade', 'GET /v1/models HTTP/1.1\r\nhost: q\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n', [200]],
    ['a star', 'OPTIONS * HTTP/1.1\r\nhost: q\r\n\r\n', [404]],
    ['half a body', post('content-type: application/json\r\ncontent-length: 100\r\n', '{"model":'), []],
    ['half a head', 'GET /livez HTTP/1.1\r\nho', []],
    ['expect', post('expect: 200-maybe\r\ncontent-length: 2\r\n', '{}'), [417]],
  ] as const) {
    const text = await raw(bytes);
    expect([what, statusesOf(text)]).toEqual([what, statuses]);
    expect(text, what).not.toMatch(LEAKS);
  }
  expect(scene.upstream.requests.some(({ path }) => path.includes('files'))).toBe(false);
  expect((await send(`${scene.url}/livez`)).status).toBe(200);
});

test('a refusal ends the connection only where much of a body would still come', async () => {
  const next = 'GET /livez HTTP/1.1\r\nhost: q\r\n\r\n';
  const refused = (headers: string, body = ''): string =>
    `POST /v1/nowhere HTTP/1.1\r\nhost: q\r\n${headers}\r\n${body}`;
  expect(statusesOf(await raw(refused('content-length: 5\r\n', 'hello') + next))).toEqual([404, 200]);
  expect(statusesOf(await raw(`GET /nowhere HTTP/1.1\r\nhost: q\r\n\r\n${next}`))).toEqual([404, 200]);
  for (const headers of ['content-length: 65537\r\n', 'transfer-encoding: chunked\r\n']) {
    const text = await raw(refused(headers));
    expect(statusesOf(text)).toEqual([404]);
    expect(text.toLowerCase()).toContain('connection: close');
  }
});

test('a compressed body is refused in words', async () => {
  const answer = await send(url(), { body: '{}', headers: { 'content-encoding': 'gzip' } });
  expectCivil(answer, 'gzip');
  expect(answer.status).toBe(400);
});

test('Π raw bytes of any kind don’t hurt', { timeout: 30_000 }, async () => {
  const line = fc.oneof(
    fc.string({ maxLength: 60 }),
    fc.constantFrom('GET /v1/models HTTP/1.1', 'POST /v1/chat/completions HTTP/1.1', 'GET / HTTP/9.9', 'host: q', ''),
    fc
      .tuple(
        fc.constantFrom('content-length', 'transfer-encoding', 'connection', 'host', 'x-quorum-cache'),
        fc.string({ maxLength: 20 }),
      )
      .map(([name, value]) => `${name}: ${value}`),
  );
  await fc.assert(
    fc.asyncProperty(batch(fc.array(line, { maxLength: 8 })), async (heads) => {
      const answers = await Promise.all(heads.map((lines) => raw(`${lines.join('\r\n')}\r\n\r\n`, 50)));
      for (const text of answers) {
        expect(text).not.toMatch(LEAKS);
        for (const status of statusesOf(text)) expect([status, status < 500 || status === 505]).toEqual([status, true]);
      }
    }),
    { numRuns: 20, endOnFailure: true },
  );
  expect((await chat(scene.url, {})).status).toBe(200);
});
