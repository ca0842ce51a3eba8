// The store on SQLite: the suite of any store, and what only a file can do.
import { copyFileSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { openStore, type SqliteStore, type Trouble } from '../../src/store/index.ts';
import { type SimulatedClock, simulatedClock } from '../support/simulated-clock.ts';
import { lessonOf, recordOf, START } from './fixtures.ts';
import { decay, storeSuite } from './suite.ts';

const root = mkdtempSync(join(tmpdir(), 'quorum-store-'));
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

const folders = new WeakMap<SimulatedClock, string>();
function fileOf(clock: SimulatedClock): string {
  const folder = folders.get(clock) ?? mkdtempSync(join(root, 'case-'));
  folders.set(clock, folder);
  return `sqlite:${join(folder, 'quorum.db')}`;
}

storeSuite('SQLite store', (clock) => openStore(fileOf(clock), clock, { decay }));

describe('SQLite store, by itself', () => {
  const open = (clock: SimulatedClock, troubles: Trouble[] = []): Promise<SqliteStore> =>
    openStore(fileOf(clock), clock, { decay, onTrouble: (trouble) => troubles.push(trouble) });

  it('understands its address, and says what it can not do', async () => {
    const clock = simulatedClock();
    await (await openStore('sqlite::memory:', clock, { decay })).close();
    await expect(openStore('postgres://u:secret@h/db', clock, { decay })).rejects.toThrow(/SQLite only/);
    await expect(openStore('mysql://u:secret@h/db', clock, { decay })).rejects.toThrow(/not mysql:\/\/\*\*\*@h\/db/);
  });

  it('a failing disk throws at nobody, is reported once, and catches up when it recovers', async () => {
    const clock = simulatedClock();
    const troubles: Trouble[] = [];
    const store = await open(clock, troubles);
    store.requests.append(recordOf('before'));
    await store.requests.flush();
    store.database.exec('PRAGMA max_page_count = 1');
    for (let index = 0; index < 200; index += 1) store.requests.append(recordOf(`r${index}`));
    await clock.advance(60_000);
    expect(troubles).toMatchObject([{ code: 'SQLITE_FULL' }]);
    expect(await store.requests.find('r7', 'acme')).not.toBeNull();
    expect((await store.requests.list({}, 300, null)).rows).toHaveLength(201);
    await expect(store.requests.flush()).rejects.toThrow(/full/);

    store.database.exec('PRAGMA max_page_count = 1000000');
    await clock.advance(60_000);
    expect(troubles.map((trouble) => trouble.error === null)).toEqual([false, true]);
    expect(store.database.prepare('SELECT count(*) AS rows FROM requests').first()).toMatchObject({ rows: 201 });
    await store.close();
  });

  it('keeps a bounded queue while the disk fails: the oldest go and are counted', async () => {
    const clock = simulatedClock();
    const store = await open(clock);
    store.database.exec('PRAGMA query_only = ON');
    for (let index = 0; index < 10_100; index += 1) store.requests.append(recordOf(`r${index}`));
    expect(store.dropped()).toBe(100);
    expect(await store.requests.find('r99', null)).toBeNull();
    expect(await store.requests.find('r100', null)).not.toBeNull();
    store.database.exec('PRAGMA query_only = OFF');
    await store.close();
  });

  it('once closed, its one file is a whole copy, without the journal beside it', async () => {
    const clock = simulatedClock();
    const store = await open(clock);
    store.requests.append(recordOf('r1'));
    await store.close();
    const copy = join(mkdtempSync(join(root, 'copy-')), 'quorum.db');
    copyFileSync(store.database.path, copy);
    const restored = await openStore(`sqlite:${copy}`, clock, { decay });
    expect(await restored.requests.find('r1', null)).not.toBeNull();
    await restored.close();
  });

  it('waits out another process that holds the lock', async () => {
    const clock = simulatedClock();
    const troubles: Trouble[] = [];
    const store = await open(clock, troubles);
    const other = await open(clock);
    other.database.exec('BEGIN IMMEDIATE');
    store.requests.append(recordOf('r1'));
    await clock.advance(30);
    expect(troubles).toMatchObject([{ code: 'SQLITE_BUSY', waiting: 1 }]);
    other.database.exec('ROLLBACK');
    await clock.advance(10_000);
    expect(await other.requests.find('r1', null)).not.toBeNull();
    await store.close();
    await other.close();
  });

  it('empties the journal into the database by and by, and may be closed meanwhile', async () => {
    const clock = simulatedClock();
    const store = await open(clock);
    const before = statSync(store.database.path).size;
    for (let index = 0; index < 3_000; index += 1) store.requests.append(recordOf(`r${index}`));
    await store.requests.flush();
    await vi.waitFor(() => expect(statSync(store.database.path).size).toBeGreaterThan(before + 500_000));
    for (let index = 0; index < 3_000; index += 1) store.requests.append(recordOf(`s${index}`));
    await store.close();
    store.requests.append(recordOf('too late'));
    expect(clock.pending).toBe(0);
  });

  it('prunes by age and by number, in steps', async () => {
    const clock = simulatedClock();
    const store = await open(clock);
    for (let index = 0; index < 1_000; index += 1)
      store.requests.append(recordOf(`r${index}`, { at: clock.now() + index }));
    await store.requests.flush();
    const rows = (table: string): unknown => store.database.prepare(`SELECT count(*) AS rows FROM ${table}`).first();
    expect(await clock.runUntil(store.prune({ before: clock.now() - 1 }))).toBe(0);
    expect(await clock.runUntil(store.prune({ before: START + 450 }))).toBe(450);
    expect(rows('requests')).toMatchObject({ rows: 550 });
    expect(await clock.runUntil(store.prune({ maxRows: 30 }))).toBe(520);
    expect(rows('requests')).toMatchObject({ rows: 30 });
    expect((await store.requests.list({}, 1, null)).rows[0]?.id).toBe('r999');
    store.requests.append(recordOf('next'));
    await store.requests.flush();
    expect(await clock.runUntil(store.prune({ maxRows: 30 }))).toBe(1);
    await store.close();
  });

  it('prunes by size: the oldest go while the file holds more than it may, and what is free is used again', async () => {
    const clock = simulatedClock();
    const store = await open(clock);
    const append = async (name: string): Promise<void> => {
      for (let index = 0; index < 600; index += 1)
        store.requests.append(recordOf(`${name}${index}`, { at: clock.now(), session: 'x'.repeat(2_000) }));
      await store.requests.flush();
    };
    const pragma = (name: string): number =>
      Object.values(store.database.prepare(`PRAGMA ${name}`).first()!)[0] as number;
    const used = (): number => (pragma('page_count') - pragma('freelist_count')) * pragma('page_size');
    await append('old');
    await clock.advance(1_000);
    const maxBytes = used() - 500_000;
    expect(await clock.runUntil(store.prune({ maxBytes: used() }))).toBe(0);
    const gone = await clock.runUntil(store.prune({ maxBytes }));
    expect(gone).toBeGreaterThan(100);
    expect(gone).toBeLessThan(600);
    expect(used()).toBeLessThanOrEqual(maxBytes);
    expect(await store.requests.find('old0', null)).toBeNull();
    expect(await store.requests.find('old599', null)).not.toBeNull();
    await store.close();
  });

  it('numbers lessons on when all of them are old and go, so that whoever reads on hears of the next', async () => {
    const store = await open(simulatedClock());
    const { learning } = store;
    const keep = (request: string, at: number): void => {
      learning.keep(lessonOf(request, at));
      learning.flush();
    };
    keep('one', 1);
    keep('two', 2);
    const [, last] = learning.named(0, 10);
    learning.forget(1_000);
    expect(learning.lesson('one', null)).toBeNull();
    keep('three', 2_000);
    expect(learning.named(last!.seq, 10)).toHaveLength(1);
    learning.forget(1_000);
    expect(learning.lesson('two', null)).toBeNull();
    expect(learning.lesson('three', null)).not.toBeNull();
    await store.close();
  });

  it('stops pruning when it is told to, between two steps', async () => {
    const clock = simulatedClock();
    const store = await open(clock);
    for (let index = 0; index < 500; index += 1) store.requests.append(recordOf(`r${index}`));
    await store.requests.flush();
    const stopped = new AbortController();
    const pruning = store.prune({ before: Number.MAX_SAFE_INTEGER }, stopped.signal);
    stopped.abort();
    const gone = await clock.runUntil(pruning);
    expect(gone).toBeGreaterThan(0);
    expect(gone).toBeLessThan(500);
    await store.close();
  });
});
