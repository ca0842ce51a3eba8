// Adds up what a text's words say for each task: each word once, those at the beginning and the end most.
import { LONGEST_PHRASE } from './lesson.ts';
import { PHRASE_SEED, exactKey, mixWord, type Lexicon } from './lexicon.ts';
import type { Listener, Scan, Scanner } from './scan.ts';

/** Instructions stand at the ends; what lies between is mostly material. */
const END_WORDS = 32;
const MATERIAL_SHARE = 0.3;
/** Beyond so many words with something to say, the examples' voices are averaged rather than summed. */
const FULL_VOICES = 10;

export interface Reader {
  /** Adds to `scores`, times `share`. The scan is valid until the next read. */
  read(text: string, from: number, to: number, share: number, scores: Float64Array): Readonly<Scan>;
}

export function createReader(lexicon: Lexicon, scanner: Scanner): Reader {
  /** Rows met in this read, each once, and where each was first and last. */
  const met = new Int32Array(lexicon.rows);
  const firstAt = new Float64Array(lexicon.rows);
  const lastAt = new Float64Array(lexicon.rows);
  const seenIn = new Uint32Array(lexicon.rows);
  const recent = new Int32Array(LONGEST_PHRASE);
  const learnt = new Float64Array(lexicon.tasks);
  let [hits, together, generation] = [0, 0, 0];

  const hit = (row: number, position: number): void => {
    if (row < 0) return;
    lastAt[row] = position;
    if (seenIn[row] === generation) return;
    seenIn[row] = generation;
    firstAt[row] = position;
    met[hits] = row;
    hits += 1;
  };

  const listener: Listener = {
    word(hash, position, exact) {
      const row = lexicon.row(hash);
      for (let back = LONGEST_PHRASE - 1; back > 0; back -= 1) recent[back] = recent[back - 1]!;
      recent[0] = hash;
      together += 1;
      if (row < 0) return;
      hit(row, position);
      if (lexicon.isKeyword[row] === 1) hit(lexicon.row(exactKey(exact)), position);
      const longest = Math.min(lexicon.reach[row]!, together);
      for (let length = 2; length <= longest; length += 1) hit(lexicon.row(phraseHash(recent, length)), position);
    },
    pair(hash, run, position) {
      together = 0;
      const row = lexicon.row(hash);
      if (row < 0) return;
      hit(row, position);
      const longest = Math.min(lexicon.reach[row]!, run);
      for (let length = 3; length <= longest; length += 1) hit(lexicon.row(scanner.denseHash(length)), position);
    },
    gap() {
      together = 0;
    },
  };

  const addHits = (words: number, share: number, scores: Float64Array): void => {
    const { tasks } = lexicon;
    learnt.fill(0);
    let voices = 0;
    for (let nth = 0; nth < hits; nth += 1) {
      const row = met[nth]!;
      const atAnEnd = firstAt[row]! < END_WORDS || words - lastAt[row]! <= END_WORDS;
      const part = atAnEnd ? share : share * MATERIAL_SHARE;
      voices += 1;
      const from = row * tasks;
      if (lexicon.isKeyword[row] === 1) {
        for (let task = 0; task < tasks; task += 1) scores[task]! += lexicon.keyword[from + task]! * part;
      }
      if (lexicon.isLearnt[row] === 1) {
        for (let task = 0; task < tasks; task += 1) learnt[task]! += lexicon.learnt[from + task]! * part;
      }
    }
    const volume = voices > FULL_VOICES ? Math.sqrt(FULL_VOICES / voices) : 1;
    for (let task = 0; task < tasks; task += 1) scores[task]! += learnt[task]! * volume;
  };

  return {
    read(text, from, to, share, scores) {
      hits = 0;
      together = 0;
      generation += 1;
      const scan = scanner.scan(text, from, to, lexicon.heads, listener);
      addHits(scan.words, share, scores);
      return scan;
    },
  };
}

/** Of the last `length` words, the latest first in `recent`. */
function phraseHash(recent: Int32Array, length: number): number {
  let hash = PHRASE_SEED;
  for (let back = length - 1; back >= 0; back -= 1) hash = mixWord(hash, recent[back]!);
  return hash;
}
