// Rankings of anonymous answers: how judges' replies are read, and how they add up.
import type { AssistantMessage } from '../contract/index.ts';

export interface Ranking {
  /** Of the judge. */
  readonly weight: number;
  /** Models it ranked, best first; its own is not among them. */
  readonly order: readonly string[];
}

const MAX_REPLY = 20_000;

/**
 * Labels in the order in which the judge put them, best first; null when the reply holds no ranking.
 * Asked for as `{"ranking": ["B", "A"]}`; a list in prose or a chain `B > A` is understood too. Labels that were not handed out are ignored.
 */
export function readRanking(message: AssistantMessage, labels: readonly string[]): readonly string[] | null {
  const text = (message.content ?? '').slice(0, MAX_REPLY);
  const found = fromJson(text, labels) ?? fromProse(text, labels);
  return found === null || found.length === 0 ? null : found;
}

function known(values: readonly unknown[], labels: readonly string[]): readonly string[] {
  const names = values.map((value) =>
    typeof value === 'string'
      ? value
      : typeof value === 'object' && value !== null
        ? String((value as Record<string, unknown>)['label'] ?? '')
        : '',
  );
  return [
    ...new Set(
      names.map((name) =>
        name
          .replace(/^answer\s+/i, '')
          .trim()
          .toUpperCase(),
      ),
    ),
  ].filter((name) => labels.includes(name));
}

function fromJson(text: string, labels: readonly string[]): readonly string[] | null {
  const start = text.indexOf('{');
  const end = text.lastIndexOf('}');
  if (start < 0 || end <= start) return null;
  try {
    const value = JSON.parse(text.slice(start, end + 1)) as Record<string, unknown>;
    const list = Array.isArray(value['ranking']) ? value['ranking'] : Object.values(value).find(Array.isArray);
    return list === undefined ? null : known(list as unknown[], labels);
  } catch {
    return null;
  }
}

/** The last run of labels is the verdict; what stands before it is deliberation. */
function fromProse(text: string, labels: readonly string[]): readonly string[] | null {
  const verdict = text.slice(Math.max(0, text.toLowerCase().lastIndexOf('ranking')));
  const set = labels.join('');
  const seen = [...verdict.matchAll(new RegExp(`(?<![A-Za-z])[${set}](?![A-Za-z])`, 'g'))].map(([label]) => label);
  return seen.length === 0 ? null : [...new Set(seen)];
}

/**
 * Borda count (de Borda 1781), each judge's points weighted by the confidence in that judge and averaged over the judges that saw the
 * answer, so that leaving out one's own is no disadvantage. 0 (always last) to 1 (always first); 0.5 where nobody ranked it.
 */
export function borda(models: readonly string[], rankings: readonly Ranking[]): ReadonlyMap<string, number> {
  const points = new Map(models.map((model) => [model, { sum: 0, weight: 0 }]));
  for (const { order, weight } of rankings) {
    if (order.length < 2 || weight <= 0) continue;
    for (const [place, model] of order.entries()) {
      const tally = points.get(model);
      if (tally === undefined) continue;
      tally.sum += weight * (1 - place / (order.length - 1));
      tally.weight += weight;
    }
  }
  return new Map([...points].map(([model, { sum, weight }]) => [model, weight === 0 ? 0.5 : sum / weight]));
}

/** Enough rankings for the next stage: half of those asked for, at least two, or all there will be. */
export const enoughRankings = (judges: number, arrived: number, outstanding: number): boolean =>
  outstanding === 0 || arrived >= Math.max(2, Math.ceil(judges / 2));
