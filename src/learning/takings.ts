// What a usual answer of a model takes at a task: tokens and time, as seen of late.
import type { Taken } from '../contract/index.ts';

export interface Takings {
  /** null while too little was seen. */
  usual(task: string, model: string): { readonly outputTokens: number; readonly latencyMs: number } | null;
  observe(task: string, taken: Taken): void;
}

/** Weight of the latest answer once there are many. */
const PACE = 0.03;
const ENOUGH = 5;

interface Sum {
  count: number;
  tokens: number;
  ms: number;
}

export function createTakings(): Takings {
  const sums = new Map<string, Map<string, Sum>>();
  return {
    usual(task, model) {
      const sum = sums.get(task)?.get(model);
      if (sum === undefined || sum.count < ENOUGH) return null;
      return { outputTokens: Math.max(1, Math.round(sum.tokens)), latencyMs: Math.round(sum.ms) };
    },
    observe(task, { model, outputTokens, ms }) {
      const models = sums.get(task) ?? new Map<string, Sum>();
      const sum = models.get(model) ?? { count: 0, tokens: 0, ms: 0 };
      sum.count += 1;
      const pace = Math.max(PACE, 1 / sum.count);
      sum.tokens += (outputTokens - sum.tokens) * pace;
      sum.ms += (ms - sum.ms) * pace;
      models.set(model, sum);
      sums.set(task, models);
    },
  };
}
