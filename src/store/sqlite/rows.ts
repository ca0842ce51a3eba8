// Records as rows of their tables.
import type { RequestRecord } from '../../contract/index.ts';
import type { Db, Value } from './database.ts';

/** Rows written by one statement: fewer, longer calls into the driver cost less than one call a row. */
const ROWS_AT_ONCE = 16;

const REQUEST = [
  'seq',
  'id',
  'tenant',
  'at',
  'task',
  'status',
  'strategy',
  'models',
  'flags',
  'cost_nano',
  'total_ms',
  'record',
] as const;
const ATTEMPT = [
  'request',
  'position',
  'at',
  'tenant',
  'task',
  'model',
  'role',
  'outcome',
  'input_tokens',
  'output_tokens',
  'cost_nano',
  'first_byte_ms',
  'ms',
] as const;

/** Lists are set between newlines, so that one name is found by `instr`. */
export const listText = (names: Iterable<string>): string => `\n${[...names].join('\n')}\n`;

/** The models that were called or whose answer was used. */
export function modelsOf(record: RequestRecord): ReadonlySet<string> {
  return new Set([...record.models, ...record.attempts.map((attempt) => attempt.model)]);
}

/** Inserts records with ascending `seq`; call inside a transaction. */
export function recordInserter(db: Db): (records: readonly RequestRecord[]) => void {
  const last = db.prepare<{ seq: number | null }>('SELECT max(seq) AS seq FROM requests');
  const insertRequests = inserter(db, 'requests', REQUEST);
  const insertAttempts = inserter(db, 'attempts', ATTEMPT);
  return (records) => {
    let seq = last.first()?.seq ?? 0;
    const requests: Value[] = [];
    const attempts: Value[] = [];
    for (const record of records) {
      seq += 1;
      pushRequest(requests, seq, record);
      pushAttempts(attempts, seq, record);
    }
    insertRequests(requests);
    insertAttempts(attempts);
  };
}

function inserter(db: Db, table: string, columns: readonly string[]): (values: readonly Value[]) => void {
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

function pushRequest(into: Value[], seq: number, record: RequestRecord): void {
  into.push(
    seq,
    record.id,
    record.tenant,
    record.at,
    record.decision?.classification.task ?? null,
    record.status,
    record.strategy,
    listText(modelsOf(record)),
    listText(record.flags),
    record.cost,
    record.timings.totalMs,
    JSON.stringify(record),
  );
}

function pushAttempts(into: Value[], seq: number, record: RequestRecord): void {
  record.attempts.forEach((attempt, position) => {
    into.push(
      seq,
      position,
      record.at,
      record.tenant,
      record.decision?.classification.task ?? null,
      attempt.model,
      attempt.role,
      attempt.outcome,
      attempt.usage?.prompt_tokens ?? null,
      attempt.usage?.completion_tokens ?? null,
      attempt.cost,
      attempt.firstByteMs,
      attempt.endedMs - attempt.startedMs,
    );
  });
}
