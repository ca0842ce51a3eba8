// Hazards of the database file: one that may only be read, one that can't be written when the program ends.
import { chmodSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { expect, test } from 'vitest';
import { openDatabase } from '../../src/store/index.ts';
import { chat, startQuorum } from '../support/program.ts';

const NOBODY = 65_534;

/** The superuser may write everything. */
async function asSomebodyElse<Result>(work: () => Promise<Result>): Promise<Result> {
  if (process.getuid?.() !== 0) return work();
  process.seteuid!(NOBODY);
  try {
    return await work();
  } finally {
    process.seteuid!(0);
  }
}

test('a database that may only be read: it does not start, and says why', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'quorum-read-only-'));
  const written = join(folder, 'quorum.db');
  const read = join(folder, 'read-only.db');
  const writer = await startQuorum({ config: { storage: { url: `sqlite:${written}` } } });
  try {
    // With its journal, as a backup or another user's process leaves it, SQLite opens it without a word.
    for (const part of ['', '-wal', '-shm']) {
      copyFileSync(written + part, read + part);
      chmodSync(read + part, 0o444);
    }
    chmodSync(folder, 0o755);
    const start = asSomebodyElse(() => startQuorum({ config: { storage: { url: `sqlite:${read}` } } }));
    await expect(start).rejects.toThrow(/read-only\.db can't be opened for writing; look at its permissions/);
  } finally {
    await writer.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a database that cannot be written at the end keeps nobody from stopping, and is told of once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'quorum-locked-'));
  const file = join(folder, 'quorum.db');
  const quorum = await startQuorum({ config: { storage: { url: `sqlite:${file}` } } });
  expect((await chat(quorum.url, { model: 'auto' })).status).toBe(200);
  const other = new Database(file);
  other.exec('BEGIN IMMEDIATE');
  try {
    await quorum.stop();
  } finally {
    other.exec('ROLLBACK');
    other.close();
  }
  const told = quorum.logs.filter((line) => line.includes('accounts: the store makes trouble'));
  const reasons = told.map(
    (line) => (JSON.parse(line) as { readonly error: { readonly message: string } }).error.message,
  );
  expect(reasons.length).toBeGreaterThan(0);
  expect(reasons).toEqual([...new Set(reasons)]);
  openDatabase(file).close();
  rmSync(folder, { recursive: true, force: true });
}, 15_000);
