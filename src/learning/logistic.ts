// Probabilities and log-odds.

const NEAREST = 1e-4;

export const sigmoid = (logit: number): number => 1 / (1 + Math.exp(-logit));

/** Finite for 0 and 1 as well. */
export function logitOf(probability: number): number {
  const inside = Math.min(1 - NEAREST, Math.max(NEAREST, probability));
  return Math.log(inside / (1 - inside));
}

/** Standard normal distribution function (Zelen & Severo 1964, as in Abramowitz & Stegun 26.2.17; error below 1e-7). */
export function normalBelow(value: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(value));
  const tail =
    0.3989422804 *
    Math.exp((-value * value) / 2) *
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return value >= 0 ? 1 - tail : tail;
}
