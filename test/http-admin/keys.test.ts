// A key's whole life, through the running program.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, bearer, openOffice, type Office, type Told } from './office.ts';

let office: Office;
beforeAll(async () => {
  office = await openOffice({ names: ['alpha', 'beta', 'gamma'] });
});
afterAll(() => office.close());

const codeOf = (answer: Told): readonly unknown[] => [answer.status, answer.json().error?.code];

test('it is told once, works as bearer and as x-api-key, and is shown without its secret', async () => {
  const made = await office.admin('POST', '/keys', {
    name: 'reports',
    team: 'data',
    user: 'ada',
    tags: ['nightly'],
    budget: '50/month',
    models: ['alph*'],
    rpm: 60,
    expires_in: '30d',
  });
  expect(made.status).toBe(201);
  const key = made.json();
  expect(key.secret).toMatch(/^sk-quorum-[0-9A-Za-z]{46}$/);
  expect(key).toMatchObject({
    key: key.secret,
    object: 'key',
    name: 'reports',
    state: 'active',
    team: 'data',
    user: 'ada',
    tags: ['nightly'],
    models: ['alph*'],
    rpm: 60,
    tpm: null,
    disabled: false,
    created_by: 'admin',
    budgets: [
      { scope: 'key', subject: key.id, period: 'month', limit_usd: 50, balance: { spent_usd: 0, left_usd: 50 } },
    ],
  });
  expect(Date.parse(key.expires_at) - Date.parse(key.created_at)).toBeCloseTo(30 * 86_400_000, -4);

  expect((await office.chat(key.secret)).status).toBe(200);
  const other = await ask(`${office.url}/v1/models`, { headers: { 'x-api-key': key.secret } });
  expect(other.json().data.map(({ id }) => id)).not.toContain('beta');

  const listed = (await office.admin('GET', '/keys?limit=500')).json().data.find(({ id }) => id === key.id)!;
  for (const { last_used_at: at } of [listed, (await office.admin('GET', `/keys/${key.id}`)).json() as never])
    expect(Date.now() - Date.parse(String(at))).toBeLessThan(10_000);

  for (const path of [`/keys/${key.id}`, '/keys/reports', '/keys', '/audit', '/teams/data']) {
    const shown = await office.admin('GET', path);
    expect([path, shown.status]).toEqual([path, 200]);
    expect(shown.text).not.toContain(key.secret.slice(14, -4));
  }
  expect((await office.admin('GET', '/keys/reports')).json().display).toBe(
    `${key.secret.slice(0, 14)}…${key.secret.slice(-4)}`,
  );
});

test('its strategy and tier are for requests that name none', async () => {
  const { secret } = await office.key({ strategy: 'dual', tier: 'speed' });
  for (const [model, wishes, told] of [
    ['auto', {}, ['dual', 'speed', 'alpha,beta']],
    ['alpha', {}, ['single', 'balanced', 'alpha']],
    ['gamma', { 'x-quorum-strategy': 'single' }, ['single', 'balanced', 'gamma']],
    ['gamma', { 'x-quorum-strategy': 'triple' }, ['triple', 'speed', 'alpha,beta']],
    ['gamma', { 'x-quorum-models': 'beta,gamma' }, ['dual', 'speed', 'beta,gamma']],
    ['quorum/single', {}, ['single', 'speed', 'alpha']],
    ['quorum/premium', {}, ['dual', 'premium', 'alpha,beta']],
    ['quorum/premium', { 'x-quorum-strategy': 'single' }, ['single', 'premium', 'alpha']],
    ['quorum/single', { 'x-quorum-tier': 'cost' }, ['single', 'cost', 'alpha']],
  ] as const) {
    const { headers } = await office.chat(secret, { model }, wishes);
    const [strategy, tier, models] = ['strategy', 'tier', 'model'].map((name) => String(headers[`x-quorum-${name}`]));
    const sorted = models!.split(',').toSorted().join(',');
    // Which two agree first is left to the clock.
    expect([model, strategy, tier, strategy === 'triple' ? told[2] : sorted]).toEqual([model, ...told]);
  }
  expect((await office.chat(secret, { model: 'nobody' })).status).toBe(404);
});

