// What signals that nobody gave are worth, learnt from the verdicts on the same answers.
import { SIGNAL_KINDS, type SignalKind } from '../contract/index.ts';

interface Worth {
  /** Share of answers with this signal that are right. */
  readonly good: number;
  /** Beside a verdict, which counts 1. */
  readonly weight: number;
}

export interface Reliability {
  worth(kind: SignalKind): Worth;
  /** `by`: 1, or -1 to take it back. */
  observe(kind: SignalKind, good: number, by: number): void;
  report(): readonly (Worth & { readonly kind: SignalKind; readonly verdicts: number })[];
}

/** What one expects before any verdict, and how much such a signal counts at the most. */
const PRIORS: Readonly<Record<SignalKind, Worth>> = {
  agrees: { good: 0.95, weight: 0.5 },
  differs: { good: 0.2, weight: 0.5 },
  fails_checks: { good: 0.15, weight: 0.7 },
  retried: { good: 0.4, weight: 0.25 },
};
/** Verdicts that the prior counts for. */
const STRENGTH = 20;

export function createReliability(): Reliability {
  const seen = new Map(SIGNAL_KINDS.map((kind) => [kind, { good: 0, total: 0 }]));
  const worth = (kind: SignalKind): Worth => {
    const { good, total } = seen.get(kind)!;
    const prior = PRIORS[kind];
    return { good: (good + prior.good * STRENGTH) / (total + STRENGTH), weight: prior.weight };
  };
  return {
    worth,
    observe(kind, good, by) {
      const sum = seen.get(kind)!;
      sum.good = Math.max(0, sum.good + good * by);
      sum.total = Math.max(0, sum.total + by);
    },
    report: () => SIGNAL_KINDS.map((kind) => ({ kind, ...worth(kind), verdicts: seen.get(kind)!.total })),
  };
}
