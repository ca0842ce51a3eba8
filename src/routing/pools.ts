// Pools that were worked out a moment ago for requests that look the same: as a rule all that differs is what they say.
import { Roster, type InsightMark, type Settings } from '../contract/index.ts';
import { poolOf, type Pool, type Question } from './pool.ts';

export interface Pools {
  /** As `poolOf`. `mark`: names what is expected of the models; null: of this prompt alone, so nothing is remembered. */
  of(question: Question, mark: InsightMark | null): Pool;
}

const MOST = 512;

/** The same answers as `poolOf`, from memory where everything that it looks at is the same. */
export function createPools(): Pools {
  const known = new Roster<Pool>();
  let from: Settings | null = null;
  let state = 0;
  return {
    of(question, mark) {
      const key = mark === null ? null : keyOf(question, mark);
      if (key === null) return poolOf(question);
      // What is out of date isn't kept: it would only grow old in memory.
      if (mark?.state !== state || from !== question.settings || known.size >= MOST) known.clear();
      from = question.settings;
      state = mark?.state ?? 0;
      let pool = known.get(key);
      if (pool === undefined) known.set(key, (pool = poolOf(question)));
      return pool;
    },
  };
}

/** null: it has wishes of its own. */
function keyOf({ task, tier, features, wishes, limits }: Question, mark: InsightMark): string | null {
  if (limits.allowed !== null || wishes.models !== null || wishes.maxCost !== null || wishes.deadlineMs !== null)
    return null;
  const { inputTokens, maxOutputTokens, choices, responseFormat } = features;
  const needs = limits.capabilities.join();
  return `${mark.tenant}\n${task}\n${tier.name}\n${inputTokens},${maxOutputTokens},${choices},${responseFormat},${needs}`;
}
