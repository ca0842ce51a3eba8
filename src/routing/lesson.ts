// Teaches the lexicon a task's keywords and labelled examples.
import type { Task } from '../contract/index.ts';
import { DENSE, DIGIT, FOLD, KIND, LETTER } from './alphabet.ts';
import {
  DENSE_SEED,
  HEAD_UNITS,
  PHRASE_SEED,
  SEED,
  exactKey,
  headOf,
  mix,
  mixWord,
  type LexiconDraft,
} from './lexicon.ts';
import { FUNCTION_WORDS } from './function-words.ts';
import type { Listener, Scanner } from './scan.ts';
import { stemLength } from './stem.ts';

export const LONGEST_PHRASE = 4;
const LONGEST_DENSE = 12;
/** What one word says at the most, and in how many examples it is seen where it counts half. Function words of a few lines must not decide. */
const HINTED = { most: 1.6, half: 2 };
/** Of a task that is taught: its function words are left out, so the others may say more. */
const TAUGHT = { most: 3, half: 0.25 };
/** So many lines teach a task; fewer only hint at it. */
const ENOUGH_EXAMPLES = 10;
const isTaught = ({ examples }: Task): boolean => examples.length >= ENOUGH_EXAMPLES;

const unitsOf = (text: string): number[] => Array.from({ length: text.length }, (_, at) => text.charCodeAt(at));
const foldedUnits = (text: string): Uint16Array => Uint16Array.from(unitsOf(text), (unit) => FOLD[unit]!);

interface WordHashes {
  readonly stem: number;
  readonly exact: number;
}

function wordHashes(word: string, draft: LexiconDraft): WordHashes {
  const units = foldedUnits(word.slice(0, 40));
  draft.addHead(units.subarray(0, HEAD_UNITS).reduce(headOf, 0));
  const stem = units.subarray(0, stemLength(units, units.length)).reduce(mix, SEED);
  return { stem, exact: units.reduce(mix, SEED) };
}

