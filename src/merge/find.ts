// Where in an answer's text the JSON is: the whole text, a fenced block, or an object among prose.
import { isList, isObject, parseJson, readJsonAt } from './json.ts';
import type { Json } from './json.ts';

export interface FoundJson {
  readonly value: Json;
  readonly start: number;
  readonly end: number;
  /** Legal JSON as it stands, and nothing but white space around it. */
  readonly strict: boolean;
}

const MAX_SEARCH_CHARS = 400_000;
const MAX_TRIES = 24;

const isContainer = (value: Json): boolean => isList(value) || isObject(value);

function whole(text: string): FoundJson | null {
  const strict = parseJson(text);
  if (strict !== undefined) return { value: strict, start: 0, end: text.length, strict: true };
  if (text.length > MAX_SEARCH_CHARS) return null;
  const lenient = parseJson(text, true);
  return lenient === undefined ? null : { value: lenient, start: 0, end: text.length, strict: false };
}

const FENCE = '```';
const MAX_FENCES = 100;
/** Can't fail, so that it never goes back. */
const LANGUAGE = /`*[ \t]*([\w+#.-]*)/y;

/** Bodies of fenced blocks as [start, end), in order; an unclosed last fence runs to the end. Linear, whatever the text is. */
export function fencesOf(
  text: string,
): readonly { readonly language: string; readonly start: number; readonly end: number }[] {
  const fences: { language: string; start: number; end: number }[] = [];
  let [from, lineEnd] = [0, 0];
  while (fences.length < MAX_FENCES) {
    const at = text.indexOf(FENCE, from);
    if (at < 0) break;
    if (lineEnd <= at) lineEnd = text.indexOf('\n', at);
    if (lineEnd < 0) break;
    const opens = beginsLine(text, at, from);
    from = opens ? lineEnd + 1 : at + FENCE.length;
    if (!opens) continue;
    LANGUAGE.lastIndex = at;
    const language = LANGUAGE.exec(text)![1]!.toLowerCase();
    const close = text.indexOf(FENCE, from);
    fences.push({ language, start: from, end: close < 0 ? text.length : close });
    from = close < 0 ? text.length : close + FENCE.length;
  }
  return fences;
}

/** Nothing but spaces and tabs before it, back to `from` at the most. */
function beginsLine(text: string, at: number, from: number): boolean {
  let start = at;
  while (start > from && (text[start - 1] === ' ' || text[start - 1] === '\t')) start -= 1;
  return start === 0 || '\n\r\u2028\u2029'.includes(text[start - 1]!);
}

function readAt(text: string, from: number): FoundJson | null {
  const read = readJsonAt(text, from, false) ?? readJsonAt(text, from, true);
  return read === null || !isContainer(read.value)
    ? null
    : { value: read.value, start: from, end: read.end, strict: false };
}

/** The largest object or list that parses; later ones win among equals. Bounded tries. */
function embedded(text: string, from: number, to: number): FoundJson | null {
  let best: FoundJson | null = null;
  const opening = /[{[]/g;
  opening.lastIndex = from;
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const at = opening.exec(text);
    if (at === null || at.index >= to) break;
    const found = readAt(text, at.index);
    if (found === null) continue;
    if (best === null || weightOf(found) >= weightOf(best)) best = found;
    opening.lastIndex = found.end;
  }
  return best;
}

/** Objects before lists: prose has lists such as `[1]` more often than objects. */
const weightOf = (found: FoundJson): number => (found.end - found.start) * (isObject(found.value) ? 4 : 1);

/** The JSON that the text is or holds; null when there is none. */
export function findJson(text: string): FoundJson | null {
  const first = text.charCodeAt(0) <= 32 ? text.trimStart().charAt(0) : text.charAt(0);
  if ('{["-0123456789tfn'.includes(first)) {
    const found = whole(text);
    if (found !== null) return found;
  }
  if (text.length > MAX_SEARCH_CHARS) return null;
  const fences = fencesOf(text);
  for (const fence of [...fences].reverse()) {
    const found = embedded(text, fence.start, fence.end);
    if (found !== null && text.slice(fence.start, found.start).trim() === '') return found;
  }
  return embedded(text, 0, text.length);
}
