// Money as clients and administrators meet it: exact limits, clear refusals, costs that agree everywhere.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chat, dataOf, open } from '../support/program.ts';
import { ask, bearer, openOffice, type Office, type Told } from './office.ts';

const codeOf = (answer: Told): readonly unknown[] => [answer.status, answer.json().error?.code];
const costOf = ({ headers }: Told): number => Number(headers['x-quorum-cost-usd']);
const idOf = ({ headers }: Told): string => String(headers['x-request-id']);

/** 10 tokens in, 20 out, at 1 and 2 USD a million. */
const USAGE = { prompt_tokens: 10, completion_tokens: 20 };
const COST = (10 * 1 + 20 * 2) / 1e6;

test('a budget for a key by its name is the living one’s, and is refused where several are called so', async () => {
  const office = await openOffice();
  try {
    const { id: gone } = await office.key({ name: 'etl' });
    await office.admin('DELETE', `/keys/${gone}`);
    const { id } = await office.key({ name: 'etl' });
    const made = await office.admin('POST', '/budgets', { scope: 'key', subject: 'etl', limit_usd: 1 });
    expect(made.json()).toMatchObject({ subject: id });
    await office.key({ name: 'etl', team: 'data' });
    const unclear = await office.admin('POST', '/budgets', { scope: 'key', subject: 'etl', limit_usd: 1 });
    expect([unclear.status, unclear.json().error.param]).toEqual([400, 'subject']);
    expect(unclear.json().error.message).toContain('say which by its id');
  } finally {
    await office.close();
  }
});