test('what it may not use is 403 and says so', async () => {
  const { secret } = await office.key({ models: ['alpha'], tiers: ['balanced'], strategies: ['single'] });
  expect((await office.chat(secret)).status).toBe(200);
  expect(codeOf(await office.chat(secret, { model: 'beta' }))).toEqual([403, 'model_not_allowed']);
  expect(codeOf(await office.chat(secret, { model: 'quorum/premium' }))).toEqual([403, 'model_not_allowed']);
  expect(codeOf(await office.chat(secret, { model: 'quorum/council' }))).toEqual([403, 'model_not_allowed']);
  expect(codeOf(await office.chat(secret, { model: 'auto' }, { 'x-quorum-models': 'beta' }))).toEqual([
    403,
    'model_not_allowed',
  ]);
  const free = await office.chat(secret, { model: 'auto' });
  expect([free.status, free.headers['x-quorum-model']]).toEqual([200, 'alpha']);
  const { secret: elsewhere } = await office.key({ endpoints: ['/v1/models'] });
  expect(codeOf(await office.chat(elsewhere))).toEqual([403, 'permission_denied']);
  const { secret: far } = await office.key({ networks: ['10.0.0.0/8'] });
  expect(codeOf(await office.chat(far))).toEqual([403, 'permission_denied']);
});

test('what may not be used is told and estimated to nobody', async () => {
  const { secret } = await office.key({ tiers: ['spee?'], strategies: ['single', 'dual'] });
  const asked = (path: string, body?: object): Promise<Told> =>
    ask(`${office.url}/v1/${path}`, { headers: bearer(secret), ...(body !== undefined && { method: 'POST', body }) });
  const told: unknown = (await asked('capabilities')).json();
  expect(told).toMatchObject({ strategies: ['single', 'dual', 'adaptive'], tiers: { speed: {} } });
  expect((await asked('estimate', { usage: { code: 1 } })).json()).toMatchObject({ tier: 'speed' });
  const refused = await asked('estimate', { tier: 'premium', usage: { code: 1 } });
  expect(codeOf(refused)).toEqual([403, 'model_not_allowed']);
  expect(codeOf(await asked('estimate', { tier: 'premuim', usage: { code: 1 } }))).toEqual([400, 'invalid_value']);
});

test('of models a key is told those that it may use, in tiers too', async () => {
  const { secret } = await office.key({ models: ['bet?'] });
  const asked = (path: string, body?: object): Promise<Told> =>
    ask(`${office.url}/v1/${path}`, { headers: bearer(secret), ...(body !== undefined && { method: 'POST', body }) });
  const answers = {
    capabilities: await asked('capabilities'),
    models: await asked('models'),
    recommendations: await asked('recommendations/code'),
    estimate: await asked('estimate', { usage: { code: 1 } }),
  };
  for (const [what, { status, text }] of Object.entries(answers))
    expect([what, status, text.match(/alpha|gamma/g)]).toEqual([what, 200, null]);
  expect(answers.capabilities.json()).toMatchObject({
    tiers: { balanced: { models: ['beta'], chairman: null, gaps: [] } },
  });
});

test('a body over a limit that no config raises does not name one', async () => {
  const answer = await office.admin('POST', '/keys', { name: 'x'.repeat(1_100_000) });
  expect(codeOf(answer)).toEqual([413, 'request_too_large']);
  expect(answer.json().error.message).toBe('The body is larger than 1048576 bytes.');
});

test('the router chooses among the tiers that a key may use, not the default one in spite of them', async () => {
  const { secret } = await office.key({ tiers: ['spee?'] });
  for (const [model, headers] of [
    ['auto', {}],
    ['quorum/dual', {}],
    ['alpha', {}],
    ['auto', { 'x-quorum-tier': 'speed' }],
  ] as const) {
    const answer = await office.chat(secret, { model }, headers);
    expect([model, answer.status, answer.headers['x-quorum-tier']]).toEqual([model, 200, 'speed']);
  }
  expect(codeOf(await office.chat(secret, { model: 'auto' }, { 'x-quorum-tier': 'balanced' }))).toEqual([
    403,
    'model_not_allowed',
  ]);
  const { secret: none } = await office.key({ tiers: ['nowhere'] });
  expect(codeOf(await office.chat(none, { model: 'auto' }))).toEqual([403, 'model_not_allowed']);
});

