// The ledger's rows inside one transaction: balances, holds and entries. Knows no queue, no time and no process but its own.
import type {
  Act,
  Allowance,
  Balance,
  EntryKind,
  HoldLeg,
  HoldOutcome,
  LedgerEntry,
  Nano,
  Spender,
} from '../../contract/index.ts';
import type { Db, Value } from './database.ts';
import { balanceOf, reserve, type Line } from './ledger-grant.ts';
import { inserter } from './rows.ts';
import type { HoldJournal, HoldRow } from './hold-journal.ts';

export interface NewEntry {
  readonly at: number;
  readonly kind: EntryKind;
  readonly amount: Nano;
  readonly call: string;
  readonly spender: Spender | null;
  readonly model: string | null;
  readonly task: string | null;
  readonly strategy: string | null;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly flag: LedgerEntry['flag'];
  /** Their ids. */
  readonly allowances: readonly (Allowance | string)[];
  /** Usage and price version, or who adjusted it. */
  readonly detail: unknown;
  readonly corrects: number | null;
}

export interface Book {
  begin(): void;
  /** What was written is committed: balances in memory hold until another process writes. */
  committed(): void;
  /** Writes the balances; returns those whose spending changed. */
  end(): readonly Balance[];
  balance(allowance: Allowance): Balance;
  /** All legs over all allowances, or none. */
  reserve(allowances: readonly Allowance[], legs: readonly HoldLeg[]): HoldOutcome;
  /** Moves money on every one of these. */
  move(allowances: readonly (Allowance | string)[], change: { readonly posted?: number; readonly held?: number }): void;
  credit(allowance: Allowance, change: { readonly topped?: number; readonly forgiven?: number }): Balance;
  /** Gathered until `writeEntries` or the end. */
  entry(entry: NewEntry): void;
  /** Before entries are read in the same transaction. */
  writeEntries(): void;
  /** What is open of one of our holds; null: nothing. */
  hold(id: string, row: HoldRow | null): void;
  /** Rises when another process took this one for dead: what was held until then has been recovered. */
  epoch(): number;
  /** In the same audit as changes to keys and budgets. */
  audit(act: Act, action: string, subject: string, detail: Readonly<Record<string, unknown>>): void;
  /** The entry by which a call was posted at its reserve and not corrected yet. */
  openEntry(call: string): number | null;
}

const ENTRY = [
  'at',
  'kind',
  'amount',
  'call',
  'key_id',
  'team',
  'user',
  'tags',
  'model',
  'task',
  'strategy',
  'input_tokens',
  'output_tokens',
  'flag',
  'allowances',
  'detail',
  'corrects',
];

/** Balances kept in memory from one transaction to the next. */
const MOST_LINES = 5_000;

