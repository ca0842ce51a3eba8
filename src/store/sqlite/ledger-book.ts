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
  Refused,
  Spender,
} from '../../contract/index.ts';
import type { Db, Value } from './database.ts';
import { inserter } from './rows.ts';
import type { HoldJournal, HoldRow } from './hold-journal.ts';

/** What an allowance has seen; `limit` comes with the allowance. */
interface Line {
  allowance: Allowance;
  posted: number;
  held: number;
  topped: number;
  forgiven: number;
  stored: boolean;
  spentChanged: boolean;
}

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

export function idsText(allowances: readonly (Allowance | string)[]): string {
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

function balanceOf(line: Line): Balance {
  const { id, budget, scope, subject, period, startsAt, resetsAt, limit } = line.allowance;
  return {
    allowance: id,
    budget,
    scope,
    subject,
    period,
    startsAt,
    resetsAt,
    limit: (limit + line.topped) as Nano,
    spent: (line.posted - line.forgiven) as Nano,
    held: line.held as Nano,
  };
}

/** Grants all legs at their most, or scaled down towards their least where money is short, or nothing. */
function reserve(lines: readonly Line[], legs: readonly HoldLeg[], touched: Set<Line>): HoldOutcome {
  let [atMost, atLeast, room] = [0, 0, Infinity];
  for (const leg of legs) {
    atMost += leg.atMost;
    atLeast += leg.atLeast;
  }
  for (const line of lines) if (line.allowance.enforced) room = Math.min(room, roomOf(line));
  // What costs nothing passes even where more was spent than the limit.
  if (atLeast > 0 && room < atLeast) {
    const enforced = lines.filter(({ allowance }) => allowance.enforced);
    return refuse(
      enforced.map((line) => ({ line, balance: balanceOf(line) })),
      atLeast as Nano,
    );
  }
  const granted = grant(legs, atLeast, atMost, room);
  let sum = 0;
  for (const leg of granted) sum += leg.amount;
  const over = lines.filter((line) => !line.allowance.enforced && roomOf(line) < sum).map(balanceOf);
  for (const line of lines) {
    line.held += sum;
    touched.add(line);
  }
  return { kind: 'held', legs: granted, over };
}

const roomOf = ({ allowance, topped, posted, forgiven, held }: Line): number =>
  allowance.limit + topped - posted + forgiven - held;
const roomIn = (balance: Balance): number => balance.limit - balance.spent - balance.held;

/** Half of what is left goes to one request, unless it needs more to make sense: others want to go on as well. */
function grant(
  legs: readonly HoldLeg[],
  atLeast: number,
  atMost: number,
  room: number,
): { id: string; amount: Nano }[] {
  const total = room >= atMost ? atMost : Math.max(atLeast, Math.min(atMost, Math.floor(room / 2)));
  const share = atMost === atLeast ? 1 : (total - atLeast) / (atMost - atLeast);
  return legs.map((leg) => ({
    id: leg.id,
    amount: (leg.atLeast + Math.floor((leg.atMost - leg.atLeast) * share)) as Nano,
  }));
}

/** What is used up is told before what could never fit: it is what the next period changes. */
const SEVERITY = { used_up: 3, request_exceeds_budget: 2, budget_exceeded: 1, budget_held: 0 } as const;

function refuse(enforced: readonly { readonly line: Line; readonly balance: Balance }[], amount: Nano): Refused {
  const why = ({ limit, spent }: Balance): keyof typeof SEVERITY => {
    if (spent >= limit) return 'used_up';
    if (amount > limit) return 'request_exceeds_budget';
    return amount > limit - spent ? 'budget_exceeded' : 'budget_held';
  };
  const inTheWay = enforced
    .filter(({ balance }) => roomIn(balance) < amount)
    .map((one) => ({ ...one, why: why(one.balance) }))
    .sort((one, other) => SEVERITY[other.why] - SEVERITY[one.why] || roomIn(one.balance) - roomIn(other.balance));
  const worst = inTheWay[0]!;
  const least = (of: (balance: Balance) => number): Nano =>
    Math.max(
      0,
      enforced.reduce((sum, { balance }) => Math.min(sum, of(balance)), Infinity),
    ) as Nano;
  return {
    kind: 'refused',
    code: worst.why === 'used_up' ? 'budget_exceeded' : worst.why,
    balance: worst.balance,
    onExceed: worst.line.allowance.onExceed,
    affordable: least(roomIn),
    affordableLater: least((balance) => balance.limit - balance.spent),
  };
}
