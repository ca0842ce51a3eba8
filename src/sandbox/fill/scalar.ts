// Fields with one value: texts, numbers, yes or no, one of a list. Right, or wrong as the model's mind decides.
import type { Family } from '../behaviour.ts';
import type { Mind } from '../mind.ts';
import { bestLabel, findExpression, sentencesOf, summaryOf, type Solution } from '../solve/index.ts';
import { asNumber, find, isoDate, kindOf } from './find.ts';
import { conformNumber, conformText, propertiesOf, resolved, typesOf, type Json, type Schema } from './schema.ts';
import { seek } from './seek.ts';

export interface Filling {
  readonly text: string;
  readonly root: Schema;
  readonly mind: Mind;
  readonly family: Family;
  /** Truth of the question asked, for fields such as `answer`; null when none is known. */
  readonly solution: Solution | null;
  /** Told of every field for which the text has a value. */
  readonly decided: (right: boolean) => void;
  /** Values that may still be filled in; a schema that asks for more gets `null`. */
  readonly room: { left: number };
}

const ANSWER = /(?:^|_)(?:answer|result|solution|output|response|translation|final|choice|value|verdict|x)$/i;
const THOUGHTS = /reason|explanation|rationale|thought|steps?$|analysis|justification|working/i;
const TEXTS =
  /summary|description|abstract|overview|gist|text|content|body|message|notes?$|comment|title|subject|headline|topic/i;

export const lastKey = (path: string): string =>
  path
    .replace(/\[\d*\]/g, '')
    .split('.')
    .at(-1)!;

/** The right value, or one of the wrong ones; `name` and the model's family decide which. */
function choose<Value extends Json>(filling: Filling, path: string, right: Value, wrongs: readonly Value[]): Value {
  const others = wrongs.filter((wrong) => wrong !== right);
  const known = filling.mind.isRight(filling.family, path);
  filling.decided(known || others.length === 0);
  return known || others.length === 0 ? right : filling.mind.slip(path, others);
}

function answerField(filling: Filling, path: string): { readonly right: string; readonly value: string } | null {
  const { solution, mind } = filling;
  if (solution === null || !ANSWER.test(lastKey(path))) return null;
  const right = mind.isRight(solution.family, 'answer');
  filling.decided(right);
  return { right: solution.right, value: right ? solution.right : mind.slip('answer', solution.wrongs) };
}

export function fillText(schema: Schema, filling: Filling, path: string): string {
  const key = lastKey(path);
  const solved = answerField(filling, path);
  if (solved) return conformText(solved.value, schema);
  const format = typeof schema['format'] === 'string' ? schema['format'] : undefined;
  const asked = wholeQuestion(key, filling.text);
  const found = asked === null ? textsFor(key, filling.text, path, format) : [asked];
  if (found.length > 0) {
    const dated = kindOf(key) === 'date' || format === 'date';
    const values = dated ? found.map((value) => isoDate(value) ?? value) : found;
    return conformText(choose(filling, path, values[0]!, [...values.slice(1, 6), ...variants(values[0]!)]), schema);
  }
  if (format !== undefined && format !== 'date') return conformText('', schema);
  if (THOUGHTS.test(key)) return conformText(thought(filling), schema);
  if (TEXTS.test(key)) return conformText(summaryOf(filling.text, 1).slice(0, 300) || 'unknown', schema);
  const quoted = find('quoted', filling.text)[0];
  return conformText(quoted ?? (filling.text.length < 80 ? filling.text.trim() || 'unknown' : 'unknown'), schema);
}

/** Fields that hold what was asked rather than a piece of it: an expression, a search, a thing in quotes. */
function wholeQuestion(key: string, text: string): string | null {
  if (/expression|formula|equation/i.test(key)) return findExpression(text)?.written ?? null;
  if (!/^(?:q|query|search(?:_?(?:query|term|terms))?|question|keywords?|prompt)$/i.test(key)) return null;
  const quoted = find('quoted', text)[0];
  const after = /\b(?:search(?: the web)?(?: for)?|look up|find|google)\s+(?:for )?([^.?!\n]+)/i.exec(text)?.[1];
  return quoted ?? after?.trim() ?? text.trim().slice(0, 200);
}

export function thought({ solution }: Filling): string {
  return solution?.subject === undefined
    ? 'Read from the text (simulated).'
    : `Worked out: ${solution.subject} (simulated).`;
}

/** A thing on a list is what stands between its count and its price. */
function textsFor(key: string, text: string, path: string, format: string | undefined): string[] {
  const listed =
    /\]\.(?:name|item|product|description|title)$/.test(path) &&
    find('person', text).every((name) => !name.includes(' '));
  const thing = listed
    ? /^(?:and\s+)?(?:\d+\s*[x×]?\s+|an?\s+)?(.+?)(?:\s*(?:\bat\b|\bfor\b|@|[-–:,(|]\s|\bcosts?\b|[$€£]|[x×] ?\d)|\.?$)/iu
        .exec(text)?.[1]
        ?.trim()
    : undefined;
  if (thing !== undefined && thing !== '') return [thing];
  const said = /^(?:body|message|content|text)$/i.test(key)
    ? /\b(?:saying|that says|with the (?:text|message|body))\s+["'“]?([^"”\n]+?)["'”]?[.!]?$/im.exec(text)?.[1]
    : undefined;
  const about = /^(?:subject|topic|title)$/i.test(key)
    ? /\babout\s+([^.?!\n]+?)(?=\s+(?:saying|to)\b|[.?!\n]|$)/i.exec(text)?.[1]
    : undefined;
  return said === undefined && about === undefined ? seek(key, text, false, format) : [said ?? about!];
}

