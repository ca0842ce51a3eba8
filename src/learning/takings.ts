// What a usual answer of a model takes at a task: tokens in and out, and time, as seen of late.
import type { Taken } from '../contract/index.ts';

export interface Takings {
  /** null while too little was seen. */
  usual(task: string, model: string): { readonly outputTokens: number; readonly latencyMs: number } | null;
  /** Tokens of input that the model bills for one as we count them; tools are told to each in other words. */
  inputFactor(model: string, tools: boolean): number;
  observe(task: string, taken: Taken): void;
}

/** Weight of the latest answer once there are many. */
const PACE = 0.03;
const ENOUGH = 5;
/** Tokens of input for which our own count is taken to be right. */
const COUNTED_RIGHT = 500;
const [LOWEST, HIGHEST] = [1 / 8, 8];

interface Sum {
  count: number;
  tokens: number;
  ms: number;
}

interface Input {
  readonly counted: number;
  readonly billed: number;
}

export function createTakings(): Takings {
  const sums = new Map<string, Map<string, Sum>>();
  /** Without and with tools. */
  const inputs = [new Map<string, Input>(), new Map<string, Input>()] as const;
  const inputsOf = (tools: boolean): Map<string, Input> => inputs[tools ? 1 : 0];

  const weigh = (model: string, { counted, billed, tools }: NonNullable<Taken['input']>): void => {
    const before = inputsOf(tools).get(model) ?? { counted: 0, billed: 0 };
    inputsOf(tools).set(model, {
      counted: before.counted * (1 - PACE) + counted,
      billed: before.billed * (1 - PACE) + billed,
    });
  };

  return {
    usual(task, model) {
      const sum = sums.get(task)?.get(model);
      if (sum === undefined || sum.count < ENOUGH) return null;
      return { outputTokens: Math.max(1, Math.round(sum.tokens)), latencyMs: Math.round(sum.ms) };
    },
    inputFactor(model, tools) {
      const { counted, billed } = inputsOf(tools).get(model) ?? { counted: 0, billed: 0 };
      const factor = (billed + COUNTED_RIGHT) / (counted + COUNTED_RIGHT);
      return Math.round(Math.min(HIGHEST, Math.max(LOWEST, factor)) * 1_000) / 1_000;
    },
    observe(task, { model, outputTokens, ms, input }) {
      if (input !== undefined) weigh(model, input);
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
