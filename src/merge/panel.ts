// The candidates as voices, in an order that doesn't depend on who came first.
import type { Candidate, Judgement, MergeContext } from '../contract/index.ts';
import type { Reading } from './reading.ts';
import type { Schemas } from './schema.ts';
import { bondOf, oddsOf, weightOf } from './vote.ts';
import type { Bond, Voice } from './vote.ts';

export interface Panel {
  readonly context: MergeContext;
  readonly schemas: Schemas;
  /** Best first. Never empty. */
  readonly voices: readonly Voice[];
  readonly bond: Bond;
}

/** More are not heard: comparing all pairs must stay cheap. */
const MAX_VOICES = 64;

const byText = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);

const signature = ({ source }: Reading['calls'][number]): string =>
  `${source.function?.name}(${source.function?.arguments})${source.id}`;

/** Name-independent as far as it goes: what was said decides before who said it. */
function byContent(left: Omit<Voice, 'rank'>, right: Omit<Voice, 'rank'>): number {
  return (
    right.weight - left.weight ||
    right.candidate.weight - left.candidate.weight ||
    byText(left.reading.content, right.reading.content) ||
    byText(left.reading.calls.map(signature).join('\n'), right.reading.calls.map(signature).join('\n')) ||
    byText(left.candidate.model, right.candidate.model) ||
    byText(left.candidate.completion.id ?? '', right.candidate.completion.id ?? '')
  );
}

/** What judges and reads. */
interface Bench {
  readonly schemas: Schemas;
  readonly read: (candidate: Candidate, request: MergeContext['request']) => Reading;
  readonly judge: (candidate: Candidate, context: MergeContext) => Judgement;
}

export function seat(candidates: readonly Candidate[], context: MergeContext, by: Bench, largest: number): Panel {
  const counted = candidates.filter((candidate) => Number.isFinite(candidate.weight) && candidate.weight > 0);
  const heard = counted.length > 0 ? counted : candidates;
  const voices = heard
    .map((candidate) => {
      const reading = by.read(candidate, context.request);
      const judgement = by.judge(candidate, context);
      const odds = (counted.length > 0 ? oddsOf(candidate.weight, largest) : 1) * judgement.factor;
      return {
        candidate,
        model: candidate.model,
        family: candidate.family,
        reading,
        judgement,
        odds,
        weight: weightOf(odds),
      };
    })
    .sort(byContent)
    .slice(0, MAX_VOICES)
    .map((voice, rank) => ({ ...voice, rank }));
  return { context, schemas: by.schemas, voices, bond: bondOf(context) };
}

/** The same panel with fewer voices. */
export const among = (panel: Panel, voices: readonly Voice[]): Panel => ({ ...panel, voices });
