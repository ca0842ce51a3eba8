// Rows of tables, written many at a time: fewer, longer calls into the driver cost less than one call a row.
import type { RequestRecord } from '../../contract/index.ts';
import type { Db, Value } from './database.ts';

const ROWS_AT_ONCE = 16;

/** Lists are set between newlines, so that one name is found by `instr`. */
export const listText = (names: Iterable<string>): string => `\n${[...names].join('\n')}\n`;

/** The models that were called or whose answer was used. */
export function modelsOf({ models, attempts }: RequestRecord): readonly string[] {
  const all = [...models];
  for (const { model } of attempts) if (!all.includes(model)) all.push(model);
  return all;
}

/** Takes the values of whole rows, one after the other; call inside a transaction. */
export function inserter(db: Db, table: string, columns: readonly string[]): (values: readonly Value[]) => void {
  const row = `(${columns.map(() => '?').join()})`;
  const sql = (rows: number): string =>
    `INSERT INTO ${table} (${columns.join()}) VALUES ${Array.from({ length: rows }, () => row).join()}`;
  const one = db.prepare(sql(1));
  const many = db.prepare(sql(ROWS_AT_ONCE));
  const width = columns.length;
  return (values) => {
    let from = 0;
    for (; from + ROWS_AT_ONCE * width <= values.length; from += ROWS_AT_ONCE * width)
      many.run(...values.slice(from, from + ROWS_AT_ONCE * width));
    for (; from < values.length; from += width) one.run(...values.slice(from, from + width));
  };
}

/** What is kept of a record: all of it, packed, and beside it what records are looked for by. Small, since many wait at once. */
export interface RequestRow {
  readonly id: string;
  readonly tenant: string;
  readonly at: number;
  readonly task: string | null;
  readonly status: number;
  readonly strategy: string | null;
  readonly models: string;
  readonly flags: string;
  readonly record: Uint8Array;
}

const REQUEST = ['id', 'tenant', 'at', 'task', 'status', 'strategy', 'models', 'flags', 'record'] as const;

export const rowOf = (record: RequestRecord, packed: Uint8Array): RequestRow => ({
  id: record.id,
  tenant: record.tenant,
  at: record.at,
  task: record.decision?.classification.task ?? null,
  status: record.status,
  strategy: record.strategy,
  models: listText(modelsOf(record)),
  flags: listText(record.flags),
  record: packed,
});

/** Inserts rows in their order; call inside a transaction. */
export function requestInserter(db: Db): (rows: readonly RequestRow[]) => void {
  const insert = inserter(db, 'requests', REQUEST);
  return (rows) => {
    const values: Value[] = [];
    for (const { id, tenant, at, task, status, strategy, models, flags, record } of rows)
      values.push(id, tenant, at, task, status, strategy, models, flags, record);
    insert(values);
  };
}
