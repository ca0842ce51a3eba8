// GET /openapi.json describes every route, and what the running program answers is what it says: no field more, none less.
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DESCRIPTIONS } from '../../src/http/openapi/index.ts';
import { routesOf } from '../../src/http/routes.ts';
import { send, type Fields } from '../support/program.ts';
import { ADMIN_KEY, bearer, openOffice, type Office } from './office.ts';

interface Operation {
  readonly operationId: string;
  readonly security: readonly unknown[];
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Readonly<
    Record<string, { readonly content: Readonly<Record<string, { readonly schema: object }>> }>
  >;
}
interface Description {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: { readonly Error: object } };
}

const ROUTES = routesOf({} as never);
const nameOf = ({ method, path }: { readonly method: string; readonly path: string }): string =>
  `${method.toUpperCase()} ${path}`;

let office: Office;
let document: Description;
let secret: string;
const seen = new Set<string>();

beforeAll(async () => {
  office = await openOffice({
    more: { budgets: [{ scope: 'team', id: 'data', period: 'day', limit_usd: 5 }], cache: true, sandbox: false },
  });
  ({ secret } = await office.key({ name: 'etl', team: 'data', budget: '5/month', rpm: 1_000 }));
  document = JSON.parse((await send(`${office.url}/openapi.json`)).text) as Description;
});
afterAll(() => office.close());

const validators = new Map<object, ValidateFunction>();
function complaints(schema: object, value: unknown): unknown {
  const validate =
    validators.get(schema) ?? new Ajv2020({ strict: false, formats: { 'date-time': true } }).compile(schema);
  validators.set(schema, validate);
  return validate(value) ? null : validate.errors;
}

/** Asks, and holds the answer against the description of the route. */
async function ask(name: string, path: string, body?: unknown, status = 200): Promise<Fields> {
  const [method = '', template = ''] = name.split(' ');
  const isAdmin = template.startsWith('/admin');
  const answer = await send(`${office.url}${path}`, {
    method,
    headers: bearer(isAdmin ? ADMIN_KEY : secret),
    ...(body !== undefined && { body }),
  });
  expect([name, answer.status, answer.status === status ? '' : answer.text]).toEqual([name, status, '']);
  const operation = document.paths[template.replace(/[:*](\w+)/g, '{$1}')]![method.toLowerCase()]!;
  const { content } = operation.responses[String(status)]!;
  const type = String(answer.headers['content-type']).split(';')[0]!;
  expect(Object.keys(content), name).toContain(type);
  seen.add(name);
  if (type !== 'application/json') return {};
  const value = JSON.parse(answer.text) as Fields;
  expect([name, complaints(content[type]!.schema, value)]).toEqual([name, null]);
  return value;
}

describe('the document', () => {
  it('has every route of the table and nothing else, each described, with its door', () => {
    expect(document.openapi).toBe('3.1.0');
    expect(ROUTES.map(nameOf).filter((name) => DESCRIPTIONS[name] === undefined)).toEqual([]);
    const names = new Set(ROUTES.map(nameOf));
    expect(Object.keys(DESCRIPTIONS).filter((name) => !names.has(name))).toEqual([]);
    const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
    expect(operations).toHaveLength(ROUTES.length);
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(ROUTES.length);
    for (const { method, path, access } of ROUTES) {
      const operation = document.paths[path.replace(/[:*](\w+)/g, '{$1}')]![method]!;
      const inPath = operation.parameters.filter((each) => each.in === 'path').map(({ name }) => name);
      expect(inPath).toEqual([...path.matchAll(/[:*](\w+)/g)].map(([, name]) => name));
      if (access === 'admin') expect(operation.security).toEqual([{ admin: [] }]);
    }
  });

  it('holds no secret and is open to everybody', () => {
    const text = JSON.stringify(document);
    for (const hidden of [ADMIN_KEY, secret, office.quorum.config.file]) expect(text).not.toContain(hidden);
  });
});

const MESSAGES = [{ role: 'user', content: 'What is 17 * 23?' }];

