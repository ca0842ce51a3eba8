// Who said which value and who said otherwise, kept to a bounded size: agreement in short, dispute in full.
import type { Provenance } from '../contract/index.ts';
import { shortened } from './text.ts';
import { isTie, shareOf } from './vote.ts';
import type { Side, Voice } from './vote.ts';

export interface Ledger {
  /** `sides`: the taken one first; `shown` says what a side said. */
  note(
    path: string,
    value: () => string,
    sides: readonly Side[],
    shown: (side: Side) => string,
    outlier?: boolean,
  ): void;
  /** Everybody who said anything said the same. */
  agree(path: string, value: () => string, voices: readonly Voice[]): void;
  entries(): readonly Provenance[];
  /** Mean agreement over all that was noted, also past the bounds; 1 for nothing. */
  agreement(): number;
  /** Some value was decided by the better model alone. */
  tied(): boolean;
}

const MAX_AGREED = 200;
const MAX_DISPUTED = 500;
const VALUE_CHARS = 120;

const rounded = (weight: number): number => Math.round(weight * 1e6) / 1e6;

export function createLedger(): Ledger {
  const agreed: Provenance[] = [];
  const disputed: Provenance[] = [];
  let tied = false;
  let noted = 0;
  let agreement = 0;
  return {
    agree(path, value, voices) {
      noted++;
      agreement++;
      if (agreed.length >= MAX_AGREED) return;
      const by = voices.map((voice) => ({ model: voice.candidate.model, weight: rounded(voice.weight) }));
      agreed.push({ path, value: shortened(value(), VALUE_CHARS), by, otherwise: [], agreement: 1, tie: false });
    },
    note(path, value, sides, shown, outlier = false) {
      const tie = isTie(sides);
      tied ||= tie;
      const share = shareOf(sides);
      noted++;
      agreement += share;
      if (disputed.length >= MAX_DISPUTED) return;
      const [taken, ...others] = sides;
      const by = (taken?.voices ?? []).map((voice) => ({
        model: voice.candidate.model,
        weight: rounded(voice.weight),
      }));
      const otherwise = others.flatMap((side) =>
        side.voices.map((voice) => ({
          model: voice.candidate.model,
          weight: rounded(voice.weight),
          value: shortened(shown(side), VALUE_CHARS),
        })),
      );
      disputed.push({
        path,
        value: shortened(value(), VALUE_CHARS),
        by,
        otherwise,
        agreement: rounded(share),
        tie,
        ...(outlier ? { outlier } : {}),
      });
    },
    entries: () => [...disputed, ...agreed],
    agreement: () => (noted === 0 ? 1 : agreement / noted),
    tied: () => tied,
  };
}
