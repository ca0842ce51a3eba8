// Money as it moves: allowances, what is held for calls, charges, and the ledger that never forgets.
import type { Act, BudgetPeriod, OnExceed, ScopeKind, Spender } from './accounts.ts';
import type { Usage } from './chat.ts';
import type { Nano } from './money.ts';
import type { Page } from './ports.ts';

/** Which budget in which of its periods, and whose. */
interface BudgetSlice {
  readonly budget: string;
  readonly scope: ScopeKind;
  /** Null for the global one. */
  readonly subject: string | null;
  readonly period: BudgetPeriod;
  readonly startsAt: number;
  /** null: never. */
  readonly resetsAt: number | null;
}

/** A budget in one of its periods, for one subject: what holds and charges are counted against. */
export interface Allowance extends BudgetSlice {
  /** Unique over budgets, subjects and periods. */
  readonly id: string;
  readonly limit: Nano;
  /** Refuses what doesn't fit; else it only counts. */
  readonly enforced: boolean;
  readonly onExceed: OnExceed;
  readonly softAt: readonly number[];
}

/** How an allowance stands. `spent + held <= limit` for enforced ones. */
export interface Balance extends BudgetSlice {
  readonly allowance: string;
  /** With top-ups. */
  readonly limit: Nano;
  readonly spent: Nano;
  readonly held: Nano;
}

/** One call that may be made. */
export interface HoldLeg {
  readonly id: string;
  readonly model: string;
  /** The least with which the call makes sense, and the most that it can cost. Equal: all or nothing. */
  readonly atLeast: Nano;
  readonly atMost: Nano;
  /** It goes out as soon as this is held: counts as sent in a crash. */
  readonly sent: boolean;
}

export interface HoldRequest {
  /** Unique; the same again while it is held gives the same outcome. */
  readonly id: string;
  readonly at: number;
  readonly spender: Spender;
  readonly allowances: readonly Allowance[];
  readonly legs: readonly HoldLeg[];
  readonly task: string | null;
  readonly strategy: string | null;
}

export interface Granted {
  readonly kind: 'held';
  readonly legs: readonly { readonly id: string; readonly amount: Nano }[];
  /** Allowances that only warn and are past their limit. */
  readonly over: readonly Balance[];
}

export interface Refused {
  readonly kind: 'refused';
  readonly code: 'budget_exceeded' | 'budget_held' | 'request_exceeds_budget';
  /** The allowance that stands in the way most. */
  readonly balance: Balance;
  readonly onExceed: OnExceed;
  /** What could be held if nothing were in flight, over all allowances. */
  readonly affordableLater: Nano;
}

export type HoldOutcome = Granted | Refused;

/** What one call cost. */
export interface Charge {
  readonly at: number;
  readonly cost: Nano;
  readonly usage: Usage | null;
  /** The provider said nothing; the usage was worked out. */
  readonly estimated: boolean;
  /** Which price table it was counted by. */
  readonly priceVersion: string;
}

/** Spending that nothing was held for, since no enforced budget applies. */
interface DirectCharge extends Charge {
  readonly id: string;
  readonly spender: Spender;
  readonly allowances: readonly Allowance[];
  readonly model: string;
  readonly task: string | null;
  readonly strategy: string | null;
}

export type EntryKind = 'charge' | 'correction' | 'topup' | 'reset';

/** One line of the ledger; never changed. */
export interface LedgerEntry {
  readonly seq: number;
  readonly at: number;
  readonly kind: EntryKind;
  /** Of a correction: the difference. */
  readonly amount: Nano;
  /** `hold/leg`; of an adjustment: the allowance. */
  readonly call: string;
  readonly keyId: string | null;
  readonly team: string | null;
  readonly user: string | null;
  readonly tags: readonly string[];
  readonly model: string | null;
  readonly task: string | null;
  readonly strategy: string | null;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** `unreconciled`: posted at its reserve, the true cost isn't known. `over_reserve`: it cost more than was held. */
  readonly flag: 'unreconciled' | 'over_reserve' | 'estimated' | null;
  readonly allowances: readonly string[];
  /** The price table that it was counted by; null: nothing was counted (a reserve, a correction, an adjustment). */
  readonly priceVersion: string | null;
  /** What the provider told, or what was worked out. */
  readonly usage: Usage | null;
}

