// The one way in: what is held for a plan, when it is counted closely, waited for, clamped, made smaller or refused.
import { describe, expect, it } from 'vitest';
import type { AdmissionRequest } from '../../src/accounts/index.ts';
import { BUDGET_PERIODS } from '../../src/contract/index.ts';
import type { Reservation } from '../../src/accounts/reservation.ts';
import { call, charged, dear, openAccounts, priceOf, SPENDER, usd } from './accounts-support.ts';

type Accounts = ReturnType<typeof openAccounts>;
let ids = 0;

/** $1 a thousand tokens of output. */
const request = (tokens: number | null, more: Partial<AdmissionRequest> = {}): AdmissionRequest => ({
  id: `r${(ids += 1)}`,
  at: Date.UTC(2026, 0, 1),
  spender: SPENDER,
  task: 'math',
  ceiling: null,
  strategy: 'single',
  calls: [call(dear(), tokens)],
  ...more,
});

const settle = (reservation: Reservation, tokens: number): void => {
  reservation.settle('0', charged(tokens / 1_000, tokens));
  reservation.finish();
};

/** Enough answers of this length to know what to expect. */
const learn = ({ history }: Accounts, tokens: number): void => {
  for (let count = 0; count < 20; count += 1) history.observe('math', 'dear', tokens);
};

const standing = async ({ admission }: Accounts) =>
  (await admission.standing(SPENDER, Date.UTC(2026, 0, 1))).map(({ spent, held }) => [spent / 1e9, held / 1e9]);

