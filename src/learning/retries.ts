// The same prompt again from the same tenant within two minutes: the first answer probably wasn't what was wanted.
import { Roster, type Lesson } from '../contract/index.ts';

export interface Retries {
  /** The earlier lesson that this one repeats; null when it repeats none. Each is told of once. */
  repeats(lesson: Lesson): Lesson | null;
  /** Somebody has said what it was worth. */
  judged(lesson: Lesson): void;
}

const WITHIN_MS = 120_000;
/** So many at least are remembered, twice as many at the most. */
const KEPT = 500;

export function createRetries(): Retries {
  let recent = new Roster<Lesson>();
  let older = new Roster<Lesson>();
  const keep = (key: string, lesson: Lesson): void => {
    if (recent.size >= KEPT) [older, recent] = [recent, new Roster()];
    recent.set(key, lesson);
  };
  const known = (key: string): Lesson | undefined => recent.get(key) ?? older.get(key);
  return {
    repeats(lesson) {
      if (lesson.traits === null) return null;
      const key = keyOf(lesson);
      const before = known(key);
      // It is kept for a long time: without what nobody will ask of it.
      keep(key, { ...lesson, values: [], taken: [], traits: null });
      return before !== undefined && lesson.at - before.at <= WITHIN_MS && before.request !== lesson.request
        ? before
        : null;
    },
    judged(lesson) {
      if (lesson.traits === null) return;
      const key = keyOf(lesson);
      if (known(key)?.request !== lesson.request) return;
      recent.delete(key);
      older.delete(key);
    },
  };
}

function keyOf({ tenant, task, traits }: Lesson): string {
  let hash = 17;
  for (let nth = 0; nth < traits!.slots.length; nth += 1)
    hash = Math.imul(hash ^ traits!.slots[nth]!, 0x01000193) + Math.round(traits!.weights[nth]! * 4_096);
  return `${tenant}\n${task}\n${traits!.slots.length}\n${hash}`;
}
