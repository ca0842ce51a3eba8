// Binds the rooms for a strategy: asking goes through the upstream, is judged, priced and put on the trail.
import {
  CallFailure,
  type AbortWatch,
  type Candidate,
  type Clock,
  type Completion,
  type Decision,
  type Forecast,
  type MergeContext,
  type Merger,
  type Model,
  type Nano,
  type Random,
  type Upstream,
} from '../contract/index.ts';
import { furtherVoice } from '../routing/index.ts';
import type { Answered, AskOptions, Hedging, LiveAnswer, Panel, Voice } from '../strategy/index.ts';
import { Asking, type AskingParts } from './asking.ts';
import { uncounted } from './ending.ts';
import { UNKNOWN_QUALITY } from './facts.ts';
import { liveAnswer } from './live.ts';
import type { Purse } from './purse.ts';

interface PanelParts extends AskingParts {
  readonly decision: Decision;
  readonly context: MergeContext;
  readonly upstream: Upstream;
  readonly merger: Merger;
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortWatch;
  readonly maxCost: Nano | null;
  readonly forced: boolean;
  readonly purse: Purse;
  readonly hedging?: Hedging;
  /** How several models do together. */
  readonly forecast: Forecast;
}

export function createPanel(parts: PanelParts): Panel {
  const { trail, settings, decision, context, purse, upstream, merger, clock, signal, deadlineAt } = parts;
  const { request } = trail.inbound;
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

  const expectedMs = (name: string): number => weights.get(name)?.latencyMs ?? 0;

  async function ask(name: string, options: AskOptions): Promise<Answered> {
    const model = modelOf(name);
    const paying = purse.pay(model, options.role, options.request ?? request);
    const asking = new Asking(parts, model, options, paying instanceof Promise ? await paying : paying);
    try {
      const reply = await upstream.whole(asking.call(false, expectedMs(name)));
      const candidate = candidateOf(reply.completion, reply.bytes, voice(name));
      const judgement = merger.judge(
        candidate,
        options.request === undefined ? context : { ...context, request: options.request },
      );
      asking.ends(
        {
          usage: reply.completion.usage ?? uncounted(reply.completion, asking.inputTokens),
          finishReason: candidate.finishReason,
          failure: null,
          retries: reply.retries,
          lost: reply.lost,
          firstByteAt: reply.firstByteAt,
          queueMs: reply.queueMs,
        },
        judgement,
      );
      asking.hasAnswered();
      return { candidate, judgement };
    } catch (thrown) {
      throw asking.fails(thrown);
    }
  }

  async function open(name: string, options: AskOptions): Promise<LiveAnswer> {
    const model = modelOf(name);
    const paying = purse.pay(model, options.role, options.request ?? request);
    const asking = new Asking(parts, model, options, paying instanceof Promise ? await paying : paying);
    try {
      const reply = await upstream.stream(asking.call(true, expectedMs(name)));
      const watch = { hideUsage: request.stream_options?.include_usage !== true, choices: request.n ?? 1 };
      return liveAnswer(asking, reply, watch, settings.providers.get(model.provider)?.apiKey ?? null);
    } catch (thrown) {
      throw asking.fails(thrown);
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

function candidateOf(completion: Completion, bytes: Uint8Array, { model, family, weight }: Voice): Candidate {
  const choice = completion.choices[0]!;
  return { model, family, weight, completion, message: choice.message, finishReason: choice.finish_reason, bytes };
}