describe('holding', () => {
  it('answers exactly 50 of 100 requests of $0.10 at once on a $5 budget', async () => {
    const accounts = openAccounts({ budgets: [{ scope: 'global', limit: usd(5) }] });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 100 }, async () => settle(await accounts.admission.admit(request(100)), 100)),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(50);
    expect(await standing(accounts)).toEqual([[5, 0]]);
  });

  it('counts against every scope at once, with the details of the one in the way', async () => {
    const accounts = openAccounts({
      budgets: [
        { scope: 'global', limit: usd(10) },
        { scope: 'team', subject: 'data', limit: usd(3), period: 'day', timeZone: 'Europe/Berlin' },
        { scope: 'team', subject: 'other', limit: usd(0) },
        { scope: 'key', limit: usd(2), period: 'hour' },
      ],
    });
    settle(await accounts.admission.admit(request(2_000)), 2_000);
    expect(await standing(accounts)).toEqual([
      [2, 0],
      [2, 0],
      [2, 0],
    ]);
    const other = { ...SPENDER, keyId: 'key_2' };
    await expect(accounts.admission.admit(request(1_000, { spender: other, id: 'fits' }))).resolves.toMatchObject({
      clamps: new Map(),
    });
    await expect(accounts.admission.admit(request(100))).rejects.toMatchObject({
      code: 'budget_exceeded',
      status: 429,
      extra: {
        shouldRetry: false,
        details: {
          scope: 'key',
          id: 'key_1',
          period: 'hour',
          limit_usd: 2,
          spent_usd: 2,
          held_usd: 0,
          resets_at: '2026-01-01T01:00:00.000Z',
        },
      },
    });
  });

  it('counts in the calendar of each budget: every scope, every period, zones with and without summer time', async () => {
    // Half an hour before midnight of the last Sunday of October in Berlin, whose day has 25 hours.
    const before = Date.UTC(2025, 9, 26, 22, 30);
    const HOUR = 3_600_000;
    const zones = ['UTC', 'Europe/Berlin', 'Asia/Kolkata'];
    const subjects = { global: null, team: 'data', key: 'key_1', user: 'ann', tag: 'batch' };
    const spender = { ...SPENDER, user: 'ann', tags: ['batch'] };
    for (const [scope, subject] of Object.entries(subjects) as ['team', string][])
      for (const period of BUDGET_PERIODS)
        for (const timeZone of zones) {
          const accounts = openAccounts({ budgets: [{ scope, subject, period, timeZone, limit: usd(1) }] });
          const ask = async (at: number): Promise<string> =>
            accounts.admission.admit(request(1_000, { at, spender })).then(
              (reservation) => (settle(reservation, 1_000), 'held'),
              (error: { readonly code: string }) => error.code,
            );
          const { resetsAt } = (await accounts.admission.standing(spender, before))[0]!;
          const next = resetsAt ?? before + 1e12;
          const expected = period === 'total' ? 'budget_exceeded' : 'held';
          expect([scope, period, timeZone, await ask(before)]).toEqual([scope, period, timeZone, 'held']);
          expect(await ask(Math.min(next - 1, before + 1e9))).toBe('budget_exceeded');
          expect([scope, period, timeZone, await ask(next)]).toEqual([scope, period, timeZone, expected]);
          if (period === 'day' && timeZone === 'Europe/Berlin') expect(next).toBe(Date.UTC(2025, 9, 26, 23));
          if (period === 'hour' && timeZone === 'Asia/Kolkata') expect(next - before).toBe(HOUR);
          accounts.keyring.stop();
          accounts.db.close();
        }
  });

  it('fixes the period when it holds', async () => {
    const accounts = openAccounts({ budgets: [{ scope: 'global', limit: usd(1), period: 'hour' }] });
    const reservation = await accounts.admission.admit(request(1_000));
    const next = Date.UTC(2026, 0, 1, 1);
    const second = await accounts.admission.admit(request(1_000, { at: next }));
    settle(reservation, 1_000);
    settle(second, 400);
    const [balance] = await accounts.admission.standing(SPENDER, next);
    expect(balance).toMatchObject({ spent: usd(0.4), held: 0 });
    expect(await standing(accounts)).toEqual([[1, 0]]);
  });

  it('holds a plan whole and gives it back call by call', async () => {
    const accounts = openAccounts({ budgets: [{ scope: 'global', limit: usd(5) }] });
    const calls = ['a', 'b', 'judge'].map((id) => call(dear(), 1_000, { id, sent: id !== 'judge' }));
    const reservation = await accounts.admission.admit(request(null, { calls }));
    expect(await standing(accounts)).toEqual([[0, 3]]);
    reservation.settle('a', charged(0.5, 500));
    reservation.release('b');
    expect(await standing(accounts)).toEqual([[0.5, 1]]);
    await reservation.more([call(dear(), 3_000, { id: 'late' })]);
    expect(reservation.amountOf('late')).toBe(usd(3));
    await expect(reservation.more([call(dear(), 3_000, { id: 'too-late' })])).rejects.toMatchObject({
      code: 'budget_held',
    });
    await reservation.sent(['judge']);
    reservation.settle('late', charged(1, 1_000));
    reservation.finish();
    expect(await standing(accounts)).toEqual([[2.5, 0]]);
    expect(await accounts.ledger.unreconciled(5)).toMatchObject([{ amount: usd(1) }]);
  });

  it('holds nothing where no budget could refuse, and still posts what was spent', async () => {
    const accounts = openAccounts({ budgets: [{ scope: 'global', limit: usd(1), onExceed: 'warn' }] });
    const reservation = await accounts.admission.admit(request(4_000));
    expect(await standing(accounts)).toEqual([[0, 0]]);
    reservation.settle('0', charged(3, 3_000));
    reservation.settle('0', charged(3, 3_000));
    reservation.finish();
    expect(await standing(accounts)).toEqual([[3, 0]]);
  });
});

