// What a merge comes to, and how camps are told: shared by all kinds.
import type { AssistantMessage, Camp, Violation } from '../contract/index.ts';
import type { Camped, Ground } from './ground.ts';
import type { Ledger } from './ledger.ts';
import { isTie, shareOf } from './vote.ts';
import type { Side, Voice } from './vote.ts';

export interface Outcome {
  readonly base: Voice;
  /** null: the base's own. */
  readonly message: AssistantMessage | null;
  /** Those whose answer it is. */
  readonly agreeing: readonly Voice[];
  readonly agreement: number;
  readonly disputed: boolean;
  readonly tie: boolean;
  readonly violations: readonly Violation[];
}

export const campsOf = (camps: readonly Camped[]): readonly Camp[] =>
  camps.map((side) => ({
    models: side.voices.map((voice) => voice.candidate.model),
    weight: Number(side.weight.toPrecision(9)),
    value: side.value,
  }));

/** One voice alone wins with most of the weight only if that is far more than half. */
const CLEAR_SHARE = 2 / 3;

export function isDisputed(camps: readonly Side[]): boolean {
  const voices = camps.reduce((sum, side) => sum + side.voices.length, 0);
  return voices > 1 && !camps.some((side) => side.voices.length > 1) && shareOf(camps) < CLEAR_SHARE;
}

/** Each camp with all that it says. */
export function noteWhole(ground: Ground, ledger: Ledger): void {
  const values = new Map<Side, string>(ground.camps.map((side) => [side, side.value]));
  if (ground.camps.length === 1) ledger.agree('', () => ground.camps[0]!.value, ground.camps[0]!.voices);
  else
    ledger.note(
      '',
      () => ground.camps[0]!.value,
      ground.camps,
      (side) => values.get(side) ?? side.key,
    );
}

/** The base's answer whole. */
export function taken(base: Voice, ground: Ground): Outcome {
  return {
    base,
    message: null,
    agreeing: ground.camps[0]!.voices,
    agreement: shareOf(ground.camps),
    disputed: isDisputed(ground.camps),
    tie: isTie(ground.camps),
    violations: base.judgement.violations,
  };
}
