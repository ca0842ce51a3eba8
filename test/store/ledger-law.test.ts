// Π14: whatever happens in whatever order, spent + reserved <= limit, and the ledger's sum is what is reported.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Allowance, Clock, HoldLeg, HoldOutcome, Ledger } from '../../src/contract/index.ts';
import { migrate, openDatabase, type Db, type Statement } from '../../src/store/sqlite/database.ts';
import { createSqliteLedger } from '../../src/store/sqlite/ledger.ts';
import { MIGRATIONS } from '../../src/store/sqlite/migrations.ts';
import { simulatedClock, type SimulatedClock } from '../support/simulated-clock.ts';
import { applyCorrection, applyEnd, applyHold, applyLoss, line, newModel, roomIn } from './ledger-model.ts';
import { allowance, cost, nano, otherOwner, request } from './ledger-support.ts';

const LIMITS = [100, 60, 30];
const RUNS = 10_000;
/** More than one schedule can make. */
const MOST_CALLS = 150;
/** A file is used for so many schedules; making one takes longer than a schedule. */
const RUNS_A_FILE = 50;

type Leg = { readonly least: number; readonly more: number; readonly sent: boolean };
type Step =
  | { readonly do: 'hold' | 'extend'; readonly hold: number; readonly scopes: number; readonly legs: readonly Leg[] }
  | { readonly do: 'settle' | 'release' | 'sent'; readonly hold: number; readonly leg: number; readonly share: number }
  | { readonly do: 'finish'; readonly hold: number }
  | { readonly do: 'topUp' | 'reset'; readonly scope: number; readonly amount: number }
  | { readonly do: 'crash' | 'period' | 'correct' | 'diskFails' };
/** Asked at once of one of two processes. */
type Turn = { readonly process: 0 | 1; readonly steps: readonly Step[] };

const leg = fc.record({ least: fc.nat(40), more: fc.oneof(fc.constant(0), fc.nat(40)), sent: fc.boolean() });
const legs = fc.array(leg, { minLength: 1, maxLength: 3 });
const hold = fc.nat(5);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('hold', 'hold', 'extend'),
      hold,
      scopes: fc.integer({ min: 1, max: 7 }),
      legs,
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom('settle', 'settle', 'release', 'sent'),
      hold,
      leg: fc.nat(3),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('finish'), hold }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('topUp', 'reset'), scope: fc.nat(2), amount: fc.nat(30) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('crash', 'period', 'correct', 'diskFails') }) },
);
const turn: fc.Arbitrary<Turn> = fc.record({
  process: fc.constantFrom(0, 1),
  steps: fc.array(step, { minLength: 1, maxLength: 4 }),
});

interface Process {
  readonly id: string;
  readonly ledger: Ledger;
  kill(): void;
}

/** A file shared by two processes, either of which can be killed; commits fail when told to. */
function createWorld(file: readonly [Db, Db], clock: SimulatedClock) {
  let failing = false;
  const flaky = file.map((db): Db => ({
    ...db,
    transaction: (work) =>
      db.transaction(() => {
        const result = work();
        if (failing) throw new Error('disk I/O error');
        return result;
      }),
  }));
  const start = (index: 0 | 1): Process => {
    let alive = true;
    const mortal: Clock = { now: () => clock.now(), after: (ms, task) => clock.after(ms, () => alive && task()) };
    const owner = otherOwner();
    const ledger = createSqliteLedger(flaky[index]!, {
      clock: mortal,
      owner,
      soon: (task) => queueMicrotask(() => alive && task()),
    });
    return { id: owner.id, ledger, kill: () => (alive = false) };
  };
  return {
    processes: [start(0), start(1)] as [Process, Process],
    start,
    fail: (on: boolean) => (failing = on),
  };
}

const sums = (db: Db, from: number): Map<string, number> =>
  new Map(
    db
      .prepare<{ id: string; sum: number }>(
        `SELECT one.value AS id, sum(amount) AS sum FROM entries, json_each(entries.allowances) AS one
         WHERE seq > ? AND kind IN ('charge', 'correction') GROUP BY one.value`,
      )
      .all(from)
      .map(({ id, sum }) => [id, sum]),
  );

let runs = 0;