describe('where money is short', () => {
  it('counts closely before it refuses', async () => {
    const accounts = openAccounts({ budgets: [{ scope: 'global', limit: usd(1) }] });
    const model = dear({ price: priceOf(1_000, 0) });
    let counted = 0;
    const countInput = async (): Promise<number> => (counted += 1) * 900;
    const cheap = await accounts.admission.admit(
      request(null, { calls: [call(model, 1, { inputAtMost: 600, countInput })] }),
    );
    expect(counted).toBe(0);
    cheap.finish();
    await accounts.ledger.flush();
    accounts.ledger.release('none', '0');
    const close = await openAccounts({ budgets: [{ scope: 'global', limit: usd(1) }] }).admission.admit(
      request(null, { calls: [call(model, 1, { inputAtMost: 4_000, countInput })] }),
    );
    expect(close.amountOf('0')).toBe(usd(0.9));
  });

  it('clamps an answer to what can be paid rather than refuse it with money left', async () => {
    const accounts = openAccounts({ budgets: [{ scope: 'global', limit: usd(1) }] });
    const reservation = await accounts.admission.admit(request(null));
    expect(reservation.clamps.get('0')).toBe(500);
    settle(reservation, 500);
    learn(accounts, 100);
    const short = await accounts.admission.admit(request(null));
    expect(short.clamps.get('0')).toBe(500);
    expect(short.amountOf('0')).toBe(usd(0.5));
  });

  it('never cuts an answer below what the caller asked for without evidence', async () => {
    const accounts = openAccounts({ budgets: [{ scope: 'global', limit: usd(1) }] });
    for (let count = 0; count < 3; count += 1) settle(await accounts.admission.admit(request(300)), 300);
    await expect(accounts.admission.admit(request(300))).rejects.toMatchObject({ code: 'budget_exceeded' });
    learn(accounts, 50);
    expect((await accounts.admission.admit(request(300))).clamps.get('0')).toBe(100);
  });

  it('spends a budget to the last cent on answers of a known length', async () => {
    const accounts = openAccounts({ budgets: [{ scope: 'global', limit: usd(1) }] });
    learn(accounts, 100);
    let answered = 0;
    for (;;) {
      const reservation = await accounts.admission.admit(request(null)).catch(() => null);
      if (reservation === null) break;
      expect(reservation.clamps.get('0') ?? Infinity).toBeGreaterThanOrEqual(100);
      settle(reservation, 100);
      answered += 1;
    }
    expect(answered).toBe(10);
    expect(await standing(accounts)).toEqual([[1, 0]]);
  });

  it('says that one request alone can never fit', async () => {
    const accounts = openAccounts({ budgets: [{ scope: 'global', limit: usd(0.1) }] });
    await expect(accounts.admission.admit(request(4_000))).rejects.toMatchObject({
      code: 'request_exceeds_budget',
      status: 400,
    });
  });

  it('tells a tiny budget that is used up, or nearly so, from a request that never fits', async () => {
    const accounts = openAccounts({ budgets: [{ scope: 'global', limit: usd(0.1) }] });
    const refusal = (tokens: number | null): Promise<unknown> =>
      accounts.admission.admit(request(tokens)).catch((error: unknown) => error);
    settle(await accounts.admission.admit(request(null)), 90);
    // Usually it needs far more than the whole budget; what it can do with (16 tokens) is more than is left.
    expect(await refusal(null)).toMatchObject({ code: 'budget_exceeded', status: 429, extra: { shouldRetry: false } });
    expect(await refusal(50)).toMatchObject({ code: 'budget_exceeded' });
    expect(await refusal(200)).toMatchObject({ code: 'request_exceeds_budget', status: 400 });
    settle(await accounts.admission.admit(request(10)), 10);
    for (const tokens of [null, 50, 200]) expect(await refusal(tokens)).toMatchObject({ code: 'budget_exceeded' });
    // With what it learnt it is clamped before it is refused.
    const fresh = openAccounts({ budgets: [{ scope: 'global', limit: usd(0.1) }] });
    learn(fresh, 20);
    expect((await fresh.admission.admit(request(4_000))).clamps.get('0')).toBe(50);
  });

  it('is refused under a budget that downgrades by what the least plan can do with', async () => {
    const accounts = openAccounts({ budgets: [{ scope: 'global', limit: usd(0.1), onExceed: 'downgrade' }] });
    const smaller = () => [{ calls: [call(dear(), null)], strategy: 'single' }];
    const council = { calls: ['a', 'b', 'c'].map((id) => call(dear(), null, { id })), smaller };
    settle(await accounts.admission.admit(request(null, council)), 90);
    await expect(accounts.admission.admit(request(null, council))).rejects.toMatchObject({ code: 'budget_exceeded' });
  });

  it('waits for money in flight, first come, first served', async () => {
    const accounts = openAccounts({ budgets: [{ scope: 'global', limit: usd(1) }], heldWaitMs: 2_000 });
    const first = await accounts.admission.admit(request(1_000));
    const order: string[] = [];
    const waiting = ['second', 'third'].map(async (name) => {
      const reservation = await accounts.admission.admit(request(400));
      order.push(name);
      return reservation;
    });
    await accounts.clock.advance(500);
    expect(order).toEqual([]);
    settle(first, 200);
    await Promise.all(waiting);
    expect(order).toEqual(['second', 'third']);
    expect(await standing(accounts)).toEqual([[0.2, 0.8]]);
  });

  it('lets nobody who waits be overtaken for more than half a second', async () => {
    const accounts = openAccounts({ budgets: [{ scope: 'global', limit: usd(1) }], heldWaitMs: 10_000 });
    const { admission, clock } = accounts;
    const small = (): Promise<Reservation> => admission.admit(request(200));
    const running = [await small(), await small(), await small(), await small(), await small()];
    const large: Reservation[] = [];
    void admission.admit(request(800)).then((held) => large.push(held));
    // One small request after the other takes what comes back, as long as it may.
    let overtook = 0;
    for (let turn = 0; turn < 40 && large.length === 0; turn += 1) {
      const next = small().then((held) => running.push(held) && (overtook += 1));
      settle(running.shift() ?? (await small()), 0);
      await clock.advance(100);
      void next;
    }
    expect(large).toHaveLength(1);
    expect(overtook).toBeGreaterThan(0);
    expect(clock.now() - Date.UTC(2026, 0, 1)).toBeLessThan(1_500);
  });

  it('gives up waiting with a refusal worth a retry', async () => {
    const accounts = openAccounts({ budgets: [{ scope: 'global', limit: usd(1) }], heldWaitMs: 2_000 });
    await accounts.admission.admit(request(1_000));
    const second = accounts.admission.admit(request(400));
    await expect(accounts.clock.runUntil(second)).rejects.toMatchObject({
      code: 'budget_held',
      status: 429,
      extra: { shouldRetry: true, retryAfterMs: 1_000, details: { held_usd: 1, spent_usd: 0 } },
    });
    expect(accounts.clock.now()).toBeGreaterThanOrEqual(Date.UTC(2026, 0, 1) + 2_000);
  });

  it('lets those who have gone wait no longer', async () => {
    const accounts = openAccounts({ budgets: [{ scope: 'global', limit: usd(1) }], heldWaitMs: 60_000 });
    await accounts.admission.admit(request(1_000));
    const gone = new AbortController();
    const second = accounts.admission.admit(request(400, { signal: gone.signal }));
    await accounts.clock.advance(100);
    gone.abort();
    await expect(accounts.clock.runUntil(second)).rejects.toMatchObject({ code: 'budget_held' });
    expect(accounts.clock.now()).toBeLessThan(Date.UTC(2026, 0, 1) + 1_000);
  });
});

