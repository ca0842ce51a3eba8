// Whatever is asked and however: a request id, and where it is no success OpenAI's error in JSON.
import { request } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chat, send, startScene, type Scene } from '../support/program.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await startScene({ more: { server: { body_limit: '10kb', admin_key: 'sk-admin-0123456789' } } });
});
afterAll(() => scene.close());

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
const ROUTES: Readonly<Record<string, readonly string[]>> = {
  '/v1/chat/completions': ['POST'],
  '/v1/route': ['POST'],
  '/v1/models': ['GET', 'HEAD'],
  '/v1/models/quorum/dual': ['GET', 'HEAD'],
  '/v1/requests/nobody': ['GET', 'HEAD'],
  '/v1/spend': ['GET', 'HEAD'],
  '/v1/capabilities': ['GET', 'HEAD'],
  '/v1/recommendations/math': ['GET', 'HEAD'],
  '/v1/requests/nobody/events': ['GET', 'HEAD'],
  '/v1/feedback': ['POST'],
  '/v1/estimate': ['POST'],
  '/admin/v1/keys': ['GET', 'HEAD', 'POST'],
  '/livez': ['GET', 'HEAD'],
  '/readyz': ['GET', 'HEAD'],
  '/metrics': ['GET', 'HEAD'],
  '/openapi.json': ['GET', 'HEAD'],
  '/v1/embeddings': ['POST'],
  '/v1/completions': ['POST'],
  '/v1/audio/speech': ['POST'],
  '/v1/images/generations': ['POST'],
  '/': [],
  '/nowhere': [],
  '/v1/nowhere': [],
  '/v1': [],
  '/admin/v1/nowhere': [],
  '/%zz': [],
};

test.each(Object.entries(ROUTES))('%s, by every method', async (path, allowed) => {
  for (const method of METHODS) {
    const answer = await send(`${scene.url}${path}`, {
      method,
      ...(['POST', 'PUT', 'PATCH'].includes(method) && { body: '{}' }),
    });
    const what = `${method} ${path}`;
    expect(answer.headers['x-request-id'], what).toMatch(/^req_[0-9a-f]{32}$/);
    if (allowed.length > 0 && !allowed.includes(method)) {
      expect([what, answer.status]).toEqual([what, 405]);
      expect(String(answer.headers['allow']).split(', ').toSorted(), what).toEqual(allowed.toSorted());
    }
    if (allowed.length === 0) expect([what, answer.status]).toEqual([what, 404]);
    if (answer.status < 400) continue;
    expect(answer.headers['content-type'], what).toBe('application/json; charset=utf-8');
    if (method === 'HEAD') expect(answer.text, what).toBe('');
    else {
      const { error } = answer.json();
      expect(Object.keys(error).slice(0, 4), what).toEqual(['message', 'type', 'param', 'code']);
      const code = answer.status === 405 ? 'method_not_allowed' : answer.status === 404 ? 'not_found' : error.code;
      expect([what, error.code, error.type]).toEqual([what, code, 'invalid_request_error']);
    }
  }
});

/** In pieces, without a length. */
const chunked = (path: string, body: string): Promise<{ readonly status: number; readonly text: string }> =>
  new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    const outgoing = request(`${scene.url}${path}`, { method: 'POST', headers, agent: false }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => (text += part));
      answer.on('end', () => resolve({ status: answer.statusCode!, text }));
    });
    outgoing.on('error', reject);
    for (let at = 0; at < body.length; at += 5_000) outgoing.write(body.slice(at, at + 5_000));
    outgoing.end();
  });

test.each(['/v1/chat/completions', '/v1/route', '/v1/embeddings'])(
  'a body over the limit at %s, told by its length or found out on the way',
  async (path) => {
    const body = JSON.stringify({ model: 'alpha', messages: [{ role: 'user', content: 'x'.repeat(20_000) }] });
    for (const answer of [await send(`${scene.url}${path}`, { body }), await chunked(path, body)])
      expect([answer.status, JSON.parse(answer.text)]).toEqual([
        413,
        { error: expect.objectContaining({ type: 'invalid_request_error', param: null, code: 'request_too_large' }) },
      ]);
  },
);

