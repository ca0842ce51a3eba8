// JSON as models write it, read into values that can be written back unchanged: numbers keep their text, objects are maps
// (so `__proto__` is a key like any other), depth and size are bounded.

/** A number with the text it was written as, so that `12.50` and 20-digit ids survive a merge. */
export class JsonNumber {
  readonly text: string;
  readonly value: number;

  constructor(text: string) {
    this.text = text;
    this.value = Number(text);
  }
}

export type JsonList = readonly Json[];
export type JsonObject = ReadonlyMap<string, Json>;
export type Json = null | boolean | string | JsonNumber | JsonList | JsonObject;

/** Deeper values, longer texts and longer numbers are not read: they are compared as text. */
const MAX_DEPTH = 100;
const MAX_CHARS = 4_000_000;
const MAX_NUMBER_CHARS = 400;

export const isList = (value: Json | undefined): value is JsonList => Array.isArray(value);
export const isObject = (value: Json | undefined): value is JsonObject => value instanceof Map;

class Unreadable extends Error {}

interface Reader {
  readonly text: string;
  /** Reads what models write by mistake: raw line breaks and stray backslashes in strings, trailing commas, Python's literals. */
  readonly lenient: boolean;
  at: number;
}

const LITERALS: readonly (readonly [string, Json])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
];
const PYTHON_LITERALS: readonly (readonly [string, Json])[] = [
  ['True', true],
  ['False', false],
  ['None', null],
];

const isSpace = (code: number): boolean => code === 32 || code === 10 || code === 13 || code === 9;

function skipSpace(reader: Reader): void {
  while (reader.at < reader.text.length && isSpace(reader.text.charCodeAt(reader.at))) reader.at++;
}

function fail(reader: Reader): never {
  throw new Unreadable(`not JSON at ${reader.at}`);
}

/** Just past the closing quote, or -1; `plain`: without escapes and control characters. */
function endOfString(text: string, from: number): { readonly end: number; readonly plain: boolean } {
  let plain = true;
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 34) return { end: at + 1, plain };
    if (code >= 32 && code !== 92) continue;
    plain = false;
    if (code === 92) at++;
  }
  return { end: -1, plain };
}

