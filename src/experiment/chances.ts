// How likely each arm is the best, and what taking it would cost if it isn't.
import { below, density } from './gamma.ts';

interface Estimate {
  /** More is better. */
  readonly mean: number;
  /** Of the mean. */
  readonly variance: number;
}

interface Chance {
  readonly best: number;
  /** Expected shortfall against the best arm, in the metric's own unit. */
  readonly loss: number;
}

const STEPS = 160;
const REACH = 8;

/**
 * The means as independent normal variables around what was seen (a flat prior); the integrals of Stucchio, "Bayesian A/B testing at VWO", 2015,
 * each over a grid of its own arm's. Describes what is known now; decisions rest on the intervals that hold at any time.
 */
export function chancesOf(arms: readonly Estimate[]): readonly Chance[] {
  const spread = arms.map(({ variance }) => Math.sqrt(Math.max(variance, 1e-18)));
  const step = (2 * REACH) / STEPS;
  const best = arms.map(() => 0);
  let expectedBest = 0;
  for (const [arm, { mean }] of arms.entries()) {
    for (let at = 0; at < STEPS; at += 1) {
      const z = -REACH + (at + 0.5) * step;
      const x = mean + z * spread[arm]!;
      let weight = density(z) * step;
      for (const [other, one] of arms.entries()) if (other !== arm) weight *= below((x - one.mean) / spread[other]!);
      best[arm]! += weight;
      expectedBest += x * weight;
    }
  }
  const total = best.reduce((sum, share) => sum + share, 0) || 1;
  return arms.map(({ mean }, arm) => ({ best: best[arm]! / total, loss: Math.max(0, expectedBest / total - mean) }));
}
