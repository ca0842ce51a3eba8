// A verdict that somebody gives on an answer: what it says, kept in place of an earlier one.
import { QuorumError, type Feedback, type LearningStore, type Lesson } from '../contract/index.ts';
import { campOf } from './labels.ts';

export interface FeedbackGiven {
  readonly request: string;
  readonly correct: boolean | null;
  /** 0-1. */
  readonly score: number | null;
  readonly correction: unknown;
  readonly kind: string | null;
  readonly comment: string | null;
}

interface Verdict {
  readonly lesson: Lesson;
  readonly feedback: Feedback;
  readonly replaced: Feedback | null;
  /** It says what the earlier one said. */
  readonly isKnown: boolean;
}

/** How long a lesson waits for its verdict. */
export const LESSON_KEPT_MS = 30 * 86_400_000;

/** `tenant` null: of anybody's request. Throws `not_found` for a request nobody knows any more. */
export function keepVerdict(store: LearningStore, given: FeedbackGiven, tenant: string | null, at: number): Verdict {
  const { request, correction, kind, comment } = given;
  const lesson = store.lesson(request, tenant);
  if (lesson === null || at - lesson.at > LESSON_KEPT_MS)
    throw new QuorumError(
      'not_found',
      `There is no answer to "${request.slice(0, 80)}" of yours that can still be judged.`,
      { param: 'request_id' },
    );
  const good = goodOf(given, lesson);
  const feedback: Feedback = {
    request,
    tenant: lesson.tenant,
    at,
    good,
    correction: correction ?? null,
    kind,
    comment,
  };
  const { prompt: _, ...bare } = lesson;
  // What was asked is kept for good only where it makes a test.
  const replaced = store.judge(feedback, feedback.correction === null ? bare : lesson);
  return { lesson, feedback, replaced, isKnown: replaced !== null && isSame(replaced, feedback) };
}

/** A plain verdict wins over a score; a correction alone says that the answer was wrong, unless it is what was answered. */
function goodOf({ correct, score, correction }: FeedbackGiven, { values }: Lesson): number {
  if (correct !== null) return correct ? 1 : 0;
  if (score !== null) return score;
  return campOf(correction, values) === 0 ? 1 : 0;
}

const isSame = (left: Feedback, right: Feedback): boolean =>
  left.good === right.good && JSON.stringify(left.correction) === JSON.stringify(right.correction);
