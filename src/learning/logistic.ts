// Probabilities and log-odds.

const NEAREST = 1e-4;

export const sigmoid = (logit: number): number => 1 / (1 + Math.exp(-logit));

/** Finite for 0 and 1 as well. */
export function logitOf(probability: number): number {
  const inside = Math.min(1 - NEAREST, Math.max(NEAREST, probability));
  return Math.log(inside / (1 - inside));
}
