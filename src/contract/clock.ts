// Time and chance as arguments, so that a whole request can be replayed and tests never sleep.
import type { AbortWatch } from './abort.ts';

export interface Clock {
  /** Milliseconds since the epoch, with fractions, never going back. */
  now(): number;
  /** Runs `task` once after `afterMs`; the returned function cancels it. */
  after(afterMs: number, task: () => void): () => void;
}

/** Uniform in [0, 1). */
export type Random = () => number;

/** Resolves after `ms`; rejects with the signal's reason when that comes first. */
export function sleep(clock: Clock, ms: number, signal?: AbortWatch): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = (): void => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = clock.after(ms, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