/** `words`: spaced script; `dense`: unspaced; `literal`: anything else, found by its characters. */
function shapeOf(keyword: string): 'words' | 'dense' | 'literal' {
  const kinds = new Set(unitsOf(keyword.replace(/[\s\-'’]/g, '')).map((unit) => KIND[unit]!));
  const dense = kinds.delete(DENSE);
  const spaced = [LETTER, DIGIT].filter((kind) => kinds.delete(kind)).length > 0;
  if (kinds.size > 0 || dense === spaced) return 'literal';
  return spaced ? 'words' : keyword.replace(/\s/g, '').length > 1 ? 'dense' : 'literal';
}

/** Weight of a keyword: the longer, the more it says. */
const weightOf = (length: number): number => (length <= 1 ? 2.2 : length === 2 ? 3 : 3.5);

/** A word by its stem, and a little more by its very form: `resumen` isn't `resume`. */
const EXACT_WEIGHT = 0.8;

function teachWords(keyword: string, task: number, draft: LexiconDraft): void {
  const words = keyword
    .split(/[\s\-'’]+/)
    .filter(Boolean)
    .slice(0, LONGEST_PHRASE);
  const hashes = words.map((word) => wordHashes(word, draft));
  const last = hashes.at(-1);
  if (last === undefined) return;
  if (hashes.length === 1) {
    draft.addKeyword(last.stem, task, weightOf(1) - EXACT_WEIGHT / 2);
    draft.addKeyword(exactKey(last.exact), task, EXACT_WEIGHT);
  } else {
    draft.addKeyword(hashes.map(({ stem }) => stem).reduce(mixWord, PHRASE_SEED), task, weightOf(hashes.length));
    draft.extendReach(last.stem, hashes.length);
  }
}

function teachDense(keyword: string, task: number, draft: LexiconDraft): void {
  const units = Array.from(foldedUnits(keyword.replace(/\s/g, '').slice(0, LONGEST_DENSE)));
  draft.addKeyword(units.reduce(mix, DENSE_SEED), task, units.length === 2 ? 2.2 : units.length === 3 ? 2.7 : 3.2);
  if (units.length > 2) draft.extendReach(units.slice(-2).reduce(mix, DENSE_SEED), units.length);
}

/** Keywords into the draft; returns those that must be looked for by their characters. */
export function teachKeywords(task: Task, index: number, draft: LexiconDraft): readonly string[] {
  const literals: string[] = [];
  for (const keyword of task.keywords) {
    const shape = shapeOf(keyword);
    if (shape === 'words') teachWords(keyword, index, draft);
    else if (shape === 'dense') teachDense(keyword, index, draft);
    else if (keyword.trim() !== '') literals.push(keyword.trim().toLowerCase().replace(/\s+/g, ' '));
  }
  return literals;
}

const NONE: ReadonlySet<number> = new Set();

/** The hashes an example leaves: words, neighbouring words (with the last word's own), pairs of dense characters. */
function tracesOf(
  example: string,
  silent: ReadonlySet<number>,
  scanner: Scanner,
  draft: LexiconDraft,
): ReadonlyMap<number, number | null> {
  const traces = new Map<number, number | null>();
  let before: number | null = null;
  const listener: Listener = {
    word(hash, _position, _exact, head) {
      draft.addHead(head);
      const says = !silent.has(hash);
      if (says) traces.set(hash, null);
      if (before !== null && (says || !silent.has(before)))
        traces.set(mixWord(mixWord(PHRASE_SEED, before), hash), hash);
      before = hash;
    },
    pair: (hash) => void (silent.has(hash) || traces.set(hash, null)),
    gap: () => void (before = null),
  };
  scanner.scan(example, 0, Math.min(example.length, 2_000), null, listener);
  return traces;
}

/**
 * Naive Bayes over the presence of words, neighbouring words and pairs of characters: log of how much likelier a task's
 * examples hold it than the average task's, shrunk by how few examples do. Tasks without examples are left as they are.
 */
export function teachExamples(tasks: readonly Task[], scanner: Scanner, draft: LexiconDraft): void {
  const counts = new Map<number, Float64Array>();
  const ends = new Map<number, number>();
  const taught = tasks.flatMap((task, index) => (task.examples.length > 0 ? [index] : []));
  if (taught.length < 2) return;
  for (const index of taught) {
    const silent = isTaught(tasks[index]!) ? FUNCTION_WORDS : NONE;
    for (const example of tasks[index]!.examples) {
      for (const [trace, last] of tracesOf(example, silent, scanner, draft)) {
        const row = counts.get(trace) ?? new Float64Array(tasks.length);
        row[index]! += 1;
        counts.set(trace, row);
        if (last !== null) ends.set(trace, last);
      }
    }
  }
  for (const [trace, row] of counts) {
    const shares = taught.map((index) => row[index]! / tasks[index]!.examples.length);
    const average = shares.reduce((sum, share) => sum + share, 0) / taught.length;
    const seen = row.reduce((sum, count) => sum + count, 0);
    taught.forEach((index, nth) => {
      const examples = tasks[index]!.examples.length;
      const likelihood = (shares[nth]! * examples + average) / (examples + 1);
      const { most, half } = isTaught(tasks[index]!) ? TAUGHT : HINTED;
      const trust = (seen / (seen + half)) * Math.min(1, examples / ENOUGH_EXAMPLES);
      const weight = Math.log(likelihood / average) * trust;
      draft.addLearnt(trace, index, Math.max(-0.6, Math.min(most, weight)));
      // Another task's keyword is this task's as well.
      if (row[index]! > 0 && isTaught(tasks[index]!)) draft.claim(trace, index, row[index]! / (row[index]! + 1));
    });
    const last = ends.get(trace);
    if (last !== undefined) draft.extendReach(last, 2);
  }
}