describe('a limit', () => {
  let office: Office;
  beforeAll(async () => {
    office = await openOffice({ model: { price: { input: 0, output: 1000 } } });
    office.upstream.reply('*', { content: 'Yes.', usage: { prompt_tokens: 7, completion_tokens: 100 } });
  });
  afterAll(() => office.close());

  test('100 requests of $0.10 at once on $5: exactly 50 answers', async () => {
    const { secret, id } = await office.key({ budget: '5/month' });
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, n) =>
        office.chat(secret, { max_tokens: 100, messages: [{ role: 'user', content: `Is it ${n}?` }] }),
      ),
    );
    const good = answers.filter(({ status }) => status === 200);
    expect(good.length).toBe(50);
    expect(good.map(costOf)).toEqual(good.map(() => 0.1));
    expect(
      new Set(
        answers
          .filter(({ status }) => status !== 200)
          .map(codeOf)
          .map(String),
      ),
    ).toEqual(new Set(['429,budget_exceeded']));
    const { budgets } = (await office.admin('GET', `/keys/${id}`)).json();
    expect(budgets[0]!.balance).toMatchObject({ spent_usd: 5, held_usd: 0, left_usd: 0 });
  });

  test('that is reached says whose, how much and until when, and that trying again is no use', async () => {
    const { secret, id } = await office.key({ budget: { limit_usd: 0.1, period: 'day' } });
    expect((await office.chat(secret, { max_tokens: 100 })).status).toBe(200);
    const refused = await office.chat(secret, { max_tokens: 100 });
    expect(codeOf(refused)).toEqual([429, 'budget_exceeded']);
    expect(refused.headers['x-should-retry']).toBe('false');
    const { error } = refused.json();
    expect(error).toMatchObject({
      type: 'insufficient_quota',
      param: null,
      details: { scope: 'key', id, period: 'day', limit_usd: 0.1, spent_usd: 0.1, held_usd: 0 },
    });
    expect(Date.parse(error.details.resets_at)).toBeGreaterThan(Date.now());
  });

  test('that only requests in flight use up is worth a retry', async () => {
    const { secret } = await office.key({ budget: '0.1/month' });
    office.upstream.reply('beta', { stall: 'before-headers' });
    const held = open(`${office.url}/v1/chat/completions`, {
      body: { model: 'beta', max_tokens: 100, messages: [{ role: 'user', content: 'Wait.' }] },
      headers: bearer(secret),
    });
    held.catch(() => undefined);
    const before = office.upstream.requests.length;
    await office.upstream.received(before + 1);
    const refused = await office.chat(secret, { max_tokens: 100 });
    expect(codeOf(refused)).toEqual([429, 'budget_held']);
    expect(refused.headers).toMatchObject({ 'x-should-retry': 'true', 'retry-after': expect.stringMatching(/^\d+$/) });
    expect(refused.json().error.details).toMatchObject({ spent_usd: 0, held_usd: 0.1 });
  });

  test('below what one request can cost refuses it for good', async () => {
    const { secret } = await office.key({ budget: '0.0005/month' });
    const refused = await office.chat(secret, { max_tokens: 100 });
    expect(codeOf(refused)).toEqual([400, 'request_exceeds_budget']);
    expect(refused.headers['x-should-retry']).toBe('false');
    const { secret: rich } = await office.key();
    const own = await office.chat(rich, { max_tokens: 100 }, { 'x-quorum-max-cost': '0.0005' });
    expect(codeOf(own)).toEqual([400, 'request_exceeds_budget']);
    const routed = await office.chat(rich, { model: 'auto' }, { 'x-quorum-max-cost': '0.0001' });
    expect(codeOf(routed)).toEqual([400, 'request_exceeds_budget']);
  });

  test('that is nearly used up lowers the limit of the answer and says so', async () => {
    const { secret } = await office.key({ budget: '1/month' });
    const answer = await office.chat(secret, { messages: [{ role: 'user', content: 'As long as you like.' }] });
    expect(answer.status).toBe(200);
    expect(String(answer.headers['x-quorum-flags'])).toContain('clamped');
    const asked = office.upstream.requests.at(-1)!.body as { max_completion_tokens?: number };
    expect(asked.max_completion_tokens).toBeLessThanOrEqual(1_000);
    expect(asked.max_completion_tokens).toBeGreaterThan(100);
  });

  test('raised, topped up and reset count without touching what was', async () => {
    const { secret, id } = await office.key({ budget: '0.1/month' });
    const request = (): Promise<Told> => office.chat(secret, { max_tokens: 100 });
    expect([(await request()).status, (await request()).status]).toEqual([200, 429]);
    const budget = (await office.admin('GET', `/keys/${id}`)).json().budgets[0]!.id;
    const topped = await office.admin('POST', `/budgets/${budget}/top-up`, { amount_usd: 0.1 });
    expect(topped.json()).toMatchObject({ limit_usd: 0.2, spent_usd: 0.1, left_usd: 0.1 });
    expect([(await request()).status, (await request()).status]).toEqual([200, 429]);
    await office.admin('PATCH', `/budgets/${budget}`, { limit_usd: 0.2 });
    expect([(await request()).status, (await request()).status]).toEqual([200, 429]);
    await office.admin('POST', `/budgets/${budget}/reset`);
    expect((await request()).status).toBe(200);
    const spent = (await office.admin('GET', `/spend?group_by=key&key=${id}`)).json().data;
    expect(spent).toEqual([expect.objectContaining({ key: id, cost_usd: 0.4, calls: 4 })]);
    expect((await office.admin('DELETE', `/budgets/${budget}`)).json()).toMatchObject({ deleted: true });
    expect((await request()).status).toBe(200);
  });

  test('is topped up and reset in the audit, with who did it and how much', async () => {
    const { id } = await office.key({ budget: '0.1/month' });
    const budget = (await office.admin('GET', `/keys/${id}`)).json().budgets[0]!.id;
    await office.admin('POST', `/budgets/${budget}/top-up`, { amount_usd: 0.5 });
    await office.admin('POST', `/budgets/${budget}/reset`);
    const { data } = (await office.admin('GET', `/audit?subject=${budget}`)).json();
    expect(data.map(({ action, actor, detail }) => [action, actor, detail])).toEqual([
      ['budget.reset', 'admin', { subject: id, spent_usd: 0 }],
      ['budget.top_up', 'admin', { subject: id, amount_usd: 0.5 }],
      ['budget.create', 'admin', expect.anything()],
    ]);
  });

  test('of a team, a user and a tag each count their own', async () => {
    const { secret } = await office.key({ team: 'crew' });
    const body = { max_tokens: 100 };
    for (const [scope, subject, more, headers] of [
      ['team', 'crew', {}, {}],
      ['user', 'bob', { user: 'bob' }, {}],
      ['tag', 'nightly', {}, { 'x-quorum-tags': 'nightly' }],
    ] as const) {
      const made = await office.admin('POST', '/budgets', { scope, subject, limit_usd: 0.1, period: 'total' });
      expect(made.status).toBe(201);
      expect((await office.chat(secret, { ...body, ...more }, headers)).status).toBe(200);
      const refused = await office.chat(secret, { ...body, ...more }, headers);
      expect([scope, ...codeOf(refused)]).toEqual([scope, 429, 'budget_exceeded']);
      expect(refused.json().error.details).toMatchObject({ scope, id: subject, resets_at: null });
      await office.admin('DELETE', `/budgets/${made.json().id}`);
    }
  });
});

