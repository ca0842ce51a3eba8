// The choice on evidence: of one model alone, and of two that check each other with a third behind them, whatever has the most utility.
import type { Forecast, Nano, Random } from '../contract/index.ts';
import { MOST_LOSS } from './explore.ts';
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
  /** It was drawn among others; absent: nothing else came into question. */
  readonly drawn?: Drawn;
}

export interface Drawn {
  /** Probability of it. */
  readonly share: number;
  /** All that might have come out. */
  readonly rivals: readonly Rival[];
  /** What chance is left for the exchange of a member. */
  readonly random: Random;
}

interface Scales {
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
  /** The plan is drawn: each as often as it is the best of what is believed of the models. */
  readonly sampled: boolean;
}

/** A plan with the share of draws in which it is the best. */
export interface Rival {
  readonly weighed: Weighed;
  readonly share: number;
}

/** Pairs are made of so many models: every further one costs time on the way of each request. */
const PAIRED = 5;
/** Outcomes at the task, over all models, before they decide rather than the rules. */
const ENOUGH_OUTCOMES = 3;

export const isLearnt = (fit: readonly Contender[]): boolean =>
  fit.reduce((sum, { samples }) => sum + samples, 0) >= ENOUGH_OUTCOMES;

/** All that may come out, shares sum to 1; the best by expectation and hope comes last. */
export function weighUp(scales: Scales): readonly Rival[] {
  const { fit, partners, comparable, checked, hope, sampled } = scales;
  const pairs = comparable && fit.length + partners.length > 1 ? pairsOf(scales) : [];
  const all = checked && pairs.length > 0 ? pairs : [...fit.map((one) => aloneOf(one, scales)), ...pairs];
  const best = all.reduce((most, one) => (one.utility > most.utility ? one : most));
  if (!sampled || !(hope > 0)) return [{ weighed: best, share: 1 }];
  const near = all.filter((one) => one.quality >= best.quality - MOST_LOSS && mayWin(one, best));
  if (near.length === 1) return [{ weighed: best, share: 1 }];
  return drawn(near, best, partners.length === 0 ? fit : [...fit, ...partners]);
}

function aloneOf(one: Contender, { weighing, hope }: Scales): Weighed {
  const { quality, cost, latencyMs, doubt } = one;
  const utility = weighing.utility(quality, cost, latencyMs) + hope * doubt;
  return { strategy: 'single', members: [one], third: null, quality, cost: cost ?? (0 as Nano), latencyMs, utility };
}

/** Each pair with the third that serves it best. */
function pairsOf(scales: Scales): readonly Weighed[] {
  const { fit, partners, weighing } = scales;
  const paired = pairedOf(partners.length === 0 ? fit : [...fit, ...partners]);
  const thirds = thirdsOf(fit);
  const pairs: Weighed[] = [];
  for (let one = 0; one < paired.length; one += 1) {
    for (let other = one + 1; other < paired.length; other += 1) {
      const members = [paired[one]!, paired[other]!];
      let best: Weighed | null = null;
      for (const third of [...thirds.filter((each) => !members.includes(each)).slice(0, 2), null]) {
        const weighed = together(scales, members, third, weighing);
        if (weighed !== null && (best === null || weighed.utility > best.utility)) best = weighed;
      }
      if (best !== null) pairs.push(best);
    }
  }
  return pairs;
}

const doubtOf = ({ members }: Weighed): number => (members[0]!.doubt + members.at(-1)!.doubt) / 2;

/** Whether any draw may put it above the best. */
const mayWin = (one: Weighed, best: Weighed): boolean =>
  one === best || one.utility + FARTHEST * (doubtOf(one) + doubtOf(best)) > best.utility;

/**
 * Thompson sampling (1933; Russo et al. 2018) over a fixed Latin hypercube (McKay, Beckman and Conover 1979): sixteen equally likely
 * draws of what each model may be worth, the same for every request, so that the share of a plan is an exact sixteenth or some.
 */
function drawn(near: readonly Weighed[], best: Weighed, models: readonly Contender[]): readonly Rival[] {
  worths.fill(Number.NEGATIVE_INFINITY);
  near.forEach(({ members, utility }, nth) => {
    const [first, second = first] = members as readonly [Contender, Contender?];
    const its = DRAWS * (models.indexOf(first) % SHUFFLES);
    const others = second === first ? its : DRAWS * (models.indexOf(second) % SHUFFLES);
    for (let draw = 0; draw < DRAWS; draw += 1) {
      const luck = first.doubt * LUCK[its + draw]! + second.doubt * LUCK[others + draw]!;
      const worth = utility + luck / 2;
      if (worth <= worths[draw]!) continue;
      worths[draw] = worth;
      winners[draw] = nth;
    }
  });
  const wins = new Map<Weighed, number>();
  for (const nth of winners) wins.set(near[nth]!, (wins.get(near[nth]!) ?? 0) + 1);
  return [...wins]
    .map(([weighed, count]) => ({ weighed, share: count / DRAWS }))
    .sort((left, right) => Number(left.weighed === best) - Number(right.weighed === best));
}

/** Middles of sixteen equally likely parts of a standard normal. */
const UPPER = [0.078_412, 0.237_202, 0.402_25, 0.579_132, 0.776_422, 1.009_99, 1.318_011, 1.862_732];
const QUANTILES = [...UPPER.toReversed().map((each) => -each), ...UPPER];
const FARTHEST = UPPER.at(-1)!;
const DRAWS = QUANTILES.length;
/** Each model goes through all of them, in an order of its own: steps of an odd length come by every place. */
const SHUFFLES = 8 * DRAWS;
const LUCK = Float64Array.from({ length: SHUFFLES * DRAWS }, (_, at) => {
  const [model, draw] = [Math.floor(at / DRAWS), at % DRAWS];
  return QUANTILES[(draw * (2 * model + 1) + model + (model >> 3)) % DRAWS]!;
});
/** By draw: the best so far, and which plan it is. */
const worths = new Float64Array(DRAWS);
const winners = new Uint8Array(DRAWS);

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
