// How much of a word counts: endings of English, Spanish, French and German fall off, so that a keyword meets its inflections.
import { mix, SEED } from './lexicon.ts';

const SHORTEST = 3;
const ENDINGS = [
  'isations',
  'izations',
  'isation',
  'ization',
  'ising',
  'izing',
  'ised',
  'ized',
  'ises',
  'izes',
  'ise',
  'ize',
  'iones',
  'ings',
  'ions',
  'ing',
  'ion',
  'ies',
  'ers',
  'ado',
  'ada',
  'ed',
  'es',
  'er',
  'ez',
  'en',
  'em',
  'ir',
  'ar',
  'as',
  'os',
  'e',
  's',
  'y',
  'a',
  'o',
  'n',
  'r',
  'd',
].map((ending) => Uint16Array.from(ending, (letter) => letter.charCodeAt(0)));

/** By their last letter, longest first. */
const BY_LAST: readonly (readonly Uint16Array[])[] = Array.from({ length: 128 }, (_, code) =>
  ENDINGS.filter((ending) => ending.at(-1) === code),
);
const NONE: readonly Uint16Array[] = [];

function endsWith(word: Uint16Array, length: number, ending: Uint16Array): boolean {
  for (let at = 1; at <= ending.length; at += 1) {
    if (word[length - at] !== ending[ending.length - at]) return false;
  }
  return true;
}

/** Words whose stems are remembered, since most are met again and again. */
const KEPT = 4_096;
const keptOf = new Int32Array(KEPT);
const kept = new Int32Array(KEPT);

/** Hash of the stem of the first `length` units of `word`, which is folded and whose whole hash is `exact`. */
export function stemHash(word: Uint16Array, length: number, exact: number): number {
  const slot = exact & (KEPT - 1);
  if (keptOf[slot] === exact) return kept[slot]!;
  const stem = stemLength(word, length);
  let hash = SEED;
  for (let at = 0; at < stem; at += 1) hash = mix(hash, word[at]!);
  keptOf[slot] = exact;
  kept[slot] = hash;
  return hash;
}

/** Length of the stem of the first `length` units of `word`, which is folded. */
export function stemLength(word: Uint16Array, length: number): number {
  const endings = BY_LAST[word[length - 1]!] ?? NONE;
  let stem = length;
  for (const ending of endings) {
    if (length - ending.length >= SHORTEST && endsWith(word, length, ending)) {
      stem = length - ending.length;
      break;
    }
  }
  return stem > SHORTEST && word[stem - 1] === word[stem - 2] ? stem - 1 : stem;
}
