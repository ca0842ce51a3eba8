// Intervals that hold at every moment at once, so that looking every day fools nobody.
import { logBeta } from './gamma.ts';

/** The number of requests at which the intervals are tightest; they hold at every other one too. */
const TIGHTEST_AT = 2_000;

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/**
 * Half the width of the asymptotic confidence sequence for a mean: with probability 1 − `alpha` the true value is never outside, at
 * no moment. Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas: "Time-uniform central limit theory and asymptotic confidence sequences",
 * Annals of Statistics 2024, theorem 2.2; the normal mixture goes back to Robbins 1970. For a difference of two means `deviation` is that of
 * the difference's own samples: √(t · Var). Asymptotic: not to be used below some tens of samples.
 */
export function reach(deviation: number, samples: number, alpha: number): number {
  if (samples <= 0) return Infinity;
  const twice = -2 * Math.log(alpha);
  const rho2 = (twice + Math.log(twice + 1)) / TIGHTEST_AT;
  const mixed = samples * rho2 + 1;
  return deviation * Math.sqrt(((2 * mixed) / (samples * samples * rho2)) * Math.log(Math.sqrt(mixed) / alpha));
}

/** Samples until the interval reaches no further than `width`; Infinity where it never does. */
export function samplesFor(deviation: number, width: number, alpha: number): number {
  if (!(width > 0)) return Infinity;
  if (deviation === 0) return 0;
  let [low, high] = [1, 2];
  while (reach(deviation, high, alpha) > width) {
    [low, high] = [high, high * 2];
    if (high > 1e12) return Infinity;
  }
  while (high - low > Math.max(1, low / 1000)) {
    const middle = (low + high) / 2;
    if (reach(deviation, middle, alpha) > width) low = middle;
    else high = middle;
  }
  return Math.ceil(high);
}

/**
 * For a share of which `hits` of `all` were seen, or the mean of anything within 0 and 1: holds at every moment and for any number of samples.
 * The beta-binomial mixture martingale: Robbins 1970; Howard, Ramdas, McAuliffe, Sekhon: "Time-uniform, nonparametric, nonasymptotic
 * confidence sequences", Annals of Statistics 2021.
 */
export function shareInterval(hits: number, all: number, alpha: number): Interval {
  if (all <= 0) return { low: 0, high: 1 };
  const [a, b] = [0.5, 0.5];
  const evidence = logBeta(a + hits, b + all - hits) - logBeta(a, b);
  const inside = (share: number): boolean =>
    evidence - xlogy(hits, share) - xlogy(all - hits, 1 - share) < -Math.log(alpha);
  const mean = hits / all;
  return {
    low: inside(0) ? 0 : edge(mean, 0, inside),
    high: inside(1) ? 1 : edge(mean, 1, inside),
  };
}

const xlogy = (count: number, share: number): number => (count === 0 ? 0 : count * Math.log(share));

/** Between a share inside and one outside. */
function edge(inner: number, outer: number, inside: (share: number) => boolean): number {
  let [near, far] = [inner, outer];
  for (let step = 0; step < 50; step += 1) {
    const middle = (near + far) / 2;
    if (inside(middle)) near = middle;
    else far = middle;
  }
  return far;
}