async function playOn(file: readonly [Db, Db], turns: readonly Turn[]): Promise<void> {
  const [db] = file;
  const run = (runs += 1);
  const from = db.prepare<{ seq: number }>('SELECT coalesce(max(seq), 0) AS seq FROM entries').first()!.seq;
  const clock = simulatedClock();
  const world = createWorld(file, clock);
  const model = newModel();
  /** Which process holds what, and its legs. */
  const holder = new Map<string, { process: 0 | 1; scopes: string[]; legs: number }>();
  /** A slot is used again and again, an id never. */
  const current = new Map<string, string>();
  let serial = 0;
  const idOf = (slot: number, process: 0 | 1): string => current.get(`${slot}:${process}`) ?? 'none';
  let period = 0;
  /** Ends that no commit of their process followed yet: a crash makes them undone. */
  let unwritten: { readonly call: string; readonly takeBack: () => void }[] = [];
  const allowanceOf = (scope: number): Allowance => {
    const id = `${run}:${scope}:${period}`;
    line(model, id, LIMITS[scope]!);
    return allowance(id, LIMITS[scope]!);
  };
  const everything = (): Allowance[] => [...model.lines].map(([id, { limit }]) => allowance(id, limit));
  const callsOf = (id: string): string[] => [...model.open.keys()].filter((call) => call.startsWith(`${id}/`));
  const refuse = (message: string | null): void => {
    if (message !== null) throw new Error(message);
  };

  const balanced = async (ledger: Ledger): Promise<void> => {
    const balances = await ledger.balances(everything());
    const posted = sums(db, from);
    for (const balance of balances) {
      const expected = model.lines.get(balance.allowance)!;
      expect(balance).toMatchObject({
        held: expected.held,
        spent: expected.posted - expected.forgiven,
        limit: expected.limit + expected.topped,
      });
      expect(balance.spent + balance.held).toBeLessThanOrEqual(balance.limit);
      expect(posted.get(balance.allowance) ?? 0).toBe(expected.posted);
    }
    const open = (await ledger.unreconciled(MOST_CALLS))
      .filter((entry) => entry.call.startsWith(`${run}:`))
      .map((entry) => entry.call);
    expect(open.toSorted()).toEqual([...model.unreconciled.keys()].toSorted());
  };

  const kill = async (index: 0 | 1): Promise<void> => {
    world.processes[index].kill();
    for (const { call, takeBack } of unwritten) {
      takeBack();
      applyLoss(model, [call]);
    }
    unwritten = [];
    const lost = [...holder].filter(([, { process }]) => process === index).map(([id]) => id);
    applyLoss(model, lost.flatMap(callsOf));
    for (const id of lost) holder.delete(id);
    // Long silent: whoever looks next takes it for dead.
    db.prepare('UPDATE owners SET beat_at = -1e9 WHERE id = ?').run(world.processes[index].id);
    world.processes[index] = world.start(index);
  };

  /** Asks at once, and gives what has to be done to the model when it was answered. */
  const ask = (ledger: Ledger, process: 0 | 1, step: Step, broken: boolean): (() => Promise<void>) => {
    switch (step.do) {
      case 'hold': {
        if (holder.has(idOf(step.hold, process))) return async () => undefined;
        const id = `${run}:${(serial += 1)}`;
        current.set(`${step.hold}:${process}`, id);
        const scopes = [0, 1, 2].filter((scope) => step.scopes & (1 << scope)).map(allowanceOf);
        const asked = legsOf(step.legs, 0);
        const answer = ledger.hold({ ...request(id, scopes), legs: asked });
        holder.set(id, { process, scopes: scopes.map((one) => one.id), legs: asked.length });
        return () => settleHold(id, asked, answer, broken);
      }
      case 'extend': {
        const id = idOf(step.hold, process);
        const known = holder.get(id);
        if (known === undefined) return async () => undefined;
        const asked = legsOf(step.legs, known.legs);
        known.legs += asked.length;
        const answer = ledger.extend(id, asked);
        return () => settleHold(id, asked, answer, broken, true);
      }
      case 'sent': {
        const id = idOf(step.hold, process);
        const call = `${id}/${step.leg}`;
        const answer = ledger.markSent(id, [String(step.leg)]).then(
          () => true,
          () => false,
        );
        return async () => {
          const marked = model.open.get(call);
          if (!(await answer) || marked === undefined) return;
          if (!marked.sent) unwritten = [];
          marked.sent = true;
        };
      }
      case 'settle':
      case 'release': {
        const id = idOf(step.hold, process);
        const call = `${id}/${step.leg}`;
        const amount = step.do === 'release' ? null : Math.floor((model.open.get(call)?.amount ?? 0) * step.share);
        if (amount === null) ledger.release(id, String(step.leg));
        else ledger.settle(id, String(step.leg), cost(amount));
        return async () => void unwritten.push({ call, takeBack: applyEnd(model, call, amount) });
      }
      case 'finish': {
        const id = idOf(step.hold, process);
        if (!holder.has(id)) return async () => undefined;
        ledger.finish(id, 1);
        holder.delete(id);
        return async () => applyLoss(model, callsOf(id));
      }
      case 'topUp':
      case 'reset': {
        const one = allowanceOf(step.scope);
        const act = { at: 1, actor: 'admin' };
        const answer = step.do === 'topUp' ? ledger.topUp(one, nano(step.amount), act) : ledger.reset(one, act);
        return async () => {
          const done = await answer.then(
            () => true,
            () => false,
          );
          const of = model.lines.get(one.id)!;
          if (done) unwritten = [];
          if (done && step.do === 'topUp') of.topped += step.amount;
          if (done && step.do === 'reset') of.forgiven = of.posted;
        };
      }
      case 'correct':
      case 'crash':
      case 'period':
      case 'diskFails':
        return async () => undefined;
      default:
        return step satisfies never;
    }
  };

  const settleHold = async (
    id: string,
    asked: readonly HoldLeg[],
    answer: Promise<HoldOutcome>,
    broken: boolean,
    more = false,
  ): Promise<void> => {
    const outcome = await answer.catch(() => null);
    const scopes = holder.get(id)?.scopes ?? [];
    if (outcome === null && !broken && !more) throw new Error('failed without reason');
    if (outcome !== null) {
      unwritten = [];
      refuse(applyHold(model, id, scopes, asked, outcome));
    }
    if (outcome?.kind !== 'held' && !more) holder.delete(id);
  };

  for (const { process, steps } of turns) {
    const { ledger } = world.processes[process];
    const broken = steps.some((one) => one.do === 'diskFails');
    if (broken) world.fail(true);
    // A step that depends on another's answer waits for it, as any caller would; all else is asked at once.
    let waiting: (() => Promise<void>)[] = [];
    const settleAll = async (): Promise<void> => {
      for (const one of waiting) await one();
      waiting = [];
    };
    for (const one of steps) {
      if (one.do !== 'hold' && one.do !== 'topUp') await settleAll();
      waiting.push(ask(ledger, process, one, broken));
    }
    await settleAll();
    if (broken) {
      world.fail(false);
      await clock.advance(2_000);
      unwritten = [];
    }
    if (steps.some((one) => one.do === 'crash')) await kill(process);
    if (steps.some((one) => one.do === 'period')) period += 1;
    if (steps.some((one) => one.do === 'correct')) {
      for (const entry of await world.processes[process].ledger.unreconciled(MOST_CALLS)) {
        if (!model.unreconciled.has(entry.call)) continue;
        const truth = Math.floor(entry.amount / 2);
        await world.processes[process].ledger.correct(entry.seq, nano(truth), { at: 2, actor: 'admin' });
        applyCorrection(model, entry.call, truth);
      }
    }
    await balanced(world.processes[process].ledger);
    unwritten = [];
  }
  await kill(0);
  await kill(1);
  expect([...model.lines.values()].every((of) => of.held === 0 && roomIn(of) >= 0)).toBe(true);
  await balanced(world.processes[0].ledger);
  for (const process of world.processes) process.kill();
  db.exec('DELETE FROM owners');
}