describe('a request’s own limit', () => {
  it('clamps or refuses it, budget or not', async () => {
    const accounts = openAccounts();
    const within = await accounts.admission.admit(request(null, { ceiling: usd(1) }));
    expect(within.clamps.get('0')).toBe(1_000);
    expect((await accounts.admission.admit(request(800, { ceiling: usd(1) }))).clamps.size).toBe(0);
    await expect(accounts.admission.admit(request(null, { ceiling: usd(0.1) }))).rejects.toMatchObject({
      code: 'request_exceeds_budget',
      status: 400,
      extra: { param: 'x-quorum-max-cost' },
    });
  });
});

describe('downgrading', () => {
  it('takes the first smaller plan that can be paid, down to what is free', async () => {
    const accounts = openAccounts({ budgets: [{ scope: 'global', limit: usd(1), onExceed: 'downgrade' }] });
    const local = { calls: [call(dear({ name: 'local', price: priceOf(0, 0) }), null)], strategy: 'single' };
    const smaller = () => [{ calls: [call(dear(), 900)], strategy: 'single' }, local];
    const council = { calls: ['a', 'b', 'c'].map((id) => call(dear(), 900, { id })), strategy: 'council', smaller };
    const one = await accounts.admission.admit(request(null, council));
    expect(one.downgraded?.calls).toHaveLength(1);
    settle(one, 900);
    const two = await accounts.admission.admit(request(null, council));
    expect(two.downgraded).toBe(local);
  });

  it('is not done where the budget says reject', async () => {
    const accounts = openAccounts({ budgets: [{ scope: 'global', limit: usd(1) }] });
    const smaller = () => [{ calls: [call(dear(), 100)], strategy: 'single' }];
    await expect(
      accounts.admission.admit(
        request(null, { calls: ['a', 'b', 'c'].map((id) => call(dear(), 900, { id })), smaller }),
      ),
    ).rejects.toMatchObject({ code: 'request_exceeds_budget' });
  });
});

