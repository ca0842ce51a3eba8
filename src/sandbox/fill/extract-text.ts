// Extraction that is asked for in words: a single value, or a JSON object whose keys stand in the prompt.
import { find, isoDate, kindOf } from './find.ts';
import type { Schema } from './schema.ts';
import { solution, type Solution } from '../solve/index.ts';

const NUMERIC = /^(?:money|percent|number|quantity|year)$/;

/** What is to be read, without the instruction that stands before it. */
export function bodyOf(text: string): string {
  const body = /\b(?:extract|parse|read|fill|convert|return|get|from|identify|list)\b[^:\n{]{0,200}(?::|\n)\s*([^]+)$/i
    .exec(text)?.[1]
    ?.trim();
  return body !== undefined && body.length > 10 && !/^["{[]/.test(body) ? body : text;
}

/** `Extract the email address from: …` */
export function solveExtraction(text: string): Solution | null {
  const asked =
    /\b(?:extract|find|what is|get|list|identify)\s+(?:me )?(all |every )?(?:of )?(?:the )?([\w -]{2,40}?)s?(?: address(?:es)?| numbers?)?\s+(?:from|in|mentioned)\b/i.exec(
      text.slice(0, 3000),
    );
  const words = asked?.[2]?.trim().toLowerCase().replace(/\s+/g, '_');
  const kind = words === undefined ? null : kindOf(words);
  if (!asked || kind === null) return null;
  const found = [...new Set(find(kind, bodyOf(text)))];
  if (found.length === 0) return null;
  const first = found[0]!;
  const right = asked[1] ? found.join(', ') : first;
  const others = asked[1] ? [first, found.slice(1).join(', ')] : found.slice(1);
  const altered = [
    first.slice(0, -1),
    first.replace(/\d/, (digit) => String((Number(digit) + 1) % 10)),
    isoDate(first) ?? first.toLowerCase(),
  ];
  return solution({ family: 'extraction', form: 'text', right, wrongs: [...others, ...altered].filter(Boolean) });
}

function keysIn(text: string): string[] {
  const skeleton = [...text.matchAll(/"([A-Za-z_]\w*)"\s*:/g)].map((match) => match[1]!);
  if (skeleton.length > 0) return skeleton;
  const listed =
    /\b(?:keys?|fields?|properties)\b(?: are| named| called)?\s*:?\s*([`"'\w][^.\n:]*)/i.exec(text)?.[1] ?? '';
  return listed
    .split(/\s*,\s*(?:and\s+)?|\s+and\s+/)
    .map((key) => /^[`"']?([A-Za-z_]\w*)/.exec(key.trim())?.[1] ?? '')
    .filter(Boolean);
}

/** The schema of an object that a prompt describes in words; null when it asks for no JSON or names no keys. */
export function schemaInWords(text: string): Schema | null {
  if (!/\bjson\b/i.test(text)) return null;
  const keys = [...new Set(keysIn(text.slice(0, 6000)))].slice(0, 50);
  if (keys.length === 0) return null;
  const types = keys.map((key) => [key, { type: NUMERIC.test(kindOf(key) ?? '') ? 'number' : 'string' }]);
  return { type: 'object', properties: Object.fromEntries(types) as Schema, required: keys };
}
