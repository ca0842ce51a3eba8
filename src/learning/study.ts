// What a verdict teaches beside the sums of evidence: curves, difficulty, and which signals can be relied on.
import type { Feedback, Lesson } from '../contract/index.ts';
import type { Calibration } from './calibration.ts';
import type { Difficulty } from './difficulty.ts';
import { labelsOf } from './labels.ts';
import type { Reliability } from './reliability.ts';

interface Pupils {
  readonly calibration: Calibration;
  readonly reliability: Reliability;
  readonly difficulty: Difficulty;
}

/** Verdicts that are read again at a start: enough for the curves and the model of difficulty. */
export const REMEMBERED = 16_384;
/** As soon as the others together have given so many verdicts, no tenant counts for more than they do. */
const OTHERS_FROM = 100;

/** Another verdict on the same request replaces the earlier one, whichever process it came to. */
export function createStudy(pupils: Pupils): (lesson: Lesson, feedback: Feedback) => void {
  const { calibration, reliability, difficulty } = pupils;
  const verdictsOf = new Map<string, number>();
  /** By request, the latest last. */
  const studied = new Map<string, Feedback>();
  let verdicts = 0;

  /** Taken in, or (-1) taken back. */
  const count = (lesson: Lesson, feedback: Feedback, by: 1 | -1): void => {
    verdictsOf.set(lesson.tenant, (verdictsOf.get(lesson.tenant) ?? 0) + by);
    verdicts += by;
    const labels = labelsOf(lesson, feedback);
    for (const { model, kind } of lesson.signals) {
      const label = labels.find((one) => one.model === model);
      if (label !== undefined) reliability.observe(kind, label.good, by);
    }
  };

  const remember = (lesson: Lesson, feedback: Feedback): void => {
    const replaced = studied.get(lesson.request);
    if (replaced !== undefined) count(lesson, replaced, -1);
    studied.delete(lesson.request);
    studied.set(lesson.request, feedback);
    if (studied.size > REMEMBERED) studied.delete(studied.keys().next().value!);
    count(lesson, feedback, 1);
  };

  /** Bounded, so that one tenant's verdicts never outweigh all others'. */
  const influence = (tenant: string): number => {
    const own = verdictsOf.get(tenant) ?? 0;
    const others = verdicts - own;
    return others >= OTHERS_FROM && own > others ? others / own : 1;
  };

  return (lesson, feedback) => {
    const { request, facts, task, traits, tenant, confidence } = lesson;
    remember(lesson, feedback);
    const weight = influence(tenant);
    calibration.observe(request, { facts, good: feedback.good, weight, told: confidence });
    if (traits === null) return;
    const labels = labelsOf(lesson, feedback).map((label) => ({ ...label, weight: label.weight * weight }));
    difficulty.teach({ key: request, task, traits, labels });
  };
}
