// The log of requests: a bounded queue in memory in front of a table. What waits is packed already: objects that live for a while cost the
// garbage collector more than packing them at once.
import {
  QuorumError,
  type Page,
  type RequestFilter,
  type RequestLog,
  type RequestRecord,
} from '../../contract/index.ts';
import type { Db, Value } from './database.ts';
import { createPacker, type Packed } from './pack.ts';
import { listText, modelsOf, requestInserter, rowOf, type RequestRow } from './rows.ts';
import type { Source, Writer } from './writer.ts';

const BATCH_ROWS = 64;
/** More at once would keep requests waiting while a disk that works again is catching up. */
const MOST_ROWS = 256;
/** What is kept while the disk fails; then the oldest go. */
const QUEUE_ROWS = 10_000;

interface RequestQueue extends Source {
  readonly dropped: () => number;
  /** The port, once the writer is there. */
  readonly log: (writer: Writer) => RequestLog;
}

export function createRequestQueue(db: Db): RequestQueue {
  const queue: RequestRow[] = [];
  let dropped = 0;
  const packer = createPacker(db);
  const readable = (packed: Packed): RequestRecord => packer.unpack(packed) as RequestRecord;
  const insert = requestInserter(db);
  const byId = db.prepare<Stored>('SELECT record FROM requests WHERE id = ? ORDER BY seq DESC LIMIT 1');
  const byTenant = db.prepare<Stored>(
    'SELECT record FROM requests WHERE id = ? AND tenant = ? ORDER BY seq DESC LIMIT 1',
  );

  function find(id: string, tenant: string | null): RequestRecord | null {
    const waiting = queue.findLast((row) => row.id === id && (tenant === null || row.tenant === tenant));
    if (waiting !== undefined) return readable(waiting.record);
    const row = tenant === null ? byId.first(id) : byTenant.first(id, tenant);
    return row && readable(row.record);
  }

  function list(filter: RequestFilter, limit: number, cursor: string | null): Page<RequestRecord> {
    const before = cursor === null ? null : readCursor(cursor);
    const { sql, values } = query(filter, before, limit + 1);
    const stored = db.prepare<Stored>(sql).all(...values);
    const rows = stored.map((row) => readable(row.record));
    const waiting = queue
      .map((row) => readable(row.record))
      .filter((record) => matches(record, filter) && (before === null || isOlder(record, before)));
    const newest = [...rows, ...waiting].sort((a, b) => (isOlder(a, b) ? 1 : -1));
    const page = newest.slice(0, limit);
    const last = newest.length > limit ? page.at(-1) : undefined;
    return { rows: page, cursor: last === undefined ? null : writeCursor(last) };
  }

  return {
    waiting: () => queue.length,
    dropped: () => dropped,
    write: () => {
      const batch = queue.slice(0, MOST_ROWS);
      const saved = packer.save();
      insert(batch);
      return () => {
        saved();
        queue.splice(0, batch.length);
      };
    },
    log: (writer) => ({
      append: (record) => {
        if (queue.length >= QUEUE_ROWS) {
          queue.shift();
          dropped += 1;
        }
        queue.push(rowOf(record, packer.pack(record)));
        writer.soon(queue.length >= BATCH_ROWS);
      },
      find: async (id, tenant) => find(id, tenant),
      list: async (filter, limit, cursor) => list(filter, limit, cursor),
      flush: async () => writer.now(),
    }),
  };
}

interface Stored {
  readonly record: Packed;
}
type Place = Pick<RequestRecord, 'at' | 'id'>;

const isOlder = (a: Place, b: Place): boolean => a.at < b.at || (a.at === b.at && a.id < b.id);
const writeCursor = ({ at, id }: Place): string => Buffer.from(JSON.stringify([at, id])).toString('base64url');

/** Throws `invalid_value` where it isn't ours: who pages on would begin again at the newest, for ever. */
function readCursor(cursor: string): Place {
  try {
    const [at, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as readonly unknown[];
    if (typeof at === 'number' && typeof id === 'string') return { at, id };
  } catch {
    // Said below.
  }
  throw new QuorumError('invalid_value', "'cursor' is what an earlier page gave as next_cursor.", { param: 'cursor' });
}

function matches(record: RequestRecord, filter: RequestFilter): boolean {
  return (
    (filter.tenant === undefined || record.tenant === filter.tenant) &&
    (filter.since === undefined || record.at >= filter.since) &&
    (filter.until === undefined || record.at < filter.until) &&
    (filter.strategy === undefined || record.strategy === filter.strategy) &&
    (filter.task === undefined || record.decision?.classification.task === filter.task) &&
    (filter.status === undefined || record.status === filter.status) &&
    (filter.flag === undefined || record.flags.some((flag) => flag === filter.flag)) &&
    (filter.model === undefined || modelsOf(record).includes(filter.model))
  );
}

function query(filter: RequestFilter, before: Place | null, limit: number): { sql: string; values: Value[] } {
  const where: string[] = ['1'];
  const values: Value[] = [];
  const add = (condition: string, ...given: readonly Value[]): void => {
    where.push(condition);
    values.push(...given);
  };
  if (filter.tenant !== undefined) add('tenant = ?', filter.tenant);
  if (filter.since !== undefined) add('at >= ?', filter.since);
  if (filter.until !== undefined) add('at < ?', filter.until);
  if (filter.strategy !== undefined) add('strategy = ?', filter.strategy);
  if (filter.task !== undefined) add('task = ?', filter.task);
  if (filter.status !== undefined) add('status = ?', filter.status);
  if (filter.flag !== undefined) add('instr(flags, ?)', listText([filter.flag]));
  if (filter.model !== undefined) add('instr(models, ?)', listText([filter.model]));
  if (before !== null) add('at <= ? AND (at < ? OR id < ?)', before.at, before.at, before.id);
  const sql = `SELECT record FROM requests WHERE ${where.join(' AND ')} ORDER BY at DESC, id DESC LIMIT ?`;
  return { sql, values: [...values, limit] };
}
