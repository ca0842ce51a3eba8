// Models that answer in simulated time, behind the upstream's port.
import {
  Abort,
  anyAbort,
  CallFailure,
  sleep,
  type ChatRequest,
  type Clock,
  type FailureKind,
  type Upstream,
  type UpstreamCall,
} from '../../src/contract/index.ts';
import { readCompletion, streamOf } from '../../src/wire/index.ts';

export interface SimulatedModel {
  readonly latencyMs?: number;
  /** Pause before each chunk of a stream after the first. */
  readonly paceMs?: number;
  readonly says?: string | ((request: ChatRequest) => string);
  /** The assistant message in full, in place of `says`. */
  readonly message?: Record<string, unknown>;
  readonly finishReason?: string;
  readonly fails?: FailureKind;
  readonly status?: number;
  /** Breaks a stream off after so many chunks. */
  readonly breaksAfter?: number;
}

export interface SeenCall {
  readonly model: string;
  readonly request: ChatRequest;
  readonly at: number;
  endedAt: number | null;
  aborted: boolean;
}

/** Anything not listed answers "yes" after 100 ms. */
export function simulatedUpstream(
  clock: Clock,
  models: Readonly<Record<string, SimulatedModel>>,
): Upstream & { readonly calls: SeenCall[] } {
  const calls: SeenCall[] = [];

  async function until<Value>(
    call: UpstreamCall,
    work: (model: SimulatedModel, seen: SeenCall) => Promise<Value>,
  ): Promise<Value> {
    const model = models[call.model.name] ?? {};
    const seen: SeenCall = {
      model: call.model.name,
      request: call.request,
      at: clock.now(),
      endedAt: null,
      aborted: false,
    };
    calls.push(seen);
    const limitMs = Math.min(call.totalMs ?? Infinity, call.deadlineAt - clock.now());
    const timer = new Abort();
    const cancel = clock.after(limitMs, () =>
      timer.abort(new CallFailure('timeout', `no answer within ${limitMs} ms`)),
    );
    try {
      await sleep(clock, model.latencyMs ?? 100, anyAbort(call.signal, timer));
      if (model.fails !== undefined) {
        throw new CallFailure(model.fails, `it ${model.fails}`, {
          status: model.status ?? 500,
          body: new TextEncoder().encode('{"error":{"message":"no"}}'),
        });
      }
      return await work(model, seen);
    } catch (thrown) {
      seen.aborted = call.signal.aborted;
      if (thrown instanceof CallFailure) throw thrown;
      throw new CallFailure('aborted', 'aborted', { cause: thrown });
    } finally {
      cancel();
      seen.endedAt = clock.now();
    }
  }

  const bytesOf = (call: UpstreamCall, model: SimulatedModel): Uint8Array => {
    const says = typeof model.says === 'function' ? model.says(call.request) : (model.says ?? 'yes');
    const message = { role: 'assistant', content: says, ...model.message };
    const finish = model.finishReason ?? ('tool_calls' in message ? 'tool_calls' : 'stop');
    return new TextEncoder().encode(
      JSON.stringify({
        id: `chatcmpl-${calls.length}`,
        object: 'chat.completion',
        created: 1,
        model: call.model.upstreamModel,
        choices: [{ index: 0, message, finish_reason: finish }],
        usage: { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 },
      }),
    );
  };

  return {
    calls,
    whole: (call) =>
      until(call, (model) => {
        const bytes = bytesOf(call, model);
        return Promise.resolve({
          completion: readCompletion(bytes),
          bytes,
          retries: 0,
          sentAt: clock.now(),
          firstByteAt: clock.now(),
        });
      }),
    stream: (call) =>
      until(call, (model, seen) => {
        const chunks = streamOf(readCompletion(bytesOf(call, model)), { includeUsage: true });
        return Promise.resolve({
          retries: 0,
          sentAt: clock.now(),
          firstByteAt: clock.now(),
          async pump(sink) {
            for (const [index, chunk] of chunks.entries()) {
              if (index === model.breaksAfter) throw new CallFailure('unreachable', 'the connection broke off');
              if (index > 0 && model.paceMs !== undefined) await sleep(clock, model.paceMs);
              if (call.signal.aborted) {
                seen.aborted = true;
                throw new CallFailure('aborted', 'aborted');
              }
              if (!sink.write(chunk)) await sink.drained();
            }
            sink.write(new TextEncoder().encode('data: [DONE]\n\n'));
            seen.endedAt = clock.now();
          },
        });
      }),
    close: () => Promise.resolve(),
  };
}
