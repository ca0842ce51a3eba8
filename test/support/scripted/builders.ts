// Answers in OpenAI's format, written out by hand so that they don't lean on the code they test.
import type { Completion, Usage } from '../../../src/contract/index.ts';

export interface AnswerOptions {
  readonly id?: string;
  readonly created?: number;
  readonly model?: string;
  readonly content?: string | null;
  readonly reasoning?: string;
  readonly refusal?: string;
  /** `arguments` is sent as it is when a string, as JSON otherwise. */
  readonly toolCalls?: readonly { readonly id?: string; readonly name: string; readonly arguments: unknown }[];
  readonly finishReason?: string | null;
  /** True: one for each word. */
  readonly logprobs?: boolean | readonly { readonly token: string; readonly logprob: number }[];
  /** Null: the provider says nothing. Missing: counted in words. */
  readonly usage?: Partial<Usage> | null;
  readonly choices?: number;
  /** More fields at the top of the answer and of each chunk. */
  readonly more?: Readonly<Record<string, unknown>>;
}

type Fields = Record<string, unknown>;

const CREATED = 1_767_225_600;

/** A whole answer: the body of a 200. */
export function completionBody(options: AnswerOptions = {}): Completion {
  const { id, created, model, more } = headOf(options);
  const logprobs = logprobsOf(options);
  const choices = Array.from({ length: options.choices ?? 1 }, (_, index) => ({
    index,
    message: messageOf(options),
    logprobs: logprobs && { content: logprobs, refusal: null },
    finish_reason: finishReasonOf(options),
  }));
  const usage = usageOf(options);
  return {
    id,
    object: 'chat.completion',
    created,
    model,
    ...more,
    choices,
    ...(usage && { usage }),
  } as unknown as Completion;
}

/** The same answer as chat.completion.chunk objects, without `[DONE]`; the usage chunk comes last when asked for. */
export function streamChunks(options: AnswerOptions & { readonly includeUsage?: boolean } = {}): readonly Fields[] {
  const { id, created, model, more } = headOf(options);
  const base = { id, object: 'chat.completion.chunk', created, model, ...more };
  const end = options.includeUsage ? { usage: null } : {};
  const chunks: Fields[] = [];
  for (let index = 0; index < (options.choices ?? 1); index++) {
    const choice = (delta: Fields, rest: Fields = {}): number =>
      chunks.push({ ...base, choices: [{ index, delta, logprobs: null, finish_reason: null, ...rest }], ...end });
    deltasOf(options).forEach(({ delta, rest }) => choice(delta, rest));
    choice({}, { finish_reason: finishReasonOf(options) });
  }
  const usage = usageOf(options);
  if (options.includeUsage && usage) chunks.push({ ...base, choices: [], usage });
  return chunks;
}

/** Whole counts, the total being their sum unless given. */
export function usageOf(options: AnswerOptions): Usage | null {
  if (options.usage === null) return null;
  const said = [
    options.content,
    options.reasoning,
    options.refusal,
    options.toolCalls && JSON.stringify(options.toolCalls),
  ].join(' ');
  const {
    prompt_tokens = 10,
    completion_tokens = wordsOf(said).length,
    total_tokens,
    ...details
  } = options.usage ?? {};
  return {
    prompt_tokens,
    completion_tokens,
    total_tokens: total_tokens ?? prompt_tokens + completion_tokens,
    ...details,
  };
}

/** Words with the blanks that follow them. */
export function wordsOf(text: string): readonly string[] {
  return text.match(/\s*\S+\s*/g) ?? (text === '' ? [] : [text]);
}

function headOf(options: AnswerOptions): { id: string; created: number; model: string; more: Fields } {
  const { id = 'chatcmpl-scripted', created = CREATED, model = 'scripted-model', more = {} } = options;
  return { id, created, model, more };
}

function contentOf({ content, toolCalls, refusal }: AnswerOptions): string | null {
  return content === undefined ? (toolCalls || refusal ? null : 'Hello from the scripted upstream.') : content;
}

function finishReasonOf({ finishReason, toolCalls }: AnswerOptions): string | null {
  return finishReason === undefined ? (toolCalls ? 'tool_calls' : 'stop') : finishReason;
}

function callsOf({
  toolCalls = [],
}: AnswerOptions): { id: string; type: 'function'; function: { name: string; arguments: string } }[] {
  return toolCalls.map(({ id, name, arguments: args }, at) => ({
    id: id ?? `call_${at}`,
    type: 'function',
    function: { name, arguments: typeof args === 'string' ? args : JSON.stringify(args) },
  }));
}

function messageOf(options: AnswerOptions): Fields {
  return {
    role: 'assistant',
    content: contentOf(options),
    refusal: options.refusal ?? null,
    ...(options.reasoning !== undefined && { reasoning_content: options.reasoning }),
    ...(options.toolCalls && { tool_calls: callsOf(options) }),
  };
}

function logprobsOf(options: AnswerOptions): readonly { readonly token: string; readonly logprob: number }[] | null {
  const { logprobs = false } = options;
  if (logprobs === false) return null;
  return logprobs === true ? wordsOf(contentOf(options) ?? '').map((token) => ({ token, logprob: -0.1 })) : logprobs;
}

function deltasOf(options: AnswerOptions): { delta: Fields; rest?: Fields }[] {
  const content = contentOf(options);
  const logprobs = logprobsOf(options);
  const withLogprob = (at: number): { rest?: Fields } =>
    logprobs ? { rest: { logprobs: { content: logprobs.slice(at, at + 1), refusal: null } } } : {};
  return [
    { delta: { role: 'assistant', content: content === null ? null : '', refusal: null } },
    ...wordsOf(options.reasoning ?? '').map((word) => ({ delta: { reasoning_content: word } })),
    ...wordsOf(content ?? '').map((word, at) => ({ delta: { content: word }, ...withLogprob(at) })),
    ...wordsOf(options.refusal ?? '').map((word) => ({ delta: { refusal: word } })),
    ...callsOf(options).flatMap(({ function: { name, arguments: args }, ...call }, index) => [
      { delta: { tool_calls: [{ index, ...call, function: { name, arguments: '' } }] } },
      ...wordsOf(args).map((word) => ({ delta: { tool_calls: [{ index, function: { arguments: word } }] } })),
    ]),
  ];
}
