// The weighted vote: who stands with whom, and with how much weight.
import type { Candidate, Judgement, MergeContext } from '../contract/index.ts';
import type { Reading } from './reading.ts';

/** What counts of a model in a vote. */
export interface Member {
  readonly model: string;
  readonly family: string;
  /** How likely it is right against how likely it is wrong. */
  readonly odds: number;
}

/** A candidate that takes part. */
export interface Voice extends Member {
  readonly candidate: Candidate;
  readonly reading: Reading;
  readonly judgement: Judgement;
  /** log(1 + odds): what it weighs alone. */
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

export type Bond = (left: Member, right: Member) => number;

/** Models of one family err alike even where nothing has been measured yet. */
const FAMILY_BOND = 0.25;
/** How often two that are wrong say the same: higher than what is seen on open questions, so that a strong model isn't outvoted lightly. */
const SAME_ERROR = 0.75;
/** A further voice on the same side counts for something, however weak or bound it is. */
const LEAST_GAIN = 1.02;
const SUREST = 0.98;
const LEAST_SURE = 0.05;
export const EPSILON = 1e-9;

/** Weights are confidences, 0-1; sets with larger ones are relative to their largest. Bounded, so that no estimate decides alone. */
export function oddsOf(weight: number, largest: number): number {
  if (!Number.isFinite(weight) || weight <= 0) return 0;
  const share = largest > 1 ? (0.9 * weight) / largest : weight;
  const sure = Math.min(SUREST, Math.max(LEAST_SURE, share));
  return sure / (1 - sure);
}

export function bondOf(context: MergeContext): Bond {
  return (left, right) => {
    const family = left.family !== '' && left.family === right.family ? FAMILY_BOND : 0;
    const known = context.correlation(left.model, right.model);
    return Math.min(1, Math.max(family, Number.isFinite(known) ? known : 0));
  };
}

export const weightOf = (odds: number): number => Math.log1p(odds);

/** With other odds, as evidence for or against what it says makes them. */
export const rated = (voice: Voice, factor: number): Voice =>
  factor === 1 ? voice : { ...voice, odds: voice.odds * factor, weight: weightOf(voice.odds * factor) };

/**
 * Weight of members that say the same: the odds that they are right, in naive Bayes. If they are wrong, each further one says the
 * same by chance with probability `SAME_ERROR`; one that is bound to another adds accordingly less.
 */
export function weigh(members: readonly Member[], bond: Bond): number {
  if (members.length === 0) return 0;
  const sorted = members.length === 1 ? members : [...members].sort((left, right) => right.odds - left.odds);
  let odds = sorted[0]!.odds;
  for (let at = 1; at < sorted.length; at++) {
    let bound = 0;
    for (let before = 0; before < at; before++) bound = Math.max(bound, bond(sorted[before]!, sorted[at]!));
    odds *= Math.max(LEAST_GAIN, Math.max(LEAST_GAIN, sorted[at]!.odds / SAME_ERROR) ** (1 - bound));
  }
  return weightOf(odds);
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

const total = (sides: readonly Side[]): number => sides.reduce((sum, side) => sum + side.weight, 0);

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
