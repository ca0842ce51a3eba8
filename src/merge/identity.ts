// Which fields identify the items of a list, where the caller hasn't said.
import { isList, isObject, JsonNumber } from './json.ts';
import type { Json, JsonObject } from './json.ts';
import { isFreeText } from './scalars.ts';
import { keyOf } from './same.ts';

type Items = readonly JsonObject[];

const MAX_SAMPLE = 400;
const MAX_FIELDS = 12;
const NAMES =
  /(?:^|_|\b)(?:id|key|name|code|number|no|sku|symbol|ticker|isbn|email|url|slug|title|model|provider|date|region|country)$/i;

/** Fields that most items have, with a value that can name something. */
function fieldsOf(lists: readonly Items[]): readonly string[] {
  const counts = new Map<string, number>();
  let total = 0;
  for (const items of lists) {
    for (const item of items.slice(0, MAX_SAMPLE)) {
      total++;
      for (const [name, value] of item) if (names(value)) counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  return [...counts]
    .filter(([, count]) => count >= 0.8 * total)
    .map(([name]) => name)
    .sort((left, right) => Number(NAMES.test(right)) - Number(NAMES.test(left)) || (left < right ? -1 : 1))
    .slice(0, MAX_FIELDS);
}

/** Fractions measure things, they don't name them. */
function names(value: Json): boolean {
  if (value === null || typeof value === 'boolean' || isList(value) || isObject(value)) return false;
  return value instanceof JsonNumber ? Number.isInteger(value.value) : value !== '' && !isFreeText(value);
}

interface Fit {
  readonly fields: readonly string[];
  /** Least share of items within a list whose key is their own. */
  readonly unique: number;
  /** Share of keys that another list has too. */
  readonly shared: number;
}

function keysOf(items: Items, fields: readonly string[]): string[] {
  return items.map((item) => fields.map((field) => keyOf(item.get(field) ?? null)).join('|'));
}

function fit(lists: readonly Items[], fields: readonly string[]): Fit {
  const keys = lists.map((items) => keysOf(items, fields));
  const sets = keys.map((list) => new Set(list));
  const unique = Math.min(...keys.map((list, at) => sets[at]!.size / Math.max(1, list.length)));
  const counts = new Map<string, number>();
  for (const set of sets) for (const key of set) counts.set(key, (counts.get(key) ?? 0) + 1);
  const shared =
    lists.length < 2 ? 1 : [...counts.values()].filter((count) => count > 1).length / Math.max(1, counts.size);
  return { fields, unique, shared };
}

const sampled = (lists: readonly Items[]): readonly Items[] => lists.map((items) => items.slice(0, MAX_SAMPLE));

/** Nearly unique first, then found in the other lists, then fewer fields, then names that sound like keys. */
const worth = ({ fields, unique, shared }: Fit): number =>
  (unique >= 0.95 ? 2 : unique) +
  shared -
  0.05 * fields.length +
  0.03 * (fields.filter((field) => NAMES.test(field)).length / fields.length);

/** null: nothing identifies the items better than their place. */
export function findKey(lists: readonly Items[]): readonly string[] | null {
  const fields = fieldsOf(lists);
  const sample = sampled(lists);
  let best: Fit | null = null;
  const consider = (candidate: readonly string[]): void => {
    const found = fit(sample, candidate);
    if (best === null || worth(found) > worth(best) + 1e-9) best = found;
  };
  for (const field of fields) consider([field]);
  for (const [at, field] of fields.entries()) for (const other of fields.slice(at + 1)) consider([field, other]);
  const pair = best as Fit | null;
  if (pair !== null && pair.unique < 0.95)
    for (const field of fields) if (!pair.fields.includes(field)) consider([...pair.fields, field]);
  const found = best as Fit | null;
  return found === null || found.unique < 0.7 || found.shared < 0.2 ? null : found.fields;
}
