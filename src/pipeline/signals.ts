// What an answered request says about the models that took part, without anybody having told us.
import type { Attempt, Merged, Signal } from '../contract/index.ts';

/** An undisputed consensus speaks for who is in it and against who isn't; an answer that fails its checks speaks against its model. */
export function signalsOf(merged: Merged | null, attempts: readonly Attempt[]): readonly Signal[] {
  const failed = attempts.flatMap(({ model, judgement }): Signal[] =>
    judgement !== null && !judgement.acceptable ? [{ model, kind: 'fails_checks' }] : [],
  );
  const winners = merged?.camps[0]?.models ?? [];
  if (merged === null || merged.disputed || winners.length < 2) return failed;
  const told = new Set(failed.map(({ model }) => model));
  const voices = merged.camps.flatMap(({ models }, place) =>
    models.map((model): Signal => ({ model, kind: place === 0 ? 'agrees' : 'differs' })),
  );
  return [...failed, ...voices.filter(({ model }) => !told.has(model))];
}
