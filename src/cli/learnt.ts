// What was learnt so far, from the store, as a program that starts on it would know it.
import type { Clock, Settings } from '../contract/index.ts';
import { createEvidence, createLearner, EVIDENCE, type Evidence, type Learner } from '../learning/index.ts';
import type { SqliteStore } from '../store/index.ts';

export async function learntFrom(
  store: SqliteStore,
  settings: () => Settings,
  clock: Clock,
): Promise<{ readonly learner: Learner; readonly evidence: Evidence }> {
  const evidence = createEvidence(EVIDENCE, await store.evidence.load());
  const learner = createLearner({
    evidence,
    sums: store.evidence,
    store: store.learning,
    model: (name) => settings().models.get(name),
    now: () => clock.now(),
    onChange: () => undefined,
  });
  return { learner, evidence };
}
