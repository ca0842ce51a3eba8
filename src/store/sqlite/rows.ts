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

/** Inserts records in their order; call inside a transaction. */
export function recordInserter(
  db: Db,
  pack: (record: RequestRecord) => string,
): (records: readonly RequestRecord[]) => void {
  const insert = inserter(db, 'requests', [
    'id',
    'tenant',
    'at',
    'task',
    'status',
    'strategy',
    'models',
    'flags',
    'record',
  ]);
  return (records) => {
    const values: Value[] = [];
    for (const record of records) {
      values.push(
        record.id,
        record.tenant,
        record.at,
        record.decision?.classification.task ?? null,
        record.status,
        record.strategy,
        listText(modelsOf(record)),
        listText(record.flags),
        pack(record),
      );
    }
    insert(values);
  };
}
