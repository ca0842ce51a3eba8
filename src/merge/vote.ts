// The weighted vote: who stands with whom, and with how much weight.
import type { Candidate, Judgement, MergeContext } from '../contract/index.ts';
import type { Reading } from './reading.ts';

/** A candidate that takes part. */
export interface Voice {
  readonly candidate: Candidate;
  readonly reading: Reading;
  readonly judgement: Judgement;
  /** Shrunk to equality and multiplied by the judgement's factor. */
  readonly weight: number;
  /** 0 for the best; decides ties. */
  readonly rank: number;
}

export interface Side {
  readonly key: string;
  /** Best first. */
  readonly voices: readonly Voice[];
  readonly weight: number;
}

export type Bond = (left: Voice, right: Voice) => number;

/** Models of one family err alike even where nothing has been measured yet. */
const FAMILY_BOND = 0.25;
const EXPONENT = 0.25;
export const EPSILON = 1e-9;

/**
 * Weights shrunk to equality: of two models that are right in 90 and in 60 % of the cases the first gets 1.1 voices of the second.
 * Weights from small samples are noise, and two that agree outvote one unless it has more than 16 times the weight of each.
 */
export const shrunk = (weight: number): number => (Number.isFinite(weight) && weight > 0 ? weight ** EXPONENT : 0);

export function bondOf(context: MergeContext): Bond {
  return (left, right) => {
    const family = left.candidate.family !== '' && left.candidate.family === right.candidate.family ? FAMILY_BOND : 0;
    const known = context.correlation(left.candidate.model, right.candidate.model);
    return Math.min(1, Math.max(family, Number.isFinite(known) ? known : 0));
  };
}

/** Weight of voices that say the same; each counts by how little it is bound to those before it. */
export function weigh(voices: readonly Voice[], bond: Bond): number {
  let sum = 0;
  voices.forEach((voice, at) => {
    let bound = 0;
    for (let before = 0; before < at; before++) bound = Math.max(bound, bond(voices[before]!, voice));
    sum += voice.weight * (1 - bound);
  });
  return sum;
}

export const byRank = (left: Voice, right: Voice): number => left.rank - right.rank;

/** Largest weight first, then the better model, then the value. */
export function bySize(left: Side, right: Side): number {
  if (Math.abs(left.weight - right.weight) > EPSILON) return right.weight - left.weight;
  const better = right.voices[0]!.weight - left.voices[0]!.weight;
  if (Math.abs(better) > EPSILON) return better;
  return left.key < right.key ? -1 : left.key > right.key ? 1 : 0;
}

export function sideOf(key: string, voices: readonly Voice[], bond: Bond): Side {
  const sorted = [...voices].sort(byRank);
  return { key, voices: sorted, weight: weigh(sorted, bond) };
}

/** One side for each key, the winner first. */
export function tally(votes: readonly { readonly voice: Voice; readonly key: string }[], bond: Bond): readonly Side[] {
  const byKey = new Map<string, Voice[]>();
  for (const { voice, key } of votes) {
    const side = byKey.get(key);
    if (side === undefined) byKey.set(key, [voice]);
    else side.push(voice);
  }
  return [...byKey].map(([key, voices]) => sideOf(key, voices, bond)).sort(bySize);
}

export const total = (sides: readonly Side[]): number => sides.reduce((sum, side) => sum + side.weight, 0);

/** Share of the winner, 0-1. */
export function shareOf(sides: readonly Side[]): number {
  const whole = total(sides);
  return whole > 0 ? Math.min(1, (sides[0]?.weight ?? 0) / whole) : sides.length === 0 ? 0 : 1 / sides.length;
}

/** As many voices on the runner-up's side, and nearly as much weight: the better model decided. */
export function isTie(sides: readonly Side[]): boolean {
  const [first, second] = sides;
  return (
    first !== undefined &&
    second !== undefined &&
    second.voices.length >= first.voices.length &&
    second.weight >= 0.8 * first.weight
  );
}
