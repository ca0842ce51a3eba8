// May this be spent? The one way in for everything that costs money: it holds what a plan can cost at the most, before its first call.
import {
  FREE_PRICE,
  type AbortWatch,
  QuorumError,
  type Allowance,
  type Balance,
  type Clock,
  type HoldLeg,
  type HoldOutcome,
  type HoldRequest,
  type Ledger,
  type Nano,
  type Price,
  type Spender,
} from '../contract/index.ts';
import {
  bound,
  countClosely,
  expectedOf,
  firmLegs,
  flexibleLegs,
  floorOf,
  mostOf,
  observed,
  total,
  type Bounded,
  type PlannedCall,
} from './bounds.ts';
import type { Budgets } from './budget.ts';
import type { OutputHistory } from './output-history.ts';
import { boundless, overCeiling, refusalOf, unpriced } from './refusal.ts';
import { createReservation, createUnlimited, type Reservation } from './reservation.ts';
import { createWaiting } from './waiting.ts';

/** Share of the answers so far that weren't longer than what a call should have. */
const EXPECTED_SHARE = 0.99;

/** What is to be paid: a plan, or the next smaller one. */
export interface Intent {
  readonly calls: readonly PlannedCall[];
  readonly strategy: string | null;
}

export interface AdmissionRequest extends Intent {
  /** The request's id; unique. */
  readonly id: string;
  readonly at: number;
  readonly spender: Spender;
  readonly task: string | null;
  /** `x-quorum-max-cost`; null: none. */
  readonly ceiling: Nano | null;
  /** Cheaper ways to do it, dearest first; asked for one by one where a budget says `downgrade`. */
  readonly smaller?: () => Iterable<Intent>;
  /** The client has gone. */
  readonly signal?: AbortWatch;
}

interface AdmissionOptions {
  readonly ledger: Ledger;
  readonly budgets: Budgets;
  readonly history: OutputHistory;
  readonly clock: Clock;
  /** Stands in for a missing price where a budget says `estimate`: the dearest that is known. null: there is none. */
  readonly dearestPrice: () => Price | null;
  /** How long a request waits for money that others hold. */
  readonly heldWaitMs: () => number;
}

export interface Admission {
  /**
   * Resolves once what it may cost is held, durably. Rejects with `budget_exceeded`, `budget_held`,
   * `request_exceeds_budget`, `model_unpriced` or `budget_unavailable`.
   */
  admit(request: AdmissionRequest): Promise<Reservation>;
  /** Throws `model_unpriced` where a budget would have to pay for what nobody can tell beforehand. `what`: as the client named it. */
  demandNoBudget(spender: Spender, at: number, what: string): void;
  /** What admitting would say now; holds nothing. */
  standing(spender: Spender, at: number): Promise<readonly Balance[]>;
}

type Attempt =
  | { readonly kind: 'held'; readonly reservation: Reservation }
  | { readonly kind: 'no'; readonly error: QuorumError; readonly downgrade: boolean };

