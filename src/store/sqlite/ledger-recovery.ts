// Processes that share the file, and what becomes of the holds of one that died: what wasn't sent is given back,
// what was is posted at its reserve and marked for reconciliation.
import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Balance, Clock } from '../../contract/index.ts';
import { explain, sqliteCode, StoreError, type Db } from './database.ts';
import type { HoldJournal, HoldRow, OwnerIdentity } from './hold-journal.ts';
import type { Book } from './ledger-book.ts';

const BEAT_MS = 2_000;
/** For owners that can't be looked up: this long without a beat is dead. */
const SILENT_MS = 15_000;

export function thisProcess(): OwnerIdentity {
  return { id: randomUUID(), place: placeOf(), pid: process.pid, started: startOf(process.pid) ?? '' };
}

/**
 * Registers this process, recovers the dead at once and from then on every two seconds. Returns how to stop.
 * Throws StoreError where the file may only be read: SQLite opens such a one without a word, and every write would fail.
 */
export function keepAlive(
  db: Db,
  owner: OwnerIdentity,
  options: {
    readonly clock: Clock;
    readonly onTrouble?: (error: unknown) => void;
    readonly onRecovered?: (counts: { readonly released: number; readonly unreconciled: number }) => void;
  },
  book: Book,
  journal: HoldJournal,
  tell: () => (balances: readonly Balance[]) => void,
): () => void {
  const recover = createRecovery(db, owner, book, journal);
  let cancel = (): void => undefined;
  const turn = (isFirst: boolean): void => {
    try {
      const now = options.clock.now();
      const found = db.transaction(() => recover(now));
      book.committed();
      if (found.changed.length > 0) tell()(found.changed);
      if (found.released + found.unreconciled > 0) options.onRecovered?.(found);
    } catch (error) {
      if (isFirst && sqliteCode(error).startsWith('SQLITE_READONLY'))
        throw new StoreError(explain(db.path, error), error);
      options.onTrouble?.(error);
    }
    cancel = options.clock.after(BEAT_MS, () => turn(false));
  };
  turn(true);
  return () => {
    cancel();
    try {
      db.transaction(() => journal.leave());
    } catch (error) {
      options.onTrouble?.(error);
    }
  };
}

interface Recovered {
  readonly released: number;
  readonly unreconciled: number;
  readonly changed: readonly Balance[];
}

/** Inside a transaction: puts the books of every dead owner in order. */
function createRecovery(db: Db, self: OwnerIdentity, book: Book, journal: HoldJournal): (now: number) => Recovered {
  const owners = db.prepare<OwnerRow>('SELECT * FROM owners WHERE id <> ?');
  const forget = db.prepare('DELETE FROM owners WHERE id = ?');

  return (now) => {
    book.begin();
    journal.beat(now);
    const alive = new Set<string>();
    for (const other of owners.all(self.id)) {
      if (isAlive(other, self, now)) alive.add(other.id);
      else forget.run(other.id);
    }
    let released = 0;
    let unreconciled = 0;
    for (const owner of journal.others()) {
      if (alive.has(owner)) continue;
      for (const [id, row] of journal.read(owner)) {
        for (const leg of row.legs) {
          if (leg.sent) unreconciled += 1;
          else released += 1;
          book.move(row.allowances, { held: 0 - leg.amount, posted: leg.sent ? leg.amount : 0 });
          if (leg.sent) postReserve(book, id, row, leg, now);
        }
      }
      journal.forget(owner);
    }
    return { released, unreconciled, changed: book.end() };
  };
}

function postReserve(book: Book, id: string, row: HoldRow, leg: HoldRow['legs'][number], at: number): void {
  book.entry({
    at,
    kind: 'charge',
    amount: leg.amount,
    call: `${id}/${leg.id}`,
    spender: row.spender,
    model: leg.model,
    task: row.task,
    strategy: row.strategy,
    inputTokens: 0,
    outputTokens: 0,
    flag: 'unreconciled',
    allowances: row.allowances,
    detail: null,
    corrects: null,
  });
}

/** Whether a process that once registered on this file still runs. */
export function ownerLookup(db: Db, self: OwnerIdentity, clock: Clock): (ownerId: string) => boolean {
  const find = db.prepare<OwnerRow>('SELECT * FROM owners WHERE id = ?');
  return (ownerId) => {
    const other = find.first(ownerId);
    return other !== null && isAlive(other, self, clock.now());
  };
}

interface OwnerRow {
  readonly id: string;
  readonly place: string;
  readonly pid: number;
  readonly started: string;
  readonly beat_at: number;
}

function isAlive(other: OwnerRow, self: OwnerIdentity, now: number): boolean {
  const fresh = now - other.beat_at < SILENT_MS;
  if (other.place !== self.place) return fresh;
  if (other.started !== '') return startOf(other.pid) === other.started;
  return isRunning(other.pid) && fresh;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as { code?: string }).code === 'EPERM';
  }
}

/** The start time of a process in ticks since the machine's, from field 22 of /proc/PID/stat; null where there is none. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}

function placeOf(): string {
  const read = (what: () => string): string => {
    try {
      return what().trim();
    } catch {
      return '';
    }
  };
  const boot = read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'));
  return [hostname(), boot, read(() => readlinkSync('/proc/self/ns/pid'))].join('/');
}
