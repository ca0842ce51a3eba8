// What must stay to the letter: code, quotes, examples, data. It is taken out before anything is changed and put back after.
interface Guarded {
  /** The text with each protected piece as one mark. */
  readonly text: string;
  readonly restore: (text: string) => string;
  /** Characters that schemas lost on being written on one line. */
  readonly compacted: number;
}

const FIRST_MARK = 0xe000;
/** The last of them, U+F8FF, is left to others. */
const LAST_MARK = 0xf8fe;
const ANY_MARK = /[\uE000-\uF8FF]/;
const MARKS = /[\uE000-\uF8FF]/g;

export const hasMark = (text: string): boolean => ANY_MARK.test(text);

const FENCE = /^\s*(`{3,}|~{3,})/;
const HEADING = /^\s{0,3}(#{1,6})\s|^\s*\*\*[^*]+\*\*:?\s*$/;
const ABOUT_EXAMPLES =
  /\b(?:examples?|few-?shots?|samples?|demonstrations?|sample (?:input|output|dialogue)s?|beispiele?|exemples?|ejemplos?|esempi[oi]?|exemplos?)\b|例|示例|пример/i;
/** A line that opens examples without being a heading: `Example 2:`, `For example:`. */
const EXAMPLE_LABEL =
  /^\s*(?:[-*•]\s*)?(?:\*\*)?(?:here (?:is|are) (?:an?|some|a few) )?(?:for )?(?:few-?shot |good |bad |sample )?examples?(?: \w+)?(?: ?#?\d+)?(?: \([^)]*\))?(?:\*\*)?\s*:/i;
const TURN =
  /^\s*(?:[-*•]\s*)?(?:\*\*)?(?:user|human|assistant|ai|bot|customer|agent|system|q|a|question|answer|input|output|query|response|thought|action|action input|observation)(?: ?\d+)?(?:\*\*)?\s*:/i;
const DATA_TAG =
  /<([a-z][\w-]*(?:example|shot|sample|quote|code|document|context|data|input|output|transcript|conversation|message|query|article|email|text|source|snippet|template|pre|xml|sql)[\w-]*|examples?|samples?|quotes?|code|documents?|context|data|input|output|transcript|conversation|messages?|query|article|email|text|source|snippet|template|pre|xml|sql|demo|shot)(?:\s[^>]*)?>[\s\S]*?<\/\1>/gi;
const INLINE =
  /`[^`\n]+`|"[^"\n]*"|“[^”\n]*”|„[^“”\n]*[“”]|«[^»\n]*»|‘[^’\n]*’|(?<!\w)'[^'\n]+'(?!\w)|\{\{[^{}\n]*\}\}|\$\{[^{}\n]*\}|\bhttps?:\/\/\S+/g;
const LIST_ITEM = /^\s*(?:[-*+•–]|\d+[.)]|[a-z][.)])\s+/i;

/** null when the text has more to protect than there are marks, or holds marks itself. */
export function guard(source: string): Guarded | null {
  if (hasMark(source)) return null;
  const kept: string[] = [];
  const mark = (text: string): string => {
    kept.push(text);
    return String.fromCharCode(FIRST_MARK + kept.length - 1);
  };
  const tagged = source.replace(DATA_TAG, mark);
  const { text, compacted } = guardLines(tagged.split('\n'), mark);
  const guarded = text.replace(INLINE, mark);
  if (FIRST_MARK + kept.length - 1 > LAST_MARK) return null;
  const restore = (changed: string): string =>
    changed.replace(MARKS, (one) => restore(kept[one.charCodeAt(0) - FIRST_MARK]!));
  return { text: guarded, restore, compacted };
}

type Mark = (text: string) => string;

function guardLines(lines: readonly string[], mark: Mark): { readonly text: string; readonly compacted: number } {
  const out: string[] = [];
  let compacted = 0;
  for (let at = 0; at < lines.length;) {
    const end = blockEnd(lines, at);
    if (end === at) {
      out.push(lines[at]!);
      at += 1;
      continue;
    }
    const block = lines.slice(at, end).join('\n');
    const compact = compactSchema(block);
    compacted += block.length - compact.length;
    out.push(mark(compact));
    at = end;
  }
  return { text: out.join('\n'), compacted };
}

/** The line after the protected block that starts at `at`; `at` itself when none does. */
function blockEnd(lines: readonly string[], at: number): number {
  const line = lines[at]!;
  const fence = FENCE.exec(line)?.[1];
  if (fence !== undefined) return after(lines, at + 1, (each) => each.trim().startsWith(fence));
  if (HEADING.test(line)) return ABOUT_EXAMPLES.test(line) ? sectionEnd(lines, at) : at;
  if (EXAMPLE_LABEL.test(line)) return sectionEnd(lines, at);
  if (/^\s*>/.test(line)) return at + 1;
  if (TURN.test(line)) return until(lines, at, (each) => each.trim() === '');
  if (/^\s*[[{]/.test(line)) return jsonEnd(lines, at);
  return /^(?: {4}|\t)/.test(line) && line.trim() !== '' && !LIST_ITEM.test(line) ? at + 1 : at;
}

function until(lines: readonly string[], at: number, ends: (line: string) => boolean): number {
  let end = at + 1;
  while (end < lines.length && !ends(lines[end]!)) end += 1;
  return end;
}

const after = (lines: readonly string[], at: number, ends: (line: string) => boolean): number =>
  Math.min(lines.length, until(lines, at - 1, ends) + 1);

/** Up to the next heading that is no deeper; a fence's lines are no headings. */
function sectionEnd(lines: readonly string[], at: number): number {
  const depth = depthOf(lines[at]!);
  let fenced = false;
  return until(lines, at, (line) => {
    if (FENCE.test(line)) fenced = !fenced;
    return !fenced && HEADING.test(line) && !ABOUT_EXAMPLES.test(line) && depthOf(line) <= depth;
  });
}

/** Labels and bold lines stand below every heading with `#`. */
const depthOf = (line: string): number => /^\s{0,3}(#{1,6})\s/.exec(line)?.[1]?.length ?? 7;

/** Up to where the brackets are balanced, or to the next empty line where they never are. */
function jsonEnd(lines: readonly string[], at: number): number {
  let depth = 0;
  for (let end = at; end < lines.length; end += 1) {
    for (const [piece] of lines[end]!.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/g))
      depth += piece === '{' || piece === '[' ? 1 : piece === '}' || piece === ']' ? -1 : 0;
    if (depth <= 0) return end + 1;
  }
  return until(lines, at, (line) => line.trim() === '');
}

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** An object's schema, as people write it into prompts. */
const isSchema = (value: unknown): boolean =>
  isFields(value) &&
  isFields(value['properties']) &&
  (value['type'] === 'object' || Array.isArray(value['required']) || '$schema' in value);

/** A JSON schema that somebody wrote out over many lines, on one; anything else as it is. */
function compactSchema(block: string): string {
  if (!/^\s*\{/.test(block)) return block;
  try {
    const value: unknown = JSON.parse(block);
    if (!isSchema(value)) return block;
    const compact = JSON.stringify(value);
    return compact.length < block.length ? compact : block;
  } catch {
    return block;
  }
}
