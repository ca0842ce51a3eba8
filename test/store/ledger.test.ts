// What the ledger promises to one caller: hold, settle, release, each at most once, over all allowances at once.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/store/sqlite/database.ts';
import { simulatedClock } from '../support/simulated-clock.ts';
import { allowance, cost, nano, openLedger, otherOwner, request, SPENDER } from './ledger-support.ts';

describe('holding', () => {
  it('grants 100 requests of $0.10 at once exactly 50 times on a $5 budget', async () => {
    const { ledger } = openLedger();
    const budget = allowance('five', 5e9);
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, (_, index) => ledger.hold(request(`r${index}`, [budget], 1e8))),
    );
    expect(outcomes.filter((outcome) => outcome.kind === 'held')).toHaveLength(50);
    expect((await ledger.balances([budget]))[0]).toMatchObject({ spent: 0, held: 5e9 });
  });

  it('holds over all allowances or none', async () => {
    const { ledger } = openLedger();
    const team = allowance('team', 100, { scope: 'team', subject: 'data' });
    const key = allowance('key', 30, { scope: 'key', subject: 'key_1' });
    expect(await ledger.hold(request('a', [team, key], 40))).toMatchObject({
      kind: 'refused',
      code: 'request_exceeds_budget',
      balance: { scope: 'key', subject: 'key_1', limit: 30, spent: 0, held: 0 },
    });
    expect(await ledger.balances([team, key])).toMatchObject([{ held: 0 }, { held: 0 }]);
  });

  it('tells money in flight from money gone', async () => {
    const { ledger } = openLedger();
    const budget = allowance('b', 100);
    await ledger.hold(request('a', [budget], 60));
    expect(await ledger.hold(request('b', [budget], 60))).toMatchObject({
      code: 'budget_held',
      balance: { held: 60 },
      affordableLater: 100,
    });
    ledger.settle('a', '0', cost(60));
    expect(await ledger.hold(request('c', [budget], 60))).toMatchObject({
      code: 'budget_exceeded',
      balance: { spent: 60 },
    });
    expect(await ledger.hold(request('d', [budget], 101))).toMatchObject({ code: 'request_exceeds_budget' });
    expect(await ledger.hold(request('e', [budget], 40))).toMatchObject({ kind: 'held' });
  });

  it('gives a leg what is there between its least and its most, and leaves half to others', async () => {
    const { ledger } = openLedger();
    const budget = allowance('b', 100);
    const leg = { id: 'x', model: 'm', atLeast: nano(10), atMost: nano(500), sent: true };
    const base = request('a', [budget]);
    expect(await ledger.hold({ ...base, legs: [leg] })).toMatchObject({ legs: [{ id: 'x', amount: 50 }] });
    expect(await ledger.hold({ ...base, id: 'b', legs: [{ ...leg, atLeast: nano(40) }] })).toMatchObject({
      legs: [{ amount: 40 }],
    });
    expect(await ledger.hold({ ...base, id: 'c', legs: [{ ...leg, atMost: nano(10) }] })).toMatchObject({
      legs: [{ amount: 10 }],
    });
    expect(await ledger.hold({ ...base, id: 'd', legs: [leg] })).toMatchObject({ code: 'budget_held' });
  });

  it('only counts where an allowance warns, and says that it is over', async () => {
    const { ledger } = openLedger();
    const budget = allowance('b', 100, { enforced: false, onExceed: 'warn' });
    expect(await ledger.hold(request('a', [budget], 80))).toMatchObject({ kind: 'held', over: [] });
    expect(await ledger.hold(request('b', [budget], 80))).toMatchObject({
      kind: 'held',
      over: [{ allowance: 'b', held: 80 }],
    });
  });

  it('lets pass what costs nothing when more was spent than the limit', async () => {
    const { ledger } = openLedger();
    const budget = allowance('b', 100);
    await ledger.hold(request('a', [budget], 100));
    ledger.settle('a', '0', cost(150));
    expect(await ledger.hold(request('b', [budget], 0))).toMatchObject({ kind: 'held' });
    expect(await ledger.hold(request('c', [budget], 1))).toMatchObject({
      code: 'budget_exceeded',
      balance: { spent: 150 },
    });
    expect((await ledger.entries(10, null)).rows[0]).toMatchObject({ amount: 150, flag: 'over_reserve' });
  });

  it('answers the same id with the same outcome while it is held', async () => {
    const { ledger } = openLedger();
    const budget = allowance('b', 100);
    const [one, other] = await Promise.all([
      ledger.hold(request('a', [budget], 60)),
      ledger.hold(request('a', [budget], 60)),
    ]);
    expect(other).toEqual(one);
    expect(await ledger.balances([budget])).toMatchObject([{ held: 60 }]);
  });

  it('refuses amounts that are no whole nano-dollars without harming others', async () => {
    const { ledger } = openLedger();
    const budget = allowance('b', 100);
    const bad = ledger.hold(request('bad', [budget], Number.NaN));
    const good = ledger.hold(request('good', [budget], 1));
    await expect(bad).rejects.toThrow(RangeError);
    expect((await good).kind).toBe('held');
  });
});

