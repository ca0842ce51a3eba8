// Adds up what a text's words say for each task: each word once, those at the beginning and the end most.
import { LONGEST_PHRASE } from './lesson.ts';
import { PHRASE_SEED, mixWord, type Lexicon } from './lexicon.ts';
import type { Listener, Scan, Scanner } from './scan.ts';

const MOST_HITS = 1_024;
/** Instructions stand at the ends; what lies between is mostly material. */
const END_WORDS = 48;
const MATERIAL_SHARE = 0.3;
/** Beyond so many words with something to say, the examples' voices are averaged rather than summed. */
const FULL_VOICES = 10;

export interface Reader {
  /** Adds to `scores`, times `share`. The scan is valid until the next read. */
  read(text: string, from: number, to: number, share: number, scores: Float64Array): Readonly<Scan>;
  /** Of the last read: see `Scanner.plain`. */
  plain(): string;
}

export function createReader(lexicon: Lexicon, scanner: Scanner): Reader {
  const rows = new Int32Array(MOST_HITS);
  const positions = new Int32Array(MOST_HITS);
  const seenIn = new Uint32Array(lexicon.rows);
  const recent = new Int32Array(LONGEST_PHRASE);
  const learnt = new Float64Array(lexicon.tasks);
  let [hits, together, generation] = [0, 0, 0];

  const hit = (row: number, position: number): void => {
    if (row < 0 || hits === MOST_HITS) return;
    rows[hits] = row;
    positions[hits] = position;
    hits += 1;
  };

  const listener: Listener = {
    word(hash, position) {
      const row = lexicon.row(hash);
      recent.copyWithin(1, 0);
      recent[0] = hash;
      together += 1;
      if (row < 0) return;
      hit(row, position);
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
    generation += 1;
    learnt.fill(0);
    let voices = 0;
    for (let nth = 0; nth < hits; nth += 1) {
      const row = rows[nth]!;
      if (seenIn[row] === generation) continue;
      seenIn[row] = generation;
      const position = positions[nth]!;
      const part = share * (position < END_WORDS || words - position <= END_WORDS ? 1 : MATERIAL_SHARE);
      voices += 1;
      for (let task = 0, at = row * tasks; task < tasks; task += 1, at += 1) {
        scores[task]! += lexicon.keyword[at]! * part;
        learnt[task]! += lexicon.learnt[at]! * part;
      }
    }
    const volume = voices > FULL_VOICES ? Math.sqrt(FULL_VOICES / voices) : 1;
    for (let task = 0; task < tasks; task += 1) scores[task]! += learnt[task]! * volume;
  };

  return {
    read(text, from, to, share, scores) {
      hits = 0;
      together = 0;
      const scan = scanner.scan(text, from, to, listener);
      addHits(scan.words, share, scores);
      return scan;
    },
    plain: () => scanner.plain(),
  };
}

/** Of the last `length` words, the latest first in `recent`. */
function phraseHash(recent: Int32Array, length: number): number {
  let hash = PHRASE_SEED;
  for (let back = length - 1; back >= 0; back -= 1) hash = mixWord(hash, recent[back]!);
  return hash;
}
