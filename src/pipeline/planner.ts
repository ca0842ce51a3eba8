// Who shall answer: wishes with the model name's, what the key allows, the role's policy, and what gives way when the process is busy.
import {
  QuorumError,
  STRATEGIES,
  type Decision,
  type Features,
  type Forecast,
  type LearningPath,
  type Random,
  type Settings,
  type Traits,
  type Wishes,
} from '../contract/index.ts';
import { demand } from '../accounts/index.ts';
import { compileTasks, decide, featuresOf, traitsOf, type Classifier } from '../routing/index.ts';
import { shedTo, type Capacity, type Pressure } from './capacity.ts';
import type { Inbound } from './exchange.ts';
import { withName } from './names.ts';
import { inRole, policyOf } from './roles.ts';

interface Planned {
  readonly features: Features;
  readonly decision: Decision;
  /** Worked out when first asked for. */
  readonly traits: () => Traits;
  readonly forecast: Forecast;
}

interface Planner {
  /** The wishes with the model name's. Throws `model_not_allowed` and its kin before anything is looked up. */
  wishesOf(inbound: Inbound, settings: Settings): Wishes;
  /** Throws as `decide` does. Models that are left alone for now are left out, unless nobody else is there. */
  plan(inbound: Inbound, wishes: Wishes, settings: Settings, pressure?: Pressure): Planned;
  /** What is done when nothing is left to chance: two arms differ in it only where they differ. */
  look(inbound: Inbound, settings: Settings): Decision;
}

/** As the request says, else as its task does. */
export const roleOf = ({ role }: Inbound, { classification }: Decision, settings: Settings): string | null =>
  role ?? settings.tasks.get(classification.task)?.role ?? null;

const NEVER_EXPLORES: Random = () => 1;

export function createPlanner(parts: {
  readonly capacity: Pick<Capacity, 'able'>;
  readonly learning: Pick<LearningPath, 'insight'>;
  readonly random: Random;
}): Planner {
  const { capacity, learning } = parts;
  const classifiers = new WeakMap<Settings['tasks'], Classifier>();

  function plan(inbound: Inbound, wishes: Wishes, settings: Settings, pressure: Pressure, random: Random): Planned {
    const able = capacity.able(settings, wishes);
    if (able.settings === settings) return planWith(inbound, wishes, settings, pressure, able.leftOut, random);
    try {
      return planWith(inbound, wishes, able.settings, pressure, able.leftOut, random);
    } catch (thrown) {
      if (!(thrown instanceof QuorumError)) throw thrown;
      return planWith(inbound, wishes, settings, pressure, [], random);
    }
  }

  function planWith(
    inbound: Inbound,
    wishes: Wishes,
    settings: Settings,
    pressure: Pressure,
    leftOut: readonly string[],
    random: Random,
  ): Planned {
    let classifier = classifiers.get(settings.tasks);
    if (classifier === undefined) classifiers.set(settings.tasks, (classifier = compileTasks(settings.tasks)));
    const features = featuresOf(inbound.request);
    const { permissions, principal, receivedAt } = inbound;
    let known: Traits | null = null;
    const traits = (): Traits => (known ??= traitsOf(features, inbound.request));
    const insight = learning.insight(features, traits, principal.tenant, receivedAt);
    const allowed = permissions.anyModel ? null : permissions.model;
    const called =
      insight.namings === null || wishes.task !== null ? null : { namings: insight.namings, traits: traits() };
    const decided = (wished: Wishes) =>
      decide({
        features,
        wishes: wished,
        settings,
        classifier,
        called,
        quality: insight.quality,
        mark: insight.mark,
        forecast: insight,
        allowed,
        allowedTier: permissions.tier,
        random,
      });
    const routed = decided(wishes);
    const role = roleOf(inbound, routed, settings);
    const policy = permissions.strategy('single') ? policyOf(role, wishes, settings) : null;
    const chosen = role === null || policy === null ? routed : inRole(role, policy, routed, wishes, decided);
    const shed = shedTo(pressure, chosen, wishes, settings);
    const decision = noted(shed === null ? chosen : decided({ ...wishes, strategy: shed }), [
      ...leftOut,
      ...(shed === null ? [] : [`the process is busy: ${shed} instead of ${chosen.plan.call.kind}`]),
    ]);
    if (permissions.strategy(decision.plan.call.kind)) return { features, decision, traits, forecast: insight };
    // The router's own choice gives way to what the key allows; a strategy that was asked for was checked before.
    const other = STRATEGIES.find((each) => permissions.strategy(each));
    if (other === undefined) throw new QuorumError('model_not_allowed', 'This key allows none of the strategies.');
    return { features, decision: noted(decided({ ...wishes, strategy: other }), leftOut), traits, forecast: insight };
  }

  return {
    wishesOf,
    plan: (inbound, wishes, settings, pressure = 0) => plan(inbound, wishes, settings, pressure, parts.random),
    look: (inbound, settings) => plan(inbound, wishesOf(inbound, settings), settings, 0, NEVER_EXPLORES).decision,
  };
}

const noted = (decision: Decision, notes: readonly string[]): Decision =>
  notes.length === 0
    ? decision
    : { ...decision, plan: { ...decision.plan, because: [...decision.plan.because, ...notes] } };

function wishesOf({ request, wishes, permissions }: Inbound, settings: Settings): Wishes {
  const meant = withName(request.model, wishes, settings);
  for (const model of meant.models ?? []) demand(permissions, { model });
  demand(permissions, {
    ...(meant.tier !== null && { tier: meant.tier }),
    ...(meant.strategy !== null && meant.strategy !== 'adaptive' && { strategy: meant.strategy }),
  });
  return meant;
}
