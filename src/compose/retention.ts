// What goes when it is old: requests and hours, a little once a minute, so that there is never much to do.
import type { LiveConfig } from '../config/index.ts';
import { sleep, type Clock } from '../contract/index.ts';
import type { SqliteStore } from '../store/index.ts';

export interface RetentionOptions {
  readonly retention: () => ReturnType<LiveConfig['parts']>['retention'];
  readonly clock: Clock;
  readonly onTrouble: (error: unknown) => void;
}

const FIRST_AFTER_MS = 20_000;
const FORGET_EVERY_MS = 60_000;
const HOUR_MS = 3_600_000;

/** The returned function ends it, and resolves when nothing is under way any more. */
export function keepForgetting(
  store: Pick<SqliteStore, 'prune' | 'performance'>,
  { retention, clock, onTrouble }: RetentionOptions,
): () => Promise<void> {
  const stopped = new AbortController();
  const forget = async (): Promise<void> => {
    const { requestsMs, maxRows, maxBytes, reportsMs } = retention();
    const now = clock.now();
    const before = now - requestsMs;
    await store.prune(
      { before, ...(maxRows !== null && { maxRows }), ...(maxBytes !== null && { maxBytes }) },
      stopped.signal,
    );
    store.performance.forget(Math.floor((now - reportsMs) / HOUR_MS));
  };
  const run = async (): Promise<void> => {
    for (let afterMs = FIRST_AFTER_MS; ; afterMs = FORGET_EVERY_MS) {
      await sleep(clock, afterMs, stopped.signal).catch(() => undefined);
      if (stopped.signal.aborted) return;
      await forget().catch(onTrouble);
    }
  };
  const running = run();
  return () => {
    stopped.abort();
    return running;
  };
}
