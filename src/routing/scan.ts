// One pass over a text: its words and characters as hashes, and the text with case, spacing and emphasis taken out.
import { DENSE, DIGIT, FOLD, KIND, LETTER, LOWER, MARK, SPACE } from './alphabet.ts';
import { DENSE_SEED, SEED, mix } from './lexicon.ts';
import { stemLength } from './stem.ts';

const WORD_UNITS = 40;
const PLAIN_UNITS = 2_048;

/** Told what the scan meets, in order. `position` counts words; two dense characters count as one. */
export interface Listener {
  word(stemHash: number, position: number): void;
  /** A pair of dense characters that stand together; `run`: how many have stood together so far. */
  pair(hash: number, run: number, position: number): void;
  /** Something between words that ends a phrase. */
  gap(): void;
}

export interface Scan {
  /** Words, dense characters counted half. */
  words: number;
  denseUnits: number;
  digits: number;
  /** Arithmetic between numbers: `3 * 4`, `x = 5`. */
  operations: number;
  /** Brackets and semicolons. */
  brackets: number;
  questions: number;
  /** The text with single spaces, in lower case, without emphasis; its first `PLAIN_UNITS`. */
  plainUnits: number;
}

/** By unit: 1 operator, 2 bracket, 3 question mark, 4 ends a phrase. */
const SIGN = new Uint8Array(0x10000);
['+-*/^=×÷<>≤≥∫√∑', '{}();[]', '?？؟', '.!:,。！；：，、'].forEach((signs, nth) => {
  for (let at = 0; at < signs.length; at += 1) SIGN[signs.charCodeAt(at)] = nth + 1;
});

export interface Scanner {
  scan(text: string, from: number, to: number, listener: Listener): Scan;
  /** Of the last scan. */
  plain(): string;
  /** Hash of the last `length` dense characters, up to 16. */
  denseHash(length: number): number;
}

/** Keeps its buffers between scans; a scan is synchronous, so nothing is shared. */
export function createScanner(): Scanner {
  const word = new Uint16Array(WORD_UNITS);
  const prefixes = new Int32Array(WORD_UNITS + 1);
  const recent = new Uint16Array(16);
  const plain = new Uint16Array(PLAIN_UNITS);
  const plainBytes = Buffer.from(plain.buffer);
  prefixes[0] = SEED;
  let dense = 0;
  const result: Scan = { words: 0, denseUnits: 0, digits: 0, operations: 0, brackets: 0, questions: 0, plainUnits: 0 };

  return {
    scan(text, from, to, listener) {
      let length = 0;
      let run = 0;
      let words = 0;
      let denseUnits = 0;
      let digits = 0;
      let operations = 0;
      let brackets = 0;
      let questions = 0;
      let plainUnits = 0;
      let lastSolid = 0;
      let previous = SPACE;
      for (let at = from; at < to; at += 1) {
        const code = text.charCodeAt(at);
        const kind = KIND[code]!;
        if (kind === LETTER || kind === DIGIT) {
          const folded = FOLD[code]!;
          if (length < WORD_UNITS) {
            word[length] = folded;
            prefixes[length + 1] = mix(prefixes[length]!, folded);
            length += 1;
          }
          if (kind === DIGIT) digits += 1;
          if (plainUnits < PLAIN_UNITS) plain[plainUnits++] = LOWER[code]!;
          run = 0;
          lastSolid = kind;
          previous = kind;
          continue;
        }
        if (kind === MARK) {
          const next = at + 1 < to ? KIND[text.charCodeAt(at + 1)]! : SPACE;
          const inside = previous === SPACE ? next === SPACE : previous < MARK && (next === LETTER || next === DIGIT);
          if (inside) {
            if (lastSolid === DIGIT && code === 0x2a && digitFollows(text, at + 1)) operations += 1;
            if (plainUnits < PLAIN_UNITS) plain[plainUnits++] = code;
          }
          continue;
        }
        if (length > 0) {
          listener.word(prefixes[stemLength(word, length)]!, words);
          words += 1;
          length = 0;
        }
        if (kind === DENSE) {
          recent[dense & 15] = FOLD[code]!;
          dense += 1;
          run += 1;
          denseUnits += 1;
          if ((denseUnits & 1) === 1) words += 1;
          if (run > 1) listener.pair(pairHash(recent[(dense - 2) & 15]!, FOLD[code]!), run, words);
          if (plainUnits < PLAIN_UNITS) plain[plainUnits++] = code;
          lastSolid = kind;
          previous = kind;
          continue;
        }
        if (kind === SPACE) {
          if (previous !== SPACE && plainUnits > 0 && plainUnits < PLAIN_UNITS) plain[plainUnits++] = 0x20;
          previous = SPACE;
          continue;
        }
        const sign = SIGN[code]!;
        if (sign === 1) {
          if (lastSolid === DIGIT && digitFollows(text, at + 1)) operations += 1;
        } else if (sign === 2) brackets += 1;
        else if (sign === 3) questions += 1;
        if (sign > 1) {
          listener.gap();
          run = 0;
        }
        if (plainUnits < PLAIN_UNITS) plain[plainUnits++] = LOWER[code]!;
        previous = kind;
      }
      if (length > 0) {
        listener.word(prefixes[stemLength(word, length)]!, words);
        words += 1;
      }
      return Object.assign(result, { words, denseUnits, digits, operations, brackets, questions, plainUnits });
    },
    plain: () => plainBytes.toString('utf16le', 0, result.plainUnits * 2),
    denseHash(length) {
      let hash = DENSE_SEED;
      for (let back = length; back > 0; back -= 1) hash = mix(hash, recent[(dense - back) & 15]!);
      return hash;
    },
  };
}

/** After spaces and emphasis; looks at a handful of units. */
function digitFollows(text: string, from: number): boolean {
  for (let at = from; at < from + 4; at += 1) {
    const kind = KIND[text.charCodeAt(at)];
    if (kind !== SPACE && kind !== MARK) return kind === DIGIT;
  }
  return false;
}

const pairHash = (left: number, right: number): number => mix(mix(DENSE_SEED, left), right);
