// One SQLite file: opens it safely, runs statements, keeps transactions whole and the schema up to date.
import { chmodSync, closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import Libsql from 'libsql';
import type { Migration } from './migrations.ts';

/** A boolean would end the whole process inside the driver; write 0 or 1. Whole numbers arrive as REAL unless the column is INTEGER. */
export type Value = string | number | null | Uint8Array;
type Row = Readonly<Record<string, Value>>;

/** Every call runs to its end, so no statement ever holds a snapshot open. */
export interface Statement<Result extends object = Row> {
  all(...values: readonly Value[]): Result[];
  first(...values: readonly Value[]): Result | null;
  /** Number of rows changed. Not for statements with RETURNING: use `all`. */
  run(...values: readonly Value[]): number;
}

export interface Db {
  readonly path: string;
  /** Prepare once and keep it. */
  prepare<Result extends object = Row>(sql: string): Statement<Result>;
  exec(sql: string): void;
  /** BEGIN IMMEDIATE: one writer over all processes. Rolled back when `work` throws. `work` is synchronous and starts no other. */
  transaction<Result>(work: () => Result): Result;
  close(): void;
}

/** What went wrong with the file, in words for whoever runs the program. */
export class StoreError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'StoreError';
  }
}

/** The journal may grow to 16 MB before a write stops to empty it; usually the checkpointer has been there before. */
const JOURNAL_PAGES = 4_000;

/** SQLite's code of a thrown value, `SQLITE_BUSY` for example; empty when it isn't SQLite's. */
export function sqliteCode(thrown: unknown): string {
  const code = thrown instanceof Error ? (thrown as { code?: unknown }).code : undefined;
  return typeof code === 'string' && code.startsWith('SQLITE_') ? code : '';
}

/** What fails is what was to be written; anything else of SQLite's is about the file or the whole of it. */
export const isAboutContent = (thrown: unknown): boolean =>
  sqliteCode(thrown) === '' || /^SQLITE_(CONSTRAINT|MISMATCH|RANGE|TOOBIG)/.test(sqliteCode(thrown));

/** Another process holds the lock. */
export const isBusy = (thrown: unknown): boolean => /^SQLITE_(BUSY|LOCKED)/.test(sqliteCode(thrown));

/**
 * Opens (and makes) the file, readable by its owner only; `:memory:` lives as long as the process.
 * `busyMs`: how long a write waits for another process, during which this one stands still.
 */
export function openDatabase(path: string, options: { readonly busyMs?: number } = {}): Db {
  const file = path === ':memory:' ? path : resolve(path);
  if (file !== ':memory:') makePrivate(file);
  const connection = connect(file, options.busyMs ?? 2_000);
  return {
    path: file,
    prepare: <Result extends object = Row>(sql: string) => statementOf<Result>(connection, sql),
    exec: (sql) => {
      connection.exec(sql);
    },
    transaction: (work) => inTransaction(connection, work),
    close: () => {
      if (connection.open) connection.close();
    },
  };
}

/** Brings the schema to the last of `migrations`, all or nothing; does nothing when it is there already. */
export function migrate(db: Db, migrations: readonly Migration[]): void {
  const version = db.prepare<{ user_version: number }>('PRAGMA user_version');
  const current = (): number => version.first()?.user_version ?? 0;
  if (current() === migrations.length) return;
  db.transaction(() => {
    const from = current();
    if (from > migrations.length) throw newerThan(db.path, from, migrations.length);
    for (const { name, sql } of migrations.slice(from)) {
      try {
        db.exec(sql);
      } catch (error) {
        throw new StoreError(`${db.path}: the migration "${name}" failed, nothing was changed.`, error);
      }
    }
    db.exec(`PRAGMA user_version = ${migrations.length}`);
  });
}

export const newerThan = (file: string, schema: number, known: number): StoreError =>
  new StoreError(
    `${file} was written by a newer Quorum (schema ${schema}, this one knows ${known}). Run that version, or name another file in storage.url.`,
  );

function makePrivate(file: string): void {
  try {
    makeFolder(dirname(file));
    if (existsSync(file)) return;
    closeSync(openSync(file, 'a', 0o600));
    chmodSync(file, 0o600);
  } catch (error) {
    throw new StoreError(
      `Can't make the database file ${file}: ${(error as Error).message}. Look at the folder, or name another file in storage.url.`,
      error,
    );
  }
}

/** One by one: where the system takes none (`/proc`), Node's own recursive way never comes back. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    // Another process may have been faster.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function connect(file: string, busyMs: number): Libsql.Database {
  let connection: Libsql.Database | null = null;
  try {
    connection = new Libsql(file, { timeout: busyMs });
    connection.exec('PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY');
    writeAhead(connection, busyMs);
    connection.prepare(`PRAGMA wal_autocheckpoint = ${JOURNAL_PAGES}`).all();
    return connection;
  } catch (error) {
    connection?.close();
    throw new StoreError(explain(file, error), error);
  }
}

export function explain(file: string, error: unknown): string {
  const code = sqliteCode(error);
  if (code.startsWith('SQLITE_NOTADB') || code.startsWith('SQLITE_CORRUPT'))
    return `${file} is damaged or no SQLite database. Move it away to start afresh, or restore a backup.`;
  if (isBusy(error)) return `${file} is locked by another process.`;
  if (code.startsWith('SQLITE_READONLY') || code.startsWith('SQLITE_CANTOPEN'))
    return `${file} can't be opened for writing; look at its permissions and its folder's.`;
  return `Can't open the database ${file}: ${(error as Error).message}`;
}

/** SQLite doesn't wait for the lock that changing the journal takes, and several processes may start at once. */
function writeAhead(connection: Libsql.Database, busyMs: number): void {
  const stepMs = 10;
  for (let waitedMs = 0; ; waitedMs += stepMs) {
    try {
      connection.prepare('PRAGMA journal_mode = WAL').all();
      return;
    } catch (error) {
      if (!isBusy(error) || waitedMs >= busyMs) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, stepMs);
    }
  }
}

// The driver's `get` leaves its cursor open, and a later BEGIN IMMEDIATE then fails with SQLITE_BUSY; `all` runs to the end.
// It takes a single `null` for a list of parameters, so they always go as an array.
function statementOf<Result extends object>(connection: Libsql.Database, sql: string): Statement<Result> {
  const statement = connection.prepare<[readonly Value[]]>(sql);
  return {
    all: (...values) => statement.all(values) as Result[],
    first: (...values) => (statement.all(values)[0] as Result | undefined) ?? null,
    run: (...values) => statement.run(values).changes,
  };
}

function inTransaction<Result>(connection: Libsql.Database, work: () => Result): Result {
  connection.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    connection.exec('COMMIT');
    return result;
  } catch (error) {
    // A full disk has rolled back by itself; what counts is the first error.
    if (connection.inTransaction) connection.exec('ROLLBACK');
    throw error;
  }
}
