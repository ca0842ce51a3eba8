// One model being asked, from the beginning to what it comes to on the trail: what goes out, what is paid, how it ended.
import {
  NO_MONEY,
  traceParent,
  type Attempt,
  type CallFailure,
  type ChatRequest,
  type Model,
  type Settings,
  type UpstreamCall,
} from '../contract/index.ts';
import { estimateTokens } from '../accounts/index.ts';
import type { AskOptions } from '../strategy/index.ts';
import { failureOf, guessed, outcomeOf, thrownOn, usageOf, type Ending } from './ending.ts';
import { clampedRequest, type Payment } from './purse.ts';
import type { Trail } from './trail.ts';

const LEAST_PATIENCE_MS = 10_000;
/** Times the latency that is expected of the model for this task. */
const PATIENCE = 4;
const MOST_RETRIES = 5;

export interface AskingParts {
  readonly trail: Trail;
  readonly settings: Settings;
  /** As members are asked: the caller's request, or it slimmed. */
  readonly outgoing: ChatRequest;
  readonly deadlineAt: number;
}

/** Begins when it is made; ends once, by `ends` or `fails`. */
export class Asking {
  readonly model: Model;
  readonly #parts: AskingParts;
  readonly #options: AskOptions;
  readonly #payment: Payment;
  /** Of a call that somebody will look at. */
  readonly #spanId: string | undefined;
  readonly #startedMs: number;

  constructor(parts: AskingParts, model: Model, options: AskOptions, payment: Payment) {
    const { trail } = parts;
    const { trace } = trail.inbound;
    this.#parts = parts;
    this.model = model;
    this.#options = options;
    this.#payment = payment;
    this.#spanId = trace?.sampled === true ? trace.nextId() : undefined;
    this.#startedMs = trail.elapsed();
    trail.callBegins();
    trail.tell({ stage: this.#stage, type: 'call_start', model: model.name, detail: options.role });
  }

  get #stage(): number {
    const { role } = this.#options;
    return role === 'judge' ? 2 : role === 'chairman' ? 3 : 1;
  }

  /** What its input is charged at where the provider doesn't tell: layout counts here, though it doesn't for the choice. */
  get inputTokens(): number {
    return estimateTokens(this.#options.request ?? this.#parts.outgoing);
  }

  /** `expectedMs`: an answer of this model to this request. */
  call(stream: boolean, expectedMs: number): UpstreamCall {
    const { trail, settings, outgoing, deadlineAt } = this.#parts;
    const { inbound } = trail;
    const options = this.#options;
    const { trace, written } = inbound;
    const provider = settings.providers.get(this.model.provider)!;
    const tells = trace !== undefined && (provider.traceContext ?? provider.local);
    return {
      provider,
      model: this.model,
      request: clampedRequest(options.request ?? outgoing, this.#payment.clampTokens),
      stream,
      ...(written !== undefined && { written }),
      requestId: inbound.id,
      deadlineAt,
      signal: options.signal,
      maxRetries: options.replaceable ? 0 : MOST_RETRIES,
      replaceable: options.replaceable,
      standIn: options.role === 'fallback',
      tenant: inbound.principal.tenant,
      hops: inbound.hops ?? 0,
      traceParent: tells ? traceParent(trace, this.#spanId ?? trace.spanId) : undefined,
      ...(stream
        ? options.timeoutMs !== undefined && { firstTokenMs: options.timeoutMs }
        : { totalMs: options.timeoutMs ?? this.#patienceMs(expectedMs) }),
    };
  }

  /** Where another model can stand in, nobody waits for one that takes far longer than it should. */
  #patienceMs(expectedMs: number): number {
    const { totalMs } = this.model.timeouts;
    return this.#options.replaceable ? Math.min(totalMs, Math.max(LEAST_PATIENCE_MS, PATIENCE * expectedMs)) : totalMs;
  }

  ends(ending: Ending, judgement: Attempt['judgement'] = null): void {
    const { trail } = this.#parts;
    const { usage, estimated } = usageOf(ending, () => this.inputTokens);
    const lost = ending.lost ?? 0;
    const again = lost === 0 ? null : guessed(this.inputTokens * lost, 0);
    const cost = usage === null ? NO_MONEY : this.#payment.settle(usage, estimated, again);
    if (usage === null) this.#payment.release();
    trail.callEnds({
      model: this.model.name,
      upstreamModel: this.model.upstreamModel,
      role: this.#options.role,
      startedMs: this.#startedMs,
      firstByteMs: ending.firstByteAt === null ? null : ending.firstByteAt - trail.inbound.receivedAt,
      endedMs: trail.elapsed(),
      status: ending.failure === null ? 200 : ending.failure.status,
      outcome: outcomeOf(ending.failure),
      reason: ending.failure?.message ?? null,
      finishReason: ending.finishReason,
      usage,
      estimated,
      cost,
      retries: ending.retries,
      judgement,
      ...(ending.queueMs !== undefined && { queueMs: ending.queueMs }),
      spanId: this.#spanId,
    });
  }

  /** Ends it by what was thrown; returns what to throw on. `ended`: how it looks where something had come before. */
  fails(thrown: unknown, ended: (failure: CallFailure) => Ending = nothingCame): unknown {
    const failure = failureOf(thrown);
    this.ends(ended(failure));
    return thrownOn(thrown, failure);
  }

  /** Followers hear of it. */
  hasAnswered(): void {
    if (this.#options.role !== 'judge')
      this.#parts.trail.tell({ stage: this.#stage, type: 'answer', model: this.model.name });
  }
}

const nothingCame = (failure: CallFailure): Ending => ({
  usage: null,
  finishReason: null,
  failure,
  retries: failure.retries,
  firstByteAt: null,
});
