// What a verdict on an answer says about each model that took part.
import type { AnswerKind, Feedback, Lesson } from '../contract/index.ts';
import type { Label } from './difficulty.ts';
import type { Outcome } from './evidence.ts';

/** Answers of these say the same or they don't; prose that differs may be right as well. */
const DEFINITE: ReadonlySet<AnswerKind> = new Set(['tool_calls', 'json', 'number', 'choice', 'label', 'short']);
/** An answer unlike the right one is nearly always wrong. */
const UNLIKE_WEIGHT = 0.9;

/** Those who said it are as right as it is; where answers are definite, the others are wrong when it is right, and a correction names who was right. */
export function labelsOf({ facts, values }: Lesson, feedback: Feedback): readonly Label[] {
  const definite = facts.kind !== null && DEFINITE.has(facts.kind);
  const truth = definite ? campOf(feedback.correction, values) : -1;
  return facts.voices.flatMap(({ model, camp }): Label[] => {
    if (camp === 0) return [{ model, good: feedback.good, weight: 1 }];
    if (!definite) return [];
    if (truth === camp) return [{ model, good: 1, weight: 1 }];
    if (feedback.good >= 0.75 || truth >= 0 || feedback.correction != null)
      return [{ model, good: 0, weight: UNLIKE_WEIGHT }];
    return [];
  });
}

/** The same as evidence. */
export const outcomesOf = (lesson: Lesson, feedback: Feedback): readonly Outcome[] =>
  labelsOf(lesson, feedback).map((label) => outcomeOf(lesson, label));

export function outcomeOf({ tenant, task, at, facts }: Lesson, { model, good, weight }: Label): Outcome {
  const expected = facts.voices.find((voice) => voice.model === model)?.quality;
  return { tenant, task, model, good, weight, at, ...(expected !== undefined && { expected }) };
}

/** Which camp said what the correction says; -1 when none did. */
export function campOf(correction: unknown, values: readonly string[]): number {
  if (correction == null) return -1;
  const wanted = plain(typeof correction === 'string' ? correction : JSON.stringify(correction));
  return values.findIndex((value) => plain(value) === wanted);
}

/** Without punctuation, but for what stands between two digits: 3.5 isn't 35, and 1,5 isn't 15; 1,000 is 1000. */
const plain = (text: string): string =>
  text
    .toLowerCase()
    .replace(/(?<=\d),(?=\d{3}(?!\d))/g, '')
    .replace(/\s*([.,;:])\s*/g, '$1')
    .replace(/(?<!\d)[\s"'`*_.,;:!?$()[\]{}]+|[\s"'`*_.,;:!?$()[\]{}]+(?!\d)/g, '');
