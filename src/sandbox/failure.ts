// How a call goes wrong, if it does: drawn from the request itself, so that the same request fails the same way.
import type { Behaviour } from './behaviour.ts';
import { createDice } from './random.ts';

type Failure = 'none' | 'rate_limited' | 'error' | 'stall' | 'malformed' | 'cut';

export interface Fate {
  readonly failure: Failure;
  /** Share of the answer after which a stall in a stream, a cut or a malformed event comes; below 0.3 a stall comes before the first byte. */
  readonly after: number;
}

export function fateOf(seed: number, model: string, behaviour: Behaviour, request: string): Fate {
  const dice = createDice(seed, 'fate', model, request);
  const strikes = (name: string, rate: number): boolean => dice.unit(name) < rate;
  const failure: Failure = strikes('rate', behaviour.rateLimitRate)
    ? 'rate_limited'
    : strikes('error', behaviour.errorRate)
      ? 'error'
      : strikes('stall', behaviour.stallRate)
        ? 'stall'
        : strikes('malformed', behaviour.malformedRate)
          ? 'malformed'
          : strikes('cut', behaviour.cutRate)
            ? 'cut'
            : 'none';
  return { failure, after: dice.unit('after') };
}
