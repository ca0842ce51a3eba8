// When the same call is made again: how long to wait, how often, and how many at once. Pure.
import type { Random } from '../contract/index.ts';

export const MAX_RETRIES = 5;
const FIRST_STEP_MS = 1000;

/**
 * Milliseconds before the n-th retry (n from 1): 2^(n-1) seconds plus up to half of that at random
 * (exponential backoff with jitter). What the upstream asked for wins over the formula.
 */
export function retryDelayMs(n: number, random: Random, retryAfterMs: number | null): number {
  if (retryAfterMs !== null) return retryAfterMs;
  const step = FIRST_STEP_MS * 2 ** (n - 1);
  return step + random() * (step / 2);
}

/** The wait before the next retry, or null: no more retries are allowed, or it would begin at the deadline or after. */
export function nextRetryMs(
  state: {
    readonly retries: number;
    readonly maxRetries: number;
    readonly retryAfterMs: number | null;
    readonly now: number;
    readonly deadlineAt: number;
  },
  random: Random,
): number | null {
  if (state.retries >= Math.min(state.maxRetries, MAX_RETRIES)) return null;
  const delay = retryDelayMs(state.retries + 1, random, state.retryAfterMs);
  return state.now + delay < state.deadlineAt ? delay : null;
}

/** Stops retry storms: few retries at once, measured against all calls that wait for an answer. */
export interface RetryBudget {
  begin(): void;
  end(): void;
  /** Whether one more retry may be under way; give it back when its attempt is over. */
  take(): boolean;
  give(): void;
}

const ALWAYS_ALLOWED = 3;
const SHARE_OF_CALLS = 0.2;

export function createRetryBudget(): RetryBudget {
  let calls = 0;
  let retries = 0;
  return {
    begin: () => void calls++,
    end: () => void calls--,
    take: () => {
      if (retries >= Math.max(ALWAYS_ALLOWED, calls * SHARE_OF_CALLS)) return false;
      retries++;
      return true;
    },
    give: () => void retries--,
  };
}
