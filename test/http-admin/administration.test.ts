// What an administrator sees and does besides keys and budgets: requests, review, models, providers, cache, config, estimates.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, bearer, openOffice, type Office, type Told } from './office.ts';
import { UPSTREAM_KEY, scriptedConfig } from '../support/program.ts';

let office: Office;
beforeAll(async () => {
  office = await openOffice({ names: ['alpha', 'beta', 'gamma'], more: { cache: true } });
});
afterAll(() => office.close());

const codeOf = (answer: Told): readonly unknown[] => [answer.status, answer.json().error?.code];

test('requests are filtered and paged, each is shown whole', async () => {
  const { secret, id } = await office.key();
  await office.chat(secret, { messages: [{ role: 'user', content: 'One?' }] });
  const last = await office.chat(secret, { model: 'beta', messages: [{ role: 'user', content: 'Two?' }] });
  office.upstream.reply('gamma', { status: 500 });
  await office.chat(secret, { model: 'gamma' });
  office.upstream.reply('gamma', {});
  const listed = async (query: string): Promise<number> =>
    (await office.admin('GET', `/requests?tenant=${id}${query}`)).json().data.length;
  expect(await listed('')).toBe(3);
  expect(await listed('&model=beta')).toBe(1);
  expect(await listed('&status=502')).toBe(1);
  expect(await listed('&since=1h')).toBe(3);
  expect(await listed('&since=2100-01-01')).toBe(0);
  expect(await listed('&flag=disputed')).toBe(0);
  const first = (await office.admin('GET', `/requests?tenant=${id}&limit=2`)).json();
  const rest = (await office.admin('GET', `/requests?tenant=${id}&limit=2&cursor=${first.next_cursor}`)).json();
  expect([first.data.length, rest.data.length, rest.has_more]).toEqual([2, 1, false]);
  const whole = await office.admin('GET', `/requests/${String(last.headers['x-request-id'])}`);
  expect(whole.json()).toMatchObject({ tenant: id, models: ['beta'], status: 200 });
  expect(codeOf(await office.admin('GET', '/requests?status=soon'))).toEqual([400, 'invalid_value']);
  expect(codeOf(await office.admin('GET', '/requests?cursor=nonsense'))).toEqual([400, 'invalid_value']);
  expect(codeOf(await office.admin('GET', '/requests/none'))).toEqual([404, 'not_found']);
});

test('answers that models dispute are listed for review with who said what, page by page, none twice', async () => {
  const { secret, id } = await office.key();
  office.upstream.reply('alpha', { content: '1' });
  office.upstream.reply('beta', { content: '2' });
  office.upstream.reply('gamma', { content: '3' });
  const asked: string[] = [];
  for (let turn = 0; turn < 5; turn += 1) {
    const body = { model: 'quorum/triple', messages: [{ role: 'user', content: `How many are ${turn}?` }] };
    const answer = await office.chat(secret, body, { 'x-quorum-task': 'math' });
    if (/disputed|low_confidence/.test(String(answer.headers['x-quorum-flags'])))
      asked.push(String(answer.headers['x-request-id']));
  }
  expect(asked.length).toBe(5);
  const seen: string[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const page = (await office.admin('GET', `/review?tenant=${id}&limit=2${cursor && `&cursor=${cursor}`}`)).json();
    seen.push(...page.data.map((row) => row.id));
    expect(page.data.every((row) => row['merge'] !== null && Array.isArray(row['flags']))).toBe(true);
    cursor = page.next_cursor;
  }
  expect(seen).toEqual(asked.toReversed());
  expect(codeOf(await office.admin('GET', '/review?cursor=nonsense'))).toEqual([400, 'invalid_value']);
  for (const name of ['alpha', 'beta', 'gamma']) office.upstream.reply(name, {});
});

