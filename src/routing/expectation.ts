// What a call is expected to take: tokens out, money and time, before anything is known of the answer.
import type { Features, Model, Nano, Speed } from '../contract/index.ts';

/** Tokens of a usual answer by task; tasks of the user's own get the middle. */
const USUAL_OUTPUT: Readonly<Record<string, number>> = {
  simple_query: 200,
  complex_reasoning: 1_200,
  code: 900,
  math: 700,
  extraction: 300,
  summarisation: 250,
  summarization: 250,
  creative: 900,
  classification: 20,
  tool_use: 120,
  vision: 300,
  planning: 1_000,
};
const MIDDLE_OUTPUT = 400;
const REASONING_FACTOR = 2.5;

interface Pace {
  readonly firstTokenMs: number;
  readonly tokenMs: number;
}
const PACE: Readonly<Record<Speed, Pace>> = {
  very_fast: { firstTokenMs: 250, tokenMs: 4 },
  fast: { firstTokenMs: 450, tokenMs: 9 },
  medium: { firstTokenMs: 900, tokenMs: 17 },
  slow: { firstTokenMs: 2_500, tokenMs: 30 },
};
const INPUT_TOKEN_MS = 0.1;

/** Tokens of one choice's answer by this model. */
export function expectedOutput(task: string, features: Features, model: Model): number {
  const usual = task === 'translation' ? features.inputTokens * 1.1 : (USUAL_OUTPUT[task] ?? MIDDLE_OUTPUT);
  const wanted = model.capabilities.has('reasoning') ? usual * REASONING_FACTOR : usual;
  return Math.ceil(Math.min(wanted, features.maxOutputTokens ?? Infinity, model.maxOutput));
}

/** null when unpriced. */
export function expectedCost(features: Features, model: Model, outputTokens: number, inputFactor: number): Nano | null {
  const { price } = model;
  if (price === null) return null;
  const pico =
    features.inputTokens * inputFactor * price.inputPico +
    outputTokens * features.choices * price.outputPico +
    price.requestPico;
  return Math.ceil(pico / 1_000) as Nano;
}

export function expectedLatencyMs(features: Features, model: Model, outputTokens: number): number {
  const pace = PACE[model.speed];
  return Math.round(pace.firstTokenMs + features.inputTokens * INPUT_TOKEN_MS + outputTokens * pace.tokenMs);
}