describe('answers are as described', () => {
  it('to holders of keys', async () => {
    office.upstream.reply('beta', { content: '391' });
    await ask('POST /v1/chat/completions', '/v1/chat/completions', { model: 'alpha', messages: MESSAGES });
    await ask('POST /v1/chat/completions', '/v1/chat/completions', {
      model: 'alpha',
      messages: MESSAGES,
      stream: true,
    });
    const told = await send(`${office.url}/v1/chat/completions`, {
      body: { model: 'quorum/triple', messages: MESSAGES, metadata: { quorum_tags: 'a,b', quorum_session: 's' } },
      headers: bearer(secret),
    });
    const id = String(told.headers['x-request-id']);
    await ask('GET /v1/requests/:id', `/v1/requests/${id}`);
    await ask('GET /v1/requests/:id/events', `/v1/requests/${id}/events`);
    await ask('POST /v1/route', '/v1/route', { model: 'auto', messages: MESSAGES });
    await ask('GET /v1/models', '/v1/models');
    await ask('GET /v1/models/*name', '/v1/models/alpha');
    await ask('GET /v1/models/*name', '/v1/models/quorum/triple');
    await ask('GET /v1/spend', '/v1/spend');
    await ask('POST /v1/estimate', '/v1/estimate', { usage: { code: 10, math: 5 } });
    await ask('POST /v1/feedback', '/v1/feedback', { request_id: id, correct: true, comment: 'well done' });
    await ask('GET /v1/capabilities', '/v1/capabilities');
    await ask('GET /v1/recommendations/:task', '/v1/recommendations/math');
    for (const path of ['/livez', '/readyz', '/openapi.json', '/metrics']) await ask(`GET ${path}`, path);
  });

  it('to the administration: keys, teams, budgets, money', async () => {
    const made = await ask(
      'POST /admin/v1/keys',
      '/admin/v1/keys',
      { name: 'two', budgets: ['1/day'], expires_in: '1d' },
      201,
    );
    const key = `/admin/v1/keys/${String(made['id'])}`;
    await ask('GET /admin/v1/keys', '/admin/v1/keys?limit=1');
    await ask('GET /admin/v1/keys/:id', key);
    await ask('PATCH /admin/v1/keys/:id', key, { tags: ['x'], tier: 'speed' });
    await ask('POST /admin/v1/keys/:id/rotate', `${key}/rotate`, { overlap: '1h' });
    await ask('POST /admin/v1/keys/:id/disable', `${key}/disable`, {});
    await ask('POST /admin/v1/keys/:id/enable', `${key}/enable`, {});
    await ask('DELETE /admin/v1/keys/:id', key);
    await ask('POST /admin/v1/teams', '/admin/v1/teams', { id: 'ops', rpm: 5 }, 201);
    await ask('GET /admin/v1/teams', '/admin/v1/teams');
    await ask('GET /admin/v1/teams/:id', '/admin/v1/teams/data');
    await ask('PUT /admin/v1/teams/:id', '/admin/v1/teams/ops', { name: 'Operations' });
    await ask('PATCH /admin/v1/teams/:id', '/admin/v1/teams/ops', { disabled: true });
    const budget = await ask(
      'POST /admin/v1/budgets',
      '/admin/v1/budgets',
      { scope: 'tag', subject: 'a', limit_usd: 3 },
      201,
    );
    const path = `/admin/v1/budgets/${String(budget['id'])}`;
    await ask('GET /admin/v1/budgets', '/admin/v1/budgets');
    await ask('GET /admin/v1/budgets/:id', path);
    await ask('PATCH /admin/v1/budgets/:id', path, { limit_usd: 4 });
    await ask('POST /admin/v1/budgets/:id/top-up', `${path}/top-up`, { amount_usd: 1 });
    await ask('POST /admin/v1/budgets/:id/reset', `${path}/reset`, {});
    await ask('DELETE /admin/v1/budgets/:id', path);
    await ask('GET /admin/v1/spend', '/admin/v1/spend?group_by=key,model,day');
    await ask('GET /admin/v1/spend', '/admin/v1/spend?format=csv');
    await ask('GET /admin/v1/ledger', '/admin/v1/ledger');
    await ask('GET /admin/v1/unreconciled', '/admin/v1/unreconciled');
    await ask('GET /admin/v1/audit', '/admin/v1/audit');
  });

  it('to the administration: records, reports, models, cache, settings, learning', async () => {
    const { data } = (await ask('GET /admin/v1/requests', '/admin/v1/requests')) as { data: readonly Fields[] };
    await ask('GET /admin/v1/requests', '/admin/v1/requests?format=jsonl');
    for (const { id } of data) await ask('GET /admin/v1/requests/:id', `/admin/v1/requests/${String(id)}`);
    await ask('GET /admin/v1/review', '/admin/v1/review');
    await ask('GET /admin/v1/reports', '/admin/v1/reports?by=task,team,day');
    await ask('GET /admin/v1/reports', '/admin/v1/reports?by=model,provider');
    await ask('GET /admin/v1/reports', '/admin/v1/reports?format=csv');
    await ask('GET /admin/v1/anomalies', '/admin/v1/anomalies');
    await ask('GET /admin/v1/models', '/admin/v1/models');
    await ask('GET /admin/v1/models/:id', '/admin/v1/models/alpha');
    await ask('GET /admin/v1/providers', '/admin/v1/providers');
    await ask('GET /admin/v1/cache', '/admin/v1/cache');
    await ask('POST /admin/v1/cache/invalidate', '/admin/v1/cache/invalidate', { all: true });
    await ask('GET /admin/v1/settings', '/admin/v1/settings');
    await ask('PATCH /admin/v1/settings', '/admin/v1/settings', { latency_target: '3s' });
    await ask('PUT /admin/v1/settings', '/admin/v1/settings', {});
    await ask('POST /admin/v1/config/reload', '/admin/v1/config/reload');
    await ask('GET /admin/v1/confidence', '/admin/v1/confidence');
    const first = await ask('GET /admin/v1/confidence', '/admin/v1/confidence?limit=3');
    expect(first).toMatchObject({ has_more: true, next_cursor: expect.any(String) });
    await ask(
      'GET /admin/v1/confidence',
      `/admin/v1/confidence?limit=3&cursor=${encodeURIComponent(String(first['next_cursor']))}`,
    );
    await ask('GET /admin/v1/confidence/history', '/admin/v1/confidence/history');
    await ask('GET /admin/v1/calibration', '/admin/v1/calibration');
    await ask('GET /admin/v1/feedback', '/admin/v1/feedback');
    await ask('GET /admin/v1/feedback', '/admin/v1/feedback?format=jsonl');
    await ask('POST /admin/v1/feedback', '/admin/v1/feedback', '{"request_id":"nobody","correct":true}\n');
    await ask('GET /admin/v1/evidence', '/admin/v1/evidence');
    await ask(
      'POST /admin/v1/evidence',
      '/admin/v1/evidence',
      '{"tenant":"t","task":"math","model":"alpha","good":1,"total":1,"at":1}\n',
    );
  });

  it('to the administration: experiments and the rollout', async () => {
    const arms = { one: {}, two: { strategy: 'dual', slim: true } };
    const made = { name: 'try', arms, shadow: true, guardrails: { p95: 1 } };
    await ask('POST /admin/v1/experiments', '/admin/v1/experiments', made, 201);
    await ask('POST /admin/v1/experiments', '/admin/v1/experiments', { name: 'live', arms }, 201);
    const path = '/admin/v1/experiments/live';
    await ask('POST /v1/chat/completions', '/v1/chat/completions', { model: 'auto', user: 'ann', messages: MESSAGES });
    await ask('POST /v1/route', '/v1/route', { model: 'auto', user: 'ann', messages: MESSAGES });
    await ask('GET /admin/v1/experiments', '/admin/v1/experiments');
    await ask('GET /admin/v1/experiments/:name', path);
    await ask('PATCH /admin/v1/experiments/:name', path, { min_effect: 0.1 });
    await ask('POST /admin/v1/experiments/:name/ramp', `${path}/ramp`, { percent: 50 });
    await ask('POST /admin/v1/experiments/:name/stop', `${path}/stop`);
    await ask('POST /admin/v1/experiments/:name/start', `${path}/start`);
    await ask('GET /admin/v1/experiments/:name/results', `${path}/results`);
    await ask('GET /admin/v1/experiments/:name/results', '/admin/v1/experiments/try/results');
    await ask('GET /admin/v1/budgets', '/admin/v1/budgets');
    await ask('DELETE /admin/v1/experiments/:name', path);
    await ask('GET /admin/v1/rollout', '/admin/v1/rollout');
    await ask('PUT /admin/v1/rollout', '/admin/v1/rollout', { percent: 25 });
    await ask('PUT /admin/v1/rollout', '/admin/v1/rollout', { percent: null });
  });

  it('errors too', async () => {
    for (const path of ['/admin/v1/keys/nobody', '/admin/v1/settings?x', '/v1/requests/none', '/nowhere']) {
      const answer = await send(`${office.url}${path}`, {
        method: path.endsWith('x') ? 'PATCH' : 'GET',
        headers: bearer(ADMIN_KEY),
        ...(path.endsWith('x') && { body: { tier: 'x' } }),
      });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(complaints(document.components.schemas.Error, JSON.parse(answer.text))).toBeNull();
    }
  });

  it('every route was asked', () => {
    // An entry that a crash left behind is a test of its own (test/store, test/http-admin/budgets).
    const untried = new Set(['POST /admin/v1/unreconciled/:id/correct']);
    expect(ROUTES.map(nameOf).filter((name) => !seen.has(name) && !untried.has(name))).toEqual([]);
  });
});
