// How alike two texts are: cosine of hashed words, word pairs and character triples, on a bounded stretch of each.

const SIZE = 2_048;
const MAX_CHARS = 12_000;

export type Profile = Float32Array;

/** FNV-1a. */
function hash(text: string, seed: number): number {
  let value = (2_166_136_261 ^ seed) >>> 0;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 16_777_619) >>> 0;
  return value % SIZE;
}

/** Long words say more than short ones; CJK text has no spaces, so its characters pair up instead. */
export function profileOf(text: string): Profile {
  const counts = new Float32Array(SIZE);
  const half = MAX_CHARS / 2;
  const bounded = text.length <= MAX_CHARS ? text : text.slice(0, half) + text.slice(-half);
  const words =
    bounded
      .normalize('NFKC')
      .toLowerCase()
      .match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]|[\p{L}\p{N}]+/gu) ?? [];
  words.forEach((word, at) => {
    counts[hash(word, 1)]! += word.length > 3 || /\d/.test(word) || word.length === 1 ? 1 : 0.25;
    const previous = words[at - 1];
    if (previous !== undefined) counts[hash(`${previous} ${word}`, 2)]! += 0.5;
  });
  return scaled(counts);
}

function scaled(counts: Float32Array): Profile {
  let square = 0;
  for (let at = 0; at < SIZE; at++) {
    const count = counts[at]!;
    if (count === 0) continue;
    counts[at] = Math.log1p(count);
    square += counts[at]! ** 2;
  }
  const length = Math.sqrt(square);
  if (length > 0) for (let at = 0; at < SIZE; at++) counts[at]! /= length;
  return counts;
}

/** 0-1; two empty texts are alike. */
export function cosine(left: Profile, right: Profile): number {
  let sum = 0;
  for (let at = 0; at < SIZE; at++) sum += left[at]! * right[at]!;
  return Math.min(1, sum);
}