export function createAdmission(options: AdmissionOptions): Admission {
  const { ledger, budgets, history, clock } = options;
  const waiting = createWaiting(clock);
  const unlimited = createUnlimited({ ledger, history });
  const reservationOf = createReservation({ ledger, history, clock, wake: () => waiting.wake() });

  const seenOf = (task: string | null, { model }: PlannedCall): number | null =>
    history.quantile(task, model.name, EXPECTED_SHARE);

  const strictOf = (allowances: readonly Allowance[]): Allowance | undefined =>
    allowances.find((one) => one.enforced && budgets.find(one.budget)?.unpriced !== 'estimate');
  const priceOf = ({ model }: PlannedCall, allowances: readonly Allowance[]): Price => {
    if (model.price !== null) return model.price;
    const strict = strictOf(allowances);
    const standIn = options.dearestPrice();
    if (strict !== undefined || (standIn === null && allowances.length > 0))
      throw unpriced(model.name, strict ?? allowances[0]!);
    return standIn ?? FREE_PRICE;
  };

  /** `last`: an answer cut short is better than none. */
  const attempt = async (request: AdmissionRequest, intent: Intent, last: boolean): Promise<Attempt> => {
    const { id, at, spender, task, ceiling, signal } = request;
    const allowances = budgets.allowancesOf(spender, at);
    const enforced = allowances.some((one) => one.enforced);
    const held = { id, at, spender, allowances, task, strategy: intent.strategy };
    const base = { ...held, priceOf: (call: PlannedCall) => priceOf(call, allowances) };
    let calls: readonly Bounded[] = intent.calls.map((call) => bound(call, priceOf(call, allowances)));
    const give = (outcome: HoldOutcome, legs: readonly HoldLeg[] | null): Attempt => {
      if (outcome.kind === 'held') return { kind: 'held', reservation: reservationOf(base, calls, outcome, enforced) };
      const amount = legs === null ? total(calls, mostOf) : (legs.reduce((sum, leg) => sum + leg.atLeast, 0) as Nano);
      return { kind: 'no', error: refusalOf(outcome, amount), downgrade: outcome.onExceed === 'downgrade' };
    };

    const limit = ceiling ?? Infinity;
    const fits = (): boolean => total(calls, mostOf) <= limit;
    if (!enforced && fits()) return give(ungated(calls), null);
    const hold = (legs: readonly HoldLeg[]): Promise<HoldOutcome> =>
      enforced ? ledger.hold({ ...held, legs } satisfies HoldRequest) : Promise.resolve(all(legs));
    const deadlineAt = clock.now() + options.heldWaitMs();
    const inTurn = (legs: readonly HoldLeg[]): Promise<HoldOutcome> =>
      waiting.isPromised(allowances)
        ? waiting.until(deadlineAt, null, allowances, () => hold(legs), signal)
        : hold(legs);
    let outcome: HoldOutcome | null = fits() ? await inTurn(firmLegs(calls)) : null;
    if (outcome?.kind === 'held' || outcome?.affordableLater === 0) return give(outcome, null);

    calls = await countClosely(calls);
    if (fits()) outcome = await hold(firmLegs(calls));
    if (outcome?.kind === 'held') return give(outcome, null);

    const wait = async (first: HoldOutcome, legs: readonly HoldLeg[]): Promise<HoldOutcome> =>
      worthWaiting(first, request) ? waiting.until(deadlineAt, first, allowances, () => hold(legs), signal) : first;
    // With nothing to tell how long its answer will be, waiting for the money in flight is better than cutting it short.
    const known = calls.every(({ call }) => seenOf(task, call) !== null);
    if (outcome !== null && !known) outcome = await wait(outcome, firmLegs(calls));
    if (outcome?.kind === 'held') return give(outcome, null);

    calls = calls.map((bounded) => observed(bounded, seenOf(task, bounded.call)));
    const legs = flexibleLegs(calls, expectedOf, limit);
    if (legs !== null) outcome = await wait(await hold(legs), legs);
    if (outcome?.kind === 'held') return give(outcome, legs);
    if (outcome?.code === 'budget_held') return give(outcome, legs);
    // The end of a budget: all that is left goes to one answer that may do with it.
    calls = calls.map((bounded) => observed(bounded, seenOf(task, bounded.call)));
    const least = total(calls, floorOf);
    // Under its own ceiling alone an answer isn't cut below what it usually needs.
    if (outcome === null || least > limit)
      return {
        kind: 'no',
        error: overCeiling(limit as Nano, outcome === null ? total(calls, mostOf) : least),
        downgrade: true,
      };
    if (!last && outcome.onExceed === 'downgrade') return give(outcome, legs);
    // Where not even the least fits, it is that which tells a budget that is used up from a request that never fits.
    const rest = flexibleLegs(calls, floorOf, Math.min(limit, outcome.affordableLater)) ?? firmLegs(calls, floorOf);
    return give(await wait(await hold(rest), rest), rest);
  };

  return {
    admit: async (request) => {
      const allowances = budgets.allowancesOf(request.spender, request.at);
      if (allowances.length === 0 && request.ceiling === null) {
        const { id, at, spender, task, strategy } = request;
        return unlimited(
          { id, at, spender, allowances, task, strategy, priceOf: (call) => priceOf(call, allowances) },
          request.calls,
        );
      }
      const first = await attempt(request, request, request.smaller === undefined);
      if (first.kind === 'held') return first.reservation;
      if (!first.downgrade) throw first.error;
      let least: Intent | null = null;
      for (const intent of request.smaller?.() ?? []) {
        const next = await attempt(request, intent, false);
        if (next.kind === 'held') return { ...next.reservation, downgraded: intent };
        least = intent;
      }
      const rest = await attempt(request, least ?? request, true);
      if (rest.kind === 'held') return least === null ? rest.reservation : { ...rest.reservation, downgraded: least };
      throw rest.error;
    },
    demandNoBudget: (spender, at, what) => {
      const strict = strictOf(budgets.allowancesOf(spender, at));
      if (strict !== undefined) throw boundless(what, strict);
    },
    standing: (spender, at) => ledger.balances(budgets.allowancesOf(spender, at)),
  };
}

/** A smaller plan now is better than the large one later. */
function worthWaiting(outcome: HoldOutcome, { smaller }: AdmissionRequest): boolean {
  if (outcome.kind === 'held' || outcome.code !== 'budget_held') return false;
  return smaller === undefined || outcome.onExceed !== 'downgrade';
}

/** No budget could refuse: nothing needs to be held. */
const ungated = (calls: readonly Bounded[]): HoldOutcome => all(firmLegs(calls));
const all = (legs: readonly HoldLeg[]): HoldOutcome => ({
  kind: 'held',
  legs: legs.map(({ id, atMost }) => ({ id, amount: atMost })),
  over: [],
});
