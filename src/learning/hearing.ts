// What answers show by themselves, before anybody judges them: failed checks, agreement, the same question again.
import type { Lesson } from '../contract/index.ts';
import type { Difficulty, Label } from './difficulty.ts';
import type { Outcome } from './evidence.ts';
import type { Kinship } from './kinship.ts';
import { outcomeOf } from './labels.ts';
import type { Reliability } from './reliability.ts';
import type { Retries } from './retries.ts';
import { campsRight } from './together.ts';

interface Ears {
  readonly reliability: Reliability;
  readonly kinship: Kinship;
  readonly difficulty: Difficulty;
  readonly retries: Retries;
  readonly observe: (outcome: Outcome) => void;
}

/** Called once for each request that came to an answer. */
export function createHearing({ reliability, kinship, difficulty, retries, observe }: Ears): (lesson: Lesson) => void {
  const signal = (lesson: Lesson, { model, kind }: Lesson['signals'][number]): void =>
    observe(outcomeOf(lesson, { model, ...reliability.worth(kind) }));

  /**
   * Who agrees is as right as Bayes makes it, disputes included: to count consensus alone would count the easy prompts alone, and
   * whoever takes part in panels would seem better than who is asked alone.
   */
  const listen = (lesson: Lesson): void => {
    const failed = lesson.signals.filter(({ kind }) => kind === 'fails_checks');
    for (const each of failed) signal(lesson, each);
    const { voices } = lesson.facts;
    if (voices.length < 2) return;
    const right = campsRight(lesson.facts);
    kinship.observe(lesson.facts, right);
    const heard: Label[] = [];
    for (const { model, camp, quality } of voices) {
      if (failed.some((each) => each.model === model)) continue;
      const { weight } = reliability.worth(camp === 0 ? 'agrees' : 'differs');
      const label: Label = { model, good: right[camp]!, weight };
      observe({ ...outcomeOf(lesson, label), expected: quality });
      heard.push(label);
    }
    if (lesson.traits !== null)
      difficulty.teach({ key: `heard ${lesson.request}`, task: lesson.task, traits: lesson.traits, labels: heard });
  };

  return (lesson) => {
    listen(lesson);
    const repeated = retries.repeats(lesson);
    if (repeated === null) return;
    for (const { model, camp } of repeated.facts.voices) if (camp === 0) signal(repeated, { model, kind: 'retried' });
  };
}
