// Where in a text the value of a field stands: beside its name, or as the first value of its kind.
import { find, kindOf, type Kind } from './find.ts';

const wordsOf = (key: string): string =>
  key
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replace(/[_-]+/g, ' ')
    .trim()
    .toLowerCase();

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);

/** What follows `Key:`, `key is`, `key =` up to the end of the clause. */
function beside(key: string, text: string): string | null {
  const words = wordsOf(key);
  if (words === '') return null;
  const name = words.split(' ').map(escaped).join('[ _-]?');
  const match = new RegExp(
    String.raw`(?<![\w])${name}\**\s*(?::|=| is | was | - )\s*\**["'“]?([^\n;]{1,200})`,
    'i',
  ).exec(text);
  const rest = match?.[1]?.trim();
  return rest === undefined || rest === '' ? null : rest;
}

function clause(rest: string): string {
  return rest.split(/,\s|\.\s|["”]|\.$|\s\|\s|\band\b(?= [\w ]{1,20}(?:is|:))/)[0]!.trim();
}

const FALLBACKS: Partial<Record<Kind, readonly Kind[]>> = {
  quoted: [],
  company: ['person'],
  money: ['number'],
  percent: ['number'],
  quantity: ['number'],
  place: [],
};

/**
 * Candidates for the value of a field, the likeliest first; empty when the text has none.
 * `numeric` wants numbers, whatever the name says. `hint` is the schema's `format`.
 */
export function seek(key: string, text: string, numeric: boolean, hint?: string): string[] {
  const way = wayIn(key, text);
  if (way !== null && !numeric) return way;
  const named = kindOf(key.split(/[./]/).at(-1)!);
  const addressed = /^(?:to|cc|bcc|recipients?)$/i.test(key) ? find('email', text) : [];
  if (addressed.length > 0) return addressed;
  const formats: Readonly<Record<string, Kind>> = {
    email: 'email',
    date: 'date',
    'date-time': 'date',
    uri: 'url',
    time: 'time',
  };
  const kind = formats[hint ?? ''] ?? (numeric && !isNumeric(named) ? 'number' : named);
  const rest = beside(key, text);
  const first = rest === null ? [] : kind === null ? [clause(rest)] : find(kind, rest).slice(0, 1);
  const said =
    rest !== null && first.length === 0 && !numeric && kind !== 'date' && kind !== 'email' ? [clause(rest)] : first;
  const all = kind === null ? [] : [kind, ...(FALLBACKS[kind] ?? [])].flatMap((each) => find(each, text));
  const counted = numeric ? countOf(key, text) : [];
  return [...new Set([...counted, ...said, ...all])].filter((value) => value !== '');
}

/** `from Paris to London`: which place is meant by an origin, and which by a destination. */
function wayIn(key: string, text: string): string[] | null {
  const from = /(?:^|_)(?:from|origin|departure|source|start)(?:$|_(?!date|time))/i.test(key);
  const to = /(?:^|_)(?:to|destination|arrival|target)(?:$|_(?!date|time|language))/i.test(key);
  if (!from && !to) return null;
  const place = String.raw`(\p{Lu}[\p{L}'-]+(?: \p{Lu}[\p{L}'-]+)*)`;
  const ends = 'from to'
    .split(' ')
    .flatMap((word) => new RegExp(String.raw`\b${word} ${place}`, 'u').exec(text)?.[1] ?? []);
  if (ends.length < 2) return null;
  return from ? ends : ends.toReversed();
}

/** `2 passengers`, `42 years old`: the number before the field's own word. */
function countOf(key: string, text: string): string[] {
  const stem = wordsOf(key).split(' ').at(-1)!.replace(/s$/, '');
  const words = stem === 'age' ? 'years?[ -]old' : stem.length > 2 ? escaped(stem) : '(?!)';
  return new RegExp(String.raw`(?<![\d.,])(\d[\d,.]{0,15})[ -](?:${words})`, 'i').exec(text)?.slice(1, 2) ?? [];
}

function isNumeric(kind: Kind | null): boolean {
  return kind !== null && ['money', 'percent', 'number', 'quantity', 'year'].includes(kind);
}

/** A text in the parts that describe one record each: list lines, lines, clauses; the whole text when it has no parts. */
export function recordsIn(text: string): string[] {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  const listed = lines
    .filter((line) => /^(?:[-*•]|\d+[.)])\s+/.test(line))
    .map((line) => line.replace(/^(?:[-*•]|\d+[.)])\s+/, ''));
  if (listed.length >= 2) return listed;
  const rows = lines.filter((line) => /[,|\t;]/.test(line) && /\d/.test(line));
  if (rows.length >= 2) return rows;
  const body = text.slice((/:\s/.exec(text)?.index ?? -2) + 2);
  const clauses = body
    .split(/;\s*|\.\s+(?=\p{Lu})|,\s+(?:and\s+)?(?=\d|an? |\p{Lu})|\s+and\s+(?=\d|an? )/u)
    .map((part) => part.trim())
    .filter(Boolean);
  return clauses.length >= 2 ? clauses : [body];
}
