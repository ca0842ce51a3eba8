// Judge's and chairman's work: reading the labelled answers in a prompt, ranking them, and taking the majority's.
import { fill, MAX_VALUES } from './fill/fill.ts';
import { propertiesOf, resolved, typesOf, type Json, type Schema } from './fill/schema.ts';
import type { Mind } from './mind.ts';
import type { Prompt } from './prompt.ts';
import { solve } from './solve/index.ts';

interface Shown {
  readonly label: string;
  readonly text: string;
}

/** More answers than this are not looked at. */
const MAX_SHOWN = 64;
const FENCED = /<<(\w+) (?:answer|draft|response|candidate) ([\w-]+)[^>\n]*>>\n([^]*?)\n?<<\/\1>>/gi;
const HEADED =
  /^[ \t#*[(]*(?:answer|draft|response|candidate)\s+([A-Z]|\d{1,2})\b[^\n:]{0,20}[\])*]*\s*(?::[ \t*]*|\n)/gim;

function shownIn(text: string): readonly Shown[] {
  const fenced = !text.includes('<</')
    ? []
    : [...text.matchAll(FENCED)].map((match) => ({ label: match[2]!, text: match[3]!.trim() }));
  if (fenced.length > 0) return fenced.slice(0, MAX_SHOWN);
  const heads = [...text.matchAll(HEADED)].slice(0, MAX_SHOWN);
  return heads.map((head, index) => ({
    label: head[1]!,
    text: text.slice(head.index + head[0].length, heads[index + 1]?.index ?? text.length).trim(),
  }));
}

/** What an answer comes down to: its JSON, its last number, its code, else its words. */
function essence(text: string): string {
  const code = /```\w*\n([^]*?)```/.exec(text)?.[1];
  if (code !== undefined) return code.replace(/\s+/g, ' ').trim();
  if (/^[[{]/.test(text)) return text.replace(/\s+/g, '');
  const said = /(?:answer is|####|answer:)\s*\(?([^\n]+?)\)?\.?\s*$/i.exec(text)?.[1] ?? text;
  const numbers = said.length < 200 ? said.match(/-?\d+(?:\.\d+)?/g) : null;
  return (
    numbers?.at(-1) ??
    said
      .toLowerCase()
      .replace(/[^\p{L}\p{N} ]/gu, '')
      .trim()
  );
}

/** 1 right, 0 wrong, where the truth is known; else the share of answers that say the same. */
function worth(answer: Shown, all: readonly Shown[], truth: string | null): number {
  const own = essence(answer.text);
  if (truth !== null) {
    return own === essence(truth) || own.includes(truth.toLowerCase()) ? 1 : 0;
  }
  return all.filter((other) => essence(other.text) === own).length / all.length;
}

/** The list of labels that a ranking schema asks for, wherever it stands in it. */
function labelsIn(schema: Schema, root: Schema, depth = 0): string[] {
  const at = resolved(schema, root);
  if (Array.isArray(at['enum'])) return (at['enum'] as Json[]).filter((each) => typeof each === 'string');
  if (depth > 6) return [];
  const inner = typesOf(at)[0] === 'array' ? [at['items']] : Object.values(propertiesOf(at));
  return (
    inner.map((part) => labelsIn((part ?? {}) as Schema, root, depth + 1)).find((labels) => labels.length > 1) ?? []
  );
}

/** A value of the schema's form whose lists of labels hold every label once, better answers tending first. */
export function rank(schema: Schema, prompt: Prompt, mind: Mind): string {
  const shown = shownIn(prompt.text);
  const truth = solve(prompt.before === '' ? prompt.text.slice(0, 2000) : prompt.before, prompt.system)?.right ?? null;
  const labels = labelsIn(schema, schema);
  const tail = (label: string): string => /[A-Za-z]$|\d+$/.exec(label)?.[0] ?? label;
  const score = (label: string): number => {
    const answer = shown.find((each) => each.label === label || each.label === tail(label));
    const seen = answer === undefined ? 0 : worth(answer, shown, truth);
    return mind.isRight('prose', `rank/${label}`) ? seen : mind.own.unit(`misjudged/${label}`);
  };
  const scores = new Map(labels.map((label) => [label, score(label) + 1e-3 * mind.own.unit(`tie/${label}`)]));
  const order = labels.toSorted((a, b) => scores.get(b)! - scores.get(a)!);
  const base = fill(schema, {
    text: '',
    root: schema,
    mind,
    family: 'prose',
    solution: null,
    room: { left: MAX_VALUES },
    decided: () => undefined,
  });
  return JSON.stringify(withOrder(base, schema, schema, order));
}

function withOrder(value: Json, part: unknown, root: Schema, order: readonly string[]): Json {
  const schema = resolved(part, root);
  const [type] = typesOf(schema);
  if (type === 'array') {
    const item = resolved(schema['items'], root);
    if (Array.isArray(item['enum'])) return [...order];
    if (labelsIn(item, root).length === 0) return value;
    return order.map((label, index) => placed(item, root, label, index));
  }
  if (type !== 'object' || value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  const properties = propertiesOf(schema);
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, withOrder(inner, properties[key], root, order)]),
  );
}

/** One row of a ranking made of objects: `{label, rank, …}`. */
function placed(item: Schema, root: Schema, label: string, index: number): Json {
  const entries = Object.entries(propertiesOf(item)).map(([key, part]): [string, Json] => {
    const schema = resolved(part, root);
    if (Array.isArray(schema['enum'])) return [key, label];
    const [type] = typesOf(schema);
    return [key, type === 'integer' || type === 'number' ? index + 1 : 'Ranked by agreement (simulated).'];
  });
  return Object.fromEntries(entries);
}

/** The draft that most of those shown agree with, the first on a tie; null when the prompt shows fewer than two. */
export function majority(prompt: Prompt): string | null {
  const shown = shownIn(prompt.text);
  if (shown.length < 2) return null;
  const votes = shown.map((answer) => worth(answer, shown, null));
  return shown[votes.indexOf(Math.max(...votes))]!.text;
}
