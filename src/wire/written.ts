// A body as it was written: what nobody changes goes on to the letter, also numbers that a double can't hold and keys that stand twice.
import type { Written } from '../contract/index.ts';

type Fields = Readonly<Record<string, unknown>>;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN = new Set([0x5b, 0x7b]);
const CLOSE = new Set([0x5d, 0x7d]);

/** JSON text of `body`: its fields that are the very values of `written` as they stand there, the others anew. Of a key that stood twice the last counts. */
export function jsonAsWritten(body: Fields, written: Written | undefined): string {
  if (written === undefined) return JSON.stringify(body);
  const known = (written.members ??= membersOf(written.text));
  let text = '';
  for (const key of Object.keys(body)) {
    const value = body[key];
    const own = Object.is(value, written.fields[key]) ? known.get(key) : undefined;
    const member = own ?? memberOf(key, value);
    if (member !== null) text += text === '' ? member : `,${member}`;
  }
  return `{${text}}`;
}

/** No model will be asked any more: for as long as its answer goes on, the request needn't be kept twice. */
export function forgetText(written: Written): void {
  written.text = '';
  written.members = undefined;
}

function memberOf(key: string, value: unknown): string | null {
  const text = JSON.stringify(value) as string | undefined;
  return text === undefined ? null : `${JSON.stringify(key)}:${text}`;
}

/** Of the text of a JSON object: `"key": value`, by key. */
function membersOf(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  let at = text.indexOf('{') + 1;
  while (at > 0) {
    const start = text.indexOf('"', at);
    if (start < 0) break;
    const keyEnd = stringEnd(text, start);
    const end = memberEnd(text, keyEnd);
    const key = text.slice(start, keyEnd);
    found.set(key.includes('\\') ? (JSON.parse(key) as string) : key.slice(1, -1), text.slice(start, end).trimEnd());
    at = end + 1;
  }
  return found;
}

/** Index after the closing quote. */
function stringEnd(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); quote > 0; quote = text.indexOf('"', quote + 1)) {
    let slashes = 0;
    while (text.charCodeAt(quote - 1 - slashes) === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return quote + 1;
  }
  return text.length;
}

/** Index of the comma or the brace behind the value. */
function memberEnd(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = stringEnd(text, at) - 1;
    else if (OPEN.has(code)) depth += 1;
    else if (CLOSE.has(code) ? depth-- === 0 : code === COMMA && depth === 0) return at;
  }
  return text.length;
}

const LONG_NUMBER = /\d{16}|\d[eE][+-]?\d{2}/;
const LONGEST_SIGN = 16;
/** It goes back at every digit: after 50,000 of them in one go V8 takes an engine that is a hundred times slower. */
const PIECE = 8_192;
const STRING_OR_NUMBER = /["\d-]/g;
const NUMBER = /-?\d[\d.eE+-]*/y;

function mayBeInexact(text: string): boolean {
  if (text.length <= PIECE) return LONG_NUMBER.test(text);
  for (let at = 0; at < text.length; at += PIECE)
    if (LONG_NUMBER.test(text.slice(at, at + PIECE + LONGEST_SIGN))) return true;
  return false;
}

/** The numbers in it that a double can't hold, as they stand there: two requests that differ in them only are different ones. */
export function inexactNumbers({ text }: Written): string {
  if (!mayBeInexact(text)) return '';
  const odd: string[] = [];
  STRING_OR_NUMBER.lastIndex = 0;
  for (let found = STRING_OR_NUMBER.exec(text); found !== null; found = STRING_OR_NUMBER.exec(text)) {
    const at = found.index;
    NUMBER.lastIndex = at;
    const number = NUMBER.exec(text)?.[0];
    if (number !== undefined && String(Number(number)) !== number) odd.push(number);
    STRING_OR_NUMBER.lastIndex = number === undefined ? stringEnd(text, at) : at + number.length;
  }
  return odd.join(' ');
}
