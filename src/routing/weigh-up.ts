// The choice on evidence: of one model alone, and of two that check each other with a third behind them, whatever has the most utility.
import type { Forecast, Nano } from '../contract/index.ts';
import type { Contender } from './pool.ts';
import type { Weighing } from './weighing.ts';

export interface Weighed {
  readonly strategy: 'single' | 'dual';
  readonly members: readonly Contender[];
  /** Who decides where two differ. */
  readonly third: Contender | null;
  readonly quality: number;
  readonly cost: Nano;
  readonly latencyMs: number;
  readonly utility: number;
}

export interface Scales {
  /** Best first; never empty. */
  readonly fit: readonly Contender[];
  /** Not good enough alone; two members may be of them where the whole is expected to reach `minQuality`. */
  readonly partners: readonly Contender[];
  readonly minQuality: number;
  readonly forecast: Forecast;
  readonly weighing: Weighing;
  /** Answers can be compared, so that a second voice says something. */
  readonly comparable: boolean;
  /** A second voice is a must. */
  readonly checked: boolean;
  /** For all calls together. */
  readonly ceiling: Nano | null;
  /** Standard deviations by which a model that is little known is believed to be better: so that it gets known. 0: none. */
  readonly hope: number;
}

/** Pairs are made of so many models: every further one costs time on the way of each request. */
const PAIRED = 5;
/** Outcomes at the task, over all models, before they decide rather than the rules. */
const ENOUGH_OUTCOMES = 3;

export const isLearnt = (fit: readonly Contender[]): boolean =>
  fit.reduce((sum, { samples }) => sum + samples, 0) >= ENOUGH_OUTCOMES;

export function weighUp(scales: Scales): Weighed {
  const { fit, partners, weighing, comparable, checked, hope } = scales;
  const worth = ({ quality, cost, latencyMs, doubt }: Contender): number =>
    weighing.utility(quality, cost, latencyMs) + hope * doubt;
  const alone = fit.reduce((best, one) => (worth(one) > worth(best) ? one : best));
  let best: Weighed = {
    strategy: 'single',
    members: [alone],
    third: null,
    quality: alone.quality,
    cost: alone.cost ?? (0 as Nano),
    latencyMs: alone.latencyMs,
    utility: worth(alone),
  };
  if (!comparable || fit.length + partners.length < 2) return best;
  const paired = pairedOf(partners.length === 0 ? fit : [...fit, ...partners]);
  const thirds = thirdsOf(fit);
  let mustPair = checked;
  for (let one = 0; one < paired.length; one += 1) {
    for (let other = one + 1; other < paired.length; other += 1) {
      const members = [paired[one]!, paired[other]!];
      for (const third of [...thirds.filter((each) => !members.includes(each)).slice(0, 2), null]) {
        const weighed = together(scales, members, third, weighing);
        if (weighed === null || (!mustPair && weighed.utility <= best.utility)) continue;
        best = weighed;
        mustPair = false;
      }
    }
  }
  return best;
}

function together(
  { forecast, ceiling, hope, partners, minQuality }: Scales,
  members: readonly Contender[],
  third: Contender | null,
  weighing: Weighing,
): Weighed | null {
  const [first, second] = [members[0]!, members[1]!];
  const both = (first.cost ?? 0) + (second.cost ?? 0);
  if (ceiling !== null && both + (third?.cost ?? 0) > ceiling) return null;
  const { quality, differ } = forecast.panel(first, second, third);
  if (quality < minQuality && members.some((member) => partners.includes(member))) return null;
  const cost = Math.ceil(both + differ * (third?.cost ?? 0)) as Nano;
  const latencyMs = Math.max(first.latencyMs, second.latencyMs) + (third === null ? 0 : differ * third.latencyMs);
  return {
    strategy: 'dual',
    members,
    third,
    quality,
    cost,
    latencyMs,
    utility: weighing.utility(quality, cost, latencyMs) + (hope * (first.doubt + second.doubt)) / 2,
  };
}

/** Those that no other beats in both quality and cost, and next to them the best of the rest. */
function pairedOf(fit: readonly Contender[]): readonly Contender[] {
  const dominated = (one: Contender): number =>
    fit.reduce(
      (count, other) => count + Number(other.quality > one.quality && (other.cost ?? 0) <= (one.cost ?? 0)),
      0,
    );
  return fit
    .map((one) => ({ one, count: dominated(one) }))
    .sort((left, right) => left.count - right.count || (left.one.cost ?? 0) - (right.one.cost ?? 0))
    .slice(0, PAIRED)
    .map(({ one }) => one);
}

/** The best, and the most useful. */
function thirdsOf(fit: readonly Contender[]): readonly Contender[] {
  const byQuality = [...fit].sort((left, right) => right.quality - left.quality).slice(0, 3);
  const byUtility = fit.slice(0, 3);
  return [...new Set([byQuality[0]!, byUtility[0]!, ...byQuality, ...byUtility])];
}
