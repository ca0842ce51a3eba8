// Questions to the ledger: what was spent by whom on what, what isn't reconciled, and the correction of an entry.
import {
  usdOf,
  type Act,
  type Ledger,
  type LedgerEntry,
  type Nano,
  type Page,
  type SpendGroup,
  type SpendQuery,
  type SpendRow,
  type Usage,
} from '../../contract/index.ts';
import type { Db, Value } from './database.ts';
import type { Book } from './ledger-book.ts';

interface EntryRow {
  seq: number;
  at: number;
  kind: LedgerEntry['kind'];
  amount: number;
  call: string;
  key_id: string | null;
  team: string | null;
  user: string | null;
  tags: string | null;
  model: string | null;
  task: string | null;
  strategy: string | null;
  input_tokens: number;
  output_tokens: number;
  flag: LedgerEntry['flag'];
  allowances: string;
  detail: string | null;
}

export function createLedgerReports(
  db: Db,
  book: Book,
  ask: <Result>(work: () => Result) => Promise<Result>,
): Pick<Ledger, 'unreconciled' | 'correct' | 'spend' | 'entries'> {
  const open = `flag = 'unreconciled' AND NOT EXISTS (SELECT 1 FROM entries AS later WHERE later.corrects = entries.seq)`;
  const unreconciled = db.prepare<EntryRow>(`SELECT * FROM entries WHERE ${open} ORDER BY seq DESC LIMIT ?`);
  const openOne = db.prepare<EntryRow>(`SELECT * FROM entries WHERE seq = ? AND ${open}`);
  const page = db.prepare<EntryRow>('SELECT * FROM entries WHERE seq < ? ORDER BY seq DESC LIMIT ?');

  return {
    unreconciled: (limit) => ask(() => unreconciled.all(limit).map(entryOf)),
    correct: (seq, cost, act) => ask(() => correct(book, openOne.first(seq), cost, act)),
    spend: (query) => ask(() => spend(db, query)),
    entries: (limit, cursor): Promise<Page<LedgerEntry>> =>
      ask(() => {
        const rows = page.all(cursor === null ? Number.MAX_SAFE_INTEGER : Number(cursor), limit).map(entryOf);
        return { rows, cursor: rows.length < limit ? null : String(rows.at(-1)?.seq) };
      }),
  };
}

function correct(book: Book, row: EntryRow | null, cost: Nano, act: Act): boolean {
  if (row === null) return false;
  const amount = (cost - row.amount) as Nano;
  const { allowances, tags, key_id: keyId, team, user, model, task, strategy, call } = { ...row, ...entryOf(row) };
  book.move(allowances, { posted: amount });
  book.entry({
    at: act.at,
    kind: 'correction',
    amount,
    call,
    model,
    task,
    strategy,
    flag: null,
    corrects: row.seq,
    allowances,
    spender: {
      tenant: '',
      keyId,
      team,
      user,
      tags,
    },
    inputTokens: 0,
    outputTokens: 0,
    detail: { actor: act.actor },
  });
  book.audit(act, 'ledger.correct', call, { entry: row.seq, cost_usd: usdOf(cost), difference_usd: usdOf(amount) });
  return true;
}

function entryOf(row: EntryRow): LedgerEntry {
  const {
    key_id: keyId,
    input_tokens: inputTokens,
    output_tokens: outputTokens,
    tags,
    allowances,
    amount,
    detail,
    ...rest
  } = row;
  const told = JSON.parse(detail ?? '{}') as { readonly priceVersion?: unknown; readonly usage?: Usage };
  return {
    seq: rest.seq,
    at: rest.at,
    kind: rest.kind,
    amount: amount as Nano,
    call: rest.call,
    keyId,
    team: rest.team,
    user: rest.user,
    model: rest.model,
    task: rest.task,
    strategy: rest.strategy,
    inputTokens,
    outputTokens,
    flag: rest.flag,
    tags: tags === null ? [] : (JSON.parse(tags) as string[]),
    allowances: JSON.parse(allowances) as string[],
    priceVersion: typeof told.priceVersion === 'string' && told.priceVersion !== '' ? told.priceVersion : null,
    usage: told.usage ?? null,
  };
}

const COLUMN: Record<SpendGroup, string> = {
  key: 'key_id',
  team: 'team',
  user: 'user',
  tag: 'tag.value',
  model: 'model',
  task: 'task',
  strategy: 'strategy',
  day: '',
};

/** Scans the entries of the time asked for: about a million a second. */
function spend(db: Db, query: SpendQuery): SpendRow[] {
  const byTag = query.groupBy.includes('tag') || query.tag !== undefined;
  const offsetMs = query.dayOffsetMs ?? 0;
  const columns = query.groupBy.map((group) =>
    group === 'day' ? `date((at + ${offsetMs}) / 1000, 'unixepoch')` : COLUMN[group],
  );
  const wanted: [string, string | undefined][] = [
    ['key_id', query.keyId],
    ['team', query.team],
    ['user', query.user],
    ['tag.value', query.tag],
    ['model', query.model],
  ];
  const filters = wanted.filter((pair): pair is [string, string] => pair[1] !== undefined);
  const where = [
    'at >= ?',
    'at < ?',
    `kind IN ('charge', 'correction')`,
    ...filters.map(([column]) => `${column} = ?`),
  ];
  const values: Value[] = [query.since, query.until, ...filters.map(([, value]) => value)];
  const sql = `SELECT ${columns.map((column, index) => `${column} AS g${index}, `).join('')}
      sum(amount) AS cost, sum(kind = 'charge') AS calls,
      sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens
    FROM entries ${byTag ? `LEFT JOIN json_each(coalesce(tags, '[]')) AS tag` : ''}
    WHERE ${where.join(' AND ')}
    ${columns.length > 0 ? `GROUP BY ${columns.map((_, index) => index + 1).join(', ')} ORDER BY cost DESC` : ''}`;
  return db
    .prepare<Record<string, string | number | null>>(sql)
    .all(...values)
    .map((row) => ({
      group: columns.map((_, index) => row[`g${index}`] as string | null),
      cost: Number(row['cost'] ?? 0) as Nano,
      calls: Number(row['calls'] ?? 0),
      inputTokens: Number(row['input_tokens'] ?? 0),
      outputTokens: Number(row['output_tokens'] ?? 0),
    }));
}
