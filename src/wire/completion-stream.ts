// A completion as the stream that an upstream would have sent for it, for answers that exist whole: merged or cached.
import type { Choice, Completion } from '../contract/index.ts';
import { piecesOf, tokenPieces, type Piece } from './pieces.ts';
import { sseData } from './sse.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What a choice's deltas carry one after the other. */
interface Step {
  readonly delta: Fields;
  readonly logprobs?: unknown;
}

/**
 * Events of chat.completion.chunk, without `[DONE]`: role, reasoning, content (at most about 200 pieces each), refusal, tool calls,
 * finish_reason, and with `includeUsage` a last chunk with the usage and no choices.
 */
export function streamOf(completion: Completion, { includeUsage }: { readonly includeUsage: boolean }): Uint8Array[] {
  const { id, created, model, choices, usage, object: _object, ...more } = completion;
  const { system_fingerprint, service_tier, ...once } = more;
  const every = {
    id,
    object: 'chat.completion.chunk',
    created,
    model,
    ...(system_fingerprint !== undefined && { system_fingerprint }),
    ...(service_tier !== undefined && { service_tier }),
  };
  const end = includeUsage ? { usage: null } : {};
  const chunks = choices.flatMap((choice) => chunksOf(choice));
  const events = chunks.map((choice, at) => sseData({ ...every, ...(at === 0 && once), choices: [choice], ...end }));
  if (includeUsage) events.push(sseData({ ...every, choices: [], usage: usage ?? null }));
  return events;
}

function chunksOf({ index, message, finish_reason, logprobs, ...more }: Choice): Fields[] {
  const steps = stepsOf(message, logprobs);
  const chunks = steps.map(({ delta, logprobs }) => ({
    index,
    delta,
    ...(logprobs !== undefined && { logprobs }),
    finish_reason: null,
  }));
  return [...chunks, { index, delta: {}, ...(logprobs === null && { logprobs }), finish_reason, ...more }];
}

function stepsOf(message: Choice['message'], logprobs: Choice['logprobs']): Step[] {
  const { role, content, reasoning_content, refusal, tool_calls, ...more } = message;
  const first: Step = {
    delta: {
      role,
      content: content === null || content === undefined ? null : '',
      ...(refusal !== undefined && { refusal: refusal === null ? null : '' }),
      ...(reasoning_content !== undefined && { reasoning_content: reasoning_content === null ? null : '' }),
      ...more,
    },
  };
  return [
    first,
    ...piecesOf(reasoning_content).map((text) => ({ delta: { reasoning_content: text } })),
    ...contentSteps(content, logprobs),
    ...piecesOf(refusal).map((text) => ({ delta: { refusal: text } })),
    ...(tool_calls ?? []).flatMap(callSteps),
  ];
}

/** With logprobs the pieces follow the tokens, each with its own; the list of a refusal and whatever else goes with the first. */
function contentSteps(content: string | null | undefined, logprobs: Choice['logprobs']): Step[] {
  if (!logprobs) return piecesOf(content).map((text) => ({ delta: { content: text } }));
  const { content: tokens, ...rest } = logprobs;
  const pieces: readonly Piece[] = tokenPieces(content ?? '', tokens ?? []);
  return pieces.map(({ text, tokens: own }, at) => ({
    delta: text === '' ? {} : { content: text },
    logprobs: { ...(tokens !== undefined && { content: tokens === null ? null : own }), ...(at === 0 && rest) },
  }));
}

function callSteps(call: NonNullable<Choice['message']['tool_calls']>[number], index: number): Step[] {
  if (call.function === undefined) return [{ delta: { tool_calls: [{ ...(call as unknown as Fields), index }] } }];
  const { arguments: text, ...named } = call.function;
  const opening = { index, ...call, function: { ...named, arguments: '' } };
  const rest = piecesOf(text).map((piece) => ({ delta: { tool_calls: [{ index, function: { arguments: piece } }] } }));
  return [{ delta: { tool_calls: [opening] } }, ...rest];
}
