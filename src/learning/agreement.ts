// How often models really differ, against what was expected: per task, and per pair within it.
import type { ConfidenceFacts } from '../contract/index.ts';

export interface Agreement {
  /** By what the odds that two differ are to be multiplied. */
  sway(task: string, first: string, second: string): number;
  observe(facts: ConfidenceFacts, expected: (first: string, second: string) => number): void;
}

interface Tally {
  differed: number;
  expected: number;
  seen: number;
}

/** Observations that the expectation counts for, at a task and at a pair. */
const STRENGTH = 20;
const KEPT_OF_EACH = 0.998;
const MOST = 4;

const fresh = (): Tally => ({ differed: 0, expected: 0, seen: 0 });
const pairOf = (task: string, first: string, second: string): string =>
  first < second ? `${task}\n${first}\n${second}` : `${task}\n${second}\n${first}`;

export function createAgreement(): Agreement {
  const tasks = new Map<string, Tally>();
  const pairs = new Map<string, Tally>();

  /** Odds observed over odds expected, both shrunk towards `usual`. */
  const ratio = (tally: Tally | undefined, usual: number): number => {
    if (tally === undefined || tally.seen === 0) return usual;
    const expected = tally.expected / tally.seen;
    const at = (expected * usual) / (1 - expected + expected * usual);
    const share = (tally.differed + STRENGTH * at) / (tally.seen + STRENGTH);
    const odds = share / Math.max(1e-6, 1 - share) / (expected / Math.max(1e-6, 1 - expected));
    return Math.min(MOST, Math.max(1 / MOST, odds));
  };

  const add = (tallies: Map<string, Tally>, key: string, differs: boolean, expected: number): void => {
    const tally = tallies.get(key) ?? fresh();
    tally.differed = tally.differed * KEPT_OF_EACH + Number(differs);
    tally.expected = tally.expected * KEPT_OF_EACH + expected;
    tally.seen = tally.seen * KEPT_OF_EACH + 1;
    tallies.set(key, tally);
  };

  return {
    sway: (task, first, second) => ratio(pairs.get(pairOf(task, first, second)), ratio(tasks.get(task), 1)),
    observe({ task, voices }, expected) {
      for (let one = 0; one < voices.length; one += 1) {
        for (let other = one + 1; other < voices.length; other += 1) {
          const [a, b] = [voices[one]!, voices[other]!];
          const differ = expected(a.model, b.model);
          add(tasks, task, a.camp !== b.camp, differ);
          add(pairs, pairOf(task, a.model, b.model), a.camp !== b.camp, differ);
        }
      }
    },
  };
}
