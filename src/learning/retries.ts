// The same prompt again from the same tenant within two minutes: the first answer probably wasn't what was wanted.
import type { Lesson } from '../contract/index.ts';

export interface Retries {
  /** The earlier lesson that this one repeats; null when it repeats none. Each is told of once. */
  repeats(lesson: Lesson): Lesson | null;
  /** Somebody has said what it was worth. */
  judged(lesson: Lesson): void;
}

const WITHIN_MS = 120_000;
const KEPT = 1_000;

export function createRetries(): Retries {
  const recent = new Map<string, Lesson>();
  return {
    repeats(lesson) {
      if (lesson.traits === null) return null;
      const key = keyOf(lesson);
      const before = recent.get(key);
      recent.delete(key);
      // It is kept for a long time: without what nobody will ask of it.
      recent.set(key, { ...lesson, values: [], taken: [], traits: null });
      if (recent.size > KEPT) recent.delete(recent.keys().next().value!);
      return before !== undefined && lesson.at - before.at <= WITHIN_MS && before.request !== lesson.request
        ? before
        : null;
    },
    judged(lesson) {
      if (lesson.traits === null) return;
      const key = keyOf(lesson);
      if (recent.get(key)?.request === lesson.request) recent.delete(key);
    },
  };
}

function keyOf({ tenant, task, traits }: Lesson): string {
  let hash = 17;
  for (let nth = 0; nth < traits!.slots.length; nth += 1)
    hash = Math.imul(hash ^ traits!.slots[nth]!, 0x01000193) + Math.round(traits!.weights[nth]! * 4_096);
  return `${tenant}\n${task}\n${traits!.slots.length}\n${hash}`;
}
