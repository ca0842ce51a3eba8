// What to expect of each model for one prompt: what is usual, moved by what prompts like it have shown.
import type { Forecast, Insight, LearningPath, Traits } from '../contract/index.ts';
import type { Difficulty } from './difficulty.ts';
import type { Length } from './length.ts';
import { sigmoid } from './logistic.ts';
import type { NamingBooks } from './namings.ts';
import type { Rated } from './prior.ts';
import type { Standings } from './standings.ts';
import { gainsOf, jointOf } from './together.ts';

interface Sources {
  readonly standings: Standings;
  readonly difficulty: Difficulty;
  readonly length: Length;
  readonly namings: NamingBooks;
  readonly model: (name: string) => Rated;
}

interface Expectations {
  readonly insight: LearningPath['insight'];
  /** An answer showed something: it counts before long. */
  countSoon(): void;
  /** Somebody said something: it counts from the next request on. */
  countNow(): void;
}

/** What is known of models together, whatever the prompt. */
export const FORECAST: Forecast = { panel: jointOf, gains: gainsOf };

/** Verdicts before prompts are told apart within a task. */
const DIFFICULTY_FROM = 20;
/** No prompt makes a model certain. */
const [LOWEST, HIGHEST] = [0.02, 0.99];
/** What answers show by themselves is taken into account this much later at the most. */
const LATE_MS = 250;
/** Old evidence fades by itself. */
const FADED_AFTER_MS = 60_000;

export function createExpectations({ standings, difficulty, length, namings, model }: Sources): Expectations {
  // A state of what is expected has a number; a new one comes only now and then, so that what was worked out from it can be used again.
  let state = 0;
  let stateSince = Number.NEGATIVE_INFINITY;
  let isOld = true;
  const stateAt = (at: number): number => {
    const age = at - stateSince;
    if ((isOld && age >= LATE_MS) || age >= FADED_AFTER_MS) {
      state += 1;
      stateSince = at;
      isOld = false;
    }
    return state;
  };

  return {
    insight({ hasTools: tools }, traits, tenant, at): Insight {
      const current = stateAt(at);
      const isByPrompt = difficulty.seen >= DIFFICULTY_FROM;
      let read: Traits | null = null;
      let factor = 1;
      return {
        mark: isByPrompt ? null : { state: current, tenant },
        namings: namings.of(tenant),
        quality(task, name) {
          const { usual, logit, own } = standings.of(current, at, { tenant, task, tools }, model(name));
          if (!isByPrompt) return usual;
          if (read === null) factor = length.factor((read = traits()));
          const quality = within(sigmoid(logit + difficulty.shift(read, task, name)) + own);
          const { outputTokens } = usual;
          if (outputTokens === undefined) return { ...usual, quality };
          return { ...usual, quality, outputTokens: Math.ceil(outputTokens * factor) };
        },
        ...FORECAST,
      };
    },
    countSoon() {
      isOld = true;
    },
    countNow() {
      isOld = true;
      stateSince = Number.NEGATIVE_INFINITY;
    },
  };
}

const within = (quality: number): number => Math.min(HIGHEST, Math.max(LOWEST, quality));
