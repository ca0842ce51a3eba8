// What each process holds, as journals in the file: a row for each commit that changed it, replayed when the process has died.
import type { Nano, Spender } from '../../contract/index.ts';
import type { Db } from './database.ts';

export interface OwnerIdentity {
  /** Unique for each start of a process. */
  readonly id: string;
  /** Machine and process namespace: within one, a process number can be looked up. */
  readonly place: string;
  readonly pid: number;
  /** When the process began, as the kernel counts it; tells two users of one number apart. Empty: unknown. */
  readonly started: string;
}

/** A hold as it lies in the file: what of it is still open. */
export interface HoldRow {
  readonly spender: Spender;
  readonly task: string | null;
  readonly strategy: string | null;
  readonly allowances: readonly string[];
  readonly legs: readonly {
    readonly id: string;
    readonly model: string;
    readonly amount: Nano;
    readonly sent: boolean;
  }[];
}

/** All of it inside a transaction, but for `committed`. */
export interface HoldJournal {
  /** `othersWrote`: since the last transaction. */
  begin(othersWrote: boolean): void;
  /** Rises when another process took this one for dead and recovered all that it held until then. */
  epoch(): number;
  /** What is open of one of our holds; null: nothing. */
  note(id: string, row: HoldRow | null): void;
  write(): void;
  committed(): void;
  /** This process lives. */
  beat(now: number): void;
  /** No more of it will come. What it still holds is for the others to recover. */
  leave(): void;
  /** Processes that left something behind, living or dead. */
  others(): readonly string[];
  read(owner: string): ReadonlyMap<string, HoldRow>;
  forget(owner: string): void;
}

/** Then all that is open is written anew, and the rows before it go. */
const MOST_ROWS = 256;

export function createHoldJournal(db: Db, owner: OwnerIdentity, now: () => number): HoldJournal {
  const sql = statements(db);
  /** In the file. */
  let open = new Map<string, string>();
  let rows = 0;
  /** In this transaction. */
  let noted = new Map<string, string | null>();
  let compacts = false;
  let wrote = false;
  let epoch = 0;

  const beat = (at: number): void => void sql.beat.run(owner.id, owner.place, owner.pid, owner.started, at);
  const merge = (): void => {
    for (const [id, row] of noted) {
      if (row === null) open.delete(id);
      else open.set(id, row);
    }
  };

  return {
    begin: (othersWrote) => {
      noted = new Map();
      compacts = false;
      wrote = false;
      if (!othersWrote || sql.registered.first(owner.id) !== null) return;
      // Without its row in `owners` a process counts as dead, and whoever removed the row has recovered its holds.
      epoch += 1;
      open = new Map();
      rows = 0;
      beat(now());
    },
    epoch: () => epoch,
    note: (id, row) => void noted.set(id, row === null ? null : JSON.stringify(row)),
    write: () => {
      // What came and went within one transaction was never in the file.
      for (const [id, row] of noted) if (row === null && !open.has(id)) noted.delete(id);
      if (noted.size === 0) return;
      wrote = true;
      compacts = rows >= MOST_ROWS;
      if (!compacts) {
        sql.insert.run(owner.id, textOf(noted));
        return;
      }
      merge();
      sql.forget.run(owner.id);
      sql.insert.run(owner.id, textOf(open));
    },
    committed: () => {
      if (!wrote) return;
      merge();
      rows = compacts ? 1 : rows + 1;
      noted = new Map();
      wrote = false;
    },
    beat,
    leave: () => {
      sql.leave.run(owner.id);
      if (open.size === 0) sql.forget.run(owner.id);
    },
    others: () => sql.others.all(owner.id).map((row) => row.owner),
    read: (of) => {
      const left = new Map<string, HoldRow>();
      for (const { changes } of sql.read.all(of))
        for (const [id, row] of JSON.parse(changes) as [string, HoldRow | null][]) {
          if (row === null) left.delete(id);
          else left.set(id, row);
        }
      return left;
    },
    forget: (of) => void sql.forget.run(of),
  };
}

const statements = (db: Db) => ({
  beat: db.prepare(
    'INSERT INTO owners VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET beat_at = excluded.beat_at',
  ),
  registered: db.prepare('SELECT 1 FROM owners WHERE id = ?'),
  leave: db.prepare('DELETE FROM owners WHERE id = ?'),
  insert: db.prepare('INSERT INTO hold_journal (owner, changes) VALUES (?, ?)'),
  read: db.prepare<{ changes: string }>('SELECT changes FROM hold_journal WHERE owner = ? ORDER BY seq'),
  others: db.prepare<{ owner: string }>('SELECT DISTINCT owner FROM hold_journal WHERE owner <> ?'),
  forget: db.prepare('DELETE FROM hold_journal WHERE owner = ?'),
});

/** `[[id, row or null], …]` */
const textOf = (changes: ReadonlyMap<string, string | null>): string =>
  `[${Array.from(changes, ([id, row]) => `[${JSON.stringify(id)},${row}]`).join()}]`;
