// What this process holds at the moment, and the rows and entries that it makes.
import {
  NO_MONEY,
  type Charge,
  type HoldOutcome,
  type HoldRequest,
  type LedgerEntry,
  type Nano,
} from '../../contract/index.ts';
import type { HoldRow } from './hold-journal.ts';
import type { NewEntry } from './ledger-book.ts';

export interface LiveLeg {
  readonly id: string;
  readonly model: string;
  readonly amount: Nano;
  sent: boolean;
  /** Settled or released, as far as the caller is concerned. */
  ended: boolean;
  /** Still part of the hold's row. */
  open: boolean;
}

export interface LiveHold {
  readonly request: HoldRequest;
  readonly legs: Map<string, LiveLeg>;
  readonly outcome: Promise<HoldOutcome>;
  /** The book's, when its first leg was written. */
  epoch: number;
}

export type Flag = LedgerEntry['flag'];

export const BLANK: NewEntry = {
  at: 0,
  kind: 'charge',
  amount: NO_MONEY,
  call: '',
  spender: null,
  model: null,
  task: null,
  strategy: null,
  inputTokens: 0,
  outputTokens: 0,
  flag: null,
  allowances: [],
  detail: null,
  corrects: null,
};

export const openLegs = (hold: LiveHold): LiveLeg[] => [...hold.legs.values()].filter((leg) => leg.open);

export function rowOf(hold: LiveHold): HoldRow {
  const { spender, task, strategy, allowances } = hold.request;
  const legs = openLegs(hold).map(({ id, model, amount, sent }) => ({ id, model, amount, sent }));
  return { spender, task, strategy, allowances: allowances.map((one) => one.id), legs };
}

export function entryOf(
  of: Pick<HoldRequest, 'spender' | 'task' | 'strategy' | 'allowances'>,
  model: string,
  call: string,
  amount: Nano,
  charge: Charge | null,
  flag: Flag,
  corrects: number | null,
  at: number,
): NewEntry {
  const { usage = null, priceVersion = '' } = charge ?? {};
  return {
    at: charge?.at ?? at,
    kind: corrects === null ? 'charge' : 'correction',
    amount,
    call,
    model,
    flag,
    corrects,
    spender: of.spender,
    task: of.task,
    strategy: of.strategy,
    inputTokens: usage?.prompt_tokens ?? 0,
    outputTokens: usage?.completion_tokens ?? 0,
    allowances: of.allowances,
    detail: charge === null ? null : { ...(usage !== null && { usage }), priceVersion },
  };
}
