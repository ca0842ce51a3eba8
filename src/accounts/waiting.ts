// Requests that wait a moment for money that others hold. First come, first served, as money comes back.
import type { Clock, HoldOutcome } from '../contract/index.ts';

const POLL_MS = 50;
/** How many are tried when some money comes back: those in front may want more than there is. */
const TRY_AT_ONCE = 8;
const MOST_WAITING = 2_000;

export interface Waiting {
  /** Tries again until it is held, something else stands in the way, or the time is over. Gives the last outcome. */
  until(
    deadlineAt: number,
    first: HoldOutcome,
    attempt: () => Promise<HoldOutcome>,
    signal?: AbortSignal,
  ): Promise<HoldOutcome>;
  /** Some money came back in this process. */
  wake(): void;
}

interface Waiter {
  readonly attempt: () => Promise<HoldOutcome>;
  readonly done: (outcome: HoldOutcome) => void;
  readonly failed: (error: unknown) => void;
  deadlineAt: number;
  readonly signal: AbortSignal | undefined;
  last: HoldOutcome;
}

export function createWaiting(clock: Clock): Waiting {
  let waiters: Waiter[] = [];
  let busy = false;
  let again = false;
  let ticking = false;
  let seenAt = 0;

  /** While this process stood still no money could come back either: such time isn't waiting. */
  const look = (): number => {
    const now = clock.now();
    const stoodStillMs = now - seenAt - 2 * POLL_MS;
    if (stoodStillMs > 0) for (const waiter of waiters) waiter.deadlineAt += stoodStillMs;
    seenAt = now;
    return now;
  };
  const leave = (waiter: Waiter): void => {
    waiters = waiters.filter((one) => one !== waiter);
  };
  /** True: it waits no longer. */
  const tryOne = async (waiter: Waiter): Promise<boolean> => {
    if (waiter.signal?.aborted || look() >= waiter.deadlineAt) {
      leave(waiter);
      waiter.done(waiter.last);
      return true;
    }
    try {
      waiter.last = await waiter.attempt();
    } catch (error) {
      leave(waiter);
      waiter.failed(error);
      return true;
    }
    if (waiter.last.kind === 'refused' && waiter.last.code === 'budget_held') return false;
    leave(waiter);
    waiter.done(waiter.last);
    return true;
  };
  const round = async (everybody: boolean): Promise<void> => {
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    let stuck = 0;
    for (const waiter of waiters.slice()) {
      if (stuck >= TRY_AT_ONCE && !everybody) break;
      const due = look() >= waiter.deadlineAt || waiter.signal?.aborted === true;
      if (stuck >= TRY_AT_ONCE && !due) continue;
      if (!(await tryOne(waiter))) stuck += 1;
    }
    busy = false;
    if (again) {
      again = false;
      void round(false);
    }
  };
  /** Other processes give money back as well, and time runs out. */
  const tick = (): void => {
    ticking = waiters.length > 0;
    if (!ticking) return;
    look();
    void round(true);
    clock.after(POLL_MS, tick);
  };

  return {
    until: (deadlineAt, first, attempt, signal) => {
      if (waiters.length >= MOST_WAITING || clock.now() >= deadlineAt) return Promise.resolve(first);
      return new Promise((done, failed) => {
        waiters.push({ attempt, done, failed, deadlineAt, signal, last: first });
        if (ticking) return;
        ticking = true;
        seenAt = clock.now();
        clock.after(POLL_MS, tick);
      });
    },
    wake: () => {
      if (waiters.length > 0) void round(false);
    },
  };
}
