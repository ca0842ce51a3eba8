// A file of prompts with recorded answers of several models, one JSON object a line, gzipped or not.
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { AssistantMessage, ChatRequest } from '../../contract/index.ts';

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
}

interface WrittenAnswer {
  readonly content?: string | null;
  readonly tool_calls?: readonly { readonly name: string; readonly arguments: unknown }[];
  readonly correct: number;
  readonly cost_usd?: number;
  readonly prompt_tokens?: number;
  readonly completion_tokens?: number;
  readonly latency_s?: number;
}
interface WrittenRow extends Readonly<Record<string, unknown>> {
  readonly id?: string;
  readonly family?: string;
  readonly task?: string;
  readonly kind?: string;
  readonly prompt?: string;
  readonly contaminated?: boolean;
  readonly request?: Omit<ChatRequest, 'model'>;
  readonly answers?: Readonly<Record<string, WrittenAnswer>>;
  readonly correct?: Readonly<Record<string, number>>;
}

/** Throws an Error in words, naming the line. Rows marked `contaminated` are left out. */
export function readDataset(file: string): readonly RecordedRow[] {
  if (!existsSync(file))
    throw new Error(
      `There is no file ${file}: --dataset names a JSONL file of recorded answers (.jsonl or .jsonl.gz).`,
    );
  const bytes = readFileSync(file);
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  return text.split('\n').flatMap((line, nth) => {
    if (line.trim() === '') return [];
    let row: unknown;
    try {
      row = JSON.parse(line);
    } catch {
      throw new Error(`${file}, line ${nth + 1}: not JSON.`);
    }
    const wrong = wrongWith(row);
    if (wrong !== null) throw new Error(`${file}, line ${nth + 1}: ${wrong}`);
    const written = row as WrittenRow;
    return written.contaminated === true ? [] : [rowOf(written, nth)];
  });
}

/** Null when nothing is. */
function wrongWith(row: unknown): string | null {
  const forms = 'a row has "request" and "answers", or "prompt" and "correct" by model.';
  if (!isObject(row)) return forms;
  const { request, answers, prompt, correct } = row;
  const whole = isObject(request) && isObject(answers);
  if (!whole && !(typeof prompt === 'string' && isObject(correct))) return forms;
  const messages: unknown = whole ? request['messages'] : [{}];
  if (!Array.isArray(messages) || messages.length === 0 || !messages.every(isObject))
    return '"request" needs "messages", at least one.';
  const verdicts = whole
    ? Object.entries(answers).map(([model, answer]) => [model, isObject(answer) ? answer['correct'] : null] as const)
    : Object.entries(correct as object);
  if (verdicts.length === 0) return 'no model has answered.';
  const unsaid = verdicts.find(([, verdict]) => !(typeof verdict === 'number' && verdict >= 0 && verdict <= 1));
  return unsaid === undefined ? null : `"correct" of ${unsaid[0]} is a number from 0 to 1.`;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function rowOf(row: WrittenRow, nth: number): RecordedRow {
  const { id = `row-${nth + 1}`, family = '', task = family, kind = '' } = row;
  if (row.request !== undefined && row.answers !== undefined) {
    const answers = Object.entries(row.answers).map(([model, answer]) => [model, answerOf(answer)] as const);
    return {
      id,
      family,
      task,
      kind,
      request: { model: 'auto', ...row.request } as ChatRequest,
      answers: new Map(answers),
      source: row,
    };
  }
  const answers = Object.entries(row.correct ?? {}).map(
    ([model, correct]) => [model, answerOf({ content: `the recorded answer of ${model}`, correct })] as const,
  );
  return {
    id,
    family,
    task,
    kind,
    request: { model: 'auto', messages: [{ role: 'user', content: row.prompt ?? '' }] },
    answers: new Map(answers),
    source: row,
  };
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
    latencyMs: answer.latency_s === undefined ? null : answer.latency_s * 1_000,
  };
}
