// Who may use which route, from the table of routes itself: a route without a rule here fails.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { routesOf, type Access } from '../../src/http/routes.ts';
import { send, type Heard } from '../support/program.ts';
import { ADMIN_KEY, bearer, openOffice, type Office } from './office.ts';

/** open: anybody; caller: every key, for itself; owner: only whose record it is, and the administrator; admin: the admin key only. */
type Rule = 'open' | 'metrics' | 'caller' | 'owner' | 'admin';

const RULES: Readonly<Record<string, Rule>> = {
  'POST /v1/chat/completions': 'caller',
  'POST /v1/route': 'caller',
  'GET /v1/models': 'caller',
  'GET /v1/models/*name': 'caller',
  'GET /v1/requests/:id': 'owner',
  'GET /v1/requests/:id/events': 'owner',
  'GET /v1/spend': 'caller',
  'POST /v1/estimate': 'caller',
  'POST /v1/feedback': 'owner',
  'GET /v1/capabilities': 'caller',
  'GET /v1/recommendations/:task': 'caller',
  'GET /openapi.json': 'open',
  'GET /livez': 'open',
  'GET /readyz': 'open',
  'GET /metrics': 'metrics',
};
const ruleOf = (name: string): Rule | undefined => RULES[name] ?? (/ \/admin\/v1\//.test(name) ? 'admin' : undefined);

const ROUTES = routesOf({} as never).map(({ method, path, access }) => ({
  name: `${method.toUpperCase()} ${path}`,
  method: method.toUpperCase(),
  path,
  access,
}));

const VISITORS = ['no key', 'another tenant', 'own key', 'admin'] as const;
type Who = (typeof VISITORS)[number];

const BODIES: Readonly<Record<string, unknown>> = {
  'POST /v1/chat/completions': { model: 'alpha', messages: [{ role: 'user', content: 'Is it so?' }] },
  'POST /v1/route': { model: 'alpha', messages: [{ role: 'user', content: 'Is it so?' }] },
  'POST /v1/estimate': { usage: { code: 1 } },
};

const bodyOf = (name: string): unknown =>
  name === 'POST /v1/feedback' ? { request_id: requestId, correct: true } : (BODIES[name] ?? {});

let office: Office;
let requestId = '';
const secrets = { 'no key': '', 'another tenant': '', 'own key': '', admin: ADMIN_KEY };

beforeAll(async () => {
  office = await openOffice();
  secrets['own key'] = (await office.key({ name: 'own' })).secret;
  secrets['another tenant'] = (await office.key({ name: 'other' })).secret;
  requestId = String((await office.chat(secrets['own key'])).headers['x-request-id']);
});
afterAll(() => office.close());

function ask(name: string, method: string, path: string, who: Who): Promise<Heard> {
  const target = path
    .replace(':id', path.startsWith('/v1/requests') ? requestId : 'nobody')
    .replace('*name', 'alpha')
    .replace(':task', 'code');
  const headers = secrets[who] === '' ? {} : bearer(secrets[who]);
  return send(`${office.url}${target}`, { method, headers, ...(method !== 'GET' && { body: bodyOf(name) }) });
}

/** What the answer must be: let in, unknown key, or hidden. */
function expected(rule: Rule, who: Who): 'in' | 401 | 404 {
  // On loopback; beyond it test/http/beyond-loopback.test.ts.
  if (rule === 'open' || rule === 'metrics') return 'in';
  if (who === 'no key') return 401;
  if (rule === 'admin') return who === 'admin' ? 'in' : 401;
  return rule === 'owner' && who === 'another tenant' ? 404 : 'in';
}

test('every route has a rule, and no rule is left over', () => {
  expect(ROUTES.filter(({ name }) => ruleOf(name) === undefined)).toEqual([]);
  const names = new Set(ROUTES.map(({ name }) => name));
  expect(Object.keys(RULES).filter((name) => !names.has(name))).toEqual([]);
  const access: Readonly<Record<Rule, Access>> = {
    open: 'open',
    metrics: 'metrics',
    caller: 'caller',
    owner: 'caller',
    admin: 'admin',
  };
  expect(ROUTES.map(({ name }) => access[ruleOf(name)!])).toEqual(ROUTES.map((route) => route.access));
});

describe.each(VISITORS)('%s', (who) => {
  test.each(ROUTES)('$name', async ({ name, method, path }) => {
    const rule = ruleOf(name)!;
    const answer = await ask(name, method, path, who);
    const wanted = expected(rule, who);
    if (wanted === 401) {
      expect([answer.status, answer.json().error.code]).toEqual([401, 'invalid_api_key']);
    } else if (wanted === 404) {
      expect([answer.status, answer.json().error.code]).toEqual([404, 'not_found']);
      expect(answer.text).not.toContain('alpha');
    } else if (rule === 'admin') {
      // Ids that nobody has are 404, empty bodies 400: either way the door was open.
      expect([200, 201, 400, 404]).toContain(answer.status);
    } else {
      expect(answer.status).toBe(200);
    }
  });
});

test('an answer behind the wrong door says nothing of what is there', async () => {
  const { id } = await office.key({ name: 'hidden' });
  for (const path of [`/admin/v1/keys/${id}`, '/admin/v1/keys/nobody']) {
    const answer = await send(`${office.url}${path}`, { headers: bearer(secrets['own key']) });
    expect([answer.status, answer.json().error.message]).toEqual([401, expect.not.stringContaining(id)]);
  }
});

test('what is passed through is for callers too: without a key nothing goes out', async () => {
  const families =
    'completions embeddings moderations images audio files uploads batches fine_tuning conversations vector_stores assistants threads evals containers videos rerank';
  const before = office.upstream.requests.length;
  for (const family of families.split(' '))
    for (const [method, path] of [
      ['POST', `/v1/${family}`],
      ['GET', `/v1/${family}/some_id`],
      ['DELETE', `/v1/${family}/some_id`],
    ] as const)
      for (const headers of [{}, bearer('sk-quorum-guessed'), { 'x-api-key': 'sk-other' }]) {
        const answer = await send(`${office.url}${path}`, { method, headers, ...(method === 'POST' && { body: {} }) });
        expect([method, path, answer.status, answer.json().error.code]).toEqual([method, path, 401, 'invalid_api_key']);
      }
  expect(office.upstream.requests.length).toBe(before);
  const { secret } = await office.key({ endpoints: ['/v1/chat/*'] });
  const elsewhere = await send(`${office.url}/v1/files`, { headers: bearer(secret) });
  expect([elsewhere.status, elsewhere.json().error.code]).toEqual([403, 'permission_denied']);
});
