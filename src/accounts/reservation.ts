// Money that was let in: what each call may cost, and the ways in which a call ends. With or without a hold behind it.
import {
  NO_MONEY,
  type Allowance,
  type Balance,
  type Charge,
  type Clock,
  type Granted,
  type HoldLeg,
  type Ledger,
  type Nano,
  type Price,
  type Spender,
} from '../contract/index.ts';
import { bound, clampFor, firmLegs, mostOf, type Bounded, type PlannedCall } from './bounds.ts';
import type { Intent } from './admission.ts';
import type { OutputHistory } from './output-history.ts';
import { refusalOf } from './refusal.ts';

export interface Reservation {
  /** Tokens to which `max_completion_tokens` has to be lowered for each call that was clamped. */
  readonly clamps: ReadonlyMap<string, number>;
  /** The smaller plan that it was held for; null: the one that was asked for. */
  readonly downgraded: Intent | null;
  /** Budgets that only warn, and are past their limit. */
  readonly over: readonly Balance[];
  /** What is held for a call; null when there is no such call. */
  amountOf(callId: string): Nano | null;
  /** What its tokens are counted at: its model's price or the one that stands in for it; null: no budget counts what has no price. */
  priceOf(callId: string): Price | null;
  /** Before a call goes out that wasn't planned as `sent`: durable when it resolves. */
  sent(callIds: readonly string[]): Promise<void>;
  /** More calls than were planned. Rejects as `admit` does; what is held already stays. */
  more(calls: readonly PlannedCall[]): Promise<void>;
  /** What a call cost; never fails, counts once. */
  settle(callId: string, charge: Charge): void;
  /** The call was never made, or cost nothing. */
  release(callId: string): void;
  /** To be called once, on every way out: gives back what wasn't sent, posts what was and is unknown at its reserve. */
  finish(): void;
}

interface Base {
  readonly id: string;
  readonly at: number;
  readonly spender: Spender;
  readonly allowances: readonly Allowance[];
  readonly task: string | null;
  readonly strategy: string | null;
  /** Throws `model_unpriced`. */
  readonly priceOf: (call: PlannedCall) => Price;
}

interface Parts {
  readonly ledger: Ledger;
  readonly history: OutputHistory;
  readonly clock: Clock;
  readonly wake: () => void;
}

/** `held`: a hold lies behind it; without one what is settled is posted as it comes. */
export function createReservation(
  parts: Parts,
): (base: Base, calls: readonly Bounded[], granted: Granted, held: boolean) => Reservation {
  return (base, calls, granted, held) => {
    const known = new Map(calls.map((bounded) => [bounded.call.id, bounded]));
    const amounts = new Map(granted.legs.map((leg) => [leg.id, leg.amount]));
    const clamps = new Map(
      calls.flatMap((bounded) => {
        const tokens = clampFor(bounded, amounts.get(bounded.call.id) ?? NO_MONEY);
        return tokens === null ? [] : [[bounded.call.id, tokens] as const];
      }),
    );
    const end = held ? endHeld(parts, base) : endPosted(parts, base, known);
    return {
      clamps,
      downgraded: null,
      over: granted.over,
      amountOf: (callId) => amounts.get(callId) ?? null,
      priceOf: (callId) => {
        const bounded = known.get(callId);
        if (bounded === undefined) return null;
        return bounded.call.model.price ?? (base.allowances.length > 0 ? bounded.price : null);
      },
      sent: async (callIds) => {
        if (held) await parts.ledger.markSent(base.id, callIds);
      },
      more: async (planned) => {
        const more = planned.map((call) => bound(call, base.priceOf(call)));
        const legs = firmLegs(more);
        if (held) await extend(parts.ledger, base.id, legs);
        for (const bounded of more) known.set(bounded.call.id, bounded);
        for (const leg of legs) amounts.set(leg.id, leg.atMost);
      },
      settle: (callId, charge) => {
        const bounded = known.get(callId);
        if (bounded === undefined) return;
        const tokens = charge.usage?.completion_tokens;
        if (tokens !== undefined)
          parts.history.observe(base.task, bounded.call.model.name, tokens / bounded.call.choices);
        end.settle(callId, charge);
      },
      release: (callId) => end.release(callId),
      finish: () => end.finish(),
    };
  };
}

/** Nothing limits it: nothing is held or bounded, and each call is posted as it ends. */
export function createUnlimited({
  ledger,
  history,
}: Pick<Parts, 'ledger' | 'history'>): (base: Base, calls: readonly PlannedCall[]) => Reservation {
  return (base, planned) => {
    let calls = planned;
    const ended: string[] = [];
    const find = (callId: string): PlannedCall | undefined => calls.find((call) => call.id === callId);
    return {
      clamps: NO_CLAMPS,
      downgraded: null,
      over: [],
      amountOf: (callId) => {
        const call = find(callId);
        return call === undefined ? null : mostOf(bound(call, base.priceOf(call)));
      },
      priceOf: (callId) => find(callId)?.model.price ?? null,
      sent: () => Promise.resolve(),
      more: (further) => {
        calls = [...calls, ...further];
        return Promise.resolve();
      },
      settle: (callId, charge) => {
        const call = find(callId);
        if (call === undefined) return;
        const { id, spender, task, strategy } = base;
        const model = call.model.name;
        const tokens = charge.usage?.completion_tokens;
        if (tokens !== undefined) history.observe(task, model, tokens / call.choices);
        if (ended.includes(callId)) return;
        ended.push(callId);
        const { at, cost, usage, estimated, priceVersion } = charge;
        ledger.post({
          id: `${id}/${callId}`,
          at,
          cost,
          usage,
          estimated,
          priceVersion,
          spender,
          allowances: base.allowances,
          model,
          task,
          strategy,
        });
      },
      release: (callId) => void ended.push(callId),
      finish: () => undefined,
    };
  };
}

const NO_CLAMPS: ReadonlyMap<string, number> = new Map();

interface Ends {
  settle(callId: string, charge: Charge): void;
  release(callId: string): void;
  finish(): void;
}

function endHeld({ ledger, clock, wake }: Parts, { id }: Base): Ends {
  return {
    settle: (callId, charge) => {
      ledger.settle(id, callId, charge);
      wake();
    },
    release: (callId) => {
      ledger.release(id, callId);
      wake();
    },
    finish: () => {
      ledger.finish(id, clock.now());
      wake();
    },
  };
}

function endPosted({ ledger }: Parts, base: Base, known: ReadonlyMap<string, Bounded>): Ends {
  const ended = new Set<string>();
  return {
    settle: (callId, charge) => {
      const model = known.get(callId)?.call.model.name;
      if (model === undefined || ended.has(callId)) return;
      ended.add(callId);
      const { id, spender, allowances, task, strategy } = base;
      ledger.post({ ...charge, id: `${id}/${callId}`, spender, allowances, model, task, strategy });
    },
    release: (callId) => void ended.add(callId),
    finish: () => undefined,
  };
}

async function extend(ledger: Ledger, id: string, legs: readonly HoldLeg[]): Promise<void> {
  const outcome = await ledger.extend(id, legs);
  if (outcome.kind === 'held') return;
  const amount = legs.reduce((sum, leg) => sum + leg.atMost, 0) as Nano;
  throw refusalOf(outcome, amount);
}
