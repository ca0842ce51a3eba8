// Corrected answers as tests: what was asked, what each model said, and what is right. Only where the key lets its content be kept.
import {
  usdOf,
  type AssistantMessage,
  type ChatRequest,
  type LearningStore,
  type RequestLog,
  type RequestRecord,
  type Taught,
} from '../../contract/index.ts';
import { campOf } from '../../learning/index.ts';
import type { RecordedRow } from './dataset.ts';

interface Corrections {
  readonly rows: readonly RecordedRow[];
  /** Corrections whose prompt wasn't kept. */
  readonly without: number;
}

/** What a replay said of an answer is no test of its own. */
export const REPLAYED = 'replayed';

const AT_ONCE = 100;

/** Oldest first. */
export async function correctionsOf(
  lessons: Pick<LearningStore, 'feedback'>,
  requests: Pick<RequestLog, 'find'>,
  since: number | null,
): Promise<Corrections> {
  const rows: RecordedRow[] = [];
  let without = 0;
  for (let before: number | null = null; ;) {
    const page: readonly Taught[] = lessons.feedback(AT_ONCE, before, null);
    for (const taught of page) {
      const { feedback, lesson } = taught;
      if (feedback.correction === null || feedback.kind === REPLAYED || feedback.at < (since ?? 0)) continue;
      if (lesson.prompt === undefined) without += 1;
      else rows.push(rowOf(taught, lesson.prompt, await requests.find(feedback.request, null)));
    }
    if (page.length < AT_ONCE) return { rows: rows.toReversed(), without };
    before = page.at(-1)!.seq;
  }
}

function rowOf({ feedback, lesson }: Taught, prompt: string, record: RequestRecord | null): RecordedRow {
  const request = JSON.parse(prompt) as ChatRequest;
  const { facts, values, task, taken = [] } = lesson;
  const truth = campOf(feedback.correction, values);
  const answers = facts.voices.map(({ model, camp }) => {
    const call = record?.attempts.find((attempt) => attempt.model === model && attempt.outcome === 'ok');
    const took = taken.find((each) => each.model === model);
    return [
      model,
      {
        message: { role: 'assistant' as const, content: values[camp] ?? '' },
        correct: camp === 0 ? feedback.good : Number(camp === truth),
        costUsd: call === undefined ? 0 : usdOf(call.cost),
        promptTokens: call?.usage?.prompt_tokens ?? 0,
        completionTokens: call?.usage?.completion_tokens ?? took?.outputTokens ?? 0,
        latencyMs: took?.ms ?? null,
      },
    ] as const;
  });
  return {
    id: feedback.request,
    family: 'corrections',
    task,
    kind: facts.kind ?? '',
    request,
    answers: new Map(answers),
    source: { gold: feedback.correction },
  };
}

/** A line as `quorum replay --dataset` reads it. */
export const datasetLine = ({ id, family, task, kind, request, answers, source }: RecordedRow): string =>
  `${JSON.stringify({
    id,
    family,
    task,
    kind,
    request,
    gold: source['gold'],
    answers: Object.fromEntries(
      [...answers].map(([model, { message, correct, costUsd, promptTokens, completionTokens, latencyMs }]) => [
        model,
        {
          content: message.content,
          correct,
          cost_usd: costUsd,
          prompt_tokens: promptTokens,
          completion_tokens: completionTokens,
          ...(latencyMs !== null && { latency_s: latencyMs / 1_000 }),
        },
      ]),
    ),
  })}\n`;

/** Right when it says what the correction says, layout and punctuation aside. */
export const gradeByCorrection = ({ source }: RecordedRow, { content, tool_calls: calls }: AssistantMessage): number =>
  Number(
    campOf(source['gold'], [typeof content === 'string' ? content : (calls?.[0]?.function.arguments ?? '')]) === 0,
  );
