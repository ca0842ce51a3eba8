// When a stream is asked for a second time elsewhere: after the model's usual time to first token, and rarely. Pure.

interface Hedges {
  /** A stream began so long after it was asked for. */
  saw(model: string, firstTokenMs: number): void;
  /** Milliseconds of silence that 95 of 100 streams of this model don't take; null while too little is known. */
  afterMs(model: string): number | null;
  /** Whether one more may be sent; counts it. At most one for twenty streams. */
  take(): boolean;
}

const ENOUGH = 20;
const KEPT = 128;
const QUANTILE = 0.95;
/** The quantile is worked out anew after so many. */
const FRESH_FOR = 8;
const EXTRA_LOAD = 0.05;
/** What was saved up while all went well isn't spent at once when nothing does. */
const MOST_SAVED = 5;

interface Known {
  readonly times: number[];
  next: number;
  stale: number;
  afterMs: number | null;
}

function quantileOf(times: readonly number[]): number {
  const sorted = times.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * QUANTILE))]!;
}

export function createHedges(): Hedges {
  const models = new Map<string, Known>();
  let saved = 0;
  return {
    saw(model, firstTokenMs) {
      saved = Math.min(MOST_SAVED, saved + EXTRA_LOAD);
      let known = models.get(model);
      if (known === undefined) models.set(model, (known = { times: [], next: 0, stale: 0, afterMs: null }));
      known.times[known.next] = firstTokenMs;
      known.next = (known.next + 1) % KEPT;
      known.stale++;
    },
    afterMs(model) {
      const known = models.get(model);
      if (known === undefined || known.times.length < ENOUGH) return null;
      if (known.afterMs === null || known.stale >= FRESH_FOR) {
        known.afterMs = quantileOf(known.times);
        known.stale = 0;
      }
      return known.afterMs;
    },
    take() {
      if (saved < 1) return false;
      saved--;
      return true;
    },
  };
}
