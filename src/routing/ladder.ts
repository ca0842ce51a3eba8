// Which strategy: what was asked for, or by task, expected quality, criticality and money; always with the reason in words.
import type { Classification, Features, StrategyName, Task, Wishes, RoutingSettings } from '../contract/index.ts';
import { stepsOf, type FirstStep } from './line-up.ts';
import type { Contender } from './pool.ts';
import type { Weighed } from './weigh-up.ts';

export interface Choice {
  readonly strategy: StrategyName;
  readonly because: string;
  /** Whether the evidence may change it. */
  readonly adaptive: boolean;
  /** The caller asked for more voices than the request can have. */
  readonly alone?: boolean;
  /** Who takes part, where the evidence said it. */
  readonly weighed?: Weighed;
}

/** Answers of these can be compared value by value, so that a second opinion says something. */
const COMPARABLE = new Set(['math', 'extraction', 'classification', 'tool_use', 'simple_query', 'code', 'vision']);
const COUNCIL_TASKS = /reasoning|validation|planning/;
const GOOD_QUALITY = 0.8;
const LOW_QUALITY = 0.7;
const SURE_OF_TASK = 0.5;
/** A first step must cost at most this share of the strongest to be worth climbing from. */
const CHEAP_SHARE = 0.5;
/** It is probably enough from here on. */
const FIRST_STEP_QUALITY = 0.6;
/** How much worse than the strongest it may be expected to be. */
const FIRST_STEP_LOSS: Readonly<Record<RoutingSettings['prefer'], number>> = {
  quality: 0.12,
  balanced: 0.2,
  cost: 0.3,
  speed: 0.2,
};
/** Asking one model and streaming its answer is what these want. */
const SIMPLE = new Set(['simple_query']);

/** One that was asked for may begin lower than one that adaptive chooses. */
export function firstStepOf(task: Task | undefined, routing: RoutingSettings, adaptive: boolean): FirstStep {
  const minQuality = task?.minQuality ?? 0;
  return adaptive
    ? { minQuality: Math.max(minQuality, FIRST_STEP_QUALITY), mostLoss: FIRST_STEP_LOSS[routing.prefer] }
    : { minQuality, mostLoss: 0.3 };
}

interface Situation {
  readonly classification: Classification;
  readonly task: Task | undefined;
  readonly features: Features;
  readonly wishes: Wishes;
  readonly routing: RoutingSettings;
  readonly fit: readonly Contender[];
  /** Good enough only beside another. */
  readonly partners: readonly Contender[];
  /** Whether a council's expected cost is within the ceiling and the tier's means. */
  readonly councilAffordable: () => boolean;
  /** What the evidence says; null while there is too little. */
  readonly weighed: (comparable: boolean, checked: boolean) => Weighed | null;
}

export function chooseStrategy(situation: Situation): Choice {
  const { features, wishes, task, routing } = situation;
  const asked = wishes.strategy ?? (wishes.models?.length === 1 ? 'single' : null);
  const configured = asked ?? task?.strategy ?? routing.strategy;
  const alone = loneReason(features, configured);
  if (alone !== null) {
    const several = wishes.strategy !== null && wishes.strategy !== 'adaptive' && wishes.strategy !== 'single';
    const because = `single${several ? ` instead of ${wishes.strategy}` : ''}: ${alone}`;
    return { strategy: 'single', because, adaptive: false, alone: several };
  }
  if (asked !== null && asked !== 'adaptive') {
    return { strategy: asked, because: `${asked}: asked for by the caller`, adaptive: false };
  }
  if (configured !== 'adaptive') {
    const owner = task?.strategy === configured ? `task ${task.name}` : 'routing';
    return { strategy: configured, because: `${configured}: configured for ${owner}`, adaptive: false };
  }
  return { ...adapt(situation), adaptive: true };
}

/** Why the answers of several can't become one. A cascade never makes one of several: each step answers alone. */
function loneReason(features: Features, strategy: Choice['strategy'] | 'adaptive'): string | null {
  if (features.hasAudio) return 'sound is not compared';
  if (strategy === 'cascade') return null;
  if (features.choices > 1) return `${features.choices} choices are wanted from one model`;
  return features.wantsLogprobs ? "log-probabilities are one model's own" : null;
}

