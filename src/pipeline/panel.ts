// Binds the rooms for a strategy: asking goes through the upstream, is judged, priced and put on the trail.
import {
  type AbortWatch,
  CallFailure,
  NO_MONEY,
  traceParent,
  type Attempt,
  type Candidate,
  type ChatRequest,
  type Clock,
  type Completion,
  type Decision,
  type Forecast,
  type MergeContext,
  type Merger,
  type Model,
  type Nano,
  type Random,
  type Settings,
  type Trace,
  type Upstream,
  type UpstreamCall,
} from '../contract/index.ts';
import { estimateTokens } from '../accounts/index.ts';
import { furtherVoice } from '../routing/index.ts';
import type { Answered, AskOptions, Hedging, LiveAnswer, Panel, Voice } from '../strategy/index.ts';
import { createStreamTap } from '../wire/index.ts';
import { guessed, leaveWith, outcomeOf, uncounted, usageOf, waited, type Ending } from './ending.ts';
import { UNKNOWN_QUALITY } from './facts.ts';
import { clampedRequest, type Payment, type Purse } from './purse.ts';
import type { Trail } from './trail.ts';

const LEAST_PATIENCE_MS = 10_000;
/** Times the latency that is expected of the model for this task. */
const PATIENCE = 4;

interface PanelParts {
  readonly trail: Trail;
  readonly settings: Settings;
  readonly decision: Decision;
  /** As members are asked: the caller's request, or it slimmed. */
  readonly outgoing: ChatRequest;
  readonly context: MergeContext;
  readonly upstream: Upstream;
  readonly merger: Merger;
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortWatch;
  readonly deadlineAt: number;
  readonly maxCost: Nano | null;
  readonly forced: boolean;
  readonly purse: Purse;
  readonly hedging?: Hedging;
  /** How several models do together. */
  readonly forecast: Forecast;
}

