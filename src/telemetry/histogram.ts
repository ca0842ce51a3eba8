// Percentiles of a stream of measurements in little room, mergeable over time, models and processes.
// The buckets of DDSketch (Masson, Rim, Lee: "DDSketch", VLDB 2019): bucket i holds (γ^(i-1), γ^i].

/** A quantile is off by at most this share of the true value. */
export const RELATIVE_ERROR = 0.01;

/** Values below count as zero. */
const SMALLEST = 1e-6;

const GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR);
const LOG_GAMMA = Math.log(GAMMA);

/** What JSON keeps of a histogram; `createHistogram` takes it back. */
export interface HistogramState {
  readonly zeros: number;
  readonly sum: number;
  readonly min: number | null;
  readonly max: number | null;
  readonly buckets: readonly (readonly [index: number, count: number])[];
}

export interface Histogram {
  /** Negative values count as zero; what isn't finite is left out. */
  record(value: number): void;
  /** The smallest recorded value that at least `q` (0-1) of all don't exceed, within `RELATIVE_ERROR`; null when there is none. */
  quantile(q: number): number | null;
  /** The result is as if everything had been recorded here. */
  merge(other: Histogram): void;
  readonly count: () => number;
  readonly sum: () => number;
  readonly min: () => number | null;
  readonly max: () => number | null;
  toJSON(): HistogramState;
}

export function createHistogram(state?: HistogramState): Histogram {
  const buckets = new Map<number, number>();
  let zeros = 0;
  let inBuckets = 0;
  let sum = 0;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  const count = (): number => zeros + inBuckets;

  function add(other: HistogramState): void {
    zeros += other.zeros;
    sum += other.sum;
    min = Math.min(min, other.min ?? min);
    max = Math.max(max, other.max ?? max);
    for (const [index, times] of other.buckets) {
      buckets.set(index, (buckets.get(index) ?? 0) + times);
      inBuckets += times;
    }
  }

  function quantile(q: number): number | null {
    if (count() === 0) return null;
    const rank = Math.max(1, Math.ceil(Math.min(1, Math.max(0, q)) * count()));
    if (rank === 1) return min;
    if (rank === count()) return max;
    let passed = zeros;
    if (rank <= passed) return 0;
    for (const [index, times] of [...buckets].sort(([a], [b]) => a - b)) {
      passed += times;
      // The point whose relative distance to both ends of the bucket is the same.
      if (rank <= passed) return Math.min(max, Math.max(min, (2 * GAMMA ** index) / (GAMMA + 1)));
    }
    return max;
  }

  if (state !== undefined) add(state);
  return {
    count,
    quantile,
    sum: () => sum,
    min: () => (count() === 0 ? null : min),
    max: () => (count() === 0 ? null : max),
    record: (value) => {
      if (!Number.isFinite(value)) return;
      const counted = value < SMALLEST ? 0 : value;
      sum += counted;
      if (counted < min) min = counted;
      if (counted > max) max = counted;
      if (counted === 0) {
        zeros += 1;
        return;
      }
      const index = Math.ceil(Math.log(counted) / LOG_GAMMA);
      buckets.set(index, (buckets.get(index) ?? 0) + 1);
      inBuckets += 1;
    },
    merge: (other) => add(other.toJSON()),
    toJSON: () => ({
      zeros,
      sum,
      min: count() === 0 ? null : min,
      max: count() === 0 ? null : max,
      buckets: [...buckets],
    }),
  };
}
