// A clock that stands still until told otherwise: timers run in order of their moment, promises settle in between.
import type { Clock } from '../../src/contract/index.ts';

export interface SimulatedClock extends Clock {
  /** Timers that have not run. */
  readonly pending: number;
  /** Lets `ms` pass: runs each due timer at its own moment, those of the same moment in the order they were set. */
  advance(ms: number): Promise<void>;
  /** Runs timer after timer until the promise settles, and gives its outcome. Rejects when nothing is left that could settle it. */
  runUntil<Value>(promise: Promise<Value>): Promise<Value>;
}

interface Timer {
  readonly at: number;
  readonly task: () => void;
}

/** Turns of the event loop without a timer before `runUntil` gives up; real sockets may need some. */
const MAX_IDLE_TURNS = 1000;

/** Starts at `startAt` (milliseconds since the epoch). */
export function simulatedClock(startAt: number = Date.UTC(2026, 0, 1)): SimulatedClock {
  let now = startAt;
  let timers: readonly Timer[] = [];

  const runNext = (before: number): boolean => {
    const next = timers.find(({ at }) => at === Math.min(...timers.map((timer) => timer.at)));
    if (next === undefined || next.at > before) return false;
    timers = timers.filter((timer) => timer !== next);
    now = Math.max(now, next.at);
    next.task();
    return true;
  };

  return {
    now: () => now,
    after(afterMs, task) {
      const timer = { at: now + Math.max(0, afterMs), task };
      timers = [...timers, timer];
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    get pending() {
      return timers.length;
    },
    async advance(ms) {
      const until = now + ms;
      do await settled();
      while (runNext(until));
      now = Math.max(now, until);
      await settled();
    },
    async runUntil(promise) {
      const state = { open: true };
      const close = (): void => {
        state.open = false;
      };
      promise.then(close, close);
      for (let idle = 0; idle < MAX_IDLE_TURNS; idle++) {
        await settled();
        if (!state.open) return promise;
        if (runNext(Infinity)) idle = 0;
      }
      throw new Error('No timer is left, and the promise has not settled.');
    },
  };
}

/** Every promise that can settle by itself has, once a turn of the event loop has passed. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
