// Whether a database file could be opened, looked at without making or changing one.
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import Libsql from 'libsql';
import { MIGRATIONS } from './migrations.ts';
import { explain, newerThan, StoreError } from './database.ts';

interface Inspected {
  readonly file: string;
  /** older: its schema is brought up to date at the next start. */
  readonly state: 'memory' | 'new' | 'ready' | 'older';
}

/** Throws `StoreError`, in the words that opening it would use. */
export function inspectDatabase(path: string): Inspected {
  if (path === ':memory:') return { file: path, state: 'memory' };
  const file = resolve(path);
  if (!existsSync(file)) {
    expectFolder(file);
    return { file, state: 'new' };
  }
  writable(file, file);
  writable(dirname(file), file);
  const version = versionOf(file);
  if (version > MIGRATIONS.length) throw newerThan(file, version, MIGRATIONS.length);
  return { file, state: version < MIGRATIONS.length ? 'older' : 'ready' };
}

function expectFolder(file: string): void {
  let folder = dirname(file);
  while (!existsSync(folder)) folder = dirname(folder);
  if (!statSync(folder).isDirectory())
    throw new StoreError(`Can't make the database file ${file}: ${folder} is no folder.`);
  writable(folder, file);
}

function writable(path: string, file: string): void {
  try {
    accessSync(path, constants.W_OK);
  } catch (error) {
    throw new StoreError(
      `${file} can't be opened for writing: ${path} may not be written (${(error as NodeJS.ErrnoException).code}).`,
      error,
    );
  }
}

function versionOf(file: string): number {
  let connection: Libsql.Database | null = null;
  try {
    if (!statSync(file).isFile()) throw new StoreError(`${file} is no file; name another in storage.url.`);
    connection = new Libsql(`${pathToFileURL(file).href}?mode=ro`, { timeout: 250 });
    // The first reads the header, the second what the file says it holds.
    const [row] = connection.prepare('PRAGMA user_version').all() as { user_version: number }[];
    connection.prepare('SELECT count(*) FROM sqlite_schema').all();
    return row?.user_version ?? 0;
  } catch (error) {
    throw error instanceof StoreError ? error : new StoreError(explain(file, error), error);
  } finally {
    connection?.close();
  }
}