test.each([
  ['what isn’t HTTP', 'hello\r\n\r\n', 400, 'invalid_http'],
  [
    'a head that is too long',
    `GET / HTTP/1.1\r\nhost: q\r\nx: ${'a'.repeat(40_000)}\r\n\r\n`,
    431,
    'headers_too_large',
  ],
])('%s gets the same shape', async (_, bytes, status, code) => {
  const text = await new Promise<string>((resolve) => {
    let heard = '';
    const socket = connect(Number(new URL(scene.url).port), '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (part) => (heard += part.toString('utf8')));
    socket.on('close', () => resolve(heard));
    socket.on('error', () => undefined);
  });
  const [head, body] = text.split('\r\n\r\n');
  expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} .*\r\ncontent-type: application/json`));
  expect(head).toMatch(/x-request-id: req_/);
  expect(JSON.parse(body!)).toEqual({
    error: { message: expect.any(String), type: 'invalid_request_error', param: null, code },
  });
});

test('what is wrong in the metadata is named as it stands there', async () => {
  for (const [field, value] of [
    ['quorum_strategy', 'guess'],
    ['quorum_max_cost', 'much'],
    ['quorum_timeout', 'soon'],
    ['quorum_cache', 'perhaps'],
    ['quorum_events', 'sure'],
    ['quorum_models', ',,'],
    ['quorum_session', { id: 1 }],
    ['quorum_tags', [{ a: 1 }]],
  ] as const) {
    const answer = await chat(scene.url, { model: 'auto', metadata: { [field]: value } });
    expect([field, answer.status, answer.json().error]).toEqual([
      field,
      400,
      expect.objectContaining({ code: 'invalid_value', param: `metadata.${field}` }),
    ]);
  }
});

test('metadata may hold what clients write there: numbers, flags, lists, nothing', async () => {
  const metadata = {
    quorum_strategy: 'dual',
    quorum_models: ['alpha', 'beta'],
    quorum_max_cost: 0.5,
    quorum_debug: true,
    quorum_tier: null,
    quorum_task: '',
    mine: 'stays',
  };
  const answer = await chat(scene.url, { model: 'auto', metadata });
  expect([answer.status, answer.headers['x-quorum-strategy'], answer.json().quorum]).toEqual([
    200,
    'dual',
    expect.objectContaining({ strategy: 'dual' }),
  ]);
  expect((scene.upstream.requests.at(-1)!.body as { metadata: object }).metadata).toEqual({ mine: 'stays' });
});

test('an unknown task or model among the wishes is named', async () => {
  for (const name of ['x-quorum-task', 'x-quorum-models']) {
    const answer = await chat(scene.url, { model: 'auto' }, { [name]: 'no-such-thing' });
    expect([name, answer.json().error.param]).toEqual([name, name]);
  }
});

test('what a wish in the metadata asks in vain is named as it stands there, too', async () => {
  for (const [field, value] of [
    ['quorum_task', 'no-such-thing'],
    ['quorum_models', 'no-such-thing'],
    ['quorum_experiment', 'no-such=thing'],
    ['quorum_max_cost', 1e-9],
    ['quorum_max-cost', 1e-9],
  ] as const)
    for (const path of ['chat/completions', 'route']) {
      const body = { model: 'auto', messages: [{ role: 'user', content: 'x' }], metadata: { [field]: value } };
      const answer = await send(`${scene.url}/v1/${path}`, { body });
      expect([field, path, answer.json().error.param]).toEqual([field, path, `metadata.${field}`]);
      expect(answer.text).not.toContain('x-quorum-experiment');
    }
  const headers = { 'x-quorum-task': 'no-such-header' };
  const answer = await chat(scene.url, { model: 'auto', metadata: { quorum_task: 'no-such-thing' } }, headers);
  expect(answer.json().error).toMatchObject({ param: 'x-quorum-task', message: expect.stringContaining('header') });
});
