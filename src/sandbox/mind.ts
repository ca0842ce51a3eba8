// One sample of one model on one request: whether it gets something right, and which mistake it makes otherwise.
import type { Behaviour, Family } from './behaviour.ts';
import { createDice, type Dice } from './random.ts';

/** How far temperature 1 moves a sample away from what the model would say at 0. */
const WANDER = 0.3;

export interface Mind {
  readonly model: string;
  readonly behaviour: Behaviour;
  isRight(family: Family, name: string): boolean;
  /** A mistake; models that err alike pick the same. */
  slip<Item>(name: string, wrongs: readonly Item[]): Item;
  /** What is the model's own: wording, token probabilities, ids. */
  readonly own: Dice;
}

interface Sample {
  readonly temperature: number;
  /** The request's own `seed`. */
  readonly seed: number | null;
  readonly index: number;
}

/** `seed` is the sandbox's; `digest` names the messages. Samples keep the stated accuracy, and are alike at temperature 0. */
export function createMind(seed: number, model: string, behaviour: Behaviour, digest: string, sample: Sample): Mind {
  const kin = behaviour.correlatedWith ?? model;
  const settled = createDice(seed, 'belief', kin, digest);
  const key = sample.temperature === 0 ? 'cold' : `${sample.temperature}/${sample.seed}/${sample.index}`;
  const wandering = createDice(seed, 'sample', kin, digest, key);
  const first = key === 'cold' || (sample.index === 0 && sample.seed === null);
  const dice = !first && wandering.unit('wander') < Math.min(0.5, WANDER * sample.temperature) ? wandering : settled;
  return {
    model,
    behaviour,
    isRight: (family, name) => dice.unit(`right/${name}`) < behaviour.accuracy[family],
    slip: (name, wrongs) => dice.pick(`slip/${name}`, wrongs),
    own: createDice(seed, 'own', model, digest, key),
  };
}
