// A panel on simulated models and time with the real merger, for what is a strategy's own.
import { CallFailure } from '../../src/contract/index.ts';
import type { Attempt, ChatRequest, MergeContext, Plan, ProgressEvent } from '../../src/contract/index.ts';
import { createMerger } from '../../src/merge/index.ts';
import type { AskOptions, Panel } from '../../src/strategy/index.ts';
import { testSettings, testTask } from '../support/settings.ts';
import { simulatedClock, type SimulatedClock } from '../support/simulated-clock.ts';
import { simulatedUpstream, type SeenCall, type SimulatedModel } from '../support/simulated-models.ts';

interface Entry {
  readonly model: string;
  readonly role: Attempt['role'];
  readonly outcome: 'ok' | 'failed' | 'aborted';
}

interface ScriptedPanel {
  readonly panel: Panel;
  readonly clock: SimulatedClock;
  readonly calls: SeenCall[];
  /** Every call that has ended, as it would be on the record. */
  readonly record: Entry[];
  readonly events: Pick<ProgressEvent, 'stage' | 'type' | 'model' | 'detail'>[];
}

export interface Script {
  readonly plan: Pick<Plan, 'call'> & Partial<Plan>;
  readonly models: Readonly<Record<string, SimulatedModel>>;
  readonly request?: Partial<ChatRequest>;
  readonly rewritesProse?: boolean;
  readonly further?: Panel['further'];
  readonly objection?: (model: string) => string | null;
  readonly random?: () => number;
}

const seeded = (seed: number) => {
  let state = seed >>> 0;
  return (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
};

export function scriptedPanel(script: Script): ScriptedPanel {
  const settings = testSettings();
  const clock = simulatedClock();
  const upstream = simulatedUpstream(clock, script.models);
  const merger = createMerger();
  const record: Entry[] = [];
  const events: ScriptedPanel['events'] = [];
  const request: ChatRequest = { model: 'auto', messages: [{ role: 'user', content: 'Is it so?' }], ...script.request };
  const context: MergeContext = { request, task: testTask({ name: 'test' }), now: clock.now(), correlation: () => 0 };
  const voice = (model: string) => ({ model, family: model, weight: settings.models.get(model)!.quality / 10 });

  const callOf = (model: string, options: AskOptions) => ({
    provider: settings.providers.values().next().value!,
    model: settings.models.get(model)!,
    request: options.request ?? request,
    requestId: 'req_1',
    deadlineAt: clock.now() + 60_000,
    signal: options.signal,
    maxRetries: 0,
    ...(options.timeoutMs !== undefined && { totalMs: options.timeoutMs }),
  });
  const ended = (model: string, { role }: AskOptions, thrown?: unknown): void => {
    const failed = thrown instanceof CallFailure && thrown.kind === 'aborted' ? 'aborted' : 'failed';
    record.push({ model, role, outcome: thrown === undefined ? 'ok' : failed });
  };

  const panel: Panel = {
    plan: {
      reserve: [],
      ceiling: script.plan.call.kind,
      chairman: null,
      threshold: 0.6,
      because: [],
      propensity: 1,
      ...script.plan,
    },
    request,
    council: { memberTimeoutMs: 10_000, chairmanTimeoutMs: 15_000, members: 4 },
    forced: true,
    rewritesProse: script.rewritesProse ?? false,
    can: (model, capability) => settings.models.get(model)!.capabilities.has(capability),
    clock,
    random: script.random ?? seeded(7),
    signal: new AbortController().signal,
    voice,
    async ask(model, options) {
      try {
        const { completion, bytes } = await upstream.whole({ ...callOf(model, options), stream: false });
        const [choice] = completion.choices;
        const candidate = {
          ...voice(model),
          completion,
          bytes,
          message: choice!.message,
          finishReason: choice!.finish_reason,
        };
        const judgement = merger.judge(candidate, { ...context, request: options.request ?? request });
        ended(model, options);
        return { candidate: { ...candidate, weight: candidate.weight * judgement.factor }, judgement };
      } catch (thrown) {
        ended(model, options, thrown);
        throw thrown;
      }
    },
    async open(model, options) {
      try {
        const reply = await upstream.stream({ ...callOf(model, options), stream: true });
        ended(model, options);
        return { model, pump: (sink) => reply.pump(sink).then(() => 'stop') };
      } catch (thrown) {
        ended(model, options, thrown);
        throw thrown;
      }
    },
    stand: (candidates, outstanding) => merger.stand(candidates, outstanding, context),
    merge: (candidates) => merger.merge(candidates, context),
    further: script.further ?? (() => null),
    support: (candidates) => merger.support(candidates, context),
    objection: (model) => script.objection?.(model) ?? null,
    isOver: () => false,
    tell: (event) => events.push(event),
  };
  return { panel, clock, calls: upstream.calls, record, events };
}
