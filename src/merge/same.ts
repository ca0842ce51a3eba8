// When two values mean the same, and a key that is equal for those that do.
import { dateOf } from './dates.ts';
import { JsonNumber, isList, isObject } from './json.ts';
import type { Json } from './json.ts';
import { quantityOf } from './quantity.ts';
import { loosely } from './text.ts';

const numberKey = (value: number): string =>
  Number.isSafeInteger(value) ? `n:${value === 0 ? 0 : value}` : `n:${Number(value.toPrecision(12))}`;

/** Past double precision the digits decide. */
function keyOfNumber(number: JsonNumber): string {
  return Number.isSafeInteger(number.value) || /[.eE]/.test(number.text) ? numberKey(number.value) : `n:${number.text}`;
}

/** Texts that are a number and nothing but a currency or percent sign; codes with leading zeros are none. */
function keyOfNumeric(text: string): string | null {
  if (
    text.length > 40 ||
    !/^[-+($€£¥]*\.?\d/.test(text) ||
    /^-?0\d/.test(text) ||
    !/^[-+($€£¥\d.,'\s)%eE]+$/.test(text)
  )
    return null;
  if (/^\d{16,}$/.test(text)) return `n:${text}`;
  const quantity = quantityOf(text);
  if (quantity === null) return null;
  return quantity.unit === '%' ? `${numberKey(quantity.plain)}%` : numberKey(quantity.plain);
}

const MAX_CACHED = 8_192;
const MAX_CACHED_CHARS = 100;
const cached = new Map<string, string>();

/** Lists repeat the same few texts, so short ones are normalised once; the cache starts anew when it is full. */
function keyOfText(text: string): string {
  if (text.length > MAX_CACHED_CHARS) return normalisedKey(text);
  let key = cached.get(text);
  if (key === undefined) {
    key = normalisedKey(text);
    if (cached.size >= MAX_CACHED) cached.clear();
    cached.set(text, key);
  }
  return key;
}

function normalisedKey(text: string): string {
  const trimmed = text.trim();
  const numeric = keyOfNumeric(trimmed);
  if (numeric !== null) return numeric;
  const date = /\d/.test(trimmed.slice(0, 60)) ? dateOf(trimmed) : null;
  return date === null ? `s:${loosely(trimmed)}` : `d:${date}`;
}

/** Equal for values that mean the same: key order, spelling of numbers and dates, case and punctuation of texts don't count. */
export function keyOf(value: Json): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return keyOfText(value);
  if (typeof value === 'boolean') return `b:${value}`;
  if (value instanceof JsonNumber) return keyOfNumber(value);
  if (isList(value)) return `[${value.map((item) => keyOf(item)).join(',')}]`;
  const fields = [...value].map(([name, field]) => `${JSON.stringify(name)}:${keyOf(field)}`);
  return `{${fields.sort().join(',')}}`;
}

/** The same text, so that nothing needs to be normalised: the usual case, and cheap. */
export function identical(left: Json | undefined, right: Json | undefined): boolean {
  if (left === right) return true;
  if (left instanceof JsonNumber) return right instanceof JsonNumber && left.text === right.text;
  if (isList(left))
    return isList(right) && left.length === right.length && left.every((item, at) => identical(item, right[at]));
  if (!isObject(left) || !isObject(right) || left.size !== right.size) return false;
  for (const [name, field] of left) if (!right.has(name) || !identical(field, right.get(name))) return false;
  return true;
}

export const same = (left: Json, right: Json): boolean => identical(left, right) || keyOf(left) === keyOf(right);