export function createPanel(parts: PanelParts): Panel {
  const { trail, settings, decision, outgoing, context, purse, upstream, merger, clock, signal, deadlineAt } = parts;
  const { request, written } = trail.inbound;
  const weights = new Map(decision.prospects.map((prospect) => [prospect.model, prospect]));

  const modelOf = (name: string): Model => {
    const model = settings.models.get(name);
    if (model === undefined) throw new CallFailure('refused', `the model "${name}" is not configured`);
    return model;
  };
  const voice = (name: string): Voice => ({
    model: name,
    family: modelOf(name).family,
    weight: weights.get(name)?.quality ?? modelOf(name).quality / 10,
  });

  /** What a call's input is charged at where the provider doesn't tell: layout counts here, though it doesn't for the choice. */
  const inputOf = ({ request: own = outgoing }: AskOptions): number => estimateTokens(own);

  function callOf(
    model: Model,
    options: AskOptions,
    stream: boolean,
    payment: Payment,
    spanId: string | undefined,
  ): UpstreamCall {
    const provider = settings.providers.get(model.provider)!;
    const { trace } = trail.inbound;
    const tells = trace !== undefined && (provider.traceContext ?? provider.local);
    return {
      provider,
      model,
      request: clampedRequest(options.request ?? outgoing, payment.clampTokens),
      stream,
      ...(written !== undefined && { written }),
      requestId: trail.inbound.id,
      deadlineAt,
      signal: options.signal,
      maxRetries: options.replaceable ? 0 : 5,
      replaceable: options.replaceable,
      standIn: options.role === 'fallback',
      tenant: trail.inbound.principal.tenant,
      hops: trail.inbound.hops ?? 0,
      traceParent: tells ? traceParent(trace, spanId ?? trace.spanId) : undefined,
      ...(stream
        ? options.timeoutMs !== undefined && { firstTokenMs: options.timeoutMs }
        : { totalMs: options.timeoutMs ?? patienceMs(model, options) }),
    };
  }

  /** Where another model can stand in, nobody waits for one that takes far longer than it should. */
  function patienceMs({ name, timeouts }: Model, { replaceable }: AskOptions): number {
    if (!replaceable) return timeouts.totalMs;
    return Math.min(timeouts.totalMs, Math.max(LEAST_PATIENCE_MS, PATIENCE * (weights.get(name)?.latencyMs ?? 0)));
  }

  function enter(
    model: Model,
    options: AskOptions,
    payment: Payment,
    spanId: string | undefined,
  ): (ending: Ending, judgement?: Attempt['judgement']) => void {
    const startedMs = trail.elapsed();
    trail.callBegins();
    trail.tell({
      stage: options.role === 'judge' ? 2 : options.role === 'chairman' ? 3 : 1,
      type: 'call_start',
      model: model.name,
      detail: options.role,
    });
    return (ending, judgement = null) => {
      const { usage, estimated } = usageOf(ending, () => inputOf(options));
      const lost = ending.usage === null ? 0 : (ending.lost ?? 0);
      const again = lost === 0 ? null : guessed(inputOf(options) * lost, 0);
      const cost = usage === null ? NO_MONEY : payment.settle(usage, estimated, again);
      if (usage === null) payment.release();
      trail.callEnds({
        model: model.name,
        upstreamModel: model.upstreamModel,
        role: options.role,
        startedMs,
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
        spanId,
      });
    };
  }

  async function ask(name: string, options: AskOptions): Promise<Answered> {
    const model = modelOf(name);
    const paying = purse.pay(model, options.role, options.request ?? request);
    const payment = paying instanceof Promise ? await paying : paying;
    const spanId = spanIdOf(trail.inbound.trace);
    const leave = enter(model, options, payment, spanId);
    try {
      const reply = await upstream.whole(callOf(model, options, false, payment, spanId));
      const candidate = candidateOf(reply.completion, reply.bytes, voice(name));
      const judgement = merger.judge(
        candidate,
        options.request === undefined ? context : { ...context, request: options.request },
      );
      leave(
        {
          usage: reply.completion.usage ?? uncounted(reply.completion, inputOf(options)),
          finishReason: candidate.finishReason,
          failure: null,
          retries: reply.retries,
          lost: reply.lost,
          firstByteAt: reply.firstByteAt,
          ...waited(reply),
        },
        judgement,
      );
      if (options.role !== 'judge')
        trail.tell({ stage: options.role === 'chairman' ? 3 : 1, type: 'answer', model: name });
      return { candidate, judgement };
    } catch (thrown) {
      throw leaveWith(thrown, leave);
    }
  }

  /** An upstream may repeat the key that it was called with. */
  const saidBy = ({ provider }: Model, text: string): string =>
    settings.providers.get(provider)?.apiKey?.hideIn(text) ?? text;

  async function open(name: string, options: AskOptions): Promise<LiveAnswer> {
    const model = modelOf(name);
    const paying = purse.pay(model, options.role, options.request ?? request);
    const payment = paying instanceof Promise ? await paying : paying;
    const spanId = spanIdOf(trail.inbound.trace);
    const leave = enter(model, options, payment, spanId);
    try {
      const reply = await upstream.stream(callOf(model, options, true, payment, spanId));
      const tap = createStreamTap({ hideUsage: request.stream_options?.include_usage !== true });
      return {
        model: name,
        async pump(sink) {
          const ended = (failure: CallFailure | null): Ending => {
            const end = tap.end();
            return {
              usage: end.usage ?? guessed(inputOf(options), end.outputTokens),
              finishReason: end.finishReason,
              failure,
              retries: reply.retries,
              lost: reply.lost,
              firstByteAt: reply.firstByteAt,
              ...waited(reply),
            };
          };
          try {
            await reply.pump({
              write(bytes) {
                const forward = tap.push(bytes);
                const goesOn = forward === null || sink.write(forward);
                if (tap.isDamaged()) throw new CallFailure('malformed', `${name} sent an event that is no JSON`);
                return goesOn;
              },
              drained: () => sink.drained(),
            });
            const { error, complete, tail } = tap.end();
            if (tail !== null) sink.write(tail);
            if (error !== null) throw new CallFailure('server_error', saidBy(model, error.message));
            if (!complete) throw new CallFailure('malformed', 'the stream ended before the answer did');
            leave(ended(null));
            trail.tell({ stage: 1, type: 'answer', model: name });
          } catch (thrown) {
            throw leaveWith(thrown, (ending) => leave({ ...ended(ending.failure), failure: ending.failure }));
          }
        },
      };
    } catch (thrown) {
      throw leaveWith(thrown, leave);
    }
  }

  return {
    ...(parts.hedging !== undefined && settings.routing.hedge === true && { hedging: parts.hedging }),
    plan: decision.plan,
    request,
    council: settings.council,
    forced: parts.forced,
    rewritesProse: context.task.merge.chairman,
    can: (name, capability) => modelOf(name).capabilities.has(capability),
    clock,
    random: parts.random,
    signal,
    voice,
    ask,
    open,
    stand: (candidates, outstanding) => merger.stand(candidates, outstanding, context),
    merge: (candidates) => merger.merge(candidates, context),
    further(standing) {
      const { plan, prospects } = decision;
      if (plan.climb === undefined) return null;
      const asked = new Set(trail.attempts.map(({ model }) => model));
      return furtherVoice({
        voices: standing.camps.flatMap(({ models }, camp) =>
          models.map((model) => ({ model, quality: weights.get(model)?.quality ?? UNKNOWN_QUALITY, camp })),
        ),
        others: prospects.filter(({ model, excluded }) => excluded === null && !asked.has(model)),
        climb: plan.climb,
        forecast: parts.forecast,
      });
    },
    support: (candidates) => merger.support(candidates, context),
    objection(name, timeMs = 0) {
      if (signal.aborted) return 'the client has gone';
      if (clock.now() + timeMs >= deadlineAt) return 'no time is left before the deadline';
      const cost = weights.get(name)?.cost ?? null;
      if (parts.maxCost !== null && cost !== null && trail.cost + cost > parts.maxCost)
        return 'it would cost more than the request may';
      return null;
    },
    isOver: () => clock.now() >= deadlineAt,
    tell: (event) => trail.tell(event),
  };
}

/** Of a call that somebody will look at. */
const spanIdOf = (trace: Trace | undefined): string | undefined =>
  trace?.sampled === true ? trace.nextId() : undefined;

function candidateOf(completion: Completion, bytes: Uint8Array, { model, family, weight }: Voice): Candidate {
  const choice = completion.choices[0]!;
  return { model, family, weight, completion, message: choice.message, finishReason: choice.finish_reason, bytes };
}
