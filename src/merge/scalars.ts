// One value out of several that don't hold fields or items: numbers within a tolerance, free text by likeness, the rest by vote.
import type { MergeRules } from '../contract/index.ts';
import { JsonNumber } from './json.ts';
import type { Json } from './json.ts';
import { ruleFor } from './path.ts';
import { near } from './quantity.ts';
import { cosine, profileOf } from './similarity.ts';
import { keyOf } from './same.ts';
import { byRank, bySize, isTie, sideOf, tally } from './vote.ts';
import type { Bond, Side, Voice } from './vote.ts';

export interface Vote<Value = Json> {
  readonly voice: Voice;
  readonly value: Value;
}

interface Decided {
  readonly value: Json;
  /** The taken one first. */
  readonly sides: readonly Side[];
  readonly outlier: boolean;
}

const FREE_TEXT_CHARS = 60;
const ALIKE = 0.55;
const MAX_COMPARED_CHARS = 20_000;

/** Sentences rather than names: they agree by likeness. */
export function isFreeText(value: Json): boolean {
  return typeof value === 'string' && value.length > FREE_TEXT_CHARS && value.slice(0, 400).split(/\s+/).length >= 8;
}

const valueOf = (votes: readonly Vote[], voice: Voice): Json => votes.find((vote) => vote.voice === voice)!.value;

/** The spelling most of a side use; among equals the best voice's. */
function spelling(votes: readonly Vote[], side: Side, bond: Bond): Json {
  const within = side.voices.map((voice) => ({ voice, value: valueOf(votes, voice) }));
  const spelled = tally(
    within.map(({ voice, value }) => ({
      voice,
      key: value instanceof JsonNumber ? value.text : typeof value === 'string' ? `"${value}` : keyOf(value),
    })),
    bond,
  );
  return valueOf(votes, spelled[0]!.voices[0]!);
}

type NumberVote = Vote<JsonNumber>;

/** Groups of numbers within the tolerance of their group's least. */
function groupsOf(votes: readonly NumberVote[], absolute: number, relative: number): NumberVote[][] {
  const sorted = [...votes].sort(
    (left, right) => left.value.value - right.value.value || byRank(left.voice, right.voice),
  );
  const groups: NumberVote[][] = [];
  for (const vote of sorted) {
    const group = groups.at(-1);
    const same = group !== undefined && near(group[0]!.value.value, vote.value.value, absolute, relative);
    if (same) group.push(vote);
    else groups.push([vote]);
  }
  return groups;
}

/** The first value with half of the weight at or below it; exactly half on both sides: the better voice's of the two in the middle. */
function weightedMedian(votes: readonly NumberVote[]): JsonNumber {
  const sorted = [...votes].sort(
    (left, right) => left.value.value - right.value.value || byRank(left.voice, right.voice),
  );
  const half = sorted.reduce((sum, vote) => sum + vote.voice.weight, 0) / 2;
  let below = 0;
  for (const [at, vote] of sorted.entries()) {
    below += vote.voice.weight;
    if (below < half - 1e-9) continue;
    const next = sorted[at + 1];
    return next !== undefined && below <= half + 1e-9 && next.voice.rank < vote.voice.rank ? next.value : vote.value;
  }
  return sorted.at(-1)!.value;
}

function weightedMean(votes: readonly NumberVote[]): JsonNumber {
  const sorted = [...votes].sort((left, right) => byRank(left.voice, right.voice));
  const weight = sorted.reduce((sum, vote) => sum + vote.voice.weight, 0);
  const mean = sorted.reduce((sum, vote) => sum + vote.voice.weight * vote.value.value, 0) / weight;
  return Number.isFinite(mean) ? new JsonNumber(String(Number(mean.toPrecision(12)))) : weightedMedian(votes);
}

function within(votes: readonly NumberVote[], how: MergeRules['numbers']): JsonNumber {
  if (votes.every((vote) => vote.value.value === votes[0]!.value.value))
    return [...votes].sort((left, right) => byRank(left.voice, right.voice))[0]!.value;
  return how === 'mean' ? weightedMean(votes) : weightedMedian(votes);
}

/** Numbers: the heaviest group within the tolerance; where no two agree, the median of all. */
function decideNumbers(votes: readonly NumberVote[], path: string, rules: MergeRules, bond: Bond): Decided {
  const tolerance = ruleFor(rules.tolerance, path);
  const groups = groupsOf(votes, tolerance?.absolute ?? 0, tolerance?.relative ?? 1e-12);
  const sides = groups
    .map((group) =>
      sideOf(
        group[0]!.value.text,
        group.map((vote) => vote.voice),
        bond,
      ),
    )
    .sort(bySize);
  const taken = groups.find((group) => group[0]!.value.text === sides[0]!.key)!;
  const outlier = tolerance !== undefined && sides.length > 1;
  if (sides[0]!.voices.length > 1 || votes.length < 3) return { value: within(taken, rules.numbers), sides, outlier };
  const value = weightedMedian(votes);
  const first = sides.find((side) => side.voices.some((voice) => valueOf(votes, voice) === value))!;
  return { value, sides: [first, ...sides.filter((side) => side !== first)], outlier };
}

/** Free text: groups of texts that are alike; the text closest to all others in the largest group. */
function decideText(votes: readonly Vote<string>[], bond: Bond): Decided {
  const sorted = [...votes].sort((left, right) => byRank(left.voice, right.voice));
  const profiles = sorted.map((vote) => profileOf(vote.value.slice(0, MAX_COMPARED_CHARS)));
  const closeness = profiles.map((profile) =>
    profiles.reduce((sum, other, at) => sum + sorted[at]!.voice.weight * cosine(profile, other), 0),
  );
  const groups: number[][] = [];
  for (const at of sorted.keys()) {
    const group = groups.find((members) => cosine(profiles[members[0]!]!, profiles[at]!) >= ALIKE);
    if (group === undefined) groups.push([at]);
    else group.push(at);
  }
  const best = (group: readonly number[]): number =>
    group.reduce((left, right) => (closeness[right]! > closeness[left]! + 1e-9 ? right : left));
  const sides = groups
    .map((group) =>
      sideOf(
        sorted[best(group)]!.value,
        group.map((at) => sorted[at]!.voice),
        bond,
      ),
    )
    .sort(bySize);
  const taken =
    sides[0]!.voices.length > 1
      ? sides[0]!
      : sides.find((side) => side.key === sorted[best([...sorted.keys()])]!.value)!;
  return { value: taken.key, sides: [taken, ...sides.filter((side) => side !== taken)], outlier: false };
}

/** Never empty `votes`. Among equals a value wins over none. */
export function decide(votes: readonly Vote[], path: string, rules: MergeRules, bond: Bond): Decided {
  if (votes.every((vote): vote is NumberVote => vote.value instanceof JsonNumber))
    return decideNumbers(votes, path, rules, bond);
  if (
    votes.every((vote): vote is Vote<string> => typeof vote.value === 'string') &&
    votes.some((vote) => isFreeText(vote.value))
  )
    return decideText(votes, bond);
  const voted = tally(
    votes.map(({ voice, value }) => ({ voice, key: keyOf(value) })),
    bond,
  );
  const nothing = voted[0]!.key === 'null' || voted[0]!.key === 's:';
  const sides = nothing && isTie(voted) ? [voted[1]!, voted[0]!, ...voted.slice(2)] : voted;
  return { value: spelling(votes, sides[0]!, bond), sides, outlier: false };
}
