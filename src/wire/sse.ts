// Server-sent events as bytes: data, comments, named events, the end of a stream, and a failure in the middle of one.
import type { QuorumError } from '../contract/index.ts';

/** What closes every complete stream of OpenAI's. */
export const SSE_DONE: Uint8Array = Buffer.from(`data: [DONE]\n\n`);

/** One event without a name: the only kind that every client of chat completions reads. */
export function sseData(value: unknown): Uint8Array {
  return Buffer.from(`data: ${JSON.stringify(value)}\n\n`);
}

/** A named event; only for callers that asked for events, since SDKs drop chunks that carry a name. */
export function sseEvent(name: string, value: unknown): Uint8Array {
  return Buffer.from(`event: ${name.replace(/[\r\n]+/g, ' ')}\ndata: ${JSON.stringify(value)}\n\n`);
}

/** A comment, which every client skips. A text of several lines becomes several comment lines. */
export function sseComment(text: string): Uint8Array {
  return Buffer.from(
    `${text
      .split(/\r\n|\n|\r/)
      .map((line) => `: ${line}\n`)
      .join('')}\n`,
  );
}

/** The failure of a stream that has begun: a chunk with a top-level `error`, after which no `[DONE]` comes. */
export function streamErrorEvent(
  error: QuorumError,
  { id, created, model }: { readonly id: string; readonly created: number; readonly model: string },
): Uint8Array {
  return sseData({
    id,
    object: 'chat.completion.chunk',
    created,
    model,
    choices: [{ index: 0, delta: { content: '' }, finish_reason: 'error' }],
    error: { ...error.toBody().error, ...saidOf(error) },
  });
}

/** An upstream's own words about the caller's request, as far as they are an error in OpenAI's shape. */
function saidOf({ extra: { passedOn } }: QuorumError): Readonly<Record<string, unknown>> {
  try {
    const body = JSON.parse(Buffer.from(passedOn?.body ?? []).toString('utf8')) as { readonly error?: unknown } | null;
    const said = body?.error;
    if (typeof said === 'string') return { message: said };
    return typeof said === 'object' && said !== null && !Array.isArray(said) ? { ...said } : {};
  } catch {
    return {};
  }
}
