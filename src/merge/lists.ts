// Lists become one: items matched by what identifies them, a vote on whether each belongs, then each item field by field.
import { isObject } from './json.ts';
import type { Json, JsonList, JsonObject } from './json.ts';
import type { MergeRules } from '../contract/index.ts';
import type { Ledger } from './ledger.ts';
import { ruleFor } from './path.ts';
import { identical, keyOf } from './same.ts';
import { findKey } from './identity.ts';
import { reunited, slotsOf } from './slots.ts';
import type { Vote } from './scalars.ts';
import { shown } from './shown.ts';
import { EPSILON, sideOf, tally, weigh } from './vote.ts';
import type { Bond, Voice } from './vote.ts';

interface ListMerge {
  readonly rules: MergeRules;
  readonly bond: Bond;
  readonly ledger: Ledger;
  /** Merges the versions of one item. */
  readonly item: (votes: readonly Vote[], path: string) => Json;
}

const MAX_ITEMS = 50_000;

/** Lists that hold nothing but objects are tables; others are values in a row. */
export function mergeLists(votes: readonly Vote<JsonList>[], path: string, merge: ListMerge): JsonList {
  const [best] = votes;
  if (votes.some((vote) => vote.value.length > MAX_ITEMS)) return wholeList(votes, path, merge);
  const tables = votes.every((vote) => vote.value.every((item) => isObject(item)));
  if (!tables) return mergeRows(votes, path, merge);
  const filled = votes.filter((vote) => vote.value.length > 0);
  if (filled.length === 0) return best!.value;
  const declared = ruleFor(merge.rules.listKeys, path === '' ? '*' : path);
  const key = declared ?? findKey(filled.map((vote) => vote.value as readonly JsonObject[]));
  if (key === null) return mergeRows(votes, path, merge);
  return bySlot(votes, (item) => identityOf(item as JsonObject, key), path, merge, key);
}

/** An item without any of its key's fields is only like one that is equal in all. */
function identityOf(item: JsonObject, key: readonly string[]): string {
  const parts = key.map((field) => item.get(field) ?? null);
  return parts.every((part) => part === null) ? keyOf(item) : parts.map((part) => keyOf(part)).join('|');
}

/** The same list in full, or the one of the heaviest side. */
function wholeList(votes: readonly Vote<JsonList>[], path: string, merge: ListMerge): JsonList {
  const groups: Vote<JsonList>[][] = [];
  for (const vote of votes) {
    const group = groups.find((members) => identical(members[0]!.value, vote.value));
    if (group === undefined) groups.push([vote]);
    else group.push(vote);
  }
  const keys = votes.map((vote) => ({
    voice: vote.voice,
    key: String(groups.findIndex((group) => group.includes(vote))),
  }));
  const sides = tally(keys, merge.bond);
  const taken = groups[Number(sides[0]!.key)]![0]!.value;
  merge.ledger.note(
    path,
    () => shown(taken),
    sides,
    (side) => shown(groups[Number(side.key)]![0]!.value),
  );
  return taken;
}

/** Values in a row: one that most agree on whole, else place by place where lengths agree, else item by item. */
function mergeRows(votes: readonly Vote<JsonList>[], path: string, merge: ListMerge): JsonList {
  const sides = tally(
    votes.map((vote) => ({ voice: vote.voice, key: keyOf(vote.value) })),
    merge.bond,
  );
  const sayings = new Map(votes.map((vote) => [vote.voice, vote.value]));
  const majority = sides[0]!.weight > sides.slice(1).reduce((sum, side) => sum + side.weight, 0) + EPSILON;
  if (majority && sides[0]!.voices.length > 1) {
    const taken = sayings.get(sides[0]!.voices[0]!)!;
    if (sides.length === 1) merge.ledger.agree(path, () => shown(taken), sides[0]!.voices);
    else
      merge.ledger.note(
        path,
        () => shown(taken),
        sides,
        (side) => shown(sayings.get(side.voices[0]!)!),
      );
    return taken;
  }
  const lengths = tally(
    votes.map((vote) => ({ voice: vote.voice, key: String(vote.value.length) })),
    merge.bond,
  );
  const same = votes.filter((vote) => String(vote.value.length) === lengths[0]!.key);
  const sets = new Set(votes.map((vote) => JSON.stringify(vote.value.map((item) => keyOf(item)).sort())));
  if (sets.size === 1) return wholeList(votes, path, merge);
  if (lengths.length === 1)
    return [...same[0]!.value.keys()].map((at) =>
      merge.item(
        same.map(({ voice, value }) => ({ voice, value: value[at]! })),
        `${path}[${at}]`,
      ),
    );
  return bySlot(votes, keyOf, path, merge);
}

/** Belongs when those who have it weigh at least as much as those who have a list without it. */
function bySlot(
  votes: readonly Vote<JsonList>[],
  identity: (item: Json) => string,
  path: string,
  merge: ListMerge,
  key: readonly string[] = [],
): JsonList {
  const voices = votes.map((vote) => vote.voice);
  const kept: Json[] = [];
  for (const slot of reunited(slotsOf(votes, identity), votes.length, key)) {
    const at = `${path}[${kept.length}]`;
    if (slot.votes.length === votes.length) {
      kept.push(merge.item(slot.votes, at));
      continue;
    }
    const having = slot.votes.map((vote) => vote.voice);
    const lacking = voices.filter((voice) => !having.includes(voice));
    const belongs = belonging(having, lacking, merge);
    if (lacking.length > 0) {
      const sides = [sideOf('listed', having, merge.bond), sideOf('not listed', lacking, merge.bond)];
      merge.ledger.note(
        belongs ? at : `${path}[]`,
        () => (belongs ? shown(slot.votes[0]!.value) : `not listed: ${shown(slot.votes[0]!.value)}`),
        belongs ? sides : [sides[1]!, sides[0]!],
        (side) => side.key,
      );
    }
    if (belongs) kept.push(merge.item(slot.votes, at));
  }
  return kept;
}

function belonging(having: readonly Voice[], lacking: readonly Voice[], merge: ListMerge): boolean {
  return lacking.length === 0 || weigh(having, merge.bond) >= weigh(lacking, merge.bond) * 0.9;
}
