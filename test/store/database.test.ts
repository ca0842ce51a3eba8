// The file itself: privacy, damage, versions, two openers, whole transactions.
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isBusy, migrate, openDatabase } from '../../src/store/sqlite/database.ts';
import { MIGRATIONS } from '../../src/store/sqlite/migrations.ts';

describe('database', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'quorum-store-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const table = [{ name: 't', sql: 'CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT) STRICT' }];

  it('makes folder and file readable by the owner only', () => {
    const path = join(folder, 'data', 'deep', 'quorum.db');
    const db = openDatabase(path);
    migrate(db, MIGRATIONS);
    expect(statSync(join(folder, 'data')).mode & 0o777).toBe(0o700);
    for (const end of ['', '-wal', '-shm']) expect(statSync(path + end).mode & 0o777).toBe(0o600);
    db.close();
    db.close();
  });

  it.each([
    ['in a folder that takes none', () => '/proc/nowhere/quorum.db'],
    [
      'behind a file',
      () => {
        writeFileSync(join(folder, 'notes'), '');
        return join(folder, 'notes', 'data', 'quorum.db');
      },
    ],
  ])('says that it can’t be %s, at once', (_where, path) => {
    expect(() => openDatabase(path())).toThrow(/Can't make the database file .*quorum\.db: E[A-Z]+/);
  });

  it('says what is wrong with a file that is no database', () => {
    const path = join(folder, 'notes.db');
    writeFileSync(path, 'these are my notes\n'.repeat(500));
    expect(() => openDatabase(path)).toThrow(/notes\.db is damaged or no SQLite database/);
    expect(() => openDatabase(folder)).toThrow(/Can't open the database/);
  });

  it('refuses a schema from the future and leaves it alone', () => {
    const path = join(folder, 'a.db');
    const db = openDatabase(path);
    migrate(db, [...table, { name: 'later', sql: 'CREATE TABLE later (a)' }]);
    expect(() => migrate(db, table)).toThrow(/newer Quorum \(schema 2, this one knows 1\)/);
    expect(db.prepare('SELECT * FROM later').all()).toEqual([]);
    db.close();
  });

  it('migrates all or nothing, and only what is missing', () => {
    const db = openDatabase(':memory:');
    const broken = [...table, { name: 'oops', sql: 'CREATE TABLE u (a); CREATE TABEL v (a)' }];
    expect(() => migrate(db, broken)).toThrow(/"oops" failed/);
    expect(db.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all()).toEqual([]);
    migrate(db, table);
    migrate(db, [...table, { name: 'u', sql: 'CREATE TABLE u (a)' }]);
    expect(db.prepare('PRAGMA user_version').first()).toMatchObject({ user_version: 2 });
  });

  it('rolls back when the work throws, and goes on', () => {
    const db = openDatabase(':memory:');
    migrate(db, table);
    const insert = db.prepare('INSERT INTO t VALUES (?, ?)');
    expect(() =>
      db.transaction(() => {
        insert.run(1, null);
        throw new Error('stop');
      }),
    ).toThrow('stop');
    expect(db.transaction(() => insert.run(2, 'x'))).toBe(1);
    expect(db.prepare('SELECT * FROM t').all()).toEqual([{ a: 2, b: 'x' }]);
  });

  it('two openers write in turn; neither is left with a stale snapshot after reading', () => {
    const path = join(folder, 'a.db');
    const [one, two] = [openDatabase(path, { busyMs: 20 }), openDatabase(path, { busyMs: 20 })];
    migrate(one, table);
    migrate(two, table);
    const kept = one.prepare<{ a: number }>('SELECT a FROM t ORDER BY a');
    for (let turn = 0; turn < 20; turn += 2) {
      one.transaction(() => one.prepare('INSERT INTO t VALUES (?, ?)').run(turn, null));
      expect(kept.first()).toEqual({ a: 0 });
      two.transaction(() => two.prepare('INSERT INTO t VALUES (?, ?) RETURNING a').all(turn + 1, null));
    }
    expect(kept.all()).toHaveLength(20);
    one.exec('BEGIN IMMEDIATE');
    let thrown: unknown;
    try {
      two.exec('INSERT INTO t VALUES (99, NULL)');
    } catch (error) {
      thrown = error;
    }
    expect(isBusy(thrown)).toBe(true);
    one.exec('COMMIT');
    one.close();
    two.close();
  });
});
