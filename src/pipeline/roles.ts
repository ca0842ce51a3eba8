// Who answers for a role: its model, and the one that stands in. Pure.
import {
  QuorumError,
  type Decision,
  type Prospect,
  type RolePolicy,
  type Settings,
  type Wishes,
} from '../contract/index.ts';

/** The role's policy; null where there is none, or the request says itself who shall answer or how. */
export function policyOf(role: string | null, wishes: Wishes, settings: Settings): RolePolicy | null {
  const isFree = wishes.models === null && wishes.tier === null && wishes.strategy === null;
  return role !== null && isFree ? (settings.roles.get(role) ?? null) : null;
}

/**
 * The decision for a role: its model alone, its fallback behind it. Constraints hold as ever: where the model can't take the
 * request or is left alone, the fallback answers; where neither can, `routed` stands, and says so.
 */
export function inRole(
  role: string,
  { model, fallback }: RolePolicy,
  routed: Decision,
  wishes: Wishes,
  decided: (wishes: Wishes) => Decision,
): Decision {
  const named = fallback === null ? [model] : [model, fallback];
  let decision: Decision;
  try {
    decision = decided({ ...wishes, strategy: 'single', models: named });
  } catch (thrown) {
    if (!(thrown instanceof QuorumError)) throw thrown;
    return because(routed, `role ${role}: ${named.join(' and ')} can't take it`);
  }
  const able = decision.prospects.filter(
    (each) => decision.plan.reserve.includes(each.model) || isCalled(each, decision),
  );
  const first = able.find((each) => each.model === model) ?? able[0]!;
  const { quality, cost, latencyMs } = first;
  return because(
    {
      ...decision,
      plan: {
        ...decision.plan,
        call: { kind: 'single', model: first.model },
        reserve: able.filter((each) => each !== first).map((each) => each.model),
      },
      expectedQuality: quality,
      expectedCost: cost ?? decision.expectedCost,
      expectedLatencyMs: latencyMs,
    },
    first.model === model ? `role ${role}: ${model}` : `role ${role}: ${model} can't take it, ${first.model} stands in`,
  );
}

const isCalled = ({ model }: Prospect, { plan: { call } }: Decision): boolean =>
  call.kind === 'single' && call.model === model;

const because = (decision: Decision, why: string): Decision => ({
  ...decision,
  plan: { ...decision.plan, because: [...decision.plan.because, why] },
});
