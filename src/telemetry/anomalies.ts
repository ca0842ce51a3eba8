// Whether a model is as it used to be: each hour's latency, errors, cost and agreement against its own hours before, at the same time of day.
// Seasonal median and median absolute deviation instead of mean and standard deviation, as in Hochenbaum, Vallis, Kejariwal: "Automatic
// Anomaly Detection in the Cloud Via Statistical Learning" (2017); the factor 1.4826 and the modified z-score after Iglewicz, Hoaglin (1993). Pure.
import { addSums, emptySums, readSums, type Sums } from './tally.ts';
import type { HourRow } from '../contract/index.ts';

const MEASURES = ['latency', 'error_rate', 'cost', 'agreement'] as const;
/** p90 of calls that went well, in ms · share that failed · USD per call · share of its answers that the others shared. */
export type Measure = (typeof MEASURES)[number];

/** One model's hour; null where too little was seen. */
export type HourFigures = Readonly<Record<Measure, number | null>> & { readonly calls: number };

export interface Finding {
  readonly measure: Measure;
  readonly value: number;
  /** The median of its hours before. */
  readonly expected: number;
  /** How far off it may be. */
  readonly tolerance: number;
}

const ENOUGH = { calls: 20, judged: 20, hoursAlike: 6, hours: 12 };
export const HISTORY_HOURS = 14 * 24;
/** In robust standard deviations. */
const FAR = 5;
/** Statistics alone would call a change of a hair odd where all was steady. */
const LEAST_CHANGE: Readonly<Record<Measure, (expected: number) => number>> = {
  latency: (expected) => Math.max(50, expected * 0.5),
  error_rate: () => 0.05,
  cost: (expected) => expected * 0.5,
  agreement: () => 0.1,
};

/** Of one hour's rows, by model. */
export function figuresByModel(rows: readonly HourRow[]): ReadonlyMap<string, HourFigures> {
  const sums = new Map<string, Sums>();
  for (const row of rows) {
    if (row.scope !== 'call') continue;
    const known = sums.get(row.model) ?? emptySums();
    addSums(known, readSums(row.body));
    sums.set(row.model, known);
  }
  return new Map([...sums].map(([model, each]) => [model, figuresOf(each)]));
}

function figuresOf({ counts, spreads }: Sums): HourFigures {
  const of = (name: string): number => counts[name] ?? 0;
  const ended = of('ok') + of('failed');
  const enough = ended >= ENOUGH.calls;
  const times = spreads.get('total');
  return {
    calls: of('requests'),
    latency: times !== undefined && times.count() >= ENOUGH.calls ? times.quantile(0.9) : null,
    error_rate: enough ? of('failed') / ended : null,
    cost: enough && of('cost') > 0 ? of('cost') / 1e9 / ended : null,
    agreement: of('judged') >= ENOUGH.judged ? of('agreed') / of('judged') : null,
  };
}

/** What is odd about this hour; `before` by hour. Nothing while too few hours are known. */
export function oddities(
  now: HourFigures,
  hour: number,
  before: ReadonlyMap<number, HourFigures>,
): { readonly odd: readonly Finding[]; readonly usual: readonly Measure[] } {
  const findings = MEASURES.flatMap((measure) => {
    const value = now[measure];
    const past = value === null ? null : alike(before, hour, measure);
    return value === null || past === null ? [] : [judged(measure, value, past, now.calls)];
  });
  return {
    odd: findings.filter(({ isOdd }) => isOdd).map(({ isOdd: _isOdd, ...finding }) => finding),
    usual: findings.filter(({ isOdd }) => !isOdd).map(({ measure }) => measure),
  };
}

/** Hours of the same time of day, one before and one after it too; all hours while there are too few of those. */
function alike(before: ReadonlyMap<number, HourFigures>, hour: number, measure: Measure): readonly number[] | null {
  const all: number[] = [];
  const same: number[] = [];
  for (const [each, figures] of before) {
    const value = figures[measure];
    if (value === null || each >= hour) continue;
    all.push(value);
    const apart = (((each - hour) % 24) + 24) % 24;
    if (apart <= 1 || apart === 23) same.push(value);
  }
  if (same.length >= ENOUGH.hoursAlike) return same;
  return all.length >= ENOUGH.hours ? all : null;
}

function judged(
  measure: Measure,
  value: number,
  past: readonly number[],
  calls: number,
): Finding & { readonly isOdd: boolean } {
  const expected = median(past);
  const spread = 1.4826 * median(past.map((each) => Math.abs(each - expected)));
  const sampling = measure === 'error_rate' || measure === 'agreement' ? shareError(expected, calls) : expected * 0.05;
  const tolerance = Math.max(FAR * Math.max(spread, sampling), LEAST_CHANGE[measure](expected));
  const worse = measure === 'agreement' ? expected - value : value - expected;
  return { measure, value, expected, tolerance, isOdd: worse > tolerance };
}

/** Standard error of a share that is seen in so many calls. */
function shareError(share: number, calls: number): number {
  const inside = Math.min(0.99, Math.max(0.01, share));
  return Math.sqrt((inside * (1 - inside)) / Math.max(1, calls));
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
