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

interface Stakes {
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
  if (!(share > 0) || !isVaried(its, stakes)) return { ...best, propensity: 1, note: null };
  const drawn = random();
  if (drawn >= share) return { ...best, propensity: 1 - share, note: null };
  const exchanges: { readonly position: number; readonly by: Contender }[] = [];
  eachExchange(its, stakes, (position, by) => void exchanges.push({ position, by }));
  const { position, by } = exchanges[Math.floor((drawn / share) * exchanges.length)]!;
  const members = exchanged(its, position, by);
  return {
    call: callOf(its.kind, members, stakes.chairman?.model ?? null),
    members,
    propensity: share / exchanges.length,
    note: `explored: ${by.model} in place of ${its.members[position]!.model}`,
  };
}

/** A strategy with its members in order. */
interface Cast {
  readonly kind: StrategyName;
  readonly members: readonly Contender[];
}

/** Probability that `wanted` comes out where `best` is the best plan. */
export function chanceOf(wanted: Cast, best: Cast, stakes: Stakes): number {
  const share = Math.min(1, stakes.share);
  if (wanted.kind !== best.kind) return 0;
  const others = wanted.members.reduce((count, one) => count + Number(!best.members.includes(one)), 0);
  if (others > 1) return 0;
  if (isSame(wanted.members, best.members)) return share > 0 && isVaried(best, stakes) ? 1 - share : 1;
  if (!(share > 0) || others === 0) return 0;
  let count = 0;
  let isOne = false;
  eachExchange(best, stakes, (position, by) => {
    count += 1;
    isOne ||= wanted.members.includes(by) && isSame(wanted.members, exchanged(best, position, by));
  });
  return isOne ? share / count : 0;
}

const isSame = (left: readonly Contender[], right: readonly Contender[]): boolean =>
  left.length === right.length && left.every((one, at) => one === right[at]);

function isVaried(best: Cast, stakes: Stakes): boolean {
  let varied = false;
  eachExchange(best, stakes, () => (varied = true));
  return varied;
}

/** Told of each member and who may take its place; true ends it. */
function eachExchange(
  { kind, members }: Cast,
  { fit, ceiling, chairman }: Stakes,
  met: (position: number, by: Contender) => boolean | void,
): void {
  for (let position = 0; position < members.length; position += 1) {
    const least = members[position]!.quality - MOST_LOSS;
    for (const by of fit) {
      if (by.quality < least || members.includes(by)) continue;
      if (ceiling !== null && fullCostOf(kind, members, chairman, position, by) > ceiling) continue;
      if (met(position, by) === true) return;
    }
  }
}

function exchanged({ kind, members }: Cast, position: number, by: Contender): readonly Contender[] {
  const others = members.with(position, by);
  return kind === 'cascade' ? others.sort((left, right) => (left.cost ?? 0) - (right.cost ?? 0)) : others;
}