describe('a model without a price', () => {
  const nameless = [call(dear({ name: 'nameless', price: null }), 100)];

  it('is refused under a budget, unless that says estimate', async () => {
    const strict = openAccounts({ budgets: [{ scope: 'global', limit: usd(1) }] });
    await expect(strict.admission.admit(request(null, { calls: nameless }))).rejects.toMatchObject({
      code: 'model_unpriced',
      status: 400,
    });
    const lenient = openAccounts({ budgets: [{ scope: 'global', limit: usd(1), unpriced: 'estimate' }] });
    expect((await lenient.admission.admit(request(null, { calls: nameless }))).amountOf('0')).toBe(usd(0.2));
    await expect(openAccounts().admission.admit(request(null, { calls: nameless }))).resolves.toBeDefined();
  });
});

describe('budgets of the administration', () => {
  it('count at once, can be raised, topped up, reset and deleted without touching history', async () => {
    const accounts = openAccounts();
    const { administration, admission } = accounts;
    const budget = administration.createBudget({ scope: 'team', subject: 'data', limit: usd(1) }, 'ann');
    settle(await admission.admit(request(1_000)), 1_000);
    const refused = async (): Promise<boolean> => (await admission.admit(request(600)).catch(() => null)) === null;
    expect(await refused()).toBe(true);
    administration.updateBudget(budget.id, { limit: usd(1.6) }, 'ann');
    settle(await admission.admit(request(600)), 600);
    expect(await refused()).toBe(true);
    await administration.topUp(budget.id, null, usd(0.6), 'ann');
    settle(await admission.admit(request(600)), 600);
    expect(await refused()).toBe(true);
    expect(await administration.reset(budget.id, null, 'ann')).toMatchObject({ spent: 0 });
    expect(await refused()).toBe(false);
    administration.deleteBudget(budget.id, 'ann');
    expect(await standing(accounts)).toEqual([]);
    expect(await accounts.ledger.spend({ groupBy: ['team'], since: 0, until: 1e15 })).toMatchObject([
      { group: ['data'], cost: usd(2.2) },
    ]);
  });

  it('tell the config’s from their own, and one for each from one for one', async () => {
    const { administration } = openAccounts({ budgets: [{ scope: 'user', limit: usd(1) }] });
    const id = 'config:user:*:month';
    expect(() => administration.updateBudget(id, { limit: usd(2) }, 'ann')).toThrow(/config file/);
    expect(() => administration.deleteBudget('nothing', 'ann')).toThrow(expect.objectContaining({ code: 'not_found' }));
    await expect(administration.topUp(id, null, usd(1), 'ann')).rejects.toThrow(/say which/);
    expect(await administration.topUp(id, 'bob', usd(1), 'ann')).toMatchObject({ subject: 'bob', limit: usd(2) });
  });
});