describe('what is charged', () => {
  let office: Office;
  beforeAll(async () => {
    office = await openOffice({
      names: ['alpha', 'beta', 'gamma'],
      more: { cache: true, budgets: [{ scope: 'global', limit_usd: 100 }] },
    });
    office.upstream.reply('*', { content: 'Yes, it is so.', usage: USAGE });
  });
  afterAll(() => office.close());

  test('is usage × price, in the header, the record, the ledger and the spending alike', async () => {
    const { secret, id } = await office.key();
    const one = await office.chat(secret, { messages: [{ role: 'user', content: 'Alike?' }] });
    expect(costOf(one)).toBe(COST);
    const three = await office.chat(secret, { model: 'quorum/triple' });
    // The third is given up as soon as two agree.
    expect(costOf(three)).toBeGreaterThanOrEqual(COST * 2);
    const sum = costOf(one) + costOf(three);
    expect((await office.charged(idOf(one))) + (await office.charged(idOf(three)))).toBeCloseTo(sum, 12);
    const { data } = (await office.admin('GET', '/ledger')).json();
    const entry = data.find(({ request_id: of }) => of === idOf(one))!;
    expect(entry).toMatchObject({ usage: USAGE, price_version: expect.stringMatching(/./) });
    const record = (await ask(`${office.url}/v1/requests/${idOf(one)}`, { headers: bearer(secret) })).json();
    expect(record.cost_usd).toBe(COST);
    const spend = (await ask(`${office.url}/v1/spend`, { headers: bearer(secret) })).json();
    expect(spend.month.spent_usd).toBeCloseTo(sum, 12);
    const csv = await office.admin('GET', `/spend?group_by=key,model&key=${id}&format=csv`);
    expect(csv.headers['content-type']).toContain('text/csv');
    expect(csv.text.split('\r\n')[0]).toBe('key,model,cost_usd,calls,input_tokens,output_tokens');
    expect(csv.text).toContain(`${id},beta,${COST},1,10,20`);
  });

  test('of a stream comes from a usage that the client didn’t ask for and doesn’t see', async () => {
    const { secret } = await office.key();
    const stream = await office.chat(secret, { stream: true, messages: [{ role: 'user', content: 'Stream?' }] });
    expect(stream.text).not.toContain('"usage":{');
    expect(dataOf(stream.text).at(-1)).toBe('[DONE]');
    expect(await office.charged(idOf(stream))).toBe(COST);
  });

  test('of a stream that breaks off is what was received, and never nothing', async () => {
    const { secret } = await office.key();
    office.upstream.reply('gamma', { content: 'word '.repeat(200), cut: 12_000 });
    const broken = await office.chat(secret, { model: 'gamma', stream: true, max_tokens: 4_000 });
    expect(broken.text).toContain('"finish_reason":"error"');
    const charged = await office.charged(idOf(broken));
    expect(charged).toBeGreaterThan(0);
    expect(charged).toBeLessThan((4_000 * 2) / 1e6);
    office.upstream.reply('gamma', { content: 'Yes.', usage: USAGE });
  });

  test('is nothing for an answer from the cache, and for one that the upstream refused', async () => {
    const { secret } = await office.key();
    const request = (): Promise<Told> =>
      office.chat(secret, { temperature: 0, messages: [{ role: 'user', content: 'Known?' }] });
    expect(costOf(await request())).toBe(COST);
    const again = await request();
    expect([again.headers['x-quorum-cache'], costOf(again), await office.charged(idOf(again))]).toEqual(['hit', 0, 0]);
    office.upstream.reply('beta', { status: 400 });
    const refused = await office.chat(secret, { model: 'beta' });
    expect([refused.status, await office.charged(idOf(refused))]).toEqual([400, 0]);
    office.upstream.reply('beta', { content: 'Yes.', usage: USAGE });
    const { balance } = (await office.admin('GET', '/budgets/config:global:month')).json();
    expect(balance.held_usd).toBe(0);
  });

  test('once, however often the same request is sent with one idempotency key', async () => {
    const { secret, id } = await office.key();
    const before = office.upstream.requests.length;
    const body = { messages: [{ role: 'user', content: 'Once?' }] };
    const request = (more: object = {}): Promise<Told> =>
      office.chat(secret, { ...body, ...more }, { 'idempotency-key': 'once', 'x-quorum-cache': 'off' });
    const answers = await Promise.all(Array.from({ length: 100 }, () => request()));
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(office.upstream.requests.length).toBe(before + 1);
    const { total } = (await office.admin('GET', `/spend?key=${id}`)).json();
    expect(total).toMatchObject({ cost_usd: COST, calls: 1 });
    expect(codeOf(await request({ seed: 1 }))).toEqual([409, 'idempotency_conflict']);
  });

  test('stays between a key and its holder', async () => {
    const [mine, theirs] = [await office.key(), await office.key()];
    const body = { temperature: 0, messages: [{ role: 'user', content: 'Whose?' }] };
    const answer = await office.chat(mine.secret, body);
    for (const path of [`/v1/requests/${idOf(answer)}`, `/v1/requests/${idOf(answer)}/events`]) {
      expect(codeOf(await ask(office.url + path, { headers: bearer(theirs.secret) }))).toEqual([404, 'not_found']);
    }
    expect((await office.chat(theirs.secret, body)).headers['x-quorum-cache']).toBe('miss');
    expect((await office.chat(mine.secret, body)).headers['x-quorum-cache']).toBe('hit');
    const fresh = await office.key();
    const spend = (await ask(`${office.url}/v1/spend`, { headers: bearer(fresh.secret) })).json();
    expect(spend.month).toMatchObject({ spent_usd: 0, calls: 0 });
    const listed = (await office.admin('GET', `/requests?tenant=${mine.id}`)).json().data;
    expect(listed.map(({ tenant }) => tenant)).toEqual([mine.id, mine.id]);
  });
});

