// Whose turn it is among plans that may each be the best.
import type { Random } from '../contract/index.ts';
import type { Rival, Weighed } from './weigh-up.ts';

/**
 * One number decides whose turn it is and whether a member is exchanged, so that a replay can go through all that might have happened: below
 * the share of exploration it says whose member is exchanged, above it whose turn it is; what is left of it within that turn says by whom.
 */
export function takeTurn(rivals: readonly Rival[], exploration: number, random: Random): Weighed {
  if (rivals.length === 1) return rivals[0]!.weighed;
  const one = random();
  const explores = one < exploration;
  let left = explores ? one / exploration : (one - exploration) / (1 - exploration);
  let turn = 0;
  for (; turn < rivals.length - 1 && left >= rivals[turn]!.share; turn += 1) left -= rivals[turn]!.share;
  const { weighed, share } = rivals[turn]!;
  const within = Math.min(1 - Number.EPSILON, left / share);
  const rest = explores ? exploration * within : exploration + (1 - exploration) * within;
  return { ...weighed, drawn: { share, rivals, random: () => rest } };
}
