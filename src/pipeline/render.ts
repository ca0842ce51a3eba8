// An outcome as the bytes a client gets: whole, or as a stream with its progress and its closing comment.
import {
  type AbortWatch,
  CallFailure,
  formatUsd,
  QuorumError,
  asQuorumError,
  type Clock,
  type Completion,
  type Merged,
  type ProgressEvent,
  type Sink,
} from '../contract/index.ts';
import { SSE_DONE, sseComment, sseEvent, streamErrorEvent, streamOf } from '../wire/index.ts';
import { asCompletionBytes, asStream, type CacheEntry } from '../cache/index.ts';
import type { Answer, Told } from './exchange.ts';
import { shown } from './shown.ts';
import type { Trail } from './trail.ts';

const KEEP_ALIVE_MS = 10_000;
const encoder = new TextEncoder();

/** The candidate's own bytes when it was taken whole; else its completion with the merged message in place. */
export function completionOf(merged: Merged): { completion: Completion; bytes: Uint8Array } {
  const { base, message } = merged;
  if (message === null) return { completion: base.completion, bytes: base.bytes };
  const [first, ...others] = base.completion.choices;
  const { logprobs: _, ...choice } = first!;
  const finish = message.tool_calls?.length
    ? 'tool_calls'
    : first!.finish_reason === 'tool_calls'
      ? 'stop'
      : first!.finish_reason;
  const completion: Completion = {
    ...base.completion,
    choices: [{ ...choice, message, finish_reason: finish }, ...others],
  };
  return { completion, bytes: encoder.encode(JSON.stringify(completion)) };
}

/** The body with the whole decision beside the answer, for who asked for it; the answer stays as it was written. */
export function withDebug(bytes: Uint8Array, quorum: Record<string, unknown>): Uint8Array {
  const end = bytes.lastIndexOf(0x7d);
  return Buffer.concat([bytes.subarray(0, end), encoder.encode(`,"quorum":${JSON.stringify(quorum)}}`)]);
}

/** An answer that was given before, in the form in which it is wanted now. */
export function answerFrom(entry: CacheEntry, trail: Trail, told: Told): Answer {
  const { request, debug } = trail.inbound;
  if (request.stream !== true) {
    return {
      kind: 'whole',
      told,
      bytes: debug ? withDebug(asCompletionBytes(entry), debugOf(trail)) : asCompletionBytes(entry),
    };
  }
  return {
    kind: 'stream',
    told,
    async write(sink) {
      await writeAll(sink, asStream(entry, { includeUsage: request.stream_options?.include_usage === true }));
      writeEnd(sink, trail, told);
      return true;
    },
  };
}

export function debugOf(trail: Trail): Record<string, unknown> {
  const { decision, attempts, merged, events, slimmed, origin } = trail;
  const merge = merged && {
    kind: merged.kind,
    camps: merged.camps,
    provenance: merged.provenance,
    violations: merged.violations,
  };
  const whole = shown({
    decision,
    attempts,
    merge,
    events,
    ...(origin !== null && { repeats: origin }),
    ...(slimmed !== null && { slimmed }),
  }) as Record<string, unknown>;
  return { ...summaryOf(trail.inbound.id, trail.told(true)), ...whole };
}

/** What the headers say, as JSON. */
function summaryOf(id: string, told: Told): Record<string, unknown> {
  return {
    request_id: id,
    model: told.models.join(','),
    strategy: told.strategy,
    task: told.task,
    tier: told.tier,
    ...(told.confidence !== null && { confidence: told.confidence }),
    ...(told.agreement !== null && { agreement: told.agreement }),
    flags: told.flags,
    cache: told.cache,
    ...(told.experiment !== null && { experiment: told.experiment }),
    ...(told.cost !== null && { cost_usd: Number(formatUsd(told.cost)) }),
    attempts: told.attempts,
    overhead_ms: told.overheadMs,
    total_ms: told.totalMs,
  };
}

/** Sends what came so far and what comes, and keeps the connection alive; the returned function ends it. */
export function progress(trail: Trail, sink: Sink, clock: Clock): () => void {
  let cancel = (): void => {};
  const keepAlive = (): void => {
    cancel();
    cancel = clock.after(KEEP_ALIVE_MS, () => {
      sink.write(sseComment('keep-alive'));
      keepAlive();
    });
  };
  const send = (event: ProgressEvent | null): void => {
    if (event === null) return;
    const shown = {
      seq: event.seq,
      stage: event.stage,
      type: event.type,
      at_ms: event.atMs,
      ...(event.model && { model: event.model }),
      ...(event.detail && { detail: event.detail }),
    };
    sink.write(
      trail.inbound.events ? sseEvent('quorum.progress', shown) : sseComment(`quorum ${JSON.stringify(shown)}`),
    );
    keepAlive();
  };
  for (const event of trail.events) send(event);
  const stop = trail.follow(send);
  keepAlive();
  return () => {
    cancel();
    stop();
  };
}

async function writeAll(sink: Sink, parts: readonly Uint8Array[]): Promise<void> {
  for (const part of parts) if (!sink.write(part)) await sink.drained();
}

export async function writeCompletion(sink: Sink, completion: Completion, includeUsage: boolean): Promise<void> {
  await writeAll(sink, streamOf(completion, { includeUsage }));
}

/** The last words of a stream that is complete. */
export function writeEnd(sink: Sink, trail: Trail, told = trail.told(true)): void {
  sink.write(
    sseComment(`quorum ${JSON.stringify(trail.inbound.debug ? debugOf(trail) : summaryOf(trail.inbound.id, told))}`),
  );
  sink.write(SSE_DONE);
}

/** The last words of one that isn't: never cut silently, never `[DONE]`. */
export function writeFailure(sink: Sink, trail: Trail, error: QuorumError): void {
  const { id, receivedAt, request } = trail.inbound;
  const created = Math.floor(receivedAt / 1_000);
  sink.write(streamErrorEvent(error, { id, created, model: trail.models[0] ?? request.model }));
}

/** A failed call that can't be tried elsewhere any more, as the client is told. */
export function brokenOff(thrown: unknown): QuorumError {
  if (!(thrown instanceof CallFailure)) return asQuorumError(thrown);
  const code =
    thrown.kind === 'timeout' ? 'upstream_timeout' : thrown.kind === 'aborted' ? 'client_closed' : 'upstream_error';
  return new QuorumError(code, `The answer broke off: ${thrown.message}.`, { cause: thrown });
}

/** The client left, or the server ends the request for it: then the reason says so. */
export function whyGone(gone: AbortWatch): QuorumError {
  return gone.reason instanceof QuorumError ? gone.reason : new QuorumError('client_closed', 'The client has gone.');
}