test('tokens a minute and requests at once: refused in the same way, told on streams and errors too', async () => {
  const { secret } = await office.key({ tpm: 40 });
  const first = await office.chat(secret, { stream: true });
  expect(first.status).toBe(200);
  expect(first.headers).toMatchObject({
    'x-ratelimit-limit-tokens': '40',
    'x-ratelimit-remaining-tokens': expect.stringMatching(/^\d+$/),
    'x-ratelimit-reset-tokens': expect.stringMatching(/^[\dhms.]+$/),
  });
  const refused = await office.chat(secret, { messages: [{ role: 'user', content: 'word '.repeat(400) }] });
  expect(codeOf(refused)).toEqual([429, 'rate_limit_exceeded']);
  expect(refused.headers).toMatchObject({ 'retry-after': expect.any(String), 'x-ratelimit-limit-tokens': '40' });

  const { secret: narrow } = await office.key({ parallel: 1 });
  office.upstream.reply('alpha', { delayMs: 300 });
  const from = office.upstream.requests.length;
  const running = office.chat(narrow);
  await office.upstream.received(from + 1);
  const second = await office.chat(narrow);
  expect(codeOf(second)).toEqual([429, 'rate_limit_exceeded']);
  expect(second.json().error.type).toBe('rate_limit_error');
  expect(Number(second.headers['retry-after'])).toBeGreaterThan(0);
  expect((await running).status).toBe(200);
  office.upstream.reply('alpha', {});
  expect((await office.chat(narrow)).status).toBe(200);
});

test('requests a minute: told on each answer, refused with 429 and how long to wait', async () => {
  const { secret } = await office.key({ rpm: 2 });
  const first = await office.chat(secret);
  expect(first.headers).toMatchObject({ 'x-ratelimit-limit-requests': '2', 'x-ratelimit-remaining-requests': '1' });
  expect((await office.chat(secret)).headers['x-ratelimit-remaining-requests']).toBe('0');
  const third = await office.chat(secret);
  expect(codeOf(third)).toEqual([429, 'rate_limit_exceeded']);
  expect(third.json().error.type).toBe('rate_limit_error');
  expect(Number(third.headers['retry-after'])).toBeGreaterThan(0);
  expect(third.headers['x-ratelimit-limit-requests']).toBe('2');
});

test('disabled within a second, and enabled again', async () => {
  const { secret, id } = await office.key();
  const off = await office.admin('POST', `/keys/${id}/disable`);
  expect([off.status, off.json().state]).toEqual([200, 'disabled']);
  expect(codeOf(await office.chat(secret))).toEqual([403, 'key_disabled']);
  await office.admin('POST', `/keys/${id}/enable`);
  expect((await office.chat(secret)).status).toBe(200);
  await office.admin('PATCH', `/keys/${id}`, { disabled: true });
  expect(codeOf(await office.chat(secret))).toEqual([403, 'key_disabled']);
});

test('after a rotation both secrets work until the overlap is over, then the old one is unknown', async () => {
  const { secret: old, id } = await office.key();
  const rotated = await office.admin('POST', `/keys/${id}/rotate`, { overlap: '1h' });
  const { secret } = rotated.json();
  expect([(await office.chat(old)).status, (await office.chat(secret)).status]).toEqual([200, 200]);
  const again = (await office.admin('POST', `/keys/${id}/rotate`, { overlap: '0s' })).json().secret;
  const status = async (one: string): Promise<number> => (await office.chat(one)).status;
  expect([await status(old), await status(secret), await status(again)]).toEqual([401, 401, 200]);
});

test('expired is 403, revoked is 401 and for good', async () => {
  const { secret, id } = await office.key({ expires_at: '2020-01-01T00:00:00Z' });
  expect(codeOf(await office.chat(secret))).toEqual([403, 'key_expired']);
  await office.admin('PATCH', `/keys/${id}`, { expires_at: null });
  expect((await office.chat(secret)).status).toBe(200);
  const gone = await office.admin('DELETE', `/keys/${id}`);
  expect(gone.json().state).toBe('revoked');
  expect(codeOf(await office.chat(secret))).toEqual([401, 'invalid_api_key']);
  expect(codeOf(await office.admin('POST', `/keys/${id}/enable`))).toEqual([400, 'invalid_value']);
  expect(codeOf(await office.admin('POST', `/keys/${id}/rotate`))).toEqual([400, 'invalid_value']);
});

test('a team’s limits and its switch hold for its keys', async () => {
  const { secret } = await office.key({ team: 'lab' });
  await office.admin('PATCH', '/teams/lab', { models: ['beta'] });
  expect(codeOf(await office.chat(secret))).toEqual([403, 'model_not_allowed']);
  expect((await office.chat(secret, { model: 'beta' })).status).toBe(200);
  await office.admin('PUT', '/teams/lab', { disabled: true });
  expect(codeOf(await office.chat(secret))).toEqual([403, 'key_disabled']);
  const { disabled, models } = (await office.admin('GET', '/teams/lab')).json();
  expect([disabled, models]).toEqual([true, []]);
});