describe('ending', () => {
  it('settles and releases each leg at most once', async () => {
    const { ledger } = openLedger();
    const budget = allowance('b', 100);
    await ledger.hold(request('a', [budget], 30, 40));
    ledger.settle('a', '0', cost(10));
    ledger.settle('a', '0', cost(10));
    ledger.release('a', '0');
    expect(await ledger.balances([budget])).toMatchObject([{ spent: 10, held: 40 }]);
    ledger.release('a', '1');
    ledger.settle('a', '1', cost(40));
    ledger.finish('a', 1);
    ledger.settle('a', '1', cost(40));
    expect(await ledger.balances([budget])).toMatchObject([{ spent: 10, held: 0 }]);
    expect((await ledger.entries(10, null)).rows).toHaveLength(1);
  });

  it('gives back at the end what was never sent, and posts what was at its reserve', async () => {
    const { ledger } = openLedger();
    const budget = allowance('b', 100);
    const base = request('a', [budget], 30, 40);
    await ledger.hold({ ...base, legs: base.legs.map((leg) => ({ ...leg, sent: false })) });
    await ledger.markSent('a', ['1']);
    ledger.finish('a', 5);
    expect(await ledger.balances([budget])).toMatchObject([{ spent: 40, held: 0 }]);
    const [open] = await ledger.unreconciled(10);
    expect(open).toMatchObject({ amount: 40, flag: 'unreconciled', call: 'a/1' });
    expect(await ledger.correct(open!.seq, nano(25), { at: 9, actor: 'admin' })).toBe(true);
    expect(await ledger.correct(open!.seq, nano(25), { at: 9, actor: 'admin' })).toBe(false);
    expect(await ledger.balances([budget])).toMatchObject([{ spent: 25, held: 0 }]);
    expect(await ledger.unreconciled(10)).toEqual([]);
  });

  it('holds more for an escalation, under the same allowances', async () => {
    const { ledger } = openLedger();
    const budget = allowance('b', 100);
    await ledger.hold(request('a', [budget], 60));
    ledger.settle('a', '0', cost(50));
    const more = { id: 'judge', model: 'j', atLeast: nano(50), atMost: nano(50), sent: true };
    expect(await ledger.extend('a', [more])).toMatchObject({ kind: 'held' });
    expect(await ledger.extend('a', [{ ...more, id: 'again' }])).toMatchObject({ code: 'budget_held' });
    ledger.settle('a', 'judge', cost(50));
    expect(await ledger.balances([budget])).toMatchObject([{ spent: 100, held: 0 }]);
    await expect(ledger.extend('nothing', [more])).rejects.toMatchObject({ code: 'budget_unavailable' });
  });

  it.each([1e300, Infinity, Number.NaN, 2 ** 60, -1])('a cost that makes no sense (%d) stops nobody', async (sum) => {
    const { ledger, clock } = openLedger();
    const budget = allowance('b', 100);
    const odd = { ...cost(sum), spender: SPENDER, model: 'm', task: null, strategy: null };
    ledger.post({ ...odd, id: 'odd', allowances: [budget] });
    await clock.runUntil(ledger.flush());
    expect(await clock.runUntil(ledger.hold(request('next', [budget], 100)))).toMatchObject({ kind: 'held' });
    expect((await clock.runUntil(ledger.balances([budget])))[0]).toMatchObject({ spent: 0 });
    await ledger.stop();
  });

  it('posts what nothing was held for', async () => {
    const { ledger } = openLedger();
    ledger.post({ ...cost(70), id: 'free', spender: SPENDER, allowances: [], model: 'm', task: null, strategy: null });
    await ledger.flush();
    expect(await ledger.spend({ groupBy: [], since: 0, until: 1e15 })).toMatchObject([
      { cost: 70, calls: 1, inputTokens: 3 },
    ]);
  });
});