type Pick = Omit<Choice, 'adaptive'>;

const byEvidence = (weighed: Weighed): Pick => {
  const names = weighed.members.map(({ model }) => model).join(' and ');
  const third = weighed.third === null ? '' : `, ${weighed.third.model} where they differ`;
  const why =
    weighed.drawn === undefined
      ? 'of the most utility by what was seen'
      : `drawn among plans that may each be the best by what was seen (${weighed.drawn.share.toFixed(2)})`;
  return {
    strategy: weighed.strategy,
    weighed,
    because: `${weighed.strategy}: ${names}${third}: ${why}, expected quality of ${weighed.quality.toFixed(2)}`,
  };
};

function adapt(situation: Situation): Pick {
  const { classification, task, fit, partners } = situation;
  const best = fit[0]!;
  const quality = best.quality.toFixed(2);
  const comparable = isComparable(situation);
  const weighed = fit.length + partners.length === 1 ? null : situation.weighed(comparable, task?.critical === true);
  if (fit.length === 1 && weighed === null)
    return { strategy: 'single', because: `single: only ${best.model} can take it` };
  if (task?.critical === true) {
    // A council is for what nothing else is good enough for; short of it the evidence names the members.
    const ruled = forCritical(situation, best, quality);
    return weighed === null || weighed.strategy === 'single' || ruled.strategy === 'council'
      ? ruled
      : byEvidence(weighed);
  }
  if (weighed !== null) return byEvidence(weighed);
  const unsure = classification.confidence < SURE_OF_TASK && classification.source !== 'fallback';
  if (comparable && best.quality < LOW_QUALITY && affords(situation, 2)) {
    return { strategy: 'dual', because: `dual: expected quality of ${quality} is low, and answers can be compared` };
  }
  if (SIMPLE.has(classification.task) && !unsure) {
    return { strategy: 'single', because: `single: a simple task, clear enough, expected quality of ${quality}` };
  }
  const steps = comparable && !unsure ? stepsWorthClimbing(situation) : null;
  if (steps !== null) {
    const [first, strongest] = steps;
    return {
      strategy: 'cascade',
      because: `cascade: ${first!.model} is probably enough and cheaper than ${strongest!.model}`,
    };
  }
  const why = comparable ? 'is good enough' : 'has to do: answers of this kind are not compared';
  return { strategy: 'single', because: `single: expected quality of ${quality} ${why}` };
}

function forCritical(situation: Situation, best: Contender, quality: string): Pick {
  const { task, fit } = situation;
  const low = best.quality < Math.max(LOW_QUALITY, task!.minQuality);
  const hard = best.quality < GOOD_QUALITY || situation.classification.confidence < SURE_OF_TASK;
  if (hard && fit.length >= 3 && COUNCIL_TASKS.test(task!.name) && situation.councilAffordable()) {
    return {
      strategy: 'council',
      because: `council: ${task!.name} is critical, expected quality of ${quality} is not enough, and the cost allows it`,
    };
  }
  if (low && fit.length >= 3 && affords(situation, 3)) {
    return {
      strategy: 'triple',
      because: `triple: ${task!.name} is critical and expected quality of ${quality} is low`,
    };
  }
  return { strategy: 'dual', because: `dual: ${task!.name} is critical, a second model checks the first` };
}

function isComparable({ features, task }: Situation): boolean {
  if (features.responseFormat !== 'text' || features.hasTools) return true;
  return task !== undefined && (COMPARABLE.has(task.name) || task.validators.length > 0);
}

function stepsWorthClimbing({ fit, task, routing }: Situation): readonly Contender[] | null {
  const steps = stepsOf(fit, firstStepOf(task, routing, true));
  if (steps === null) return null;
  const [first, strongest] = steps;
  return (first!.cost ?? 0) <= (strongest!.cost ?? 0) * CHEAP_SHARE ? steps : null;
}

function affords({ fit, wishes, routing }: Situation, count: number): boolean {
  const ceiling = Math.min(wishes.maxCost ?? Infinity, routing.maxCostPerRequest ?? Infinity);
  return fit.slice(0, count).reduce((sum, one) => sum + (one.cost ?? 0), 0) <= ceiling;
}
