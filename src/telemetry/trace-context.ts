// Trace ids: taken from the caller's `traceparent` or made here.
import { randomFillSync } from 'node:crypto';
import type { Sampling, Trace } from '../contract/index.ts';

/** What stands in `traceparent`; null when it isn't one. */
export function readTraceParent(header: string | undefined): TraceParent | null {
  const [, version, traceId = '', parentId = '', flags = ''] =
    /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:$|-)/.exec(header?.trim() ?? '') ?? [];
  if (version === undefined || version === 'ff' || /^0+$/.test(traceId) || /^0+$/.test(parentId)) return null;
  return { traceId, parentId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

type TraceParent = Omit<Trace, 'nextId' | 'spanId'>;

/** Nothing here has an id of its own: what follows it hangs on what was before. */
function untraced(read: TraceParent): Trace {
  const spanId = read.parentId!;
  return { ...read, spanId, nextId: () => spanId };
}

/** Nobody traces here: what a caller says is passed on as it came, to whom it may go. */
export function passedOn(header: string | undefined): Trace | undefined {
  const read = header === undefined ? null : readTraceParent(header);
  return read === null ? undefined : untraced(read);
}

/** Ids of requests and calls that somebody will look at. */
interface Tracer {
  /** Decided before anything is made; undefined: nobody traces it, here or before. */
  begin(header: string | undefined): Trace | undefined;
  /** For a request that nobody meant to trace, and that failed; null: enough of them were seen. */
  afterwards(): Trace | null;
}

export function createTracer({ share, perSecond, parentBased }: Sampling, now: () => number): Tracer {
  const ids = createIds();
  const mayTrace = createAllowance(perSecond, now);
  const mayTraceFailed = createAllowance(perSecond, now);
  const nextId = (): string => ids(8);
  // The lower half of the id is random, so that everybody who looks at it decides alike.
  const drawn = (traceId: string): boolean => share >= 1 || Number.parseInt(traceId.slice(-13), 16) < share * 2 ** 52;

  return {
    begin(header) {
      const read = header === undefined ? null : readTraceParent(header);
      const isDecided = parentBased && read !== null;
      if (isDecided ? read.sampled : share > 0 && mayTrace()) {
        const traceId = read?.traceId ?? ids(16);
        if (isDecided || drawn(traceId))
          return { traceId, spanId: ids(8), parentId: read?.parentId ?? null, sampled: true, nextId };
      }
      return read === null ? undefined : untraced({ ...read, sampled: false });
    },
    afterwards: () =>
      perSecond !== null && mayTraceFailed()
        ? { traceId: ids(16), spanId: ids(8), parentId: null, sampled: true, nextId }
        : null,
  };
}

/** So many a second, evenly, after at most a second's worth at once. */
function createAllowance(perSecond: number | null, now: () => number): () => boolean {
  if (perSecond === null) return () => true;
  let [left, at] = [Math.max(1, perSecond), now()];
  return () => {
    const time = now();
    left = Math.min(Math.max(1, perSecond), left + (Math.max(0, time - at) / 1_000) * perSecond);
    at = time;
    if (left < 1) return false;
    left -= 1;
    return true;
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
