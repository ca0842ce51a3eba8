// A stream of one model, passed on as it comes: watched for usage, errors and damage, and paid for however it ends.
import { CallFailure, type Secret, type StreamReply } from '../contract/index.ts';
import type { LiveAnswer } from '../strategy/index.ts';
import { createStreamTap, type TapOptions } from '../wire/index.ts';
import type { Asking } from './asking.ts';
import { guessed, type Ending } from './ending.ts';

/** `secret`: an upstream may repeat the key that it was called with. */
export function liveAnswer(asking: Asking, reply: StreamReply, watch: TapOptions, secret: Secret | null): LiveAnswer {
  const { name } = asking.model;
  const tap = createStreamTap(watch);

  const ended = (failure: CallFailure | null): Ending => {
    const end = tap.end();
    return {
      usage: end.usage ?? guessed(asking.inputTokens, end.outputTokens),
      finishReason: end.finishReason,
      failure,
      retries: reply.retries,
      lost: reply.lost,
      firstByteAt: reply.firstByteAt,
      queueMs: reply.queueMs,
    };
  };

  const sifted = (bytes: Uint8Array): Uint8Array | null => {
    try {
      return tap.push(bytes);
    } catch (thrown) {
      throw new CallFailure('malformed', `${name} sent an event without an end`, { cause: thrown });
    }
  };

  return {
    model: name,
    async pump(sink) {
      try {
        await reply.pump({
          write(bytes) {
            const forward = sifted(bytes);
            const goesOn = forward === null || sink.write(forward);
            if (tap.isDamaged()) throw new CallFailure('malformed', `${name} sent an event that is no JSON`);
            return goesOn;
          },
          drained: () => sink.drained(),
          isOver: () => tap.isOver(),
        });
        const { error, complete, tail, said, finishReason } = tap.end();
        if (tail !== null) sink.write(tail);
        if (error !== null) throw new CallFailure('server_error', secret?.hideIn(error.message) ?? error.message);
        if (!complete) throw new CallFailure('malformed', 'the stream ended before the answer did');
        asking.ends(ended(null));
        asking.hasAnswered();
        return said ? finishReason : null;
      } catch (thrown) {
        throw asking.fails(thrown, ended);
      }
    },
  };
}