const CONTROL = /\p{Cc}/gu;
const escapeControl = (char: string): string =>
  char === '\n'
    ? '\\n'
    : char === '\t'
      ? '\\t'
      : char === '\r'
        ? '\\r'
        : `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** Makes a legal string literal of one with raw control characters, or with the backslashes of LaTeX and regular expressions. */
function mend(literal: string): string {
  return literal.replace(CONTROL, escapeControl).replace(/\\(?:u[0-9a-fA-F]{4}|[^]|$)/g, (escape) => {
    if (/^\\(?:u[0-9a-fA-F]{4}|["\\/bfnrt])$/.test(escape)) return escape;
    return escape === "\\'" ? "'" : `\\${escape}`;
  });
}

function readString(reader: Reader): string {
  const start = reader.at;
  const { end, plain } = endOfString(reader.text, start + 1);
  if (end < 0) fail(reader);
  reader.at = end;
  if (plain) return reader.text.slice(start + 1, end - 1);
  const literal = reader.text.slice(start, end);
  try {
    return JSON.parse(literal) as string;
  } catch {
    if (!reader.lenient) fail(reader);
    return JSON.parse(mend(literal)) as string;
  }
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

function readNumber(reader: Reader): JsonNumber {
  NUMBER.lastIndex = reader.at;
  const text = NUMBER.exec(reader.text)?.[0];
  if (text === undefined || text.length > MAX_NUMBER_CHARS) fail(reader);
  reader.at += text.length;
  return new JsonNumber(text);
}

function readLiteral(reader: Reader): Json {
  const known = reader.lenient ? [...LITERALS, ...PYTHON_LITERALS] : LITERALS;
  const found = known.find(([word]) => reader.text.startsWith(word, reader.at));
  if (found === undefined) return readNumber(reader);
  reader.at += found[0].length;
  return found[1];
}

/** After an item: true when another one follows, false at the closing bracket. */
function another(reader: Reader, close: number): boolean {
  skipSpace(reader);
  const code = reader.text.charCodeAt(reader.at);
  if (code === close) {
    reader.at++;
    return false;
  }
  if (code !== 44) fail(reader);
  reader.at++;
  skipSpace(reader);
  if (reader.lenient && reader.text.charCodeAt(reader.at) === close) {
    reader.at++;
    return false;
  }
  return true;
}

function emptyAt(reader: Reader, close: number): boolean {
  reader.at++;
  skipSpace(reader);
  if (reader.text.charCodeAt(reader.at) !== close) return false;
  reader.at++;
  return true;
}

function readList(reader: Reader, depth: number): JsonList {
  const items: Json[] = [];
  if (emptyAt(reader, 93)) return items;
  do items.push(readValue(reader, depth));
  while (another(reader, 93));
  return items;
}

function readObject(reader: Reader, depth: number): JsonObject {
  const fields = new Map<string, Json>();
  if (emptyAt(reader, 125)) return fields;
  do {
    skipSpace(reader);
    if (reader.text.charCodeAt(reader.at) !== 34) fail(reader);
    const key = readString(reader);
    skipSpace(reader);
    if (reader.text.charCodeAt(reader.at) !== 58) fail(reader);
    reader.at++;
    fields.set(key, readValue(reader, depth));
  } while (another(reader, 125));
  return fields;
}

function readValue(reader: Reader, depth: number): Json {
  skipSpace(reader);
  const code = reader.text.charCodeAt(reader.at);
  if (code === 34) return readString(reader);
  if (code !== 123 && code !== 91) return readLiteral(reader);
  if (depth >= MAX_DEPTH) fail(reader);
  return code === 123 ? readObject(reader, depth + 1) : readList(reader, depth + 1);
}

/** A value that starts at `from`, and where it ends; null when there is none. Linear in what it reads. */
export function readJsonAt(
  text: string,
  from: number,
  lenient: boolean,
): { readonly value: Json; readonly end: number } | null {
  const reader: Reader = { text, lenient, at: from };
  try {
    const value = readValue(reader, 0);
    return { value, end: reader.at };
  } catch (error) {
    if (error instanceof Unreadable || error instanceof SyntaxError) return null;
    throw error;
  }
}

/** The whole text as one value; undefined when it isn't JSON or is past the bounds. */
export function parseJson(text: string, lenient = false): Json | undefined {
  if (text.length > MAX_CHARS) return undefined;
  const read = readJsonAt(text, 0, lenient);
  return read !== null && text.slice(read.end).trim() === '' ? read.value : undefined;
}

/** JSON text; `indent` spaces per level, 0 for none. */
export function writeJson(value: Json, indent = 0, level = 0): string {
  if (value instanceof JsonNumber) return value.text;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const line = indent > 0 ? `\n${' '.repeat(indent * (level + 1))}` : '';
  const end = indent > 0 ? `\n${' '.repeat(indent * level)}` : '';
  const colon = indent > 0 ? ': ' : ':';
  if (isObject(value)) {
    let fields = '';
    for (const [key, field] of value)
      fields += `${fields === '' ? '' : ','}${line}${JSON.stringify(key)}${colon}${writeJson(field, indent, level + 1)}`;
    return fields === '' ? '{}' : `{${fields}${end}}`;
  }
  let items = '';
  for (const item of value) items += `${items === '' ? '' : ','}${line}${writeJson(item, indent, level + 1)}`;
  return items === '' ? '[]' : `[${items}${end}]`;
}

/** What a schema checker reads: plain objects, `__proto__` an own key. */
export function plainOf(value: Json): unknown {
  return JSON.parse(writeJson(value));
}
