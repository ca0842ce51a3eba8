// Hashed words, phrases and characters with what each says for each task: one table for all tasks, looked up once per word.

export const SEED = 0x811c9dc5 | 0;
const PRIME = 0x01000193;

/** FNV-1a, one unit at a time. */
export const mix = (hash: number, unit: number): number => Math.imul(hash ^ unit, PRIME);
/** Of the hashes of two or more neighbouring words. */
export const mixWord = (hash: number, word: number): number => Math.imul((hash << 7) ^ (hash >>> 25) ^ word, PRIME);
/** Keeps single words, phrases and characters apart. */
export const PHRASE_SEED = 0x2545f491;
export const DENSE_SEED = 0x6c8e9cf5;
/** Of a whole word, apart from a stem that looks the same. */
export const exactKey = (hash: number): number => mixWord(0x51ed270b, hash);

/** The shortest stem: the first units of a word that every inflection keeps. */
export const HEAD_UNITS = 3;
const HEADS = 4_096;

/** Slot of a word's beginning, one unit at a time from 0: where it is marked as known. */
export const headOf = (slot: number, unit: number): number => (slot * 61 + unit) & (HEADS - 1);

export interface Lexicon {
  readonly tasks: number;
  /** Row of a hash, or -1. */
  row(hash: number): number;
  /** Longest phrase, in words, that ends with this row's word; longest keyword, in characters, that ends with its pair. */
  readonly reach: Uint8Array;
  /** What a row's keyword says, `row × tasks + task`. */
  readonly keyword: Float32Array;
  /** What the examples say. */
  readonly learnt: Float32Array;
  /** Rows that say anything of either kind. */
  readonly isKeyword: Uint8Array;
  readonly isLearnt: Uint8Array;
  readonly rows: number;
  /** Which beginnings of words occur; by `headOf`: a word whose slot is empty isn't known. */
  readonly heads: Uint8Array;
}

export interface LexiconDraft {
  /** Row of a hash, made when it is new. */
  touch(hash: number): number;
  addKeyword(hash: number, task: number, weight: number): void;
  /** A share of what a hash says as a keyword, for one more task; nothing where it is no keyword. */
  claim(hash: number, task: number, share: number): void;
  addLearnt(hash: number, task: number, weight: number): void;
  extendReach(hash: number, reach: number): void;
  addHead(slot: number): void;
  finish(): Lexicon;
}

export function draftLexicon(tasks: number): LexiconDraft {
  const rows = new Map<number, number>();
  const keyword: number[] = [];
  const learnt: number[] = [];
  const reach: number[] = [];
  const heads = new Uint8Array(HEADS);
  const touch = (hash: number): number => {
    const known = rows.get(hash);
    if (known !== undefined) return known;
    const row = rows.size;
    rows.set(hash, row);
    reach.push(0);
    for (let task = 0; task < tasks; task += 1) {
      keyword.push(0);
      learnt.push(0);
    }
    return row;
  };
  return {
    touch,
    addKeyword(hash, task, weight) {
      const at = touch(hash) * tasks + task;
      keyword[at] = Math.max(keyword[at]!, weight);
    },
    claim(hash, task, share) {
      const row = rows.get(hash);
      if (row === undefined) return;
      const weights = keyword.slice(row * tasks, (row + 1) * tasks);
      keyword[row * tasks + task] = Math.max(weights[task]!, share * Math.max(...weights));
    },
    addLearnt(hash, task, weight) {
      const at = touch(hash) * tasks + task;
      learnt[at] = learnt[at]! + weight;
    },
    extendReach(hash, length) {
      const row = touch(hash);
      reach[row] = Math.max(reach[row]!, length);
    },
    addHead: (slot) => void (heads[slot] = 1),
    finish: () => freezeLexicon(rows, { tasks, keyword: shareOut(keyword, tasks), learnt, reach, heads }),
  };
}

/** A keyword that several tasks claim says less for each of them. */
function shareOut(keyword: readonly number[], tasks: number): readonly number[] {
  const shared = [...keyword];
  for (let start = 0; start < shared.length; start += tasks) {
    const claims = shared.slice(start, start + tasks).filter((weight) => weight > 0).length;
    if (claims < 2) continue;
    for (let task = 0; task < tasks; task += 1) shared[start + task]! /= Math.sqrt(claims);
  }
  return shared;
}

const saying = (weights: readonly number[], tasks: number): Uint8Array =>
  Uint8Array.from({ length: weights.length / tasks }, (_, row) =>
    weights.slice(row * tasks, (row + 1) * tasks).some((weight) => weight !== 0) ? 1 : 0,
  );

interface Drafted {
  readonly tasks: number;
  readonly keyword: readonly number[];
  readonly learnt: readonly number[];
  readonly reach: readonly number[];
  readonly heads: Uint8Array;
}

/** Open addressing at a load of a quarter at most: a miss, which is the rule, costs one probe. */
function freezeLexicon(rows: ReadonlyMap<number, number>, drafted: Drafted): Lexicon {
  const size = 2 ** Math.ceil(Math.log2(Math.max(16, rows.size * 4)));
  const mask = size - 1;
  const keys = new Int32Array(size);
  const values = new Int32Array(size).fill(-1);
  for (const [hash, row] of rows) {
    let slot = (hash ^ (hash >>> 15)) & mask;
    while (values[slot] !== -1) slot = (slot + 1) & mask;
    keys[slot] = hash;
    values[slot] = row;
  }
  return {
    tasks: drafted.tasks,
    reach: Uint8Array.from(drafted.reach),
    keyword: Float32Array.from(drafted.keyword),
    learnt: Float32Array.from(drafted.learnt),
    isKeyword: saying(drafted.keyword, drafted.tasks),
    isLearnt: saying(drafted.learnt, drafted.tasks),
    heads: drafted.heads,
    rows: rows.size,
    row(hash) {
      let slot = (hash ^ (hash >>> 15)) & mask;
      while (values[slot] !== -1) {
        if (keys[slot] === hash) return values[slot]!;
        slot = (slot + 1) & mask;
      }
      return -1;
    },
  };
}
