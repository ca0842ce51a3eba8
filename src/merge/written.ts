// Tool calls that a model wrote into its text: `<tool_call>{…}</tool_call>`, `{"name": …, "arguments": …}`, `[weather(city="Rome")]`, `print(api.weather(city="Rome"))`.
import { isList, isObject, JsonNumber, readJsonAt } from './json.ts';
import type { Json, JsonObject } from './json.ts';

interface WrittenCall {
  readonly name: string;
  readonly arguments: JsonObject;
}

const MAX_CHARS = 40_000;
const MAX_CALLS = 64;
const MAX_DEPTH = 20;

/** `weather.get` is offered as `weather_get`. */
const spelled = (name: string): string => name.replace(/[^\w-]/g, '_');

function fromObject(value: Json, names: ReadonlySet<string>): WrittenCall | null {
  if (!isObject(value)) return null;
  const inner = value.get('function');
  if (isObject(inner)) return fromObject(inner, names);
  const name = value.get('name') ?? value.get('tool') ?? value.get('function');
  const given = value.get('arguments') ?? value.get('parameters') ?? value.get('args');
  if (typeof name !== 'string' || !names.has(spelled(name)) || !isObject(given)) return null;
  return { name: spelled(name), arguments: given };
}

function fromJson(text: string, names: ReadonlySet<string>): readonly WrittenCall[] {
  const calls: WrittenCall[] = [];
  const opening = /[{[]/g;
  for (let tries = 0; tries < MAX_CALLS; tries++) {
    const at = opening.exec(text);
    if (at === null) break;
    const read = readJsonAt(text, at.index, true);
    if (read === null) continue;
    const found = (isList(read.value) ? read.value : [read.value]).map((item) => fromObject(item, names));
    if (found.some((call) => call === null)) continue;
    calls.push(...found.filter((call) => call !== null));
    opening.lastIndex = read.end;
  }
  return calls;
}

interface Cursor {
  readonly text: string;
  at: number;
}

function skip(cursor: Cursor): void {
  while (/\s/.test(cursor.text.charAt(cursor.at)) && cursor.at < cursor.text.length) cursor.at++;
}

function take(cursor: Cursor, char: string): boolean {
  skip(cursor);
  if (cursor.text.charAt(cursor.at) !== char) return false;
  cursor.at++;
  return true;
}

function matched(cursor: Cursor, pattern: RegExp): string | null {
  pattern.lastIndex = cursor.at;
  const found = pattern.exec(cursor.text)?.[0];
  if (found === undefined) return null;
  cursor.at += found.length;
  return found;
}

const QUOTED = /'(?:\\[^]|[^'\\])*'|"(?:\\[^]|[^"\\])*"/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /[A-Za-z_][\w.]*/y;
const WORDS: Readonly<Record<string, Json>> = {
  True: true,
  False: false,
  None: null,
  true: true,
  false: false,
  null: null,
};

const unquoted = (literal: string): string =>
  literal.slice(1, -1).replace(/\\([^])/g, (_, char: string) => (char === 'n' ? '\n' : char === 't' ? '\t' : char));

/** A Python or JSON literal; undefined for anything else, such as an expression. */
function literal(cursor: Cursor, depth: number): Json | undefined {
  skip(cursor);
  if (depth > MAX_DEPTH) return undefined;
  const quoted = matched(cursor, QUOTED);
  if (quoted !== null) return unquoted(quoted);
  if (take(cursor, '[')) return sequence(cursor, ']', depth);
  if (take(cursor, '(')) return sequence(cursor, ')', depth);
  if (take(cursor, '{')) return record(cursor, depth);
  const number = matched(cursor, NUMBER);
  if (number !== null) return new JsonNumber(number);
  const word = matched(cursor, WORD);
  return word !== null && Object.hasOwn(WORDS, word) ? WORDS[word] : undefined;
}

function sequence(cursor: Cursor, close: string, depth: number): Json | undefined {
  const items: Json[] = [];
  while (!take(cursor, close)) {
    const item = literal(cursor, depth + 1);
    if (item === undefined) return undefined;
    items.push(item);
    if (!take(cursor, ',') && cursor.text.charAt(cursor.at) !== close) return undefined;
  }
  return items;
}

function record(cursor: Cursor, depth: number): Json | undefined {
  const fields = new Map<string, Json>();
  while (!take(cursor, '}')) {
    skip(cursor);
    const key = matched(cursor, QUOTED);
    if (key === null || !take(cursor, ':')) return undefined;
    const value = literal(cursor, depth + 1);
    if (value === undefined) return undefined;
    fields.set(unquoted(key), value);
    if (!take(cursor, ',') && cursor.text.charAt(cursor.at) !== '}') return undefined;
  }
  return fields;
}

function keywords(cursor: Cursor): JsonObject | null {
  const fields = new Map<string, Json>();
  while (!take(cursor, ')')) {
    skip(cursor);
    const name = matched(cursor, WORD);
    if (name === null || !take(cursor, '=')) return null;
    const value = literal(cursor, 0);
    if (value === undefined) return null;
    fields.set(name, value);
    if (!take(cursor, ',') && cursor.text.charAt(cursor.at) !== ')') return null;
  }
  return fields;
}

/** Calls in Python's syntax with named arguments, in a list (of texts), on lines of their own, or printed. */
function fromPython(text: string, names: ReadonlySet<string>): readonly WrittenCall[] {
  const calls: WrittenCall[] = [];
  const opening = /(?<=^|[[,\n`]\s*["']?)(?:print\()?(?:(?:default_api|functions|tools)\.)?([A-Za-z_][\w.]*)\(/g;
  for (let found = opening.exec(text); found !== null && calls.length < MAX_CALLS; found = opening.exec(text)) {
    const name = spelled(found[1]!);
    if (!names.has(name)) continue;
    const cursor = { text, at: found.index + found[0].length };
    const given = keywords(cursor);
    if (given === null) continue;
    calls.push({ name, arguments: given });
    opening.lastIndex = cursor.at;
  }
  return calls;
}

/** Calls of the offered tools, as written; none where the text holds no whole one. Linear in the text. */
export function writtenCalls(text: string, names: ReadonlySet<string>): readonly WrittenCall[] {
  if (names.size === 0 || text === '' || text.length > MAX_CHARS) return [];
  const python = fromPython(text, names);
  return python.length > 0 ? python : fromJson(text, names);
}
