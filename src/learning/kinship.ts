// Which models make the same mistakes: how often two that are both wrong say the same, at a task and by pair, against what is usual there.
import type { ConfidenceFacts } from '../contract/index.ts';

export interface Kinship {
  /** How much more often than usual at the task two that are wrong are wrong alike, 0-1; 0 when nothing is known. */
  of(task: string, first: string, second: string): number;
  /** `right`: of each camp, how likely it is right. */
  observe(facts: Pick<ConfidenceFacts, 'task' | 'voices'>, right: readonly number[]): void;
}

interface Tally {
  /** Expected number of times that both were wrong, and of those that they said the same. */
  wrong: number;
  alike: number;
}

/** Common mistakes that the expectation counts for, at a task and at a pair. */
const STRENGTH = 10;
const USUAL = 0.3;
const KEPT_OF_EACH = 0.998;
const MOST_TALLIES = 20_000;

const pairOf = (task: string, first: string, second: string): string =>
  first < second ? `${task}\n${first}\n${second}` : `${task}\n${second}\n${first}`;

export function createKinship(): Kinship {
  const tallies = new Map<string, Tally>();

  const share = (key: string, usual: number): number => {
    const { wrong, alike } = tallies.get(key) ?? { wrong: 0, alike: 0 };
    return (alike + STRENGTH * usual) / (wrong + STRENGTH);
  };

  const add = (key: string, wrong: number, alike: number): void => {
    const tally = tallies.get(key) ?? { wrong: 0, alike: 0 };
    if (!tallies.has(key) && tallies.size >= MOST_TALLIES) return;
    tally.wrong = tally.wrong * KEPT_OF_EACH + wrong;
    tally.alike = tally.alike * KEPT_OF_EACH + alike;
    tallies.set(key, tally);
  };

  return {
    of(task, first, second) {
      const pair = pairOf(task, first, second);
      if (!tallies.has(pair)) return 0;
      const usual = share(task, USUAL);
      return Math.max(0, share(pair, usual) - usual);
    },
    observe({ task, voices }, right) {
      for (let one = 0; one < voices.length; one += 1) {
        for (let other = one + 1; other < voices.length; other += 1) {
          const [a, b] = [voices[one]!, voices[other]!];
          const alike = a.camp === b.camp;
          const wrong = Math.max(0, 1 - (right[a.camp] ?? 0) - (alike ? 0 : (right[b.camp] ?? 0)));
          if (wrong === 0) continue;
          add(task, wrong, alike ? wrong : 0);
          add(pairOf(task, a.model, b.model), wrong, alike ? wrong : 0);
        }
      }
    },
  };
}
