// Who takes part in each way of asking: good ones, of different families, cheap ones first where it climbs.
import type { Call, StrategyName } from '../contract/index.ts';
import type { Contender } from './pool.ts';

/** A second voice may be this much less useful than the best and still be worth more for being of another family. */
const FAMILY_WORTH = 0.15;
/** How much worse than the best a cheap model may be and still count as good. */
const GOOD_ENOUGH = 0.1;

const costOf = (contender: Contender): number => contender.cost ?? 0;
const cheaper = (left: Contender, right: Contender): number => costOf(left) - costOf(right);

/** `count` more besides `chosen`, the most useful first, preferring families that aren't in yet. */
function diverse(chosen: readonly Contender[], fit: readonly Contender[], count: number): Contender[] {
  const members = [...chosen];
  while (members.length < count) {
    const families = new Set(members.map(({ entry }) => entry.family));
    const worth = (one: Contender): number => one.utility - (families.has(one.entry.family) ? FAMILY_WORTH : 0);
    const rest = fit.filter((one) => !members.includes(one));
    if (rest.length === 0) break;
    members.push(rest.reduce((best, one) => (worth(one) > worth(best) ? one : best)));
  }
  return members;
}

/** The cheapest of those about as good as the best; the best itself where nothing is known to be. */
function cheapAndGood(fit: readonly Contender[]): Contender {
  const best = Math.max(...fit.map(({ quality }) => quality));
  const good = fit.filter((one) => one.quality >= best - GOOD_ENOUGH);
  return good.reduce((cheap, one) => (cheaper(one, cheap) < 0 ? one : cheap));
}

/** What the first step of a cascade must be expected to be. */
export interface FirstStep {
  readonly minQuality: number;
  /** How much worse than the strongest it may be. */
  readonly mostLoss: number;
}

/** Cheap to strong: a first step that is probably enough, then the strongest; null where nothing cheaper would do. */
export function stepsOf(fit: readonly Contender[], { minQuality, mostLoss }: FirstStep): readonly Contender[] | null {
  const strongest = fit.reduce((best, one) => (one.quality > best.quality ? one : best));
  const floor = Math.max(minQuality, strongest.quality - mostLoss);
  const below = fit.filter((one) => one !== strongest && one.quality >= floor && costOf(one) < costOf(strongest));
  if (below.length === 0) return null;
  const first = below.reduce((best, one) => (stepWorth(one, strongest) > stepWorth(best, strongest) ? one : best));
  return [first, strongest];
}

/** What a first step saves on average, against always asking the strongest. */
const stepWorth = (first: Contender, strongest: Contender): number => costOf(strongest) * first.quality - costOf(first);

export interface LineUp {
  readonly call: Call;
  readonly members: readonly Contender[];
  /** How it came to less than was asked for; null when it didn't. */
  readonly note: string | null;
}

export interface Cast {
  /** Never empty, best first. */
  readonly fit: readonly Contender[];
  readonly chairman: string | null;
  readonly councilMembers: number;
  readonly firstStep: FirstStep;
}

/** The strategy with the models there are; a smaller one, and a note, where they are too few. */
export function lineUp(strategy: StrategyName, cast: Cast): LineUp {
  const members = membersFor(strategy, cast);
  const call = callOf(strategy, members, cast.chairman);
  const note =
    call.kind === strategy
      ? null
      : `only ${members.length} of the models for ${strategy} can take it: ${call.kind} instead`;
  return { call, members: call.kind === 'single' ? members.slice(0, 1) : members, note };
}

/** How many models a strategy wants. */
export const seatsOf = (strategy: StrategyName, councilMembers: number): number =>
  strategy === 'council' ? Math.max(2, councilMembers) : { single: 1, dual: 2, cascade: 2, triple: 3 }[strategy];

function membersFor(strategy: StrategyName, { fit, councilMembers, firstStep }: Cast): readonly Contender[] {
  switch (strategy) {
    case 'single':
      return fit.slice(0, 1);
    case 'dual':
      return diverse([cheapAndGood(fit)], fit, 2);
    case 'triple':
      return diverse([], fit, 3);
    case 'council':
      return diverse([], fit, Math.max(2, councilMembers));
    case 'cascade':
      return stepsOf(fit, firstStep) ?? fit.slice(0, 2).sort(cheaper);
    default:
      return strategy satisfies never;
  }
}

/** Of members in order; what they are too few for becomes the next smaller. */
export function callOf(strategy: StrategyName, members: readonly Contender[], chairman: string | null): Call {
  const names = members.map(({ model }) => model);
  const [first, second, third] = names;
  if (second === undefined) return { kind: 'single', model: first! };
  switch (strategy) {
    case 'single':
      return { kind: 'single', model: first! };
    case 'dual':
      return { kind: 'dual', members: [first!, second] };
    case 'triple':
      return third === undefined
        ? { kind: 'dual', members: [first!, second] }
        : { kind: 'triple', members: [first!, second, third] };
    case 'cascade':
      return { kind: 'cascade', steps: names };
    case 'council':
      return { kind: 'council', members: names, chairman: chairman ?? first! };
    default:
      return strategy satisfies never;
  }
}
