// Writes an answer to a stream as it comes. What goes wrong from here on is told in the stream itself.
import { QuorumError, type Clock, type Settings, type Sink } from '../contract/index.ts';
import type { Outcome } from '../strategy/index.ts';
import { completionFromStream, forgetText, sseData } from '../wire/index.ts';
import { entryOf, tee } from './keep.ts';
import type { Fresh } from './memory.ts';
import { brokenOff, completionOf, progress, whyGone, writeCompletion, writeEnd, writeFailure } from './render.ts';
import type { Trail } from './trail.ts';

/** For those who waited for the same. */
const TOO_LONG = new QuorumError('upstream_error', 'The answer is too long to be shared; send the request again.', {
  shouldRetry: true,
});

interface Delivery {
  readonly trail: Trail;
  readonly fresh: Fresh;
  readonly sink: Sink;
  readonly clock: Clock;
  readonly settings: Settings;
  /** Several models are at work and the client is told how they get on. */
  readonly tellsProgress: boolean;
  outcome(): Outcome | Promise<Outcome>;
  close(trail: Trail, status: number, error: QuorumError | null): void;
}

/** Never rejects; whether the answer is complete. */
export async function deliver(delivery: Delivery): Promise<boolean> {
  const { trail, fresh, sink, close } = delivery;
  const quiet = delivery.tellsProgress ? progress(trail, sink, delivery.clock) : () => {};
  try {
    const outcome = await delivery.outcome();
    if (delivery.tellsProgress) trail.comesTo(outcome, delivery.settings);
    await write(delivery, outcome);
    quiet();
    writeEnd(sink, trail);
    close(trail, 200, null);
    return true;
  } catch (thrown) {
    quiet();
    const error = trail.inbound.gone.aborted ? whyGone(trail.inbound.gone) : brokenOff(thrown);
    fresh.fail(error);
    writeFailure(sink, trail, error);
    close(trail, error.status, error);
    return false;
  }
}

async function write({ trail, fresh, sink }: Delivery, outcome: Outcome): Promise<void> {
  trail.firstByteMs = trail.elapsed();
  if (outcome.kind === 'live') {
    if (trail.inbound.written !== undefined) forgetText(trail.inbound.written);
    const mirrored = trail.trial?.mirror != null;
    const kept = tee(sink, fresh.keeps || mirrored);
    const finishReason = await outcome.live.pump(kept.sink);
    const bytes = kept.bytes();
    if (mirrored) trail.streamed = bytes;
    if (bytes !== null && fresh.keeps)
      fresh.remember(entryOf(trail, 'stream', withUsage(bytes, trail)), null, finishReason);
    else if (fresh.keeps) fresh.fail(TOO_LONG);
    return;
  }
  const { completion, bytes } = completionOf(outcome.merged);
  fresh.remember(entryOf(trail, 'completion', bytes), completion, null);
  await writeCompletion(sink, completion, trail.inbound.request.stream_options?.include_usage === true);
}

/** The kept stream has the usage also where this client didn't want it: the next one may. */
function withUsage(bytes: Uint8Array, { attempts, inbound }: Trail): Uint8Array {
  const { usage = null, estimated = true } = attempts.at(-1) ?? {};
  if (usage === null || estimated || inbound.request.stream_options?.include_usage === true) return bytes;
  const firstEnds = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf('\n\n');
  const head = firstEnds < 0 ? bytes : bytes.subarray(0, firstEnds + 2);
  const { id, model, created } = completionFromStream(head) ?? {};
  return Buffer.concat([bytes, sseData({ id, object: 'chat.completion.chunk', created, model, choices: [], usage })]);
}
