// POST /v1/feedback: what a caller says of an answer.
import type { Request, Response } from 'express';
import { z } from 'zod';
import { QuorumError } from '../contract/index.ts';
import type { FeedbackGiven, Learner } from '../learning/index.ts';
import { momentShown } from './admin/answer.ts';
import { flag, readInput } from './admin/input.ts';
import type { Visit } from './chat.ts';
import { sendJson } from './json.ts';

const SCORE = 'a number from 0 to 1';
const MOST_TEXT = 100_000;
const RIGHT_FROM = 0.5;
export const FEEDBACK = z.object({
  request_id: z
    .string({ error: 'the x-request-id of an answer' })
    .min(1, { error: 'the x-request-id of an answer' })
    .max(256, { error: 'the x-request-id of an answer' }),
  correct: flag().nullish(),
  score: z.number({ error: SCORE }).min(0, { error: SCORE }).max(1, { error: SCORE }).nullish(),
  correction: z
    .union([z.string().max(MOST_TEXT), z.record(z.string(), z.unknown()), z.array(z.unknown())], {
      error: 'the right answer, as text or an object',
    })
    .nullish(),
  kind: z.string({ error: 'a text' }).max(100, { error: 'a text of at most 100 characters' }).nullish(),
  comment: z.string({ error: 'a text' }).max(10_000, { error: 'a text of at most 10000 characters' }).nullish(),
});

/** Throws `invalid_value` for a verdict that says nothing, or two things. */
export function givenOf(given: z.output<typeof FEEDBACK>): FeedbackGiven {
  if (given.correct == null && given.score == null && given.correction == null)
    throw new QuorumError(
      'invalid_value',
      "Say 'correct' (true or false), 'score' (0 to 1) or 'correction' (the right answer).",
      { param: 'correct' },
    );
  if (given.correct != null && given.score != null && given.correct !== given.score >= RIGHT_FROM)
    throw new QuorumError(
      'invalid_value',
      `'correct' and 'score' contradict each other: a score from ${RIGHT_FROM} on is right.`,
      { param: 'score' },
    );
  return {
    request: given.request_id,
    correct: given.correct ?? null,
    score: given.score ?? null,
    correction: given.correction ?? null,
    kind: given.kind ?? null,
    comment: given.comment ?? null,
  };
}

export async function giveFeedback(
  { learner }: { readonly learner: Pick<Learner, 'judge'> },
  request: Request,
  response: Response,
  visit: Visit,
): Promise<void> {
  const given = givenOf(await readInput(request, FEEDBACK));
  const { caller } = visit.visitor;
  const { feedback, replaced } = learner.judge(given, caller.tenant, caller.admin);
  sendJson(
    response,
    {
      object: 'feedback',
      request_id: feedback.request,
      score: feedback.good,
      correct: feedback.good >= RIGHT_FROM,
      correction: feedback.correction,
      kind: feedback.kind,
      comment: feedback.comment,
      replaced: replaced !== null,
      created_at: momentShown(feedback.at),
    },
    ['x-request-id', visit.id],
  );
}
