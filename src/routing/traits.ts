// A prompt as numbers for the model of difficulty: hashed words and pairs of words, and measures that formatting doesn't change.
import { TRAIT_MEASURES, TRAIT_SLOTS, type ChatRequest, type Features, type Traits } from '../contract/index.ts';
import { DENSE, DIGIT, FOLD, KIND, LETTER, MARK, SPACE } from './alphabet.ts';
import { SECTION } from './features.ts';
import { SEED, mix, mixWord } from './lexicon.ts';
import { LAYOUT } from './size.ts';
import { stemHash } from './stem.ts';
import { unitsOf } from './units.ts';

const HEAD_UNITS = 1_536;
const TAIL_UNITS = 512;
const TOOL_UNITS = 600;
const MOST_TOOLS = 12;
const MOST_SLOTS = 512;
const WORD_UNITS = 24;
const MASK = TRAIT_SLOTS - 1;
const NEGATIONS = new Set(['not', 'except', 'never', 'without', 'no', 'nicht', 'sans', 'sin'].map(hashOf));
/** By the low bits of their hashes: most words aren't looked for at all. */
const negates = new Uint8Array(4_096);
for (const negation of NEGATIONS) negates[negation & (negates.length - 1)] = 1;

/** Seeds keep the words of the prompt and of the tools apart. */
const TOOL_SEED = 0x3c6ef372;
const PAIR_SEED = 0x1b873593;

const countOf = new Uint16Array(TRAIT_SLOTS);
const met = new Uint16Array(MOST_SLOTS);
const word = new Uint16Array(WORD_UNITS);
/** Words of the tools met in this prompt; by the low bits of their hash. */
const named = new Uint8Array(4_096);

interface Tally {
  slots: number;
  letters: number;
  digits: number;
  numbers: number;
  words: number;
  distinct: number;
  sentences: number;
  questions: number;
  signs: number;
  negations: number;
  dense: number;
  overlap: number;
}

/** Of what the user asks last, and the names and descriptions of the first tools; bounded however long they are. */
export function traitsOf(features: Features, request: ChatRequest): Traits {
  const tally: Tally = {
    slots: 0,
    letters: 0,
    digits: 0,
    numbers: 0,
    words: 0,
    distinct: 0,
    sentences: 0,
    questions: 0,
    signs: 0,
    negations: 0,
    dense: 0,
    overlap: 0,
  };
  const tools = features.hasTools ? toolTexts(request) : [];
  for (const text of tools) readWords(unitsOf(text), 0, Math.min(text.length, TOOL_UNITS), TOOL_SEED, tally);
  const known = { ...tally };
  tally.letters =
    tally.digits =
    tally.numbers =
    tally.words =
    tally.distinct =
    tally.sentences =
    tally.questions =
    tally.signs =
    tally.negations =
    tally.dense =
      0;
  const { text } = features;
  const section = text.indexOf(SECTION);
  const end = section < 0 ? text.length : section;
  const units = unitsOf(text);
  if (end <= HEAD_UNITS + TAIL_UNITS) readWords(units, 0, end, 0, tally);
  else {
    readWords(units, 0, HEAD_UNITS, 0, tally);
    readWords(units, end - TAIL_UNITS, end, 0, tally);
  }
  if (known.slots > 0) named.fill(0);
  return finish(tally, tools.length);
}

function toolTexts({ tools }: ChatRequest): readonly string[] {
  if (!Array.isArray(tools)) return [];
  return (tools as readonly { readonly function?: { readonly name?: unknown; readonly description?: unknown } }[])
    .slice(0, MOST_TOOLS)
    .map(({ function: tool }) => `${start(tool?.name, 80)} ${start(tool?.description, TOOL_UNITS)}`);
}

const start = (text: unknown, units: number): string => (typeof text === 'string' ? text.slice(0, units) : '');

/** Of a word's hash. */
export const slotOf = (hash: number): number => (hash ^ (hash >>> 15)) & MASK;
/** Of two that stand together. */
export const pairHash = (before: number, hash: number, seed = 0): number =>
  mixWord(mixWord(PAIR_SEED ^ seed, before), hash);

function bump(hash: number, tally: Tally): void {
  const slot = slotOf(hash);
  if (countOf[slot] === 0) {
    if (tally.slots === MOST_SLOTS) return;
    met[tally.slots++] = slot;
    tally.distinct += 1;
  }
  countOf[slot]! += 1;
}

/** Counts a token, and the pair that it makes with the one before; gives it back to be the next one's. */
function token(hash: number, before: number, seed: number, tally: Tally): number {
  bump(hash ^ seed, tally);
  if (before !== 0) bump(pairHash(before, hash, seed), tally);
  return hash;
}