const legsOf = (from: readonly Leg[], first: number): HoldLeg[] =>
  from.map(({ least, more, sent }, index) => ({
    id: String(first + index),
    model: 'm',
    atLeast: nano(least),
    atMost: nano(least + more),
    sent,
  }));

let files = 0;

/** Two connections to one file. Processes come and go by the ten thousand; their statements needn't be prepared anew. */
function freshFile(folder: string): readonly [Db, Db] {
  const path = join(folder, `${(files += 1)}.db`);
  const open = (): Db => {
    const db = openDatabase(path);
    migrate(db, MIGRATIONS);
    const known = new Map<string, Statement<never>>();
    const prepare = <Result extends object>(sql: string): Statement<Result> => {
      const statement = known.get(sql) ?? db.prepare<never>(sql);
      known.set(sql, statement);
      return statement;
    };
    return { ...db, prepare };
  };
  return [open(), open()];
}

describe('Π14 money', () => {
  it('is never overspent, and the ledger adds up, in 10,000 schedules of two processes', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'quorum-law-'));
    let file = freshFile(folder);
    const play = async (turns: readonly Turn[]): Promise<void> => {
      if (runs % RUNS_A_FILE === 0) {
        for (const db of file) db.close();
        file = freshFile(folder);
      }
      await playOn(file, turns);
    };
    try {
      await fc.assert(fc.asyncProperty(fc.array(turn, { minLength: 1, maxLength: 4 }), play), { numRuns: RUNS });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }, 300_000);
});
