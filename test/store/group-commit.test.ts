// Many jobs in one transaction: one that fails by itself takes no other with it, and comes back never.
import { beforeEach, expect, test } from 'vitest';
import { openDatabase, type Db } from '../../src/store/sqlite/database.ts';
import { createGroupCommit, type GroupCommit, type Job } from '../../src/store/sqlite/group-commit.ts';
import { simulatedClock } from '../support/simulated-clock.ts';

let db: Db;
let commits: GroupCommit;
let log: string[];
let turn: () => void;
let fileFails: boolean;
let clock: ReturnType<typeof simulatedClock>;
beforeEach(() => {
  db = openDatabase(':memory:');
  db.exec('CREATE TABLE written (name TEXT NOT NULL UNIQUE)');
  [log, fileFails, turn] = [[], false, () => undefined];
  clock = simulatedClock();
  commits = createGroupCommit(db, {
    clock,
    soon: (task) => (turn = task),
    begin: () => {
      if (fileFails) throw Object.assign(new Error('full'), { code: 'SQLITE_FULL' });
    },
    end: () => () => undefined,
    onTrouble: (error) => void log.push(`trouble: ${(error as Error).message}`),
  });
});

/** Writes its name; `patient` ones would be tried again after a failure of the file. */
const job = (name: string | null, patient = true, fault?: Error): Job => ({
  apply() {
    db.prepare('INSERT INTO written VALUES (?)').run(name);
    if (fault !== undefined) throw fault;
    return () => void log.push(`done: ${name}`);
  },
  undo: () => undefined,
  failed(error) {
    log.push(`failed: ${name}: ${(error as Error).message}`);
    return patient;
  },
  isPatient: false,
});
const written = (): readonly unknown[] =>
  db
    .prepare('SELECT name FROM written ORDER BY rowid')
    .all()
    .map(({ name }) => name);

test.each([
  ['throws', job('poison', true, new TypeError('a defect')), 'a defect'],
  ['breaks a rule of the table', job(null), 'NOT NULL constraint failed: written.name'],
])('a job that %s is told of and gone; those before and after it are carried out', (_, poison, why) => {
  for (const each of [job('a'), poison, job('b', false), job('c')]) commits.add(each);
  turn();
  expect(written()).toEqual(['a', 'b', 'c']);
  expect(log.filter((line) => line.startsWith('done'))).toEqual(['done: a', 'done: b', 'done: c']);
  expect(log.filter((line) => !line.startsWith('done'))).toEqual([
    expect.stringContaining(`: ${why}`),
    `trouble: ${why}`,
  ]);
  log.length = 0;
  commits.add(job('d'));
  turn();
  expect([written(), log]).toEqual([['a', 'b', 'c', 'd'], ['done: d']]);
});

test('where the file fails nothing is to blame: what can wait waits, in its order', async () => {
  fileFails = true;
  for (const each of [job('a'), job('b', false), job('c')]) commits.add(each);
  turn();
  expect([written(), log.filter((line) => line.startsWith('failed: b'))]).toEqual([[], ['failed: b: full']]);
  expect(log).toContain('trouble: full');
  fileFails = false;
  await clock.advance(1_000);
  expect(written()).toEqual(['a', 'c']);
});

test('the file fails between one that is to blame and the rest: those wait', async () => {
  const breaking = job('a');
  const slow: Job = {
    ...breaking,
    apply: () => {
      const after = breaking.apply();
      return () => {
        after();
        fileFails = true;
      };
    },
  };
  for (const each of [slow, job('poison', true, new RangeError('a defect')), job('b')]) commits.add(each);
  turn();
  expect(written()).toEqual(['a']);
  fileFails = false;
  await clock.advance(1_000);
  expect(written()).toEqual(['a', 'b']);
  expect(log.filter((line) => line === 'trouble: a defect')).toHaveLength(1);
});

test('at the end, too, one to blame keeps nothing from being written', () => {
  for (const each of [job('a'), job('poison', true, new TypeError('a defect')), job('b')]) commits.add(each);
  commits.stop();
  expect(written()).toEqual(['a', 'b']);
});
