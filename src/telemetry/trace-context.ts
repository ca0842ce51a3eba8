// Trace ids: taken from the caller's `traceparent` or made here.
import { randomFillSync } from 'node:crypto';
import type { Trace } from '../contract/index.ts';

/** What stands in `traceparent`; null when it isn't one. */
export function readTraceParent(header: string | undefined): Omit<Trace, 'nextId' | 'spanId'> | null {
  const [, version, traceId = '', parentId = '', flags = ''] =
    /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:$|-)/.exec(header?.trim() ?? '') ?? [];
  if (version === undefined || version === 'ff' || /^0+$/.test(traceId) || /^0+$/.test(parentId)) return null;
  return { traceId, parentId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** Nobody traces here: what a caller says is passed on as it came, to whom it may go. */
export function passedOn(header: string | undefined): Trace | undefined {
  const read = header === undefined ? null : readTraceParent(header);
  if (read === null) return undefined;
  const spanId = read.parentId!;
  return { ...read, spanId, nextId: () => spanId };
}

/** Begins or goes on with a trace for each request; `share` of those that begin here are sampled. */
export function createTracer(share: number): (header: string | undefined) => Trace {
  const ids = createIds();
  return (header) => {
    const read = header === undefined ? null : readTraceParent(header);
    const spanId = ids(8);
    if (read !== null) return { ...read, spanId, nextId: () => ids(8) };
    const traceId = ids(16);
    // The lower half of the id is random, so that everybody who looks at it decides alike.
    const sampled = share >= 1 || Number.parseInt(traceId.slice(-13), 16) < share * 2 ** 52;
    return { traceId, spanId, parentId: null, sampled, nextId: () => ids(8) };
  };
}

/** Chance is fetched in large pieces: one at a time costs as much as the rest of a span. */
function createIds(): (bytes: 8 | 16) => string {
  const pool = Buffer.alloc(4_096);
  let at = pool.length;
  return function next(bytes): string {
    if (at + bytes > pool.length) {
      randomFillSync(pool);
      at = 0;
    }
    const id = pool.toString('hex', at, at + bytes);
    at += bytes;
    return /[1-9a-f]/.test(id) ? id : next(bytes);
  };
}
