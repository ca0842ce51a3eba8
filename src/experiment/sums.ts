// What is counted of an arm, as named sums that add up over requests, processes and machines.
import type { Sums } from '../contract/index.ts';

/** `quality`: the verdict on the answer, or else whether it passed its checks. */
export const MEASURES = [
  'quality',
  'feedback',
  'checks',
  'agreement',
  'cost',
  'latency',
  'errors',
  'cached',
  'same',
] as const;
export type Measure = (typeof MEASURES)[number];

/** What one request showed; what is absent isn't known of it. Cost in USD, latency in milliseconds, the rest 0-1. */
export type Shown = Partial<Record<Measure, number>>;

/** Units fall into so many groups; how much these differ tells how much alike the requests of one unit are. */
const GROUPS = 64;
const groupOf = (unit: string): number => Number.parseInt(unit.slice(-2), 16) % GROUPS;

/** Neighbouring buckets differ by this factor, so a percentile is off by 2 % at the most. */
const STEP = Math.log(1.04);
const bucketOf = (ms: number): number => Math.ceil(Math.log(Math.max(ms, 0.01)) / STEP);
const valueOf = (bucket: number): number => Math.exp((bucket - 0.5) * STEP);

/** `unit` null: each request is one of its own. `times` −1 takes back. */
export function sumsOf(shown: Shown, unit: string | null, times = 1): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const measure of MEASURES) {
    const value = shown[measure];
    if (value === undefined || !Number.isFinite(value)) continue;
    sums[`${measure}.n`] = times;
    sums[`${measure}.sum`] = times * value;
    sums[`${measure}.squares`] = times * value * value;
    if (unit === null) continue;
    const group = groupOf(unit);
    sums[`${measure}.n${group}`] = times;
    sums[`${measure}.sum${group}`] = times * value;
  }
  if (shown.latency !== undefined) sums[`ms.${bucketOf(shown.latency)}`] = times;
  return sums;
}

export function plus(left: Sums, right: Sums): Sums {
  const sum: Record<string, number> = { ...left };
  for (const [name, value] of Object.entries(right)) sum[name] = (sum[name] ?? 0) + value;
  return sum;
}

export interface Moments {
  readonly n: number;
  readonly mean: number;
  /** Of one request. */
  readonly variance: number;
  /** How many requests tell as much as one independent one would; 1 where each is a unit of its own. */
  readonly alike: number;
  /** Groups of units that were seen; Infinity where each request is a unit. */
  readonly groups: number;
}

const BOUNDED: ReadonlySet<Measure> = new Set([
  'quality',
  'feedback',
  'checks',
  'agreement',
  'errors',
  'cached',
  'same',
]);

/** null: nothing was seen. */
export function momentsOf(sums: Sums, measure: Measure): Moments | null {
  const n = sums[`${measure}.n`] ?? 0;
  if (n <= 0) return null;
  const sum = sums[`${measure}.sum`] ?? 0;
  const squares = sums[`${measure}.squares`] ?? 0;
  const mean = sum / n;
  // A share of which only one side was seen may still have the other: two more, one of each.
  const more = BOUNDED.has(measure) ? 1 : 0;
  const [counted, centre] = [n + 2 * more, (sum + more) / (n + 2 * more)];
  const variance = Math.max(0, ((squares + more) / counted - centre * centre) * (counted / Math.max(1, counted - 1)));
  return { n, mean, variance, ...likeness(sums, measure, n, mean, variance) };
}

/**
 * Requests of one user are alike, so many of them tell less than they seem to. The ratio of the mean's variance by groups of whole
 * units to that by requests: Kish's design effect, as in Deng, Knoblich and Lu, "Applying the Delta Method in Metric Analytics", KDD 2018.
 */
function likeness(
  sums: Sums,
  measure: Measure,
  n: number,
  mean: number,
  variance: number,
): Pick<Moments, 'alike' | 'groups'> {
  let groups = 0;
  let spread = 0;
  for (let group = 0; group < GROUPS; group += 1) {
    const size = sums[`${measure}.n${group}`] ?? 0;
    if (size <= 0) continue;
    groups += 1;
    spread += ((sums[`${measure}.sum${group}`] ?? 0) - mean * size) ** 2;
  }
  if (groups === 0) return { alike: 1, groups: Infinity };
  if (groups < 2 || variance === 0) return { alike: 1, groups };
  const byGroups = (spread * groups) / (groups - 1) / (n * n);
  return { alike: Math.max(1, byGroups / (variance / n)), groups };
}

interface Bucket {
  readonly ms: number;
  readonly count: number;
}

function bucketsOf(sums: Sums): readonly Bucket[] {
  return Object.entries(sums)
    .flatMap(([name, count]) =>
      name.startsWith('ms.') && count > 0 ? [{ ms: valueOf(Number(name.slice(3))), count }] : [],
    )
    .sort((left, right) => left.ms - right.ms);
}

/** Milliseconds, within 2 %; null: nothing was seen. */
export function percentileOf(sums: Sums, share: number): number | null {
  const buckets = bucketsOf(sums);
  const total = buckets.reduce((sum, { count }) => sum + count, 0);
  let passed = 0;
  for (const { ms, count } of buckets) {
    passed += count;
    if (passed >= share * total) return ms;
  }
  return null;
}

/** How many took longer, of how many. */
export function slowerThan(sums: Sums, ms: number): { readonly slow: number; readonly all: number } {
  const buckets = bucketsOf(sums);
  const count = (some: readonly Bucket[]): number => some.reduce((sum, bucket) => sum + bucket.count, 0);
  return { slow: count(buckets.filter((bucket) => bucket.ms > ms)), all: count(buckets) };
}