export const SPEND_GROUPS = ['key', 'team', 'user', 'tag', 'model', 'task', 'strategy', 'day'] as const;
export type SpendGroup = (typeof SPEND_GROUPS)[number];

export interface SpendQuery {
  readonly groupBy: readonly SpendGroup[];
  /** Milliseconds since the epoch, from (included) and until (excluded). */
  readonly since: number;
  readonly until: number;
  readonly keyId?: string;
  readonly team?: string;
  readonly user?: string;
  readonly tag?: string;
  readonly model?: string;
  /** Added to UTC before the day is cut; 0 when absent. */
  readonly dayOffsetMs?: number;
}

export interface SpendRow {
  /** One value for each of `groupBy`; null: none. A call with several tags counts under each. */
  readonly group: readonly (string | null)[];
  readonly cost: Nano;
  readonly calls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/**
 * Append-only double entry of a kind: what is held and what is spent, against all allowances of a request at once.
 * Holding fails closed with `budget_unavailable`; ending never rejects and happens at most once a leg.
 */
export interface Ledger {
  /** Durable when it resolves. All allowances or none. */
  hold(request: HoldRequest): Promise<HoldOutcome>;
  /** More legs for a held request, against the allowances it was held under. */
  extend(holdId: string, legs: readonly HoldLeg[]): Promise<HoldOutcome>;
  /** Durable when it resolves; needed before a leg goes out that wasn't held as `sent`. */
  markSent(holdId: string, legIds: readonly string[]): Promise<void>;
  settle(holdId: string, legId: string, charge: Charge): void;
  /** It cost nothing. */
  release(holdId: string, legId: string): void;
  /** No more will come: gives back what was never sent, posts what was sent and not settled at its reserve. */
  finish(holdId: string, at: number): void;
  post(charge: DirectCharge): void;
  /** Every call of a verb so far is on disk when it resolves; rejects when it can't be written at the moment. */
  flush(): Promise<void>;
  balances(allowances: readonly Allowance[]): Promise<readonly Balance[]>;
  /** Adds to what may be spent in this one period. */
  topUp(allowance: Allowance, amount: Nano, act: Act): Promise<Balance>;
  /** Counts from nothing again in this period; history stays. */
  reset(allowance: Allowance, act: Act): Promise<Balance>;
  unreconciled(limit: number): Promise<readonly LedgerEntry[]>;
  /** Posts the difference to what it truly cost. False when there is no such entry, or it was corrected already. */
  correct(seq: number, cost: Nano, act: Act): Promise<boolean>;
  spend(query: SpendQuery): Promise<readonly SpendRow[]>;
  entries(limit: number, cursor: string | null): Promise<Page<LedgerEntry>>;
  /** Called after each commit with the allowances whose spending changed. */
  onPosted(listener: (balances: readonly Balance[]) => void): void;
  /** Writes what is queued, hands over nothing; what is still held is recovered by the others. */
  stop(): Promise<void>;
}

/** One thing worth telling a platform team. */
export interface BudgetAlert {
  readonly id: string;
  readonly type: 'threshold' | 'projected' | 'exhausted';
  readonly at: number;
  readonly balance: Balance;
  /** The share that was passed, or at which the money is projected to run out in time. */
  readonly threshold: number;
  /** When the limit is reached at the present rate; null when it isn't in this period. */
  readonly exhaustsAt: number | null;
}

export interface AlertStore {
  /** True for the first process that asks with this id. */
  claim(alert: BudgetAlert): boolean;
  delivered(id: string, at: number): void;
  /** Claimed, and not delivered: after a crash. */
  undelivered(before: number): readonly BudgetAlert[];
}
