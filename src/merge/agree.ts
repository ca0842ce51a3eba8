// Whether two structured answers say the same, cheaply: it stops at the first difference that counts.
import type { MergeRules } from '../contract/index.ts';
import { isList, isObject, JsonNumber } from './json.ts';
import type { Json, JsonList, JsonObject } from './json.ts';
import { ruleFor } from './path.ts';
import { near } from './quantity.ts';
import { isReasoning } from './reading.ts';
import { identical, keyOf } from './same.ts';
import { isFreeText } from './scalars.ts';

const MAX_UNORDERED = 5_000;

/** Reasoning, order of keys, spelling and what lies within a declared tolerance don't count; nor does free text. */
export function agrees(left: Json, right: Json, rules: MergeRules, path = ''): boolean {
  if (identical(left, right)) return true;
  if (isObject(left) && isObject(right)) return sameFields(left, right, rules, path);
  if (isList(left) && isList(right)) return sameItems(left, right, rules, path);
  if (left instanceof JsonNumber && right instanceof JsonNumber) {
    const tolerance = ruleFor(rules.tolerance, path);
    if (tolerance !== undefined) return near(left.value, right.value, tolerance.absolute ?? 0, tolerance.relative ?? 0);
  }
  if (isFreeText(left) && isFreeText(right)) return true;
  return !isObject(left) && !isObject(right) && !isList(left) && !isList(right) && keyOf(left) === keyOf(right);
}

function sameFields(left: JsonObject, right: JsonObject, rules: MergeRules, path: string): boolean {
  for (const [name, field] of left) {
    if (isReasoning(name)) continue;
    if (!agrees(field, right.get(name) ?? null, rules, path === '' ? name : `${path}.${name}`)) return false;
  }
  for (const [name, field] of right) if (!left.has(name) && field !== null && !isReasoning(name)) return false;
  return true;
}

const SAMPLE = 16;

/** Items that mostly agree where they stand aren't in another order: they differ. */
function mostlyInPlace(left: JsonList, right: JsonList, rules: MergeRules, path: string): boolean {
  const step = Math.max(1, Math.floor(left.length / SAMPLE));
  let equal = 0;
  let seen = 0;
  for (let at = 0; at < left.length; at += step) {
    seen++;
    if (agrees(left[at]!, right[at]!, rules, `${path}[]`)) equal++;
  }
  return equal * 2 > seen;
}

function sameItems(left: JsonList, right: JsonList, rules: MergeRules, path: string): boolean {
  if (left.length !== right.length) return false;
  if (left.every((item, at) => agrees(item, right[at]!, rules, `${path}[]`))) return true;
  if (mostlyInPlace(left, right, rules, path)) return false;
  if (left.length > MAX_UNORDERED || !left.every((item) => isObject(item))) return false;
  const keys = new Map<string, number>();
  for (const item of left) keys.set(keyOf(item), (keys.get(keyOf(item)) ?? 0) + 1);
  return right.every((item) => {
    const key = keyOf(item);
    const count = keys.get(key) ?? 0;
    keys.set(key, count - 1);
    return count > 0;
  });
}
