// Sums that fade: what was seen counts half after each half-life, and sums at the same moment add up.

export interface Fading {
  /** Weight of what was right, as of `at`. */
  readonly good: number;
  /** Weight of all that was seen, as of `at`. */
  readonly total: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** How evidence is kept: a verdict has half of its weight after so long; the prior weighs as much as so many outcomes. */
export const EVIDENCE = { halfLifeMs: 14 * 86_400_000, priorStrength: 12 } as const;

export const NOTHING: Fading = { good: 0, total: 0, at: 0 };

/** What a sum weighs at another moment; before its own moment it weighs what it weighed then. */
export function fadeTo(sum: Fading, at: number, halfLifeMs: number): Fading {
  if (at <= sum.at || (sum.total === 0 && sum.good === 0)) return sum;
  const share = 2 ** -((at - sum.at) / halfLifeMs);
  return { good: sum.good * share, total: sum.total * share, at };
}

/** Both as of the later moment. Commutative and associative, so merging is the same as having seen all. */
export function addSums(left: Fading, right: Fading, halfLifeMs: number): Fading {
  const at = Math.max(left.at, right.at);
  const [a, b] = [fadeTo(left, at, halfLifeMs), fadeTo(right, at, halfLifeMs)];
  return { good: a.good + b.good, total: a.total + b.total, at };
}

/** What is left of a whole without one of its parts, as of the later moment; never below nothing. */
export function without(whole: Fading, part: Fading, halfLifeMs: number): Fading {
  const at = Math.max(whole.at, part.at);
  const [all, some] = [fadeTo(whole, at, halfLifeMs), fadeTo(part, at, halfLifeMs)];
  const total = Math.max(0, all.total - some.total);
  return { good: Math.min(total, Math.max(0, all.good - some.good)), total, at };
}

/** As the store of evidence wants it: the same sum at another moment. */
export const evidenceAt = <Sum extends Fading>(sum: Sum, at: number): Sum => ({
  ...sum,
  ...fadeTo(sum, at, EVIDENCE.halfLifeMs),
});
