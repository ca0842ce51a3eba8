// What a usage would cost, by task and by model: the plan that the router would make for a usual request of each task, times how often.
import {
  NO_WISHES,
  membersOf,
  nearest,
  NO_MONEY,
  QuorumError,
  usdOf,
  type Decision,
  type Nano,
  type Settings,
  type Tier,
} from '../contract/index.ts';
import { compileTasks, decide, usualFeatures, type Classifier, type QualityView } from '../routing/index.ts';

export interface EstimateQuestion {
  readonly settings: Settings;
  readonly quality: QualityView;
  /** null: every model. */
  readonly allowed: ((model: string) => boolean) | null;
  /** null: the default. */
  readonly tier: string | null;
  /** Requests by task. */
  readonly usage: Readonly<Record<string, number>>;
}

export interface Estimate {
  readonly tier: string;
  readonly total_usd: number;
  readonly by_task: Readonly<Record<string, TaskEstimate>>;
  readonly by_model: Readonly<Record<string, number>>;
  /** Models that would be called and have no price; they count as nothing. */
  readonly unpriced: readonly string[];
}

interface TaskEstimate {
  readonly count: number;
  readonly total_usd: number;
  readonly per_request_usd: number;
  readonly strategy: string;
  readonly models: readonly string[];
}

const classifiers = new WeakMap<Settings, Classifier>();

/** Throws `invalid_value` for an unknown tier or task. */
export function estimateUsage(question: EstimateQuestion): Estimate {
  const tier = tierOf(question);
  const byTask: Record<string, TaskEstimate> = {};
  const byModel = new Map<string, Nano>();
  const unpriced = new Set<string>();
  let total = NO_MONEY;
  for (const [task, count] of Object.entries(question.usage)) {
    const decision = decisionFor(question, task, tier.name);
    const { call } = decision.plan;
    const each = decision.expectedCost;
    total = (total + each * count) as Nano;
    byTask[task] = {
      count,
      total_usd: usdOf((each * count) as Nano),
      per_request_usd: usdOf(each),
      strategy: call.kind,
      models: membersOf(call),
    };
    for (const [model, cost] of sharesOf(decision, unpriced))
      byModel.set(model, ((byModel.get(model) ?? 0) + cost * count) as Nano);
  }
  return {
    tier: tier.name,
    total_usd: usdOf(total),
    by_task: byTask,
    by_model: Object.fromEntries([...byModel].map(([model, cost]) => [model, usdOf(Math.round(cost) as Nano)])),
    unpriced: [...unpriced],
  };
}

function tierOf({ settings, tier }: EstimateQuestion): Tier {
  const name = tier ?? settings.defaultTier;
  const found = settings.tiers.get(name);
  if (found !== undefined) return found;
  throw unknown('tier', name, settings.tiers.keys(), 'tier');
}

function decisionFor({ settings, quality, allowed }: EstimateQuestion, name: string, tier: string): Decision {
  const task = settings.tasks.get(name);
  if (task === undefined) throw unknown('task', name, settings.tasks.keys(), `usage.${name}`);
  const classifier = classifiers.get(settings) ?? compileTasks(settings.tasks);
  classifiers.set(settings, classifier);
  return decide({
    features: usualFeatures(task),
    wishes: { ...NO_WISHES, tier, task: name },
    settings: { ...settings, routing: { ...settings.routing, explore: 0 } },
    classifier,
    quality,
    allowed,
    random: () => 1,
  });
}

/** The plan's expected cost, shared out: to each member what its calls cost, the rest to the chairman. */
function sharesOf({ plan, prospects, expectedCost }: Decision, unpriced: Set<string>): readonly [string, number][] {
  const members = membersOf(plan.call);
  const costs = members.map((name): number => {
    const cost = prospects.find((prospect) => prospect.model === name)?.cost ?? null;
    if (cost === null) unpriced.add(name);
    return cost ?? 0;
  });
  const sum = costs.reduce((all, cost) => all + cost, 0);
  if (plan.call.kind === 'council') {
    const rest: [string, number] = [plan.call.chairman, Math.max(0, expectedCost - sum)];
    return [...members.map((name, at): [string, number] => [name, costs[at]!]), rest];
  }
  // A cascade reaches its later steps only sometimes.
  const later = sum - costs[0]!;
  const factor = later > 0 ? (expectedCost - costs[0]!) / later : 0;
  return members.map((name, at) => [name, at === 0 ? costs[0]! : costs[at]! * factor]);
}

function unknown(what: string, name: string, known: Iterable<string>, param: string): QuorumError {
  const near = nearest(name, known);
  const hint = near === null ? '' : ` Did you mean "${near}"?`;
  return new QuorumError('invalid_value', `There is no ${what} "${name}".${hint}`, { param });
}
