// Records as JSON lines: a request a line with its calls inside, or a call a line. The administration and the command line use it.
import type { RequestFilter, RequestLog, RequestRecord } from '../../contract/index.ts';
import { shown } from '../../pipeline/shown.ts';

export type ExportRows = 'requests' | 'attempts';

/** Read at once; in between others have their turn. */
const ROWS_AT_ONCE = 50;

/** Newest first, in pieces of whole lines. */
export async function* exportLines(
  requests: Pick<RequestLog, 'list'>,
  filter: RequestFilter,
  rows: ExportRows,
): AsyncGenerator<string> {
  let cursor: string | null = null;
  do {
    const page = await requests.list(filter, ROWS_AT_ONCE, cursor);
    const lines = page.rows.flatMap((record) => (rows === 'requests' ? [shown(record)] : attemptsOf(record)));
    yield lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    cursor = page.cursor;
    await new Promise((resume) => setImmediate(resume));
  } while (cursor !== null);
}

const attemptsOf = ({ id, tenant, at, decision, strategy, attempts }: RequestRecord): readonly unknown[] =>
  attempts.map((attempt, position) =>
    shown({ request: id, position, tenant, at, task: decision?.classification.task ?? null, strategy, ...attempt }),
  );
