// What a plan as a whole is expected to give and take.
import type { Call, Nano, StrategyName } from '../contract/index.ts';
import type { Contender } from './pool.ts';

interface Outlook {
  /** 0-1. */
  readonly quality: number;
  /** On average. */
  readonly cost: Nano;
  readonly latencyMs: number;
}

/** A ranking reads all answers and writes little; a synthesis reads them too and writes one. */
const RANKING_SHARE = 0.8;
const SYNTHESIS_SHARE = 1.6;
/** Of the room between the best member and certainty, what a second voice, and a third, gain by catching errors. */
const SECOND_VOICE = 0.25;
const THIRD_VOICE = 0.4;
const COUNCIL_VOICE = 0.45;

/** When every member is asked, `by` in place of the one at `position`; what the cost ceiling is held against. */
export function fullCostOf(
  kind: StrategyName,
  members: readonly Contender[],
  chairman: Contender | undefined,
  position = -1,
  by?: Contender,
): Nano {
  let sum = 0;
  let most = 0;
  for (let at = 0; at < members.length; at += 1) {
    const cost = (at === position ? by! : members[at]!).cost ?? 0;
    sum += cost;
    most = Math.max(most, cost);
  }
  if (kind !== 'council') return sum as Nano;
  return Math.ceil(sum * (1 + RANKING_SHARE) + (chairman?.cost ?? most) * SYNTHESIS_SHARE) as Nano;
}

export function outlookOf(call: Call, members: readonly Contender[], chairman: Contender | undefined): Outlook {
  const cost = fullCostOf(call.kind, members, chairman);
  const slowest = Math.max(...members.map(({ latencyMs }) => latencyMs));
  const best = Math.max(...members.map(({ quality }) => quality));
  const gained = (share: number): number =>
    best + (1 - best) * share * Math.min(...members.map(({ quality }) => quality));
  switch (call.kind) {
    case 'single':
      return { quality: best, cost, latencyMs: slowest };
    case 'dual':
    case 'triple':
      return { quality: gained(call.kind === 'dual' ? SECOND_VOICE : THIRD_VOICE), cost, latencyMs: slowest };
    case 'cascade':
      return climbing(members);
    case 'council': {
      const latencyMs = Math.round(slowest * (1 + RANKING_SHARE / 2) + (chairman?.latencyMs ?? slowest));
      return { quality: gained(COUNCIL_VOICE), cost, latencyMs };
    }
    default:
      return call satisfies never;
  }
}

/** A step is reached when none before it was good enough. */
function climbing(steps: readonly Contender[]): Outlook {
  let [reached, cost, latencyMs] = [1, 0, 0];
  for (const step of steps) {
    cost += reached * (step.cost ?? 0);
    latencyMs += reached * step.latencyMs;
    reached *= 1 - step.quality;
  }
  const first = steps[0]!.quality;
  const last = steps.at(-1)!.quality;
  return {
    quality: Math.min(1, last - (last - first) * first * 0.3),
    cost: Math.ceil(cost) as Nano,
    latencyMs: Math.round(latencyMs),
  };
}
