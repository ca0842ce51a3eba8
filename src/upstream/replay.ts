// The upstream answered whole: the caller still gets its stream.
import type { Completion, Sink, StreamReply } from '../contract/index.ts';
import { SSE_DONE, streamOf } from '../wire/index.ts';
import type { Exchange } from './exchange.ts';
import { abortedFault } from './fault.ts';

export function replayOf(
  { sentAt, firstByteAt, line }: Exchange,
  completion: Completion,
  retries: number,
): StreamReply {
  const includeUsage = line.target.provider.streamUsage;
  const chunks = [...streamOf(completion, { includeUsage }), SSE_DONE];
  return { retries, sentAt, firstByteAt, pump: (sink) => replay(chunks, sink, retries) };
}

async function replay(chunks: readonly Uint8Array[], sink: Sink, retries: number): Promise<void> {
  try {
    for (const chunk of chunks) {
      if (!sink.write(chunk)) await sink.drained();
    }
  } catch (thrown) {
    throw abortedFault(thrown).toFailure(retries);
  }
}
