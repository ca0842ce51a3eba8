// How an arm differs from the control, with an interval that holds at any time.
import type { Goal, Sums } from '../contract/index.ts';
import { reach, samplesFor, type Interval } from './sequence.ts';
import { momentsOf, type Measure, type Moments } from './sums.ts';

/** Fewer tell nothing. */
const FEWEST = 50;
/** Groups of units below which nothing can be said of how alike requests of one unit are. */
const FEWEST_GROUPS = 10;
const LEAST_SHARE = 0.02;
const LEAST_RELATIVE = 0.05;

/** An arm beside the control: `better`, `worse`, `same` (the difference is too small to matter), or not known yet. */
type Standing = 'better' | 'worse' | 'same' | 'open';

export interface Lift extends Interval {
  /** The arm's mean less the control's. */
  readonly difference: number;
  /** As a share of the control's mean; null: that is nothing. */
  readonly relative: number | null;
  readonly standing: Standing;
  /** Requests that both must see before it is decided, at what was seen so far; Infinity: never. */
  readonly needed: number;
}

/** `errors` and money and time are better when there is less of them. */
export const isLessBetter = (goal: Goal): boolean => goal !== 'quality';

/** `minEffect` null: the usual. Null: one of them has shown nothing. */
export function liftOf(control: Sums, arm: Sums, goal: Goal, alpha: number, minEffect: number | null): Lift | null {
  const [theirs, ours] = [momentsOf(control, goal), momentsOf(arm, goal)];
  if (theirs === null || ours === null) return null;
  const difference = ours.mean - theirs.mean;
  const samples = theirs.n / theirs.alike + ours.n / ours.alike;
  const deviation = Math.sqrt(samples * (varianceOf(theirs) + varianceOf(ours)));
  const width = isEnough(theirs) && isEnough(ours) ? reach(deviation, samples, alpha) : Infinity;
  const [low, high] = [difference - width, difference + width];
  const least = minEffect ?? leastEffect(goal, theirs);
  const standing = standingOf({ low, high }, least, isLessBetter(goal));
  const alike = (theirs.n + ours.n) / samples;
  return {
    difference,
    relative: theirs.mean === 0 ? null : difference / Math.abs(theirs.mean),
    low,
    high,
    standing,
    needed:
      standing === 'open' ? Math.ceil(alike * samplesFor(deviation, Math.max(Math.abs(difference), least), alpha)) : 0,
  };
}

export const varianceOf = ({ variance, n, alike }: Moments): number => (variance * alike) / n;

const isEnough = ({ n, groups }: Moments): boolean => n >= FEWEST && groups >= FEWEST_GROUPS;

const leastEffect = (goal: Goal, control: Moments): number =>
  goal === 'cost' || goal === 'latency' ? LEAST_RELATIVE * Math.abs(control.mean) : LEAST_SHARE;

function standingOf({ low, high }: Interval, least: number, lessIsBetter: boolean): Standing {
  if (low > 0) return lessIsBetter ? 'worse' : 'better';
  if (high < 0) return lessIsBetter ? 'better' : 'worse';
  return low > -least && high < least ? 'same' : 'open';
}

/** The interval of one arm's own mean. */
export function meanInterval(
  sums: Sums,
  measure: Measure,
  alpha: number,
): (Interval & { readonly mean: number; readonly n: number }) | null {
  const moments = momentsOf(sums, measure);
  if (moments === null) return null;
  const { n, mean, variance, alike } = moments;
  const width = n < 2 ? Infinity : reach(Math.sqrt(variance), n / alike, alpha);
  return { n, mean, low: mean - width, high: mean + width };
}
