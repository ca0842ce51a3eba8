// Builds candidates and contexts for the merge's tests.
import type {
  Candidate,
  ChatRequest,
  MergeContext,
  MergeRules,
  ToolCall,
  Validator,
} from '../../src/contract/index.ts';
import { testTask } from '../support/settings.ts';

const RULES: MergeRules = { toolMerge: null, listKeys: {}, tolerance: {}, numbers: 'median', chairman: false };
export const NOW = Date.UTC(2026, 0, 15);

export interface Said {
  readonly model?: string;
  readonly family?: string;
  readonly weight?: number;
  readonly text?: string | null;
  readonly calls?: readonly (readonly [string, unknown])[];
  readonly finish?: string;
  readonly refusal?: string;
  readonly logprobs?: readonly (readonly [string, number])[];
}

let count = 0;

export function candidate(said: Said): Candidate {
  const model = said.model ?? `model-${++count}`;
  const calls: ToolCall[] = (said.calls ?? []).map(([name, args], at) => ({
    id: `call_${model}_${at}`,
    type: 'function',
    function: { name, arguments: typeof args === 'string' ? args : JSON.stringify(args) },
  }));
  const message = {
    role: 'assistant' as const,
    content: said.text ?? null,
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
    ...(said.refusal === undefined ? {} : { refusal: said.refusal }),
  };
  const finishReason = said.finish ?? (calls.length > 0 ? 'tool_calls' : 'stop');
  const logprobs =
    said.logprobs === undefined ? null : { content: said.logprobs.map(([token, logprob]) => ({ token, logprob })) };
  const completion = {
    id: `chatcmpl-${model}`,
    object: 'chat.completion' as const,
    created: 0,
    model,
    choices: [{ index: 0, message, finish_reason: finishReason, logprobs }],
  };
  return {
    model,
    family: said.family ?? model,
    weight: said.weight ?? 0.8,
    completion,
    message,
    finishReason,
    bytes: new Uint8Array(),
  };
}

/** Texts of equally good, unrelated models `a`, `b`, `c` … */
export const texts = (...said: readonly string[]): Candidate[] =>
  said.map((text, at) => candidate({ model: 'abcdefgh'[at]!, text }));

export interface Setting {
  readonly prompt?: string;
  readonly request?: Partial<ChatRequest>;
  readonly rules?: Partial<MergeRules>;
  readonly critical?: boolean;
  readonly validators?: readonly Validator[];
  readonly correlation?: MergeContext['correlation'];
}

export function context(setting: Setting = {}): MergeContext {
  const task = testTask({
    name: 'test',
    critical: setting.critical ?? false,
    validators: setting.validators ?? [],
    merge: { ...RULES, ...setting.rules },
  });
  const request = {
    model: 'auto',
    messages: [{ role: 'user', content: setting.prompt ?? 'What is it?' }],
    ...setting.request,
  } as ChatRequest;
  return { request, task, now: NOW, correlation: setting.correlation ?? (() => 0) };
}

export const tool = (
  name: string,
  properties: Record<string, unknown>,
  required: readonly string[] = [],
): ChatRequest['tools'] => [
  { type: 'function', function: { name, parameters: { type: 'object', properties, required } } },
];

export const schema = (body: unknown): Partial<ChatRequest> => ({
  response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: body } },
});
