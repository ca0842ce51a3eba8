// What an answered request says about the models that took part, without anybody having told us.
import type { Attempt, Merged } from '../contract/index.ts';

export interface Signal {
  readonly model: string;
  /** 0-1. */
  readonly good: number;
  /** How much it counts beside a verdict of a user, which counts 1. */
  readonly weight: number;
}

/** Agreeing with a consensus is likely right but proves nothing; failing a check nearly does. */
const CONSENSUS_WEIGHT = 0.5;
const CHECK_WEIGHT = 0.7;

/** An undisputed consensus speaks for who is in it and against who isn't; an answer that fails its checks speaks against its model. */
export function signalsOf(merged: Merged | null, attempts: readonly Attempt[]): readonly Signal[] {
  const failedChecks = attempts
    .filter(({ judgement }) => judgement !== null && !judgement.acceptable)
    .map(({ model, judgement }) => ({ model, good: judgement!.factor / 2, weight: CHECK_WEIGHT }));
  const winners = merged?.camps[0]?.models ?? [];
  if (merged === null || merged.disputed || winners.length < 2) return failedChecks;
  const told = new Set(failedChecks.map(({ model }) => model));
  const voices = merged.camps.flatMap(({ models }, place) =>
    models.map((model) => ({ model, good: place === 0 ? 1 : 0, weight: CONSENSUS_WEIGHT })),
  );
  return [...failedChecks, ...voices.filter(({ model }) => !told.has(model))];
}
