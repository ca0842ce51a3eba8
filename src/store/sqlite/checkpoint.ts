// Moves what was written from the journal into the database on another thread: its fsyncs would halt the process for tens of milliseconds.
import Libsql from 'libsql/promise';
import type { Db } from './database.ts';

interface Checkpointer {
  /** So many rows were committed. */
  wrote(rows: number): void;
  /** Leaves everything in the database file where nobody else has it open: the driver's own close leaves it in the journal. */
  close(): Promise<void>;
}

/** About two megabytes of journal. `openDatabase` has SQLite do it itself, on the spot, only far beyond. */
const EVERY_ROWS = 2_000;

export function createCheckpointer(db: Db): Checkpointer {
  if (db.path === ':memory:') return { wrote: () => {}, close: async () => {} };
  const connection = new Libsql(db.path, { timeout: 0 }) as unknown as Connection;
  let rows = 0;
  let running: Promise<void> | null = null;

  async function move(mode: 'PASSIVE' | 'TRUNCATE'): Promise<void> {
    try {
      await connection.exec(`PRAGMA wal_checkpoint(${mode})`);
    } catch {
      // Another process is at it, or the disk fails, which the next write will tell.
    } finally {
      running = null;
    }
  }

  return {
    wrote: (more) => {
      rows += more;
      if (rows < EVERY_ROWS || running !== null) return;
      rows = 0;
      running = move('PASSIVE');
    },
    close: async () => {
      await running;
      // The first does the work and halts no other process; the second has little left.
      await move('PASSIVE');
      await move('TRUNCATE');
      connection.close();
    },
  };
}

/** The driver's types know only its other, synchronous face. */
interface Connection {
  exec(sql: string): Promise<void>;
  close(): void;
}