export function createBook(db: Db, journal: HoldJournal): Book {
  const sql = statements(db);
  let lines = new Map<string, Line>();
  /** Changed in this transaction. */
  let touched = new Set<Line>();
  let trusted = false;
  let version = -1;
  const insertEntries = inserter(db, 'entries', ENTRY);
  /** Values of entries of this transaction: many are written at once. */
  let gathered: Value[] = [];
  const writeEntries = (): void => {
    if (gathered.length === 0) return;
    insertEntries(gathered);
    gathered = [];
  };

  /** SQLite's data_version changes when, and only when, somebody else has written. */
  const begin = (): void => {
    const now = sql.version.first()?.data_version ?? 0;
    const othersWrote = !trusted || now !== version;
    if (othersWrote || lines.size > MOST_LINES) lines = new Map();
    // Not emptied: see `Roster`.
    if (touched.size > 0) touched = new Set();
    gathered = [];
    version = now;
    trusted = false;
    journal.begin(othersWrote);
  };

  const load = (id: string, allowance: Allowance | null): Line => {
    const known = lines.get(id);
    if (known !== undefined) {
      if (allowance !== null) known.allowance = allowance;
      return known;
    }
    const row = sql.balance.first(id);
    const line: Line = {
      allowance: allowance ?? (JSON.parse(row?.allowance ?? 'null') as Allowance),
      posted: row?.posted ?? 0,
      held: row?.held ?? 0,
      topped: row?.topped ?? 0,
      forgiven: row?.forgiven ?? 0,
      stored: row !== null,
      spentChanged: false,
    };
    lines.set(id, line);
    return line;
  };
  const lineOf = (one: Allowance | string): Line => (typeof one === 'string' ? load(one, null) : load(one.id, one));

  const write = (id: string, line: Line): void => {
    const { posted, held, topped, forgiven } = line;
    if (line.stored) sql.updateBalance.run(posted, held, topped, forgiven, id);
    else sql.insertBalance.run(id, JSON.stringify(line.allowance), posted, held, topped, forgiven);
    line.stored = true;
  };

  return {
    begin,
    committed: () => {
      trusted = true;
      journal.committed();
    },
    writeEntries,
    end: () => {
      writeEntries();
      journal.write();
      const changed: Balance[] = [];
      for (const line of touched) {
        write(line.allowance.id, line);
        if (line.spentChanged) changed.push(balanceOf(line));
        line.spentChanged = false;
      }
      return changed;
    },
    balance: (allowance) => balanceOf(lineOf(allowance)),
    reserve: (allowances, legs) => reserve(allowances.map(lineOf), legs, touched),
    move: (allowances, { posted = 0, held = 0 }) => {
      for (const line of allowances.map(lineOf)) {
        line.posted += posted;
        line.held += held;
        touched.add(line);
        line.spentChanged ||= posted !== 0;
      }
    },
    credit: (allowance, { topped = 0, forgiven = 0 }) => {
      const line = lineOf(allowance);
      line.topped += topped;
      line.forgiven += forgiven;
      touched.add(line);
      return balanceOf(line);
    },
    entry: (entry) => {
      const { spender } = entry;
      gathered.push(
        entry.at,
        entry.kind,
        entry.amount,
        entry.call,
        spender?.keyId ?? null,
        spender?.team ?? null,
        spender?.user ?? null,
        spender === null || spender.tags.length === 0 ? null : JSON.stringify(spender.tags),
        entry.model,
        entry.task,
        entry.strategy,
        entry.inputTokens,
        entry.outputTokens,
        entry.flag,
        idsText(entry.allowances),
        entry.detail === null ? null : JSON.stringify(entry.detail),
        entry.corrects,
      );
    },
    hold: (id, row) => journal.note(id, row),
    epoch: () => journal.epoch(),
    audit: ({ at, actor }, action, subject, detail) =>
      void sql.audit.run(at, actor, action, subject, JSON.stringify(detail)),
    openEntry: (call) => {
      writeEntries();
      return sql.openEntry.first(call)?.seq ?? null;
    },
  };
}

/** Lists of allowances are the same objects for all requests of a spender. */
const knownIds = new WeakMap<readonly (Allowance | string)[], string>();

function idsText(allowances: readonly (Allowance | string)[]): string {
  const known = knownIds.get(allowances);
  if (known !== undefined) return known;
  const text = JSON.stringify(allowances.map((one) => (typeof one === 'string' ? one : one.id)));
  knownIds.set(allowances, text);
  return text;
}

const statements = (db: Db) => ({
  version: db.prepare<{ data_version: number }>('PRAGMA data_version'),
  balance: db.prepare<{ allowance: string; posted: number; held: number; topped: number; forgiven: number }>(
    'SELECT allowance, posted, held, topped, forgiven FROM balances WHERE id = ?',
  ),
  insertBalance: db.prepare('INSERT INTO balances VALUES (?, ?, ?, ?, ?, ?)'),
  updateBalance: db.prepare('UPDATE balances SET posted = ?, held = ?, topped = ?, forgiven = ? WHERE id = ?'),
  audit: db.prepare('INSERT INTO audit (at, actor, action, subject, detail) VALUES (?, ?, ?, ?, ?)'),
  openEntry: db.prepare<{ seq: number }>(
    `SELECT seq FROM entries WHERE flag = 'unreconciled' AND call = ?
       AND NOT EXISTS (SELECT 1 FROM entries AS later WHERE later.corrects = entries.seq)`,
  ),
});