describe('models without a price', () => {
  test('are refused under a budget, unless it says to estimate', async () => {
    const office = await openOffice({
      names: ['alpha', 'beta'],
      more: {
        models: {
          alpha: { provider: 'scripted', price: '1/2', max_output: 1_000 },
          beta: { provider: 'scripted', max_output: 1_000 },
        },
        tiers: undefined,
      },
    });
    const { secret } = await office.key({ budget: '5/month' });
    const refused = await office.chat(secret, { model: 'beta' });
    expect(codeOf(refused)).toEqual([400, 'model_unpriced']);
    expect(refused.json().error.message).toContain('beta');
    expect((await office.chat(secret, { model: 'alpha' })).status).toBe(200);
    const { secret: free } = await office.key();
    expect((await office.chat(free, { model: 'beta' })).status).toBe(200);
    const { secret: guessing, id } = await office.key({ budget: { limit_usd: 5, unpriced: 'estimate' } });
    office.upstream.reply('beta', { content: 'Yes.', usage: USAGE });
    expect((await office.chat(guessing, { model: 'beta' })).status).toBe(200);
    const { balance } = (await office.admin('GET', `/keys/${id}`)).json().budgets[0]!;
    // At the dearest price that the catalog knows, since it could be that.
    expect([balance.spent_usd > COST, balance.held_usd]).toEqual([true, 0]);
    await office.close();
  });
});

describe('a budget that downgrades', () => {
  test('answers with less before it refuses, and says so', async () => {
    const office = await openOffice({ model: { price: { input: 0, output: 0, request: 1 } } });
    const { secret } = await office.key({ budget: { limit_usd: 2, on_exceed: 'downgrade' } });
    const answer = await office.chat(secret, { model: 'quorum/triple' });
    expect(answer.status).toBe(200);
    expect(answer.headers['x-quorum-strategy']).not.toBe('triple');
    expect(String(answer.headers['x-quorum-flags'])).toContain('downgraded');
    expect(costOf(answer)).toBeLessThanOrEqual(2);
    await office.close();
  });

  test('one that only warns lets everything pass and counts it', async () => {
    const office = await openOffice({ model: { price: { input: 0, output: 0, request: 1 } } });
    const { secret, id } = await office.key({ budget: { limit_usd: 1, on_exceed: 'warn' } });
    expect([(await office.chat(secret)).status, (await office.chat(secret)).status]).toEqual([200, 200]);
    const { balance } = (await office.admin('GET', `/keys/${id}`)).json().budgets[0]!;
    expect(balance).toMatchObject({ limit_usd: 1, spent_usd: 2, left_usd: 0 });
    await office.close();
  });
});

test('config budgets are shown and can’t be changed here', async () => {
  const office = await openOffice({ more: { budgets: [{ scope: 'global', limit_usd: 7 }] } });
  const { data } = (await office.admin('GET', '/budgets')).json();
  expect(data).toEqual([expect.objectContaining({ id: 'config:global:month', source: 'config', limit_usd: 7 })]);
  const answer = await office.admin('PATCH', '/budgets/config:global:month', { limit_usd: 8 });
  expect(codeOf(answer)).toEqual([400, 'invalid_value']);
  expect(answer.json().error.message).toContain('config file');
  const reset = await office.admin('POST', '/budgets/config:global:month/reset');
  expect(reset.status).toBe(200);
  await office.close();
});

test('without any key everybody on this machine may chat, and the spending is shown all the same', async () => {
  const office = await openOffice();
  office.upstream.reply('*', { content: 'Yes.', usage: USAGE });
  expect((await chat(office.url, {})).status).toBe(200);
  const spend = (await ask(`${office.url}/v1/spend`)).json();
  expect(spend).toMatchObject({ period: 'month', spent_usd: COST, limit_usd: null, left_usd: null, budgets: [] });
  await office.close();
});