test('a field that makes no sense is 400 and named, an unknown one with the nearest', async () => {
  const wrong: readonly [object, string, string][] = [
    [{ rpm: 0 }, 'rpm', 'whole number'],
    [{ rmp: 60 }, 'rmp', 'rpm'],
    [{ budget: 'lots' }, 'budget', '50/month'],
    [{ budget: { limit_usd: -1 } }, 'budget.limit_usd', 'USD'],
    [{ expires_in: 'soon' }, 'expires_in', 'duration'],
    [{ expires_at: 'tomorrow' }, 'expires_at', 'moment'],
    [{ networks: ['here'] }, 'networks', 'here'],
    [{ strategy: 'guess' }, 'strategy', 'adaptive'],
    [{ name: '' }, 'name', 'text'],
    [{ models: 'alpha' }, 'models', 'list'],
  ];
  for (const [body, param, said] of wrong) {
    const answer = await office.admin('POST', '/keys', body);
    expect([body, answer.status, answer.json().error]).toEqual([
      body,
      400,
      expect.objectContaining({ param, code: 'invalid_value', message: expect.stringContaining(said) }),
    ]);
  }
  expect(codeOf(await office.admin('GET', '/keys/none'))).toEqual([404, 'not_found']);
  const broken = await ask(`${office.url}/admin/v1/keys`, {
    body: '{"name":',
    headers: bearer('admin-key-of-the-tests-0123456789'),
  });
  expect(codeOf(broken)).toEqual([400, 'invalid_json']);
});

test('lists come in pages', async () => {
  for (let count = 0; count < 3; count += 1) await office.key({ team: 'pages' });
  const seen: string[] = [];
  let cursor = '';
  for (;;) {
    const page = (await office.admin('GET', `/keys?team=pages&limit=1${cursor}`)).json();
    seen.push(...page.data.map(({ id }) => id));
    expect(page.has_more).toBe(page.next_cursor !== null);
    if (!page.has_more) break;
    cursor = `&cursor=${page.next_cursor}`;
  }
  expect(new Set(seen).size).toBe(3);
  expect(codeOf(await office.admin('GET', '/keys?limit=0'))).toEqual([400, 'invalid_value']);
  expect(codeOf(await office.admin('GET', '/keys?cursor=nonsense'))).toEqual([400, 'invalid_value']);
});

test('every change is in the audit, with who did it', async () => {
  const { id } = await office.key({ name: 'audited', budget: '1/day' });
  await office.admin('PATCH', `/keys/${id}`, { rpm: 5 });
  await office.admin('DELETE', `/keys/${id}`);
  const { data } = (await office.admin('GET', `/audit?subject=${id}`)).json();
  expect(data.map(({ action, actor }) => [action, actor])).toEqual([
    ['key.revoke', 'admin'],
    ['key.update', 'admin'],
    ['key.create', 'admin'],
  ]);
  const all = (await office.admin('GET', '/audit?limit=2')).json();
  expect([all.data.length, all.has_more]).toEqual([2, true]);
});

test('where answers are shared, a key that may ask some models only gets no other model’s answer', async () => {
  const shared = await openOffice({
    names: ['alpha', 'beta'],
    more: { cache: { scope: 'global' } },
  });
  try {
    const [free, bound, other] = [await shared.key(), await shared.key({ models: ['beta'] }), await shared.key()];
    const told = async ({ secret }: { readonly secret: string }): Promise<readonly unknown[]> => {
      const body = { model: 'auto', temperature: 0, messages: [{ role: 'user', content: 'Is it so?' }] };
      const { status, headers } = await ask(`${shared.url}/v1/chat/completions`, {
        method: 'POST',
        body,
        headers: bearer(secret),
      });
      return [status, headers['x-quorum-model'], headers['x-quorum-cache']];
    };
    expect(await told(free)).toEqual([200, 'alpha', 'miss']);
    expect(await told(bound)).toEqual([200, 'beta', 'miss']);
    expect(await told(bound)).toEqual([200, 'beta', 'hit']);
    expect(await told(other)).toEqual([200, 'alpha', 'hit']);
  } finally {
    await shared.close();
  }
});
