// Notices that a model has silently got worse: a cumulative sum of log-likelihood ratios (Page 1954), one per task and model.

/** What a watch has seen since it last had no suspicion. */
export interface Watch {
  suspicion: number;
  good: number;
  total: number;
}

/** A drop to this share of what was expected is what is looked for. */
const DROP = 0.62;
/** So many nats of evidence make it certain enough: by chance once in many thousand outcomes. */
const CERTAIN = 9;
const [LOWEST, HIGHEST] = [0.05, 0.97];

export const newWatch = (): Watch => ({ suspicion: 0, good: 0, total: 0 });

/** True when the alarm goes off; the watch then holds what was seen since the change began. */
export function suspects(watch: Watch, expected: number, good: number, weight: number): boolean {
  const usual = Math.min(HIGHEST, Math.max(LOWEST, expected));
  const dropped = usual * DROP;
  const ratio = good * Math.log(dropped / usual) + (1 - good) * Math.log((1 - dropped) / (1 - usual));
  watch.suspicion += weight * ratio;
  if (watch.suspicion <= 0) {
    watch.suspicion = watch.good = watch.total = 0;
    return false;
  }
  watch.good += good * weight;
  watch.total += weight;
  return watch.suspicion > CERTAIN;
}
