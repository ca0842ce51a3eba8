// What a plan's calls can cost: at the most, at the least that makes sense, and what fits into an amount.
import type { HoldLeg, Model, Nano, Price } from '../contract/index.ts';
import { worstCaseCost } from './price.ts';

/** One call that a plan may make. */
export interface PlannedCall {
  /** Unique within the request; repeated calls are legs of their own. */
  readonly id: string;
  readonly model: Model;
  /** It goes out at once when admitted. Others need `sent` before they go. */
  readonly sent: boolean;
  /** Tokens of input, never fewer than will be billed. */
  readonly inputAtMost: number;
  /** A closer count; asked for only where money is short. */
  readonly countInput?: () => Promise<number>;
  /** Tokens of one choice's output as the caller limits them; null: as many as the model can. */
  readonly outputAtMost: number | null;
  /** The request's `n`. */
  readonly choices: number;
}

/** A call with its price and what is known of its tokens. */
export interface Bounded {
  readonly call: PlannedCall;
  readonly price: Price;
  readonly input: number;
  /** The most that it can cost. */
  readonly most: Nano;
  /** Of one choice. */
  readonly output: number;
  /** Of one choice, where money is short: what nearly every answer so far needed. Never above `output`. */
  readonly expected: number;
  /** Of one choice, from the last of the money: an answer may be as short. */
  readonly floor: number;
}

/** Where nothing is known and the caller set no limit, answers are taken to be as long. */
const UNKNOWN_OUTPUT_TOKENS = 256;
/** The last of a budget goes to an answer of at least so many tokens: refusing it would leave money that may do. */
const FLOOR_TOKENS = 16;

/** As long as nobody asks what is usual, an answer may be as long as it is allowed to be. */
export function bound(call: PlannedCall, price: Price): Bounded {
  const output = Math.min(call.outputAtMost ?? Infinity, call.model.maxOutput);
  const input = call.inputAtMost;
  const most = worstCaseCost(price, input, output * call.choices);
  return { call, price, input, most, output, expected: output, floor: output };
}

/**
 * The same with what has been seen so far. `expected`: tokens that nearly all answers of this kind did with; null: too few
 * were seen. A limit that the caller set is lowered only on such evidence.
 */
export function observed(bounded: Bounded, expected: number | null): Bounded {
  const { call, output } = bounded;
  const known = expected !== null || call.outputAtMost === null;
  const usual = expected ?? (known ? UNKNOWN_OUTPUT_TOKENS : output);
  return {
    ...bounded,
    expected: Math.min(output, Math.max(1, Math.ceil(usual))),
    floor: known ? Math.min(output, FLOOR_TOKENS) : output,
  };
}

/** With the closer count of each input, where it is below the bound. */
export async function countClosely(calls: readonly Bounded[]): Promise<readonly Bounded[]> {
  return Promise.all(
    calls.map(async (bounded) => {
      const counted = await bounded.call.countInput?.();
      if (counted === undefined || counted >= bounded.input) return bounded;
      const { price, output, call } = bounded;
      return { ...bounded, input: counted, most: worstCaseCost(price, counted, output * call.choices) };
    }),
  );
}

export const mostOf = ({ most }: Bounded): Nano => most;

export const expectedOf = ({ call, price, input, expected }: Bounded): Nano =>
  worstCaseCost(price, input, expected * call.choices);

export const floorOf = ({ call, price, input, floor }: Bounded): Nano =>
  worstCaseCost(price, input, floor * call.choices);

export const total = (calls: readonly Bounded[], of: (call: Bounded) => Nano): Nano =>
  calls.reduce((sum, call) => sum + of(call), 0) as Nano;

/** All or nothing: by default the most that each can cost. */
export const firmLegs = (calls: readonly Bounded[], amountOf: (call: Bounded) => Nano = mostOf): readonly HoldLeg[] =>
  calls.map((bounded) => {
    const amount = amountOf(bounded);
    return { ...legOf(bounded), atLeast: amount, atMost: amount };
  });

/** As much as can be had, up to `ceiling` in all; null when the least already exceeds it. */
export function flexibleLegs(
  calls: readonly Bounded[],
  leastOf: (call: Bounded) => Nano,
  ceiling: number,
): readonly HoldLeg[] | null {
  const least = total(calls, leastOf);
  const most = total(calls, mostOf);
  if (least > ceiling) return null;
  const share = most <= ceiling ? 1 : (ceiling - least) / (most - least);
  return calls.map((bounded) => {
    const atLeast = leastOf(bounded);
    const atMost = (atLeast + Math.floor((mostOf(bounded) - atLeast) * share)) as Nano;
    return { ...legOf(bounded), atLeast, atMost };
  });
}

/** Tokens of one choice's output that `amount` pays for; null where it pays for all that may come. */
export function clampFor({ call, price, input, most, output }: Bounded, amount: Nano): number | null {
  if (most <= amount) return null;
  const costs = (tokens: number): Nano => worstCaseCost(price, input, tokens * call.choices);
  let [fits, tooMuch] = [0, output];
  while (tooMuch - fits > 1) {
    const middle = Math.floor((fits + tooMuch) / 2);
    if (costs(middle) <= amount) fits = middle;
    else tooMuch = middle;
  }
  return Math.max(1, fits);
}

const legOf = ({ call }: Bounded): Pick<HoldLeg, 'id' | 'model' | 'sent'> => ({
  id: call.id,
  model: call.model.name,
  sent: call.sent,
});