describe('adjusting', () => {
  it('tops up and resets one period without touching history', async () => {
    const { ledger } = openLedger();
    const budget = allowance('b', 100);
    await ledger.hold(request('a', [budget], 100));
    ledger.settle('a', '0', cost(100));
    expect(await ledger.topUp(budget, nano(50), { at: 1, actor: 'admin' })).toMatchObject({ limit: 150, spent: 100 });
    expect(await ledger.hold(request('b', [budget], 50))).toMatchObject({ kind: 'held' });
    expect(await ledger.reset(budget, { at: 2, actor: 'admin' })).toMatchObject({ limit: 150, spent: 0, held: 50 });
    expect(await ledger.spend({ groupBy: [], since: 0, until: 1e15 })).toMatchObject([{ cost: 100 }]);
    expect((await ledger.entries(10, null)).rows.map((entry) => entry.kind)).toEqual(['reset', 'topup', 'charge']);
  });

  it('lets nobody change an entry, nor the audit', async () => {
    const { ledger, db } = openLedger();
    ledger.post({ ...cost(70), id: 'free', spender: SPENDER, allowances: [], model: 'm', task: null, strategy: null });
    await ledger.flush();
    expect(() => db.exec('UPDATE entries SET amount = 0')).toThrow(/append-only/);
    expect(() => db.exec('DELETE FROM entries')).toThrow(/append-only/);
    db.exec(`INSERT INTO audit (at, actor, action, subject, detail) VALUES (0, 'ann', 'key.create', 'key_1', '{}')`);
    expect(() => db.exec(`UPDATE audit SET actor = 'bob'`)).toThrow(/append-only/);
    expect(() => db.exec('DELETE FROM audit')).toThrow(/append-only/);
  });
});

describe('spend', () => {
  it('groups by any of its dimensions, a tag each, and by day', async () => {
    const { ledger } = openLedger();
    const post = (id: string, amount: number, model: string, tags: string[], at: number): void =>
      ledger.post({
        ...cost(amount, { at }),
        id,
        spender: { ...SPENDER, tags },
        allowances: [],
        model,
        task: 'math',
        strategy: 'single',
      });
    const day = 86_400_000;
    post('a', 1, 'x', ['p', 'q'], 0);
    post('b', 2, 'x', ['p'], day);
    post('c', 4, 'y', [], day + 1);
    const rows = async (groupBy: Parameters<typeof ledger.spend>[0]['groupBy'], more = {}) =>
      (await ledger.spend({ groupBy, since: 0, until: 1e15, ...more })).map((row) => [...row.group, row.cost]);
    expect(await rows(['model'])).toEqual([
      ['y', 4],
      ['x', 3],
    ]);
    expect(await rows(['tag'])).toEqual([
      [null, 4],
      ['p', 3],
      ['q', 1],
    ]);
    expect(await rows(['day', 'model'])).toEqual([
      ['1970-01-02', 'y', 4],
      ['1970-01-02', 'x', 2],
      ['1970-01-01', 'x', 1],
    ]);
    expect(await rows(['key', 'team', 'user', 'task', 'strategy'])).toEqual([
      ['key_1', 'data', 'ann', 'math', 'single', 7],
    ]);
    expect(await rows(['model'], { tag: 'q' })).toEqual([['x', 1]]);
    expect(await rows([], { since: day, until: day + 1 })).toEqual([[2]]);
  });
});

describe('trouble', () => {
  it('refuses to hold while the disk is full, keeps what ends, and recovers by itself', async () => {
    const { ledger, db, clock } = openLedger();
    const budget = allowance('b', 1e6);
    await ledger.hold(request('a', [budget], 30));
    const pages = db.prepare<{ page_count: number }>('PRAGMA page_count').first()!.page_count;
    db.prepare(`PRAGMA max_page_count = ${pages}`).first();
    const filler = Array.from({ length: 400 }, (_, index) => request(`f${index}`, [budget], 1));
    const outcomes = await Promise.allSettled(filler.map((one) => ledger.hold(one)));
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]!.reason).toMatchObject({ code: 'budget_unavailable', status: 503 });
    ledger.settle('a', '0', cost(20));
    await expect(ledger.hold(request('z', [budget], 1))).rejects.toMatchObject({ code: 'budget_unavailable' });
    await expect(ledger.flush()).rejects.toThrow(/could not be written/);
    db.prepare(`PRAGMA max_page_count = ${pages * 100}`).first();
    await clock.advance(2_000);
    const held = outcomes.length - refused.length;
    expect(await ledger.balances([budget])).toMatchObject([{ spent: 20, held }]);
  });
});

