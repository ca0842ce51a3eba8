// The store on one SQLite file: both ports behind one writer, and what keeps the file from growing.
import {
  type Clock,
  type ExperimentStore,
  type LearningStore,
  type OptionStore,
  type PerformanceStore,
  type Store,
  sleep,
} from '../../contract/index.ts';
import { createCheckpointer } from './checkpoint.ts';
import { type Db, migrate } from './database.ts';
import { createEvidenceQueue, type Decay } from './evidence.ts';
import { createSqliteExperiments } from './experiments.ts';
import { createLearningQueue } from './learning.ts';
import { MIGRATIONS } from './migrations.ts';
import { createOptionTable } from './options.ts';
import { createPerformanceQueue } from './performance.ts';
import { createRequestQueue } from './requests.ts';
import { createWriter, type Trouble } from './writer.ts';

export interface StoreOptions {
  readonly decay: Decay;
  /** Called when writing begins to fail and when it works again; never for each retry. */
  readonly onTrouble?: (trouble: Trouble) => void;
}

interface Retention {
  /** Milliseconds since the epoch: older requests go. */
  readonly before?: number;
  /** At the most so many requests stay, the newest. */
  readonly maxRows?: number;
  /** The file may hold so much: while it holds more, the oldest requests go. */
  readonly maxBytes?: number;
}

export interface SqliteStore extends Store {
  /** Shared with whatever else keeps tables in this file. */
  readonly database: Db;
  readonly learning: LearningStore;
  readonly experiments: ExperimentStore;
  readonly performance: PerformanceStore;
  readonly options: OptionStore;
  /** Deletes the oldest requests in small steps; resolves to how many went. */
  prune(retention: Retention, signal?: AbortSignal): Promise<number>;
  /** Records given up since the start because the disk failed for too long. */
  dropped(): number;
}

export function createStore(db: Db, clock: Clock, { decay, onTrouble = () => {} }: StoreOptions): SqliteStore {
  migrate(db, MIGRATIONS);
  const requests = createRequestQueue(db);
  const evidence = createEvidenceQueue(db, decay);
  const learning = createLearningQueue(db);
  const performance = createPerformanceQueue(db);
  const checkpointer = createCheckpointer(db);
  const writer = createWriter(db, clock, [requests, evidence, learning, performance], {
    onTrouble,
    onWritten: (rows) => checkpointer.wrote(rows),
  });
  return {
    database: db,
    requests: requests.log(writer),
    evidence: evidence.port(writer),
    learning: learning.port(writer),
    performance: performance.port(writer),
    options: createOptionTable(db),
    experiments: createSqliteExperiments(db),
    dropped: requests.dropped,
    prune: (retention, signal) => prune({ db, clock, onGone: checkpointer.wrote }, retention, signal),
    close: async () => {
      writer.attempt();
      writer.stop();
      await checkpointer.close();
      db.close();
    },
  };
}

/** So many rows take about a millisecond. */
const STEP_ROWS = 50;
/** At most a twentieth of the time goes into it. */
const PAUSE = { times: 19, leastMs: 5 };

interface Pruning {
  readonly db: Db;
  readonly clock: Clock;
  /** What is deleted fills the journal as well, and emptying it here would halt the process. */
  readonly onGone: (rows: number) => void;
}

async function prune(
  pruning: Pruning,
  { before, maxRows, maxBytes }: Retention,
  signal?: AbortSignal,
): Promise<number> {
  const { db } = pruning;
  const steps = (where: string, bound: () => number | null): Promise<number> =>
    inSteps(pruning, where, () => (signal?.aborted ? null : bound()));
  let gone = 0;
  if (before !== undefined) gone += await steps('at < ?', () => before);
  if (maxRows !== undefined) {
    // The newest rows bear unbroken numbers: nothing but this deletes, and from the old end.
    const last = db.prepare<{ seq: number | null }>('SELECT max(seq) AS seq FROM requests').first()?.seq ?? 0;
    gone += await steps('seq <= ?', () => last - Math.max(0, maxRows));
  }
  if (maxBytes !== undefined) {
    const size = sizeOf(db);
    gone += await steps('seq >= ?', () => (size() > maxBytes ? 0 : null));
  }
  return gone;
}

/** Bytes of pages in use: what was deleted is used again before the file grows. */
function sizeOf(db: Db): () => number {
  const pragma = (name: string) => {
    const statement = db.prepare<Record<string, number>>(`PRAGMA ${name}`);
    return (): number => Object.values(statement.first() ?? {})[0] ?? 0;
  };
  const [pages, free, bytes] = [pragma('page_count'), pragma('freelist_count'), pragma('page_size')];
  return () => (pages() - free()) * bytes();
}

/** Each step is a short transaction, so that requests are answered and written in between. `bound` null: enough. */
async function inSteps({ db, clock, onGone }: Pruning, where: string, bound: () => number | null): Promise<number> {
  const order = where.startsWith('at') ? 'at' : 'seq';
  const choose = db.prepare<{ seq: number }>(
    `SELECT seq FROM requests WHERE ${where} ORDER BY ${order} LIMIT ${STEP_ROWS}`,
  );
  const forget = db.prepare('DELETE FROM requests WHERE seq IN (SELECT value FROM json_each(?))');
  for (let gone = 0; ;) {
    const limit = bound();
    if (limit === null) return gone;
    const since = clock.now();
    const step = db.transaction(() => {
      const chosen = JSON.stringify(choose.all(limit).map((row) => row.seq));
      return forget.run(chosen);
    });
    gone += step;
    onGone(step);
    if (step < STEP_ROWS) return gone;
    await sleep(clock, Math.max(PAUSE.leastMs, PAUSE.times * (clock.now() - since)));
  }
}
