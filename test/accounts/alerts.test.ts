// Alerts: each once a period, signed, tried again, and not lost with the process.
import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createAlerts, createWebhook, spendCsv } from '../../src/accounts/index.ts';
import { Secret, type Balance, type BudgetAlert } from '../../src/contract/index.ts';
import { configBudget, openAccounts, usd } from './accounts-support.ts';

const DAY_MS = 86_400_000;
const START = Date.UTC(2026, 0, 1);

function open() {
  const accounts = openAccounts();
  accounts.keyring.stop();
  void accounts.ledger.stop();
  const budget = configBudget({ scope: 'global', limit: usd(10), softAt: [0.5, 0.8] });
  const posts: { url: string; headers: Readonly<Record<string, string>>; body: string }[] = [];
  const logged: string[] = [];
  let status = 200;
  const deliver = createWebhook({
    url: 'http://127.0.0.1/hook',
    secret: new Secret('whsec'),
    clock: accounts.clock,
    post: async (url, headers, body) => {
      posts.push({ url, headers, body });
      return status;
    },
  });
  const create = () =>
    createAlerts({
      store: accounts.alerts,
      clock: accounts.clock,
      budget: () => budget,
      deliver,
      log: (message) => void logged.push(message),
    });
  const balance = (spent: number, more: Partial<Balance> = {}): Balance => ({
    allowance: 'a',
    budget: budget.id,
    scope: 'global',
    subject: null,
    period: 'month',
    startsAt: START,
    resetsAt: START + 31 * DAY_MS,
    limit: usd(10),
    spent: usd(spent),
    held: usd(0),
    ...more,
  });
  const types = (): string[] => posts.map(({ body }) => (JSON.parse(body) as { type: string }).type);
  return { ...accounts, create, balance, posts, logged, types, answer: (next: number) => (status = next) };
}

describe('alerts', () => {
  it('tell of each threshold, of projected and of real exhaustion, once a period and over all processes', async () => {
    const { create, balance, types, clock, logged } = open();
    const [one, other] = [create(), create()];
    for (const alerts of [one, other, one]) alerts.look([balance(5.5)]);
    await clock.advance(2 * DAY_MS);
    expect(types()).toEqual(['budget.threshold']);
    one.look([balance(8)]);
    other.look([balance(10)]);
    await clock.advance(0);
    expect(types()).toEqual(['budget.threshold', 'budget.threshold', 'budget.projected', 'budget.exhausted']);
    expect(logged).toHaveLength(4);
    expect(logged[0]).toBe('50 % of the month budget of all together is used: $5.5 of $10 spent.');
    one.look([balance(6, { allowance: 'next month' })]);
    one.look([balance(10, { limit: usd(12) })]);
    await clock.advance(0);
    expect(types().slice(4)).toEqual([
      'budget.threshold',
      'budget.projected',
      'budget.threshold',
      'budget.threshold',
      'budget.projected',
    ]);
  });

  it('are signed and tried again until they are taken', async () => {
    const { create, balance, posts, clock, answer, alerts } = open();
    answer(500);
    create().look([balance(5)]);
    await clock.advance(7_000);
    expect(posts).toHaveLength(3);
    answer(204);
    await clock.advance(30_000);
    await clock.advance(DAY_MS);
    expect(posts).toHaveLength(4);
    expect(alerts.undelivered(clock.now())).toEqual([]);
    const { headers, body } = posts[0]!;
    const [, seconds, signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(headers['x-quorum-signature']!)!;
    expect(signature).toBe(createHmac('sha256', 'whsec').update(`${seconds}.${body}`).digest('hex'));
    expect(JSON.parse(body)).toMatchObject({
      type: 'budget.threshold',
      threshold: 0.5,
      used: 0.5,
      budget: { limit_usd: 10, spent_usd: 5 },
    });
  });

  it('that a process left behind are sent by the next', async () => {
    const { create, balance, posts, clock, alerts } = open();
    const left: BudgetAlert = {
      id: 'x',
      type: 'exhausted',
      at: clock.now(),
      balance: balance(10),
      threshold: 1,
      exhaustsAt: null,
    };
    alerts.claim(left);
    create().resume();
    expect(posts).toHaveLength(0);
    await clock.advance(DAY_MS);
    create().resume();
    await clock.advance(0);
    expect(posts).toHaveLength(1);
    expect(alerts.undelivered(clock.now())).toEqual([]);
  });
});

describe('CSV', () => {
  it('survives names that callers make up', () => {
    const rows = [
      { group: ['a,"b"', null], cost: usd(0.25), calls: 2, inputTokens: 3, outputTokens: 4 },
      { group: ['=cmd()', 'x'], cost: usd(1), calls: 1, inputTokens: 0, outputTokens: 0 },
    ];
    expect(spendCsv(['user', 'tag'], rows)).toBe(
      'user,tag,cost_usd,calls,input_tokens,output_tokens\r\n"a,""b""",,0.25,2,3,4\r\n\'=cmd(),x,1,1,0,0\r\n',
    );
  });
});