/** How a copied text goes wrong when there is no other to take it for. */
function variants(value: string): string[] {
  const digits = /\d/.test(value) ? [value.replace(/\d(?=\D*$)/, (digit) => String((Number(digit) + 1) % 10))] : [];
  const words = value.includes(' ')
    ? [value.split(' ').slice(0, -1).join(' '), value.split(' ').slice(1).join(' ')]
    : [];
  const copied = digits.length === 0 && words.length === 0 ? [value.slice(0, -1), value.toLowerCase()] : [];
  return [...digits, ...words, ...copied].filter((text) => text !== '' && text !== value);
}

export function fillNumber(schema: Schema, filling: Filling, path: string, whole: boolean): number {
  const key = lastKey(path);
  const solved = answerField(filling, path);
  const worked = solved === null ? null : asNumber(solved.value);
  if (worked !== null) return conformNumber(worked, schema, whole);
  if (/confidence|probability|certainty|likelihood/i.test(key)) {
    return conformNumber(Number((0.55 + 0.4 * filling.mind.own.unit(path)).toFixed(2)), schema, whole);
  }
  const found = seek(key, filling.text, true).flatMap((text) => asNumber(text) ?? []);
  if (found.length === 0) return conformNumber(0, schema, whole);
  const [right] = found as [number];
  const wrongs = [...found.slice(1, 6), right + 1, right - 1, right * 10];
  return conformNumber(choose(filling, path, right, wrongs), schema, whole);
}

export function fillBoolean(filling: Filling, path: string): boolean {
  const { solution } = filling;
  const solved = solution?.form === 'label' ? solution.right.toLowerCase() : null;
  if (solved === 'yes' || solved === 'no' || solved === 'true' || solved === 'false') {
    const truth = solved === 'yes' || solved === 'true';
    return choose(filling, 'answer', truth, [!truth]);
  }
  const words = lastKey(path)
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split('_')
    .filter((word) => !/^(?:is|has|are|was|does|should|can)$/.test(word));
  const stem = (words.at(-1) ?? '').slice(0, 5);
  const sentence =
    stem === '' ? undefined : sentencesOf(filling.text).find((each) => each.toLowerCase().includes(stem));
  const truth = sentence !== undefined && !/\bnot?\b|n't|\bnever\b|\bwithout\b|: ?(?:no|false)\b/i.test(sentence);
  return choose(filling, path, truth, [!truth]);
}

const labelOf = (value: Json): string | null =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : null;

export function fillEnum(list: readonly Json[], filling: Filling, path: string): Json {
  const labels = list.flatMap((each) => labelOf(each) ?? []);
  if (labels.length === 0) return list[0] ?? null;
  const { solution } = filling;
  const byTruth = labels.find((label) => label.toLowerCase() === solution?.right.toLowerCase());
  const lower = filling.text.toLowerCase();
  const named = labels.filter((label) =>
    new RegExp(`(?<![\\p{L}\\p{N}])${label.replace(/[^\p{L}\p{N}]+/gu, '.{0,2}')}(?![\\p{L}\\p{N}])`, 'iu').test(lower),
  );
  const right = byTruth ?? (named.length === 1 ? named[0]! : bestLabel(labels, filling.text));
  const value = choose(
    byTruth ? { ...filling, family: solution!.family } : filling,
    byTruth ? 'answer' : path,
    right,
    labels.filter((label) => label !== right),
  );
  return list.find((each) => labelOf(each) === value) ?? list[0]!;
}

/** Whether the text has something to say about an optional field. */
export function isThere(key: string, schema: Schema, filling: Filling, depth = 0): boolean {
  const [type] = typesOf(schema);
  if (type === 'object' && depth > 3) return false;
  if (type === 'object')
    return Object.entries(propertiesOf(schema)).some(([inner, part]) =>
      isThere(inner, resolved(part, filling.root), filling, depth + 1),
    );
  if (type === 'array') return seek(key, filling.text, false).length > 0;
  if (Array.isArray(schema['enum']))
    return (schema['enum'] as Json[]).some(
      (each) => typeof each === 'string' && filling.text.toLowerCase().includes(each.toLowerCase()),
    );
  if (type === 'boolean') return filling.text.toLowerCase().includes(key.replace(/^(?:is|has)_?/i, '').toLowerCase());
  if (filling.solution !== null && ANSWER.test(key)) return true;
  return seek(key, filling.text, type === 'number' || type === 'integer').length > 0;
}
