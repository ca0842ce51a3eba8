// What callers called such prompts, added to what a prompt's own words say for each task.
import { TRAIT_SLOTS, type Namings, type Task, type Traits } from '../contract/index.ts';
import { FOLD } from './alphabet.ts';
import { FUNCTION_WORDS } from './function-words.ts';
import { mix, SEED } from './lexicon.ts';
import { denseShareOf, pairHash, slotOf } from './traits.ts';

/** Beyond so many traits with something to say their voices are averaged rather than summed. */
const FULL_VOICES = 10;

const HIRAGANA = { first: 0x3041, last: 0x3096 };
const characterHash = (unit: number): number => mix(SEED, FOLD[unit]!);
const hiragana = Array.from({ length: HIRAGANA.last - HIRAGANA.first + 1 }, (_, nth) =>
  characterHash(HIRAGANA.first + nth),
);
const signs = Array.from(`?!.,:;()'"？！。、，：；（）「」¿¡`, (sign) => characterHash(sign.charCodeAt(0)));

/** What holds a sentence together: short words, signs, one or two hiragana. */
const SILENT = new Uint8Array(TRAIT_SLOTS);
for (const hash of [...FUNCTION_WORDS, ...signs, ...hiragana]) SILENT[slotOf(hash)] = 1;
for (const first of hiragana) for (const second of hiragana) SILENT[slotOf(pairHash(first, second))] = 1;

export interface Called {
  readonly namings: Namings;
  readonly traits: Traits;
}

/** Adds to `scores`, by task. */
export function addCalled({ namings, traits }: Called, tasks: readonly Task[], scores: Float64Array): void {
  const { rows, weights } = namings;
  const width = namings.tasks.length;
  const sums = namings.tasks.map(() => 0);
  let voices = 0;
  for (const slot of traits.slots) {
    const row = rows[slot]!;
    if (row < 0 || SILENT[slot] === 1) continue;
    voices += 1;
    for (let at = 0; at < width; at += 1) sums[at]! += weights[row * width + at]!;
  }
  // A word of unspaced script is two characters, and has twice as many traits.
  const volume = (1 - denseShareOf(traits) / 2) * (voices > FULL_VOICES ? Math.sqrt(FULL_VOICES / voices) : 1);
  for (const [at, name] of namings.tasks.entries()) {
    const task = tasks.findIndex((each) => each.name === name);
    if (task >= 0) scores[task]! += sums[at]! * volume;
  }
}
