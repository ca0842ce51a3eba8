// What was learnt so far, from the store: for the program that serves, and for commands that look at it or add to it.
import type { Clock, ConfidenceChange, Settings } from '../contract/index.ts';
import { createEvidence, createLearner, EVIDENCE, type Evidence, type Learner } from '../learning/index.ts';
import type { SqliteStore } from '../store/index.ts';

interface Learnt {
  readonly learner: Learner;
  readonly evidence: Evidence;
}

export async function learntFrom(
  store: Pick<SqliteStore, 'evidence' | 'learning'>,
  settings: () => Settings,
  clock: Clock,
  onChange: (change: ConfidenceChange) => void = () => undefined,
): Promise<Learnt> {
  const evidence = createEvidence(EVIDENCE, await store.evidence.load());
  const learner = createLearner({
    evidence,
    sums: store.evidence,
    store: store.learning,
    model: (name) => settings().models.get(name),
    now: () => clock.now(),
    onChange,
  });
  return { learner, evidence };
}