function readWords(units: Uint16Array, from: number, to: number, seed: number, tally: Tally): void {
  let before = 0;
  let at = from;
  while (at < to) {
    const code = units[at]!;
    const kind = KIND[code]!;
    if (kind === LETTER) {
      let length = 0;
      let letters = 0;
      let exact = SEED;
      for (; at < to; at += 1) {
        const unit = units[at]!;
        const its = KIND[unit];
        if (its !== LETTER) {
          if (its === MARK && unit !== 0x5f) continue;
          break;
        }
        letters += 1;
        if (length === WORD_UNITS) continue;
        const folded = FOLD[unit]!;
        word[length] = folded;
        exact = mix(exact, folded);
        length += 1;
      }
      tally.letters += letters;
      tally.words += 1;
      const hash = stemHash(word, length, exact);
      if (negates[exact & (negates.length - 1)] === 1 && NEGATIONS.has(exact)) tally.negations += 1;
      if (seed === 0) tally.overlap += named[hash & 4_095]!;
      else named[hash & 4_095] = 1;
      before = token(hash, before, seed, tally);
      continue;
    }
    if (kind === DIGIT) {
      if (at === from || KIND[units[at - 1]!] !== DIGIT) tally.numbers += 1;
      tally.digits += 1;
      before = token(mix(SEED, code), before, seed, tally);
    } else if (kind === DENSE) {
      tally.dense += 1;
      tally.letters += 1;
      before = token(mix(SEED, FOLD[code]!), before, seed, tally);
    } else if (kind !== SPACE && kind !== MARK && !LAYOUT.has(code)) {
      if (code === 0x3f || code === 0xff1f) tally.questions += 1;
      if (code === 0x2e || code === 0x3f || code === 0x21 || code === 0x3002) tally.sentences += 1;
      else tally.signs += 1;
      before = token(mix(SEED, FOLD[code]!), before, seed, tally);
    }
    at += 1;
  }
}

function hashOf(text: string): number {
  let hash = SEED;
  for (let at = 0; at < text.length; at += 1) hash = mix(hash, text.charCodeAt(at));
  return hash;
}

const weightOf = (count: number): number => 1 + Math.log(count);
const WEIGHTS = Float64Array.from({ length: 64 }, (_, count) => weightOf(count));

/** Logarithms of counts, so that the first of a word says most; of unit length. */
function finish(tally: Tally, tools: number): Traits {
  // One piece of memory for all three, in the order in which they are stored.
  const bytes = new ArrayBuffer(4 * (TRAIT_MEASURES + tally.slots) + 2 * tally.slots);
  const measures = new Float32Array(bytes, 0, TRAIT_MEASURES);
  const weights = new Float32Array(bytes, 4 * TRAIT_MEASURES, tally.slots);
  const slots = new Uint16Array(bytes, 4 * (TRAIT_MEASURES + tally.slots), tally.slots);
  for (let nth = 0; nth < tally.slots; nth += 1) slots[nth] = met[nth]!;
  let squares = 0;
  for (let nth = 0; nth < slots.length; nth += 1) {
    const count = countOf[slots[nth]!]!;
    const weight = WEIGHTS[count] ?? weightOf(count);
    countOf[slots[nth]!] = 0;
    weights[nth] = weight;
    squares += weight * weight;
  }
  const scale = squares > 0 ? 1 / Math.sqrt(squares) : 0;
  for (let nth = 0; nth < weights.length; nth += 1) weights[nth]! *= scale;
  measure(measures, tally, tools);
  return { slots, weights, measures };
}

/** Of its letters and digits, those of unspaced scripts. */
export const denseShareOf = ({ measures }: Traits): number => measures[TRAIT_MEASURES - 1]!;

function measure(measures: Float32Array, tally: Tally, tools: number): void {
  const units = tally.letters + tally.digits;
  const words = Math.max(1, tally.words);
  measures.set([
    Math.log(1 + units) - 5,
    (tally.digits / Math.max(1, units)) * 10,
    Math.log(1 + tally.numbers) - 1.5,
    Math.log(1 + tally.sentences) - 1.5,
    (tally.letters - tally.dense) / words - 4.5,
    Math.min(3, tally.negations),
    Math.log(1 + tally.signs) - 2,
    tally.questions > 0 ? 1 : 0,
    tally.distinct / Math.max(1, tally.words + tally.numbers + tally.signs),
    Math.log(1 + tools),
    tools === 0 ? 0 : tally.overlap / words,
    tally.dense / Math.max(1, units),
  ]);
}
