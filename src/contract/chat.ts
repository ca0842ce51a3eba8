// OpenAI's chat completion as it comes over the wire. Fields that Quorum doesn't read pass through untouched.
import { z } from 'zod';

const message = z.looseObject({
  role: z.string().min(1),
  content: z.union([z.string(), z.array(z.looseObject({ type: z.string() })), z.null()]).optional(),
});

const tool = z.looseObject({ type: z.string() });
const tokenCount = z.int().min(1).max(100_000_000).nullish();

/** Checks what Quorum itself relies on; everything else is the upstream's to judge. */
export const chatRequestSchema = z.looseObject({
  model: z.string().min(1).max(256),
  messages: z.array(message).min(1),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  n: z.int().min(1).max(128).nullish(),
  max_tokens: tokenCount,
  max_completion_tokens: tokenCount,
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  tools: z.array(tool).nullish(),
  response_format: z.looseObject({ type: z.string() }).nullish(),
  logprobs: z.boolean().nullish(),
  metadata: z.record(z.string(), z.unknown()).nullish(),
  user: z.string().max(1024).nullish(),
});

export type ChatRequest = Readonly<z.infer<typeof chatRequestSchema>>;
export type ChatMessage = ChatRequest['messages'][number];

/** A request's body as it came. */
export interface Written {
  /** Empty once no model will be asked any more. */
  text: string;
  /** The JSON value of `text`. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Its fields as they stand in the text, once somebody has looked for them. */
  members?: ReadonlyMap<string, string> | undefined;
}

/** One of a custom tool has a `custom` with a name and a text instead of a `function`. */
export interface ToolCall {
  readonly id?: string;
  readonly type: 'function' | 'custom';
  /** `arguments` is JSON text, as models write it: it may not parse. */
  readonly function: { readonly name: string; readonly arguments: string };
  readonly custom?: { readonly name: string; readonly input: string };
}

export interface AssistantMessage {
  readonly role: 'assistant';
  readonly content: string | null;
  readonly tool_calls?: readonly ToolCall[];
  readonly refusal?: string | null;
  readonly reasoning_content?: string | null;
  readonly [field: string]: unknown;
}

export interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  readonly prompt_tokens_details?: {
    readonly cached_tokens?: number;
    readonly cache_write_tokens?: number;
    readonly audio_tokens?: number;
    readonly image_tokens?: number;
  } | null;
  readonly completion_tokens_details?: {
    readonly reasoning_tokens?: number;
    readonly audio_tokens?: number;
    readonly image_tokens?: number;
  } | null;
  readonly [field: string]: unknown;
}

export interface Choice {
  readonly index: number;
  readonly message: AssistantMessage;
  readonly finish_reason: string | null;
  readonly logprobs?: {
    readonly content?: readonly { readonly token: string; readonly logprob: number }[] | null;
  } | null;
  readonly [field: string]: unknown;
}

export interface Completion {
  readonly id: string;
  readonly object: 'chat.completion';
  readonly created: number;
  readonly model: string;
  readonly choices: readonly Choice[];
  readonly usage?: Usage | null;
  readonly [field: string]: unknown;
}
