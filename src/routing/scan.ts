// One pass over a text: its words and pairs of characters as hashes, and what its signs say. Words nobody knows are only counted.
import { DENSE, DIGIT, FOLD, KIND, LETTER, MARK, SPACE } from './alphabet.ts';
import { DENSE_SEED, HEAD_UNITS, SEED, headOf, mix } from './lexicon.ts';
import { stemHash } from './stem.ts';
import { unitsOf } from './units.ts';

const WORD_UNITS = 40;
const DENSE_UNITS = 16;

/** By unit: 1 operator, 2 bracket, 3 question mark, 4 ends a phrase. */
const SIGN = new Uint8Array(0x10000);
['+-*/^=×÷<>≤≥∫√∑', '{}();[]', '?？؟', '.!:,。！；：，、'].forEach((signs, nth) => {
  for (let at = 0; at < signs.length; at += 1) SIGN[signs.charCodeAt(at)] = nth + 1;
});

/** Told what the scan meets, in order. `position` counts words; two dense characters count as one. */
export interface Listener {
  /** `exactHash`: of the whole word; `head`: its slot among the beginnings of words. */
  word(stemHash: number, position: number, exactHash: number, head: number): void;
  /** A pair of dense characters that stand together; `run`: how many have stood together so far. */
  pair(hash: number, run: number, position: number): void;
  /** A sign or an unknown word: no phrase goes across it. */
  gap(): void;
}

export interface Scan {
  /** Words, dense characters counted half. */
  words: number;
  digits: number;
  /** Arithmetic between numbers: `3 * 4`, `x = 5`. */
  operations: number;
  brackets: number;
  questions: number;
}

export interface Scanner {
  /** `heads` null: every word is told. The result is valid until the next scan. */
  scan(text: string, from: number, to: number, heads: Uint8Array | null, listener: Listener): Scan;
  /** Hash of the last `length` dense characters, up to 16. */
  denseHash(length: number): number;
}

/** Keeps its buffers between scans; a scan is synchronous, so nothing is shared. */
export function createScanner(): Scanner {
  // An import is looked up anew at each use.
  const kinds = KIND;
  const folds = FOLD;
  const word = new Uint16Array(WORD_UNITS);
  const recent = new Uint16Array(DENSE_UNITS);
  const result: Scan = { words: 0, digits: 0, operations: 0, brackets: 0, questions: 0 };
  let dense = 0;
  let run = 0;
  /** Words so far, doubled. */
  let halves = 0;

  /** What stood last, but for marks. */
  let solid = SPACE;

  /** Of a unit that goes on with the word; 0: it has ended. */
  const kindWithin = (units: Uint16Array, at: number, to: number): number => {
    const kind = kinds[units[at]!]!;
    if (kind === LETTER) return LETTER;
    if (kind === DIGIT) {
      result.digits += 1;
      return DIGIT;
    }
    return kind === MARK && wordGoesOn(units, at + 1, to) ? MARK : 0;
  };

  /** Folds, leaving out marks, and goes to the word's end; of a word that nobody knows only the first letters are looked at. */
  const tellWord = (
    units: Uint16Array,
    from: number,
    to: number,
    heads: Uint8Array | null,
    listener: Listener,
  ): number => {
    let at = from;
    let length = 0;
    let exact = SEED;
    let head = 0;
    for (; at < to && length < HEAD_UNITS; at += 1) {
      const kind = kindWithin(units, at, to);
      if (kind === 0) break;
      if (kind === MARK) continue;
      const unit = folds[units[at]!]!;
      head = headOf(head, unit);
      word[length] = unit;
      exact = mix(exact, unit);
      length += 1;
    }
    if (heads !== null && heads[head] === 0) {
      while (at < to && kindWithin(units, at, to) !== 0) at += 1;
      listener.gap();
    } else {
      for (; at < to; at += 1) {
        const kind = kindWithin(units, at, to);
        if (kind === 0) break;
        if (kind === MARK || length === WORD_UNITS) continue;
        const unit = folds[units[at]!]!;
        word[length] = unit;
        exact = mix(exact, unit);
        length += 1;
      }
      listener.word(stemHash(word, length, exact), halves / 2, exact, head);
    }
    let back = at - 1;
    while (kinds[units[back]!] === MARK) back -= 1;
    solid = kinds[units[back]!]!;
    return at;
  };

  const tellDense = (code: number, listener: Listener): void => {
    const folded = folds[code]!;
    const before = recent[(dense - 1) & (DENSE_UNITS - 1)]!;
    recent[dense & (DENSE_UNITS - 1)] = folded;
    dense += 1;
    run += 1;
    halves += 1;
    if (run > 1) listener.pair(mix(mix(DENSE_SEED, before), folded), run, halves / 2);
  };

  const tellSign = (units: Uint16Array, at: number, afterDigit: boolean, listener: Listener): void => {
    const sign = SIGN[units[at]!];
    if (sign === 1) {
      if (afterDigit && digitFollows(units, at + 1)) result.operations += 1;
      return;
    }
    if (sign === 2) result.brackets += 1;
    else if (sign === 3) result.questions += 1;
    else if (sign !== 4) return;
    run = 0;
    listener.gap();
  };

  return {
    scan(text, from, to, heads, listener) {
      result.words = result.digits = result.operations = result.brackets = result.questions = 0;
      run = halves = 0;
      solid = SPACE;
      const units = unitsOf(text);
      let at = from;
      while (at < to) {
        const code = units[at]!;
        const kind = kinds[code]!;
        if (kind === LETTER || kind === DIGIT) {
          run = 0;
          at = tellWord(units, at, to, heads, listener);
          halves += 2;
          continue;
        }
        if (kind === DENSE) {
          tellDense(code, listener);
          solid = DENSE;
        } else if (kind !== SPACE) tellSign(units, at, solid === DIGIT, listener);
        at += 1;
      }
      result.words = halves / 2;
      return result;
    },
    denseHash(length) {
      let hash = DENSE_SEED;
      for (let back = length; back > 0; back -= 1) hash = mix(hash, recent[(dense - back) & (DENSE_UNITS - 1)]!);
      return hash;
    },
  };
}

/** Emphasis and accents inside a word don't end it: `**w**ord`; but `3*4` are two numbers. */
function wordGoesOn(units: Uint16Array, next: number, to: number): boolean {
  if (next >= to) return false;
  const kind = KIND[units[next]!];
  if (kind === MARK) return units[next] !== STAR || wordGoesOn(units, next + 1, Math.min(to, next + 8));
  return kind === LETTER || (kind === DIGIT && units[next - 1] !== STAR);
}
const STAR = 0x2a;

/** After spaces and emphasis; looks at a handful of units. */
function digitFollows(units: Uint16Array, from: number): boolean {
  for (let at = from; at < from + 4; at += 1) {
    const kind = KIND[units[at]!];
    if (kind !== SPACE && kind !== MARK) return kind === DIGIT;
  }
  return false;
}
