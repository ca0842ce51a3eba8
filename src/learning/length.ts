// How much longer or shorter than usual the answer to a prompt gets, for all models alike: least mean squares on the logarithm.
import { TRAIT_MEASURES, TRAIT_SLOTS, type Traits } from '../contract/index.ts';

export interface Length {
  /** Times the usual tokens. */
  factor(traits: Traits): number;
  /** `usual`: of this model at this task. */
  observe(traits: Traits, tokens: number, usual: number): void;
}

/** Share of an error that is made good at once (Nagumo & Noda 1967: normalised). */
const RATE = 0.15;
const MEASURE_SCALE = 0.15;
const MOST = Math.log(5);

export function createLength(): Length {
  const weights = new Float32Array(TRAIT_SLOTS + TRAIT_MEASURES);
  const told = ({ slots, weights: by, measures }: Traits): number => {
    let sum = 0;
    for (let nth = 0; nth < slots.length; nth += 1) sum += by[nth]! * weights[slots[nth]!]!;
    for (let nth = 0; nth < TRAIT_MEASURES; nth += 1)
      sum += MEASURE_SCALE * measures[nth]! * weights[TRAIT_SLOTS + nth]!;
    return Math.min(MOST, Math.max(-MOST, sum));
  };
  return {
    factor: (traits) => Math.exp(told(traits)),
    observe(traits, tokens, usual) {
      const { slots, weights: by, measures } = traits;
      const off = Math.log((tokens + 1) / (usual + 1)) - told(traits);
      let square = 1;
      for (const measure of measures) square += (MEASURE_SCALE * measure) ** 2;
      const step = (RATE * off) / square;
      for (let nth = 0; nth < slots.length; nth += 1) weights[slots[nth]!]! += step * by[nth]!;
      for (let nth = 0; nth < TRAIT_MEASURES; nth += 1)
        weights[TRAIT_SLOTS + nth]! += step * MEASURE_SCALE * measures[nth]!;
    },
  };
}
