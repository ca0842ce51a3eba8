// Many writes, one transaction: everything that queued up during one turn of the event loop is committed together.
import type { Clock } from '../../contract/index.ts';
import { isAboutContent, isBusy, type Db } from './database.ts';

export interface Job {
  /** Runs inside the transaction, and again when that was rolled back; what it returns runs once it is committed. */
  apply(): () => void;
  /** The transaction that it was applied in was rolled back. */
  undo(): void;
  /** The file can't be written; true: try again later, before anything that came after it. Or it fails by itself alone: then it is gone. */
  failed(error: unknown): boolean;
  /** Nobody waits for it and no balance rests on it: it may be gathered with others for up to `LATER_MS`. */
  readonly isPatient: boolean;
}

export interface GroupCommit {
  add(job: Job): void;
  /** Resolves when all that was added so far is committed; rejects when the file can't be written, and what waits goes on waiting. */
  flush(): Promise<void>;
  /** One last try, at once. Throws when the file can't be written. */
  stop(): void;
}

interface GroupCommitOptions {
  readonly clock: Clock;
  /** Runs a task at the end of this turn of the event loop. */
  readonly soon: (task: () => void) => void;
  /** Before and after the jobs of one transaction. */
  readonly begin: () => void;
  readonly end: () => () => void;
  readonly onTrouble?: (error: unknown) => void;
}

const MOST_AT_ONCE = 256;
/** A transaction of its own would cost what nobody waits for more than all else about it. */
const LATER_MS = 200;
/** So many don't wait any longer. */
const MANY = 256;
const PAUSE_MS = { first: 50, most: 1_000 };
/** Another process is writing: as a rule for less than a millisecond. */
const BUSY = { pauseMs: 3, mostMs: 2_000 };

export function createGroupCommit(db: Db, options: GroupCommitOptions): GroupCommit {
  let queue: Job[] = [];
  let scheduled = false;
  let pauseMs = 0;
  let pausedUntil = 0;
  let busySince: number | null = null;
  let cancelRetry = (): void => undefined;
  let cancelLater: (() => void) | null = null;
  let stopped = false;

  /** null: it is committed. */
  const failureOf = (jobs: readonly Job[]): { readonly error: unknown } | null => {
    let committed: readonly (() => void)[];
    try {
      committed = db.transaction(() => {
        options.begin();
        const after = jobs.map((job) => job.apply());
        after.push(options.end());
        return after;
      });
    } catch (error) {
      for (const job of jobs) job.undo();
      return { error };
    }
    pauseMs = 0;
    busySince = null;
    for (const then of committed) then();
    return null;
  };

  /**
   * What can't be written for now, and why; null: nothing is left. A job that throws where a transaction without it passes is to
   * blame itself: those beside it are carried out one by one, and it never again.
   */
  const carryOut = (jobs: readonly Job[]): { readonly left: readonly Job[]; readonly error: unknown } | null => {
    const failure = failureOf(jobs);
    if (failure === null) return null;
    const { error } = failure;
    if (!isAboutContent(error) || failureOf([]) !== null) return { left: jobs, error };
    if (jobs.length === 1) {
      jobs[0]!.failed(error);
      options.onTrouble?.(error);
      return null;
    }
    for (const [index, job] of jobs.entries()) {
      const own = carryOut([job]);
      if (own !== null) return { left: jobs.slice(index), error: own.error };
    }
    return null;
  };

  const giveBack = (jobs: readonly Job[], error: unknown): void => {
    queue = [...jobs.filter((job) => job.failed(error)), ...queue];
  };

  const pause = (error: unknown): void => {
    options.onTrouble?.(error);
    pauseMs = Math.min(PAUSE_MS.most, Math.max(PAUSE_MS.first, pauseMs * 2));
    pausedUntil = options.clock.now() + pauseMs;
    cancelRetry();
    cancelRetry = options.clock.after(pauseMs, run);
    // What may fail does so now instead of waiting for a file that can't be written.
    const waiting = queue;
    queue = [];
    giveBack(waiting, error);
  };

  /** Tries again soon; false when it has been at it for too long. */
  const waitsForOther = (): boolean => {
    const now = options.clock.now();
    busySince ??= now;
    if (now - busySince >= BUSY.mostMs) return false;
    scheduled = true;
    cancelRetry = options.clock.after(BUSY.pauseMs, run);
    return true;
  };

  const run = (): void => {
    scheduled = false;
    cancelLater?.();
    cancelLater = null;
    if (stopped || queue.length === 0) return;
    const jobs = queue.slice(0, MOST_AT_ONCE);
    queue = queue.slice(MOST_AT_ONCE);
    const stuck = carryOut(jobs);
    if (stuck === null) {
      if (queue.length > 0) schedule();
    } else if (isBusy(stuck.error) && waitsForOther()) queue = [...stuck.left, ...queue];
    else {
      giveBack(stuck.left, stuck.error);
      pause(stuck.error);
    }
  };

  const schedule = (): void => {
    if (scheduled || stopped) return;
    scheduled = true;
    options.soon(run);
  };

  const add = (job: Job): void => {
    if (stopped) {
      job.failed(new Error('The ledger is closed.'));
      return;
    }
    if (pauseMs > 0 && options.clock.now() < pausedUntil) {
      // The retry timer is running; only what can wait does.
      if (job.failed(new Error('The ledger could not be written a moment ago.'))) queue.push(job);
      return;
    }
    queue.push(job);
    if (job.isPatient && queue.length < MANY) cancelLater ??= options.clock.after(LATER_MS, run);
    else schedule();
  };

  return {
    add,
    flush: () =>
      new Promise((resolve, reject) => {
        const failed = (error: unknown): boolean => {
          reject(error instanceof Error ? error : new Error(String(error)));
          return false;
        };
        add({ apply: () => resolve, undo: () => undefined, failed, isPatient: false });
      }),
    stop: () => {
      cancelRetry();
      cancelLater?.();
      while (queue.length > 0) {
        const stuck = carryOut(queue.splice(0, MOST_AT_ONCE));
        if (stuck === null) continue;
        stopped = true;
        giveBack(stuck.left, stuck.error);
        throw stuck.error;
      }
      stopped = true;
    },
  };
}
