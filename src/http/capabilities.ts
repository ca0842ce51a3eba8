// GET /v1/capabilities and /v1/recommendations/{task}: what each model can do, as it is configured and as it has shown itself.
import type { Response } from 'express';
import {
  NO_WISHES,
  QuorumError,
  STRATEGIES,
  nearest,
  usdOf,
  type Clock,
  type CurrentSettings,
  type Model,
  type Settings,
  type Task,
  type Tier,
} from '../contract/index.ts';
import { priorOf, type Evidence } from '../learning/index.ts';
import { compileTasks, decide, usualFeatures, type Classifier } from '../routing/index.ts';
import type { Visit } from './chat.ts';
import { sendJson } from './json.ts';

interface CapabilityParts {
  readonly evidence: Evidence;
  readonly settings: CurrentSettings;
  readonly clock: Clock;
}

const rounded = (value: number): number => Math.round(value * 10_000) / 10_000;

/** What each model can do, as it is configured and as it has shown itself. */
export function showCapabilities(
  { evidence, settings, clock }: CapabilityParts,
  response: Response,
  visit: Visit,
): void {
  const now = settings();
  const { permissions, caller } = visit.visitor;
  const isTold = (name: string): boolean => permissions.anyModel || permissions.model(name);
  const models = [...now.models.values()].filter(({ name }) => isTold(name));
  sendJson(
    response,
    {
      object: 'capabilities',
      strategies: [...STRATEGIES.filter((each) => permissions.strategy(each)), 'adaptive'],
      default_tier: now.defaultTier,
      tiers: Object.fromEntries(
        [...now.tiers]
          .filter(([name]) => permissions.tier(name))
          .map(([name, tier]) => [name, tierShown(tier, isTold)]),
      ),
      tasks: [...now.tasks.values()].map((task) => ({
        name: task.name,
        strategy: task.strategy ?? now.routing.strategy,
        min_quality: task.minQuality,
        critical: task.critical,
      })),
      models: models.map((model) => ({
        ...modelShown(model, now),
        tasks: Object.fromEntries(
          [...now.tasks.keys()].map((task) => {
            const { quality, samples } = evidence.quality(
              model,
              task,
              caller.admin ? null : caller.tenant,
              clock.now(),
            );
            return [
              task,
              {
                prior: rounded(priorOf(model, task)),
                learnt: samples > 0 ? rounded(quality) : null,
                confidence: rounded(quality),
                samples: rounded(samples),
              },
            ];
          }),
        ),
      })),
    },
    ['x-request-id', visit.id],
  );
}

/** `gaps` are about the whole tier, and only for those who may use all of it. */
const tierShown = (
  { models, chairman, expectedLatencyMs, costPerQuery, gaps }: Tier,
  isTold: (model: string) => boolean,
) => ({
  models: models.filter(isTold),
  chairman: chairman !== null && isTold(chairman) ? chairman : null,
  expected_latency_ms: expectedLatencyMs,
  cost_per_query_usd: usdOf(costPerQuery),
  gaps: models.every(isTold) ? gaps : [],
});

const modelShown = (model: Model, { usable }: Settings) => ({
  id: model.name,
  provider: model.provider,
  usable: usable.has(model.name),
  local: model.local,
  simulated: model.simulated,
  quality: model.quality,
  speed: model.speed,
  strengths: model.strengths,
  capabilities: [...model.capabilities],
  context_length: model.context,
  max_output: model.maxOutput,
  price: model.price && {
    input: model.price.inputPico / 1e6,
    cached_input: model.price.cachedInputPico / 1e6,
    output: model.price.outputPico / 1e6,
  },
});

const classifiers = new WeakMap<Settings, Classifier>();

/** The model that a usual request of the task would get alone, for each tier. */
export function recommend(
  { evidence, settings, clock }: CapabilityParts,
  name: string,
  response: Response,
  visit: Visit,
): void {
  const now = settings();
  const task = taskNamed(name, now);
  const { permissions, caller } = visit.visitor;
  const classifier = classifiers.get(now) ?? compileTasks(now.tasks);
  classifiers.set(now, classifier);
  const tiers = [...now.tiers.keys()].filter((tier) => permissions.tier(tier));
  const at = clock.now();
  const forTier = (tier: string) =>
    decide({
      features: usualFeatures(task),
      wishes: { ...NO_WISHES, strategy: 'single', tier, task: task.name },
      settings: { ...now, routing: { ...now.routing, explore: 0 } },
      classifier,
      quality: (its, model) => evidence.quality(now.models.get(model)!, its, caller.admin ? null : caller.tenant, at),
      allowed: permissions.anyModel ? null : (model) => permissions.model(model),
      random: () => 0.5,
    });
  sendJson(
    response,
    {
      object: 'recommendations',
      task: task.name,
      tiers: Object.fromEntries(tiers.map((tier) => [tier, recommendation(() => forTier(tier))])),
    },
    ['x-request-id', visit.id],
  );
}

function recommendation(decided: () => ReturnType<typeof decide>): Record<string, unknown> {
  try {
    const { prospects, plan, constraints } = decided();
    const [best, ...others] = prospects
      .filter(({ excluded }) => excluded === null)
      .sort(
        (one, other) =>
          Number(other.model === (plan.call.kind === 'single' && plan.call.model)) -
          Number(one.model === (plan.call.kind === 'single' && plan.call.model)),
      );
    if (best === undefined) return { model: null, reason: 'no model fits' };
    return {
      model: best.model,
      confidence: rounded(best.quality),
      samples: rounded(best.samples),
      cost_usd: best.cost === null ? null : usdOf(best.cost),
      latency_ms: best.latencyMs,
      constraints,
      alternatives: others
        .slice(0, 3)
        .map(({ model, quality, samples }) => ({ model, confidence: rounded(quality), samples: rounded(samples) })),
    };
  } catch (thrown) {
    if (thrown instanceof QuorumError) return { model: null, reason: thrown.message };
    throw thrown;
  }
}

function taskNamed(name: string, { tasks }: Settings): Task {
  const task = tasks.get(name);
  if (task !== undefined) return task;
  const near = nearest(name, tasks.keys());
  throw new QuorumError(
    'not_found',
    `There is no task "${name.slice(0, 80)}".${near === null ? '' : ` Did you mean "${near}"?`}`,
    { param: 'task' },
  );
}
