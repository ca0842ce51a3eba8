// A file of prompts with recorded answers of several models, one JSON object a line, gzipped or not.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import type { AssistantMessage, ChatRequest } from '../../contract/index.ts';
import { parseChatRequest } from '../../wire/index.ts';

export interface RecordedAnswer {
  readonly message: AssistantMessage;
  readonly correct: number;
  readonly costUsd: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** null: not recorded. */
  readonly latencyMs: number | null;
}

export interface RecordedRow {
  readonly id: string;
  readonly family: string;
  readonly task: string;
  readonly kind: string;
  readonly request: ChatRequest;
  readonly answers: ReadonlyMap<string, RecordedAnswer>;
  /** As it stood in the file, for a grader. */
  readonly source: Readonly<Record<string, unknown>>;
  /** Who was right is known, not what was said. */
  readonly verdictsOnly?: true;
}

const NO_AMOUNT = { error: 'is a number of at least 0' };
const AMOUNT = z.number(NO_AMOUNT).min(0, NO_AMOUNT);
const TEXT = z.string({ error: 'is a text' });
const NO_VERDICT = { error: 'is a number from 0 to 1' };
const CORRECT = z.number(NO_VERDICT).min(0, NO_VERDICT).max(1, NO_VERDICT);
const ANSWER = z.object({
  content: TEXT.nullish(),
  tool_calls: z
    .array(z.object({ name: TEXT, arguments: z.unknown() }, { error: 'is a call with a name and arguments' }), {
      error: 'is a list of calls',
    })
    .nullish(),
  correct: CORRECT,
  cost_usd: AMOUNT.nullish(),
  prompt_tokens: AMOUNT.nullish(),
  completion_tokens: AMOUNT.nullish(),
  latency_s: AMOUNT.nullish(),
});
const NAMES = z.object({
  id: TEXT.optional(),
  family: TEXT.optional(),
  task: TEXT.optional(),
  kind: TEXT.optional(),
  contaminated: z.boolean({ error: 'is true or false' }).nullish(),
});
type WrittenAnswer = z.output<typeof ANSWER>;

/** Throws an Error in words, naming the line. Rows marked `contaminated` are left out. */
export function readDataset(file: string): readonly RecordedRow[] {
  return textOf(file)
    .split('\n')
    .flatMap((line, nth) => {
      if (line.trim() === '') return [];
      try {
        return rowOf(line, nth);
      } catch (error) {
        throw new Error(`${file}, line ${nth + 1}: ${(error as Error).message}`, { cause: error });
      }
    });
}

function textOf(file: string): string {
  const isThere = existsSync(file);
  if (!isThere || statSync(file).isDirectory())
    throw new Error(
      `There is no file ${file}: --dataset names a JSONL file of recorded answers (.jsonl or .jsonl.gz).`,
    );
  const bytes = readFileSync(file);
  if (!file.endsWith('.gz')) return bytes.toString('utf8');
  try {
    return gunzipSync(bytes).toString('utf8');
  } catch (error) {
    throw new Error(`${file} can't be unpacked as gzip.`, { cause: error });
  }
}

const FORMS = 'a row has "request" and "answers", or "prompt" and "correct" by model.';

function rowOf(line: string, nth: number): readonly RecordedRow[] {
  const row = objectOf(line);
  const { id = `row-${nth + 1}`, family = '', task = family, kind = '', contaminated } = checked(NAMES, row, '');
  if (contaminated === true) return [];
  const head = { id, family, task, kind, source: row };
  const { request, answers, prompt, correct } = row;
  if (isObject(request) && isObject(answers)) {
    const { messages, stream: _, stream_options: __, ...asked } = request;
    if (!Array.isArray(messages) || messages.length === 0 || !messages.every(isObject))
      throw new Error('"request" needs "messages", at least one.');
    const whole = { ...asked, model: 'auto', messages };
    return [{ ...head, request: parseChatRequest(whole), answers: answersOf(answers) }];
  }
  if (typeof prompt !== 'string' || !isObject(correct)) throw new Error(FORMS);
  const verdicts = Object.entries(correct).map(([model, verdict]) => [
    model,
    { content: `the recorded answer of ${model}`, correct: verdict },
  ]);
  return [
    {
      ...head,
      request: { model: 'auto', messages: [{ role: 'user', content: prompt }] },
      answers: answersOf(Object.fromEntries(verdicts) as Readonly<Record<string, unknown>>),
      verdictsOnly: true,
    },
  ];
}

function objectOf(line: string): Readonly<Record<string, unknown>> {
  let row: unknown;
  try {
    row = JSON.parse(line);
  } catch {
    throw new Error('not JSON.');
  }
  if (!isObject(row)) throw new Error(FORMS);
  return row;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Throws with the field's name, and `of` whom it is. */
function checked<Written>(schema: z.ZodType<Written>, value: unknown, of: string): Written {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  throw new Error(`"${path.join('.')}"${of} ${message}.`);
}

function answersOf(written: Readonly<Record<string, unknown>>): ReadonlyMap<string, RecordedAnswer> {
  const answers = Object.entries(written);
  if (answers.length === 0) throw new Error('no model has answered.');
  return new Map(
    answers.map(([model, answer]) => [
      model,
      answerOf(checked(ANSWER, isObject(answer) ? answer : { correct: null }, ` of ${model}`)),
    ]),
  );
}

function answerOf(answer: WrittenAnswer): RecordedAnswer {
  const calls = (answer.tool_calls ?? []).map((call, at) => ({
    id: `call_${at}`,
    type: 'function' as const,
    function: {
      name: call.name,
      arguments: typeof call.arguments === 'string' ? call.arguments : JSON.stringify(call.arguments),
    },
  }));
  return {
    message: {
      role: 'assistant',
      content: answer.content ?? null,
      ...(calls.length > 0 && { tool_calls: calls }),
    },
    correct: answer.correct,
    costUsd: answer.cost_usd ?? 0,
    promptTokens: answer.prompt_tokens ?? 0,
    completionTokens: answer.completion_tokens ?? 0,
    latencyMs: answer.latency_s == null ? null : answer.latency_s * 1_000,
  };
}