test('models and providers are shown with what can be used, never with a key', async () => {
  const alpha = (await office.admin('GET', '/models/alpha')).json();
  expect(alpha).toMatchObject({ id: 'alpha', provider: 'scripted', price: { input: 1, output: 2 }, usable: true });
  const usable = (await office.admin('GET', '/models?usable=true&limit=500')).json().data.map(({ id }) => id);
  expect(usable).toEqual(expect.arrayContaining(['alpha', 'beta', 'gamma']));
  const idle = (await office.admin('GET', '/models/gpt-4o-mini')).json();
  expect(idle).toMatchObject({ usable: false, reason: expect.stringContaining('OPENAI_API_KEY') });
  const providers = await office.admin('GET', '/providers?limit=500');
  expect(providers.json().data).toContainEqual(
    expect.objectContaining({
      id: 'scripted',
      key: 'set',
      configured: true,
      usable_models: ['alpha', 'beta', 'gamma'],
      health: expect.arrayContaining([expect.objectContaining({ model: 'alpha', state: 'closed' })]),
    }),
  );
  const settings = await office.admin('GET', '/settings');
  expect(settings.json()).toMatchObject({ default_tier: 'balanced', routing: { explore: 0 } });
  expect(providers.text + settings.text).not.toContain(UPSTREAM_KEY);
});

test('the cache is counted, and forgets what it is told to', async () => {
  const { secret, id } = await office.key();
  const state = async (): Promise<unknown> =>
    (await office.chat(secret, { temperature: 0, messages: [{ role: 'user', content: 'Kept?' }] })).headers[
      'x-quorum-cache'
    ];
  expect([await state(), await state()]).toEqual(['miss', 'hit']);
  const stats = (await office.admin('GET', '/cache')).json() as unknown as Record<string, number>;
  expect(stats['entries']).toBeGreaterThan(0);
  expect(stats['saved_usd']).toBeGreaterThan(0);
  for (const which of [{ tenant: id }, { model: 'alpha' }, { all: true }]) {
    const gone = await office.admin('POST', '/cache/invalidate', which);
    expect([gone.status, Number((gone.json() as unknown as Record<string, number>)['invalidated']) > 0]).toEqual([
      200,
      true,
    ]);
    expect([await state(), await state()]).toEqual(['miss', 'hit']);
  }
  expect(codeOf(await office.admin('POST', '/cache/invalidate', {}))).toEqual([400, 'invalid_value']);
  expect(codeOf(await office.admin('POST', '/cache/invalidate', { modle: 'x' }))).toEqual([400, 'invalid_value']);
});

test('an estimate keeps to the key’s models, sums up, and names what it doesn’t know', async () => {
  const { secret } = await office.key({ models: ['beta'] });
  const estimate = (body: object): Promise<Told> => ask(`${office.url}/v1/estimate`, { body, headers: bearer(secret) });
  const answer = await estimate({ tier: 'balanced', usage: { code: 1000, math: 500 } });
  const {
    total_usd: total,
    by_task: byTask,
    by_model: byModel,
  } = answer.json() as unknown as {
    total_usd: number;
    by_task: Record<string, { total_usd: number }>;
    by_model: Record<string, number>;
  };
  expect(Object.keys(byModel)).toEqual(['beta']);
  expect(byModel['beta']).toBeCloseTo(total, 9);
  expect(byTask['code']!.total_usd + byTask['math']!.total_usd).toBeCloseTo(total, 9);
  expect((await estimate({ usage: {} })).json()).toMatchObject({ total_usd: 0, by_task: {}, by_model: {} });
  const wrong = await estimate({ usage: { mathh: 1 } });
  expect([wrong.status, wrong.json().error]).toMatchObject([400, { param: 'usage.mathh' }]);
  expect(wrong.json().error.message).toContain('"math"');
  expect(codeOf(await estimate({ tier: 'ballanced', usage: { math: 1 } }))).toEqual([400, 'invalid_value']);
  expect(codeOf(await estimate({ usage: { math: -1 } }))).toEqual([400, 'invalid_value']);
  expect(codeOf(await estimate({}))).toEqual([400, 'invalid_value']);
});

test('the config is read again; a bad one is told and leaves the old one in force', async () => {
  const before = (await office.admin('POST', '/config/reload')).json();
  expect(before).toMatchObject({ ok: true, changed: false });
  const config = scriptedConfig(office.upstream, { more: { server: { admin_key: 'x' }, cache: true } });
  await office.quorum.reconfigure({ ...config, models: { alpha: { provider: 'nobody' } } });
  const bad = await office.admin('POST', '/config/reload');
  expect(codeOf(bad)).toEqual([400, 'invalid_value']);
  expect(bad.json()).toMatchObject({
    ok: false,
    problems: expect.arrayContaining([expect.objectContaining({ path: 'models.alpha.provider', line: 1 })]),
    error: { message: expect.stringContaining('nobody'), type: 'invalid_request_error', param: null },
  });
  expect((await office.admin('GET', '/models/alpha')).json()).toMatchObject({ provider: 'scripted' });
});
