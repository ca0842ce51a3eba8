// The store on one SQLite file: both ports behind one writer, and what keeps the file from growing.
import { type Clock, type LearningStore, type Store, sleep } from '../../contract/index.ts';
import { createCheckpointer } from './checkpoint.ts';
import { type Db, migrate } from './database.ts';
import { createEvidenceQueue, type Decay } from './evidence.ts';
import { createLearningQueue } from './learning.ts';
import { MIGRATIONS } from './migrations.ts';
import { createRequestQueue } from './requests.ts';
import { createWriter, type Trouble } from './writer.ts';

export interface StoreOptions {
  readonly decay: Decay;
  /** Called when writing begins to fail and when it works again; never for each retry. */
  readonly onTrouble?: (trouble: Trouble) => void;
}

export interface Retention {
  /** Milliseconds since the epoch: older requests go. */
  readonly before?: number;
  /** At the most so many requests stay, the newest. */
  readonly maxRows?: number;
}

export interface SqliteStore extends Store {
  /** Shared with whatever else keeps tables in this file. */
  readonly database: Db;
  readonly learning: LearningStore;
  /** Deletes requests with their attempts in small steps; resolves to how many went. */
  prune(retention: Retention): Promise<number>;
  /** Records given up since the start because the disk failed for too long. */
  dropped(): number;
}

export function createStore(db: Db, clock: Clock, { decay, onTrouble = () => {} }: StoreOptions): SqliteStore {
  migrate(db, MIGRATIONS);
  const requests = createRequestQueue(db);
  const evidence = createEvidenceQueue(db, decay);
  const learning = createLearningQueue(db);
  const checkpointer = createCheckpointer(db);
  const writer = createWriter(db, clock, [requests, evidence, learning], {
    onTrouble,
    onWritten: (rows) => checkpointer.wrote(rows),
  });
  return {
    database: db,
    requests: requests.log(writer),
    evidence: evidence.port(writer),
    learning: learning.port(writer),
    dropped: requests.dropped,
    prune: (retention) => prune(db, clock, retention),
    close: async () => {
      writer.attempt();
      writer.stop();
      await checkpointer.close();
      db.close();
    },
  };
}

const STEP_ROWS = 200;
const PAUSE_MS = 5;

async function prune(db: Db, clock: Clock, { before, maxRows }: Retention): Promise<number> {
  let gone = 0;
  if (before !== undefined) gone += await inSteps(db, clock, 'at < ?', before);
  if (maxRows !== undefined) {
    // The newest rows bear unbroken numbers: nothing but this deletes, and from the old end.
    const last = db.prepare<{ seq: number | null }>('SELECT max(seq) AS seq FROM requests').first()?.seq ?? 0;
    gone += await inSteps(db, clock, 'seq <= ?', last - Math.max(0, maxRows));
  }
  return gone;
}

/** Each step is a short transaction, so that requests are answered and written in between. */
async function inSteps(db: Db, clock: Clock, where: string, bound: number): Promise<number> {
  const choose = db.prepare<{ seq: number }>(`SELECT seq FROM requests WHERE ${where} LIMIT ${STEP_ROWS}`);
  const forget = db.prepare('DELETE FROM requests WHERE seq IN (SELECT value FROM json_each(?))');
  const forgetAttempts = db.prepare('DELETE FROM attempts WHERE request IN (SELECT value FROM json_each(?))');
  for (let gone = 0; ; await sleep(clock, PAUSE_MS)) {
    const step = db.transaction(() => {
      const chosen = JSON.stringify(choose.all(bound).map((row) => row.seq));
      forgetAttempts.run(chosen);
      return forget.run(chosen);
    });
    gone += step;
    if (step < STEP_ROWS) return gone;
  }
}
