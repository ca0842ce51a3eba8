// Structured answers become one, field by field: objects recursively, lists by key, values by vote.
import type { MergeRules } from '../contract/index.ts';
import type { Ledger } from './ledger.ts';
import { isList, isObject } from './json.ts';
import type { Json, JsonList, JsonObject } from './json.ts';
import { mergeLists } from './lists.ts';
import { shown } from './shown.ts';
import { isReasoning } from './reading.ts';
import { identical } from './same.ts';
import { decide } from './scalars.ts';
import type { Vote } from './scalars.ts';
import { byRank, tally } from './vote.ts';
import type { Bond, Voice } from './vote.ts';

interface FieldContext {
  readonly rules: MergeRules;
  readonly bond: Bond;
  readonly ledger: Ledger;
  /** Whose reasoning and order of fields is taken. */
  readonly lead: Voice;
}

type Shape = 'object' | 'list' | 'scalar';
const shapeOf = (value: Json): Shape => (isObject(value) ? 'object' : isList(value) ? 'list' : 'scalar');

const inOrder = (votes: readonly Vote[]): boolean =>
  votes.every((vote, at) => at === 0 || votes[at - 1]!.voice.rank < vote.voice.rank);

/** Never empty `votes`, best voice first or not. */
export function mergeValues(votes: readonly Vote[], path: string, merge: FieldContext): Json {
  const sorted = inOrder(votes) ? votes : [...votes].sort((left, right) => byRank(left.voice, right.voice));
  const first = sorted[0]!;
  if (sorted.every((vote) => identical(first.value, vote.value))) {
    merge.ledger.agree(
      path,
      () => shown(first.value),
      sorted.map((vote) => vote.voice),
    );
    return first.value;
  }
  const shapes = tally(
    sorted.map((vote) => ({ voice: vote.voice, key: shapeOf(vote.value) })),
    merge.bond,
  );
  const shape = shapes[0]!.key as Shape;
  const kept = sorted.filter((vote) => shapeOf(vote.value) === shape);
  if (shapes.length > 1) {
    const sayings = new Map(sorted.map((vote) => [vote.voice, shown(vote.value)]));
    merge.ledger.note(
      path,
      () => `(${shape})`,
      shapes,
      (side) => sayings.get(side.voices[0]!) ?? '',
    );
  }
  if (shape === 'object') return mergeObjects(kept as readonly Vote<JsonObject>[], path, merge);
  if (shape === 'list')
    return mergeLists(kept as readonly Vote<JsonList>[], path, {
      ...merge,
      item: (items, at) => mergeValues(items, at, merge),
    });
  return mergeScalars(kept, path, merge);
}

function mergeScalars(votes: readonly Vote[], path: string, merge: FieldContext): Json {
  const decided = decide(votes, path, merge.rules, merge.bond);
  const sayings = new Map(votes.map((vote) => [vote.voice, shown(vote.value)]));
  merge.ledger.note(
    path,
    () => shown(decided.value),
    decided.sides,
    (side) => sayings.get(side.voices[0]!) ?? '',
    decided.outlier,
  );
  return decided.value;
}

function appended(lists: Map<string | null, string[]>, key: string | null, name: string): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [name]);
  else list.push(name);
}

/** All names, in the order of the best object; those of others after what they follow there. */
function namesOf(votes: readonly Vote<JsonObject>[]): readonly string[] {
  let names = [...votes[0]!.value.keys()];
  for (const { value } of votes.slice(1)) {
    const known = new Set(names);
    if (value.size <= known.size && [...value.keys()].every((name) => known.has(name))) continue;
    const following = new Map<string | null, string[]>();
    let previous: string | null = null;
    for (const name of value.keys()) {
      if (known.has(name)) previous = name;
      else appended(following, previous, name);
    }
    if (following.size > 0)
      names = [...(following.get(null) ?? []), ...names.flatMap((name) => [name, ...(following.get(name) ?? [])])];
  }
  return names;
}

/** Who doesn't have a field abstains: it is filled from who does. */
function mergeObjects(votes: readonly Vote<JsonObject>[], path: string, merge: FieldContext): JsonObject {
  const fields = new Map<string, Json>();
  for (const name of namesOf(votes)) {
    const having = votes.filter((vote) => vote.value.has(name));
    const at = path === '' ? name : `${path}.${name}`;
    const said = having.map(({ voice, value }) => ({ voice, value: value.get(name)! }));
    const lead = isReasoning(name)
      ? said.find((vote) => vote.voice === merge.lead && typeof vote.value === 'string')
      : undefined;
    fields.set(name, lead === undefined ? mergeValues(said, at, merge) : lead.value);
  }
  return fields;
}
