// Values as they are shown to people: recognisable, never large.
import { isList, isObject, writeJson } from './json.ts';
import type { Json } from './json.ts';

const isPlain = (value: Json): boolean => !isObject(value) && !isList(value);

/** Enough of a value to recognise it by; a large one isn't written out. */
export function shown(value: Json): string {
  if (isObject(value)) {
    if (value.size > 20) return `{${value.size} fields}`;
    return [...value.values()].every(isPlain) ? writeJson(value) : `{${[...value.keys()].join(', ')}}`;
  }
  if (isList(value)) return value.length > 20 || !value.every(isPlain) ? `[${value.length} items]` : writeJson(value);
  return typeof value === 'string' && value.length > 400 ? JSON.stringify(value.slice(0, 400)) : writeJson(value);
}
