// Where records and evidence are kept.
import type { Clock } from '../contract/index.ts';
import { openDatabase, StoreError } from './sqlite/database.ts';
import { createStore, type SqliteStore, type StoreOptions } from './sqlite/store.ts';

export { createSqliteAccounts } from './sqlite/accounts.ts';
export { type Db, migrate, openDatabase, StoreError } from './sqlite/database.ts';
export { inspectDatabase } from './sqlite/inspect.ts';
export type { SqliteStore } from './sqlite/store.ts';
export type { Trouble } from './sqlite/writer.ts';

/** How long the path may stand still for another process that writes to the same file. */
const BUSY_MS = 250;

/** `sqlite:./data/quorum.db`, `sqlite:///var/lib/quorum.db` or `sqlite::memory:`. Rejects with `StoreError`, in words. */
export async function openStore(url: string, clock: Clock, options: StoreOptions): Promise<SqliteStore> {
  const db = openDatabase(pathOf(url), { busyMs: BUSY_MS });
  try {
    return createStore(db, clock, options);
  } catch (error) {
    db.close();
    throw error;
  }
}

/** The file that a `storage.url` names. */
export function pathOf(url: string): string {
  const path = /^sqlite:(?:\/\/)?(.+)$/s.exec(url)?.[1];
  if (path !== undefined) return path;
  if (/^postgres(?:ql)?:/.test(url))
    throw new StoreError(
      'storage.url names PostgreSQL; this build keeps its data in SQLite only: sqlite:./data/quorum.db.',
    );
  throw new StoreError(
    `storage.url must look like sqlite:./data/quorum.db, not ${url.replace(/\/\/[^@/]*@/, '//***@')}.`,
  );
}
export { bytesOf, traitsOf } from './sqlite/learning.ts';
