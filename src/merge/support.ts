// How much the answers bear each other out: for each, what share of the others' weight says the same, or how alike they are.
import { groundOf } from './ground.ts';
import type { Panel } from './panel.ts';
import { cosine } from './similarity.ts';

/** By model, 0-1; 0 where nobody else says anything like it. */
export function supportOf(panel: Panel): ReadonlyMap<string, number> {
  const { kind, camps } = groundOf(panel);
  const loose = kind === 'prose' || kind === 'code';
  const campOf = new Map(camps.flatMap((camp) => camp.voices.map((voice) => [voice.rank, camp] as const)));
  return new Map(
    panel.voices.map((voice) => {
      const others = panel.voices.filter((other) => other.rank !== voice.rank);
      const weight = others.reduce((sum, other) => sum + other.weight, 0);
      const alike = others.reduce((sum, other) => {
        const same = campOf.get(voice.rank) === campOf.get(other.rank);
        return sum + other.weight * (loose ? cosine(voice.reading.profile, other.reading.profile) : Number(same));
      }, 0);
      return [voice.candidate.model, weight > 0 ? alike / weight : 0];
    }),
  );
}
