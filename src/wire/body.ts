// A request body from bytes to a JSON value, or a 400 that says where it stops being one.
import { isUtf8 } from 'node:buffer';
import { QuorumError } from '../contract/index.ts';
import { jsonFaultAt } from './json-fault.ts';
import { tooDeepAt } from './nesting.ts';

const MAX_DEPTH = 200;

/**
 * The JSON value of a body. A byte order mark is skipped; `__proto__` stays an ordinary own property.
 * Throws `invalid_json` for an empty body, bad UTF-8, more than 200 levels of nesting, and what isn't JSON.
 */
export const parseJsonBody = (bytes: Uint8Array): unknown => readJsonBody(bytes).value;

/** The same, and the text that it was read from. */
export function readJsonBody(bytes: Uint8Array): { readonly value: unknown; readonly text: string } {
  if (bytes.length === 0) throw refuse('it is empty');
  if (!isUtf8(bytes)) throw refuse(`byte ${firstBadByte(bytes)} is not valid UTF-8`);
  const tooDeep = tooDeepAt(bytes, MAX_DEPTH);
  if (tooDeep !== -1) throw refuse(`at byte ${tooDeep} it is nested more than ${MAX_DEPTH} levels deep`);
  const text = textOf(bytes);
  try {
    return { value: JSON.parse(text) as unknown, text };
  } catch {
    throw refuse(placeOf(text, jsonFaultAt(text)));
  }
}

function refuse(reason: string): QuorumError {
  return new QuorumError('invalid_json', `We could not parse the JSON body of your request: ${reason}.`);
}

function textOf(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

function placeOf(text: string, at: number): string {
  if (text.trim() === '') return 'it is blank';
  if (at >= text.length) return `it ends too early, after ${text.length} characters`;
  const before = text.slice(0, at);
  const line = before.split('\n').length;
  const column = at - before.lastIndexOf('\n');
  return `unexpected ${JSON.stringify(String.fromCodePoint(text.codePointAt(at)!))} at line ${line}, column ${column}`;
}

/** Halves the part that holds the fault, each half starting where a character starts. */
function firstBadByte(bytes: Uint8Array): number {
  let good = 0;
  let end = bytes.length;
  while (end - good > 8) {
    let middle = good + ((end - good) >> 1);
    for (let back = 0; back < 3 && (bytes[middle]! & 0xc0) === 0x80; back++) middle--;
    if (isUtf8(bytes.subarray(good, middle))) good = middle;
    else end = middle;
  }
  for (let next = good + 1; next <= end; next++) if (isUtf8(bytes.subarray(good, next))) good = next;
  return good;
}
