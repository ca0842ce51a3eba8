// Writes what waits in memory in batches, one transaction each; a failing disk is retried and never throws at those who append.
import type { Clock } from '../../contract/index.ts';
import { type Db, sqliteCode } from './database.ts';

/** Something with rows that wait. */
export interface Source {
  readonly waiting: () => number;
  /** Inside a transaction: writes some of them. What it returns forgets those, once they are committed. */
  readonly write: () => () => void;
}

/** The disk fails, or works again (`error` null). */
export interface Trouble {
  readonly error: Error | null;
  /** SQLite's code, such as `SQLITE_FULL`; empty when it isn't SQLite's. */
  readonly code: string;
  readonly waiting: number;
}

export interface Writer {
  /** Something was appended: write within `BATCH_AFTER_MS`, or at once when `full`. */
  soon(full: boolean): void;
  /** Writes all of it now. Throws when it can't. */
  now(): void;
  /** The same, but a failure is only reported and retried. False when rows still wait. */
  attempt(): boolean;
  stop(): void;
}

const BATCH_AFTER_MS = 20;
const LONGEST_PAUSE_MS = 5_000;

export function createWriter(
  db: Db,
  clock: Clock,
  sources: readonly Source[],
  {
    onTrouble,
    onWritten,
  }: { readonly onTrouble: (trouble: Trouble) => void; readonly onWritten: (rows: number) => void },
): Writer {
  let cancel: (() => void) | null = null;
  let failures = 0;
  let stopped = false;
  const waiting = (): number => sources.reduce((sum, source) => sum + source.waiting(), 0);

  function write(all: boolean): void {
    cancel?.();
    cancel = null;
    for (let more = waiting() > 0; more; more = all && waiting() > 0) {
      const forgets = db.transaction(() => sources.map((source) => source.write()));
      const before = waiting();
      for (const forget of forgets) forget();
      onWritten(before - waiting());
      if (failures > 0) {
        failures = 0;
        onTrouble({ error: null, code: '', waiting: waiting() });
      }
    }
    if (waiting() > 0) schedule(BATCH_AFTER_MS);
  }

  /** null when it is written. */
  function failure(all: boolean): Error | null {
    try {
      write(all);
      return null;
    } catch (thrown) {
      failures += 1;
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      if (failures === 1) onTrouble({ error, code: sqliteCode(error), waiting: waiting() });
      schedule(Math.min(LONGEST_PAUSE_MS, BATCH_AFTER_MS * 2 ** failures));
      return error;
    }
  }

  function schedule(afterMs: number): void {
    if (stopped) return;
    cancel ??= clock.after(afterMs, () => {
      cancel = null;
      failure(false);
    });
  }

  return {
    now: () => {
      const error = failure(true);
      if (error !== null) throw error;
    },
    attempt: () => failure(true) === null,
    soon: (full) => {
      if (full && failures === 0 && !stopped) failure(false);
      else schedule(BATCH_AFTER_MS);
    },
    stop: () => {
      stopped = true;
      cancel?.();
      cancel = null;
    },
  };
}