describe('two processes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'quorum-two-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const budget = allowance('b', 100);

  it('see each other’s spending at once', async () => {
    const path = join(folder, 'seen.db');
    const [one, other] = [openLedger(path, { owner: otherOwner() }), openLedger(path, { owner: otherOwner() })];
    await one.ledger.hold(request('a', [budget], 30));
    await other.ledger.hold(request('b', [budget], 50));
    expect(await one.ledger.hold(request('c', [budget], 30))).toMatchObject({
      code: 'budget_held',
      balance: { held: 80 },
    });
    one.ledger.settle('a', '0', cost(10));
    await one.ledger.flush();
    expect(await other.ledger.balances([budget])).toMatchObject([{ spent: 10, held: 50 }]);
  });

  it('recover one that died: what was sent at its reserve, what was not given back', async () => {
    const path = join(folder, 'died.db');
    const first = openLedger(path, { owner: otherOwner() });
    const base = request('a', [budget], 30, 40);
    await first.ledger.hold({ ...base, legs: base.legs.map((leg, index) => ({ ...leg, sent: index === 0 })) });
    // The first process is silent from here on.
    const counts: unknown[] = [];
    const later = simulatedClock(first.clock.now() + 60_000);
    const second = openLedger(path, { clock: later, owner: otherOwner(), onRecovered: (count) => counts.push(count) });
    expect(counts).toMatchObject([{ released: 1, unreconciled: 1 }]);
    expect(await second.ledger.balances([budget])).toMatchObject([{ spent: 30, held: 0 }]);
    // It was only slow: its settling puts the true cost right, once, and its holds are gone.
    first.ledger.settle('a', '0', cost(12));
    first.ledger.settle('a', '1', cost(5));
    expect(await first.ledger.balances([budget])).toMatchObject([{ spent: 17, held: 0 }]);
    expect(await second.ledger.unreconciled(10)).toEqual([]);
    expect(await second.ledger.spend({ groupBy: [], since: 0, until: 1e15 })).toMatchObject([{ cost: 17 }]);
  });

  it('wait for each other to write, and not for ever', async () => {
    const path = join(folder, 'busy.db');
    const { ledger, clock } = openLedger(path, { owner: otherOwner() }, { busyMs: 1 });
    const other = openDatabase(path);
    other.exec('BEGIN IMMEDIATE');
    const waiting = ledger.hold(request('a', [budget], 30, 40));
    ledger.post({
      ...cost(1),
      id: 'p',
      spender: SPENDER,
      allowances: [budget],
      model: 'm',
      task: null,
      strategy: null,
    });
    await clock.advance(500);
    other.exec('COMMIT');
    expect(await clock.runUntil(waiting)).toMatchObject({ kind: 'held' });
    expect(await ledger.balances([budget])).toMatchObject([{ spent: 1, held: 70 }]);
    other.exec('BEGIN IMMEDIATE');
    const refused = ledger.hold(request('b', [budget], 10));
    ledger.settle('a', '0', cost(20));
    await expect(clock.runUntil(refused)).rejects.toMatchObject({ code: 'budget_unavailable' });
    other.exec('COMMIT');
    await clock.advance(2_000);
    expect(await ledger.balances([budget])).toMatchObject([{ spent: 21, held: 40 }]);
  });

  it('recover from a journal that stays short, however much was held and ended before', async () => {
    const path = join(folder, 'journal.db');
    const large = allowance('large', 1e9);
    const first = openLedger(path, { owner: otherOwner() });
    const rows = (): number =>
      first.db.prepare<{ count: number }>('SELECT count(*) AS count FROM hold_journal').first()!.count;
    await first.ledger.hold(request('long', [large], 30, 40));
    for (let count = 0; count < 600; count += 1) {
      await first.ledger.hold(request(`short-${count}`, [large], 5));
      first.ledger.settle(`short-${count}`, '0', cost(2));
      if (count === 300) first.ledger.settle('long', '1', cost(40));
    }
    await first.ledger.flush();
    expect(rows()).toBeLessThan(300);
    await first.ledger.hold(request('last', [large], 7));
    const second = openLedger(path, { clock: simulatedClock(first.clock.now() + 60_000), owner: otherOwner() });
    expect(await second.ledger.balances([large])).toMatchObject([{ spent: 600 * 2 + 40 + 30 + 7, held: 0 }]);
    expect((await second.ledger.unreconciled(10)).map(({ call }) => call).toSorted()).toEqual(['last/0', 'long/0']);
    // What the first, which was only slow, holds from now on is its own again.
    await first.ledger.hold(request('again', [large], 11));
    first.ledger.settle('long', '0', cost(30));
    expect(await second.ledger.balances([large])).toMatchObject([{ held: 11 }]);
    await first.ledger.flush();
    expect((await second.ledger.unreconciled(10)).map(({ call }) => call)).toEqual(['last/0']);
    await second.ledger.stop();
    first.ledger.settle('again', '0', cost(11));
    first.ledger.settle('last', '0', cost(7));
    await first.ledger.stop();
    expect(rows()).toBe(0);
    expect(await openLedger(path, { owner: otherOwner() }).ledger.balances([large])).toMatchObject([
      { spent: 600 * 2 + 40 + 30 + 7 + 11, held: 0 },
    ]);
  });

  it('leave the holds of a living process alone', async () => {
    const path = join(folder, 'alive.db');
    const first = openLedger(path, { owner: otherOwner() });
    await first.ledger.hold(request('a', [budget], 30));
    const second = openLedger(path, { clock: first.clock, owner: otherOwner() });
    await first.clock.advance(60_000);
    expect(await second.ledger.balances([budget])).toMatchObject([{ held: 30 }]);
  });
});
