// Now and then another model than the best, little worse and affordable; with the exact probability of the plan that was drawn.
import { membersOf, type Call, type Nano, type Random } from '../contract/index.ts';
import { callOf } from './line-up.ts';
import { outlookOf } from './outlook.ts';
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
  if (!(share > 0) || variationsOf(best, stakes, 1).length === 0) return { ...best, propensity: 1, note: null };
  const drawn = random();
  if (drawn >= share) return { ...best, propensity: 1 - share, note: null };
  const variations = variationsOf(best, stakes, Infinity);
  const variation = variations[Math.floor((drawn / share) * variations.length)]!;
  return { ...variation, propensity: share / variations.length };
}

/** Probability that this call comes out where the best plan is this one. */
export function chanceOf(call: Call, best: Pick<Lot, 'call' | 'members'>, stakes: Stakes): number {
  const share = Math.min(1, stakes.share);
  if (call.kind !== best.call.kind) return 0;
  const [wanted, usual] = [membersOf(call), membersOf(best.call)];
  const others = wanted.reduce((count, model) => count + Number(!usual.includes(model)), 0);
  if (others > 1) return 0;
  if (isSame(wanted, usual)) return share > 0 && variationsOf(best, stakes, 1).length > 0 ? 1 - share : 1;
  if (!(share > 0) || others === 0) return 0;
  const variations = variationsOf(best, stakes, Infinity);
  return variations.some((one) => isSame(wanted, membersOf(one.call))) ? share / variations.length : 0;
}

const isSame = (left: readonly string[], right: readonly string[]): boolean =>
  left.length === right.length && left.every((model, at) => model === right[at]);

type Variation = Omit<Lot, 'propensity'>;

/** The first `most` of them. */
function variationsOf({ call, members }: Pick<Lot, 'call' | 'members'>, stakes: Stakes, most: number): Variation[] {
  const variations: Variation[] = [];
  for (let position = 0; position < members.length; position += 1) {
    for (const one of stakes.fit) {
      if (members.includes(one) || one.quality < members[position]!.quality - MOST_LOSS) continue;
      const variation = exchange(call, members, position, one, stakes);
      if (isAffordable(variation, stakes)) variations.push(variation);
      if (variations.length >= most) return variations;
    }
  }
  return variations;
}

function exchange(
  call: Call,
  members: readonly Contender[],
  position: number,
  by: Contender,
  { chairman }: Stakes,
): Variation {
  const exchanged = members.with(position, by);
  if (call.kind === 'cascade') exchanged.sort((left, right) => (left.cost ?? 0) - (right.cost ?? 0));
  const note = `explored: ${by.model} in place of ${members[position]!.model}`;
  return { call: callOf(call.kind, exchanged, chairman?.model ?? null), members: exchanged, note };
}

function isAffordable({ call, members }: Variation, { ceiling, chairman }: Stakes): boolean {
  return ceiling === null || outlookOf(call, members, chairman).fullCost <= ceiling;
}
