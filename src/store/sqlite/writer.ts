// Writes what waits in memory in batches, one transaction each; a failing disk is retried and never throws at those who append.
import type { Clock } from '../../contract/index.ts';
import { type Db, sqliteCode } from './database.ts';

/** Something with rows that wait. */
export interface Source {
  readonly waiting: () => number;
  /** Inside a transaction. What it returns forgets the rows written, once they are committed. */
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
  /** Writes now. Throws when it can't. */
  now(): void;
  /** The same, but a failure is only reported and retried. False when rows still wait. */
  attempt(): boolean;
  stop(): void;
}

export const BATCH_AFTER_MS = 20;
const LONGEST_PAUSE_MS = 5_000;

export function createWriter(
  db: Db,
  clock: Clock,
  sources: readonly Source[],
  onTrouble: (trouble: Trouble) => void,
): Writer {
  let cancel: (() => void) | null = null;
  let failures = 0;
  const waiting = (): number => sources.reduce((sum, source) => sum + source.waiting(), 0);

  function write(): void {
    cancel?.();
    cancel = null;
    if (waiting() === 0) return;
    const forgets = db.transaction(() => sources.map((source) => source.write()));
    for (const forget of forgets) forget();
    if (failures === 0) return;
    failures = 0;
    onTrouble({ error: null, code: '', waiting: waiting() });
  }

  /** null when it is written. */
  function failure(): Error | null {
    try {
      write();
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
    cancel ??= clock.after(afterMs, () => {
      cancel = null;
      failure();
    });
  }

  return {
    now: () => {
      const error = failure();
      if (error !== null) throw error;
    },
    attempt: () => failure() === null,
    soon: (full) => {
      if (full && failures === 0) failure();
      else schedule(BATCH_AFTER_MS);
    },
    stop: () => {
      cancel?.();
      cancel = null;
    },
  };
}
