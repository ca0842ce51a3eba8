// Verdicts as JSON lines: taken in one by one, so that a bad line is named and all others count; and written out with what they teach.
import { z } from 'zod';
import {
  ANSWER_KINDS,
  QuorumError,
  SIGNAL_KINDS,
  type LearningStore,
  type Lesson,
  type Taught,
} from '../../contract/index.ts';
import type { Learner } from '../../learning/index.ts';
import { bytesOf, traitsOf } from '../../store/index.ts';
import { FEEDBACK, givenOf } from '../feedback.ts';

export interface LinesTaken {
  /** Verdicts on requests of here, and verdicts that came with what they teach. */
  readonly taken: number;
  readonly replaced: number;
  /** Said before. */
  readonly unchanged: number;
  readonly problems: readonly LineProblem[];
}

interface LineProblem {
  readonly line: number;
  readonly request_id: string | null;
  readonly problem: string;
}

interface LineParts {
  readonly learner: Pick<Learner, 'judge' | 'catchUp'>;
  readonly lessons: LearningStore;
}

const number = z.number();
const lesson = z.object({
  tenant: z.string(),
  at: number,
  task: z.string(),
  facts: z.object({
    task: z.string(),
    kind: z.enum(ANSWER_KINDS).nullable(),
    voices: z.array(z.object({ model: z.string(), quality: number, camp: number })).max(100),
    factor: number,
    tokenProbability: number.nullable(),
  }),
  values: z.array(z.string()).max(100),
  signals: z.array(z.object({ model: z.string(), kind: z.enum(SIGNAL_KINDS) })).max(1_000),
  confidence: number.nullable(),
  taken: z
    .array(z.object({ model: z.string(), outputTokens: number, ms: number }))
    .max(1_000)
    .optional(),
  traits: z.string().nullable(),
});
const taughtLine = FEEDBACK.extend({ at: number, tenant: z.string(), score: number.min(0).max(1), lesson });

/** A verdict a line: about a request of here, or with its lesson, as an export has them. `first`: the number of the first line. */
export async function takeFeedbackLines(
  lines: readonly string[],
  first: number,
  parts: LineParts,
  pause: () => Promise<void>,
): Promise<LinesTaken> {
  const sums = { taken: 0, replaced: 0, unchanged: 0 };
  const problems: LineProblem[] = [];
  let restored = false;
  for (const [nth, line] of lines.entries()) {
    if (line.trim() === '') continue;
    let request: string | null = null;
    try {
      const value: unknown = JSON.parse(line);
      request = requestOf(value);
      const isWhole = typeof value === 'object' && value !== null && 'lesson' in value;
      sums[isWhole ? restore(value, parts) : judge(value, parts)] += 1;
      restored ||= isWhole;
    } catch (thrown) {
      problems.push({ line: first + nth, request_id: request, problem: wordsOf(thrown) });
    }
    await pause();
  }
  if (restored) while (parts.learner.catchUp()) await pause();
  return { ...sums, problems };
}

type Taking = 'taken' | 'replaced' | 'unchanged';

function judge(value: unknown, { learner }: LineParts): Taking {
  const { feedback, replaced } = learner.judge(givenOf(FEEDBACK.parse(value)), '', true);
  if (replaced === null) return 'taken';
  return replaced.good === feedback.good && JSON.stringify(replaced.correction) === JSON.stringify(feedback.correction)
    ? 'unchanged'
    : 'replaced';
}

/** What was said here counts, whatever another installation says of the same request. Sums of evidence are moved by themselves, so nothing counts twice. */
function restore(value: unknown, { lessons }: LineParts): Taking {
  const { lesson: its, ...said } = taughtLine.parse(value);
  if (lessons.verdict(said.request_id) !== null) return 'unchanged';
  const { traits, taken, ...rest } = its;
  const known: Lesson = {
    ...rest,
    request: said.request_id,
    traits: traits === null ? null : traitsOf(Buffer.from(traits, 'base64')),
    ...(taken !== undefined && { taken }),
  };
  lessons.judge(
    {
      request: said.request_id,
      tenant: said.tenant,
      at: said.at,
      good: said.score,
      correction: said.correction ?? null,
      kind: said.kind ?? null,
      comment: said.comment ?? null,
    },
    known,
  );
  return 'taken';
}

const requestOf = (value: unknown): string | null => {
  const id = (value as { readonly request_id?: unknown } | null)?.request_id;
  return typeof id === 'string' ? id.slice(0, 256) : null;
};

function wordsOf(thrown: unknown): string {
  if (thrown instanceof SyntaxError) return 'It is not JSON.';
  if (thrown instanceof z.ZodError) {
    const [issue] = thrown.issues;
    return `'${issue!.path.join('.')}': ${issue!.message}.`;
  }
  if (thrown instanceof QuorumError) return thrown.message;
  throw thrown;
}

/** Everything that was said, oldest last, in pieces of whole lines; importing it elsewhere teaches the same. */
export async function* feedbackLines(
  lessons: Pick<LearningStore, 'feedback'>,
  tenant: string | null,
  pause: () => Promise<void>,
): AsyncGenerator<string> {
  let before: number | null = null;
  for (;;) {
    const rows: readonly Taught[] = lessons.feedback(AT_ONCE, before, tenant);
    yield rows.map(lineOf).join('');
    if (rows.length < AT_ONCE) return;
    before = rows.at(-1)!.seq;
    await pause();
  }
}

const AT_ONCE = 100;

function lineOf({ feedback, lesson: { traits, ...its } }: Taught): string {
  const { request, tenant, at, good, correction, kind, comment } = feedback;
  const bytes = bytesOf(traits);
  return `${JSON.stringify({
    request_id: request,
    tenant,
    at,
    score: good,
    correction,
    kind,
    comment,
    lesson: { ...its, prompt: undefined, traits: bytes === null ? null : Buffer.from(bytes).toString('base64') },
  })}\n`;
}
