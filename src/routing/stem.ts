// How much of a word counts: endings of English, Spanish, French and German fall off, so that a keyword meets its inflections.

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
