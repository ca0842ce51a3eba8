// Now and then another model than the best, little worse and affordable; with the exact probability of the plan that was drawn.
import type { Call, Nano, Random, StrategyName } from '../contract/index.ts';
import { callOf } from './line-up.ts';
import { fullCostOf } from './outlook.ts';
import type { Contender } from './pool.ts';

/** Expected quality that one exchanged model may cost. */
export const MOST_LOSS = 0.1;

export interface Lot {
  readonly call: Call;
  readonly members: readonly Contender[];
  /** Probability with which this plan comes out, (0, 1]. */
  readonly propensity: number;
  readonly note: string | null;
}

export interface Stakes {
  readonly fit: readonly Contender[];
  readonly chairman: Contender | undefined;
  readonly ceiling: Nano | null;
  /** Share of decisions that may differ from the best plan. */
  readonly share: number;
}

/**
 * The best plan with probability 1 − share, else one of its variations, each as likely as the others. A variation exchanges one
 * member, so no two ways lead to the same plan and the propensity is exact. Draws one number, and none where there is no choice.
 */
export function drawPlan(best: Pick<Lot, 'call' | 'members'>, stakes: Stakes, random: Random): Lot {
  const share = Math.min(1, stakes.share);
  const its: Cast = { kind: best.call.kind, members: best.members };
  if (!(share > 0) || exchangesOf(its, stakes, 1).length === 0) return { ...best, propensity: 1, note: null };
  const drawn = random();
  if (drawn >= share) return { ...best, propensity: 1 - share, note: null };
  const exchanges = exchangesOf(its, stakes, Infinity);
  const { members, by, gone } = exchanges[Math.floor((drawn / share) * exchanges.length)]!;
  return {
    call: callOf(its.kind, members, stakes.chairman?.model ?? null),
    members,
    propensity: share / exchanges.length,
    note: `explored: ${by.model} in place of ${gone.model}`,
  };
}

/** A strategy with its members in order. */
export interface Cast {
  readonly kind: StrategyName;
  readonly members: readonly Contender[];
}

/** Probability that `wanted` comes out where `best` is the best plan. */
export function chanceOf(wanted: Cast, best: Cast, stakes: Stakes): number {
  const share = Math.min(1, stakes.share);
  if (wanted.kind !== best.kind) return 0;
  const others = wanted.members.reduce((count, one) => count + Number(!best.members.includes(one)), 0);
  if (others > 1) return 0;
  if (isSame(wanted.members, best.members))
    return share > 0 && exchangesOf(best, stakes, 1).length > 0 ? 1 - share : 1;
  if (!(share > 0) || others === 0) return 0;
  const exchanges = exchangesOf(best, stakes, Infinity);
  return exchanges.some(({ members }) => isSame(wanted.members, members)) ? share / exchanges.length : 0;
}

const isSame = (left: readonly Contender[], right: readonly Contender[]): boolean =>
  left.length === right.length && left.every((one, at) => one === right[at]);

interface Exchange {
  readonly members: readonly Contender[];
  readonly by: Contender;
  readonly gone: Contender;
}

/** The first `most` of them. */
function exchangesOf({ kind, members }: Cast, { fit, ceiling, chairman }: Stakes, most: number): readonly Exchange[] {
  const exchanges: Exchange[] = [];
  for (let position = 0; position < members.length; position += 1) {
    const gone = members[position]!;
    for (const by of fit) {
      if (by.quality < gone.quality - MOST_LOSS || members.includes(by)) continue;
      const exchanged = members.with(position, by);
      if (kind === 'cascade') exchanged.sort((left, right) => (left.cost ?? 0) - (right.cost ?? 0));
      if (ceiling === null || fullCostOf(kind, exchanged, chairman) <= ceiling)
        exchanges.push({ members: exchanged, by, gone });
      if (exchanges.length >= most) return exchanges;
    }
  }
  return exchanges;
}
