// Pools that were worked out a moment ago for requests that look the same: as a rule all that differs is what they say.
import type { Settings } from '../contract/index.ts';
import { poolOf, type Pool, type Question } from './pool.ts';

export interface Pools {
  /** As `poolOf`. `mark`: names what is expected of the models; null: of this prompt alone, so nothing is remembered. */
  of(question: Question, mark: string | null): Pool;
}

const MOST = 512;

/** The same answers as `poolOf`, from memory where everything that it looks at is the same. */
export function createPools(): Pools {
  const known = new Map<string, Pool>();
  let from: Settings | null = null;
  return {
    of(question, mark) {
      const key = mark === null ? null : keyOf(question, mark);
      if (key === null) return poolOf(question);
      if (from !== question.settings || known.size >= MOST) known.clear();
      from = question.settings;
      let pool = known.get(key);
      if (pool === undefined) known.set(key, (pool = poolOf(question)));
      return pool;
    },
  };
}

/** null: it has wishes of its own. */
function keyOf({ task, tier, features, wishes, limits }: Question, mark: string): string | null {
  if (limits.allowed !== null || wishes.models !== null || wishes.maxCost !== null || wishes.deadlineMs !== null)
    return null;
  const { inputTokens, maxOutputTokens, choices, responseFormat } = features;
  const needs = limits.capabilities.join();
  return `${mark}\n${task}\n${tier.name}\n${inputTokens},${maxOutputTokens},${choices},${responseFormat},${needs}`;
}
