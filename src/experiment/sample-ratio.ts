// Whether the units fell onto the arms as they should have; looked at as often as one likes.
import { logGamma } from './gamma.ts';

/** Below it the split is wrong, and no result of the experiment can be trusted. */
const SUSPECT = 0.001;
/** How firmly the alternative keeps to the weights. */
const CONCENTRATION = 100;

export interface SampleRatio {
  /** Valid at every moment. */
  readonly p: number;
  readonly ok: boolean;
}

/**
 * Lindon, Malek: "Anytime-valid inference for multinomial count data", NeurIPS 2022: the Bayes factor of a Dirichlet mixture against the weights
 * is a martingale under them, so its inverse is a p-value at any time.
 */
export function sampleRatio(counts: readonly number[], weights: readonly number[]): SampleRatio {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const all = counts.reduce((sum, count) => sum + count, 0);
  if (total <= 0 || all <= 0) return { p: 1, ok: true };
  let log = logGamma(CONCENTRATION) - logGamma(CONCENTRATION + all);
  for (const [arm, weight] of weights.entries()) {
    const count = counts[arm] ?? 0;
    if (weight === 0) continue;
    const prior = (CONCENTRATION * weight) / total;
    log += logGamma(prior + count) - logGamma(prior) - count * Math.log(weight / total);
  }
  const p = Math.min(1, Math.exp(-log));
  return { p, ok: p >= SUSPECT };
}
