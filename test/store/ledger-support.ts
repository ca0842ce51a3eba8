// A ledger on a file or in memory under simulated time, and short ways to speak to it.
import { migrate, openDatabase, type Db } from '../../src/store/sqlite/database.ts';
import { createSqliteLedger, type SqliteLedgerOptions } from '../../src/store/sqlite/ledger.ts';
import { MIGRATIONS } from '../../src/store/sqlite/migrations.ts';
import type { Allowance, Charge, HoldRequest, Ledger, Nano, Spender } from '../../src/contract/index.ts';

import { simulatedClock, type SimulatedClock } from '../support/simulated-clock.ts';

export const nano = (amount: number): Nano => amount as Nano;

interface Bench {
  readonly db: Db;
  readonly ledger: Ledger;
  readonly clock: SimulatedClock;
}

let processes = 0;

export function openLedger(
  path = ':memory:',
  options: Partial<SqliteLedgerOptions> = {},
  file: { readonly busyMs?: number } = {},
): Bench {
  const db = openDatabase(path, file);
  migrate(db, MIGRATIONS);
  const clock = (options.clock as SimulatedClock | undefined) ?? simulatedClock();
  return { db, clock, ledger: createSqliteLedger(db, { ...options, clock }) };
}

/** Another process on the same file: its own owner id, elsewhere, so that only its heartbeat tells whether it lives. */
export const otherOwner = (place = `elsewhere-${processes}`): NonNullable<SqliteLedgerOptions['owner']> => ({
  id: `process-${(processes += 1)}`,
  place,
  pid: 4_000_000 + processes,
  started: '',
});

export function allowance(id: string, limit: number, more: Partial<Allowance> = {}): Allowance {
  return {
    id,
    budget: id,
    scope: 'global',
    subject: null,
    period: 'month',
    startsAt: 0,
    resetsAt: null,
    limit: nano(limit),
    enforced: true,
    onExceed: 'reject',
    softAt: [],
    ...more,
  };
}

export const SPENDER: Spender = { tenant: 'team', keyId: 'key_1', team: 'data', user: 'ann', tags: ['batch'] };

export function request(id: string, allowances: readonly Allowance[], ...amounts: readonly number[]): HoldRequest {
  return {
    id,
    at: 1e6,
    spender: SPENDER,
    allowances,
    task: 'math',
    strategy: 'single',
    legs: amounts.map((amount, index) => ({
      id: String(index),
      model: `model-${index}`,
      atLeast: nano(amount),
      atMost: nano(amount),
      sent: true,
    })),
  };
}

export const cost = (amount: number, more: Partial<Charge> = {}): Charge => ({
  at: 1e6,
  cost: nano(amount),
  estimated: false,
  priceVersion: 'v1',
  usage: {
    prompt_tokens: 3,
    completion_tokens: 4,
    total_tokens: 7,
  },
  ...more,
});
