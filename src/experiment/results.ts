// What an experiment has shown so far, and what follows from it.
import { GOALS, type Experiment, type Goal, type Sums } from '../contract/index.ts';
import { chancesOf } from './chances.ts';
import { isLessBetter, liftOf, meanInterval, varianceOf, type Lift } from './lift.ts';
import { sampleRatio, type SampleRatio } from './sample-ratio.ts';
import { MEASURES, momentsOf, percentileOf, type Measure } from './sums.ts';

/** A false winner in one of twenty experiments at the most, however often one looks. */
const ALPHA = 0.05;

interface Verdict {
  readonly state: 'collecting' | 'winner' | 'no_difference' | 'harmful';
  /** Whom it is about. */
  readonly arm: string | null;
  readonly because: string;
}

interface Mean {
  readonly n: number;
  readonly mean: number;
  readonly low: number | null;
  readonly high: number | null;
}

export interface ArmResult {
  readonly name: string;
  readonly control: boolean;
  readonly weight: number;
  readonly stopped: string | null;
  /** That were assigned to it. */
  readonly requests: number;
  /** Of which it made a difference: only these count below. */
  readonly exposures: number;
  readonly units: number;
  readonly forced: number;
  readonly measures: Partial<Readonly<Record<Measure, Mean>>>;
  readonly latencyMs: { readonly p50: number | null; readonly p95: number | null };
  readonly totalUsd: number;
  /** Against the control; empty for itself. */
  readonly lifts: Partial<Readonly<Record<Goal, Lift>>>;
  readonly probabilityBest: number | null;
  readonly expectedLoss: number | null;
}

export interface Results {
  readonly metric: Goal;
  readonly control: string;
  readonly alpha: number;
  readonly decision: Verdict;
  readonly sampleRatio: SampleRatio;
  /** Further requests that count until there is a decision, at what was seen so far; null: none, or nobody can tell. */
  readonly samplesNeeded: number | null;
  readonly arms: readonly ArmResult[];
}

const NOTHING: Sums = {};

export function resultsOf(experiment: Experiment, sums: ReadonlyMap<string, Sums>): Results {
  const of = (arm: string): Sums => sums.get(arm) ?? NOTHING;
  const { arms, control, metric } = experiment;
  const alpha = ALPHA / Math.max(1, arms.length - 1);
  const lifts = new Map(
    arms
      .filter(({ name }) => name !== control)
      .map(({ name }) => [name, liftsOf(experiment, of(control), of(name), alpha)]),
  );
  const live = arms.filter(({ stopped }) => stopped === null);
  const ratio = sampleRatio(
    live.map(({ name }) => of(name)['units'] ?? 0),
    live.map(({ weight }) => weight),
  );
  const chances = chancesAt(experiment, of);
  return {
    metric,
    control,
    alpha: ALPHA,
    decision: verdictOf(experiment, lifts, ratio, alpha),
    sampleRatio: ratio,
    samplesNeeded: neededOf(metric, lifts, of, control),
    arms: arms.map(({ name, weight, stopped }): ArmResult => ({
      name,
      control: name === control,
      weight,
      stopped,
      requests: of(name)['requests'] ?? 0,
      exposures: of(name)['exposures'] ?? 0,
      units: of(name)['units'] ?? 0,
      forced: of(name)['forced'] ?? 0,
      measures: meansOf(of(name)),
      latencyMs: { p50: percentileOf(of(name), 0.5), p95: percentileOf(of(name), 0.95) },
      totalUsd: of(name)['cost.sum'] ?? 0,
      lifts: lifts.get(name) ?? {},
      probabilityBest: chances.get(name)?.best ?? null,
      expectedLoss: chances.get(name)?.loss ?? null,
    })),
  };
}

type Lifts = ArmResult['lifts'];

const liftsOf = (experiment: Experiment, control: Sums, arm: Sums, alpha: number): Lifts =>
  Object.fromEntries(
    GOALS.flatMap((goal) => {
      const lift = liftOf(control, arm, goal, alpha, goal === experiment.metric ? experiment.minEffect : null);
      return lift === null ? [] : [[goal, lift]];
    }),
  );

function meansOf(sums: Sums): ArmResult['measures'] {
  const known = (value: number): number | null => (Number.isFinite(value) ? value : null);
  return Object.fromEntries(
    MEASURES.flatMap((measure): [Measure, Mean][] => {
      const found = meanInterval(sums, measure, ALPHA);
      return found === null
        ? []
        : [[measure, { n: found.n, mean: found.mean, low: known(found.low), high: known(found.high) }]];
    }),
  );
}

function chancesAt(
  { arms, metric }: Experiment,
  of: (arm: string) => Sums,
): ReadonlyMap<string, { best: number; loss: number }> {
  const sign = isLessBetter(metric) ? -1 : 1;
  const known = arms.flatMap(({ name }) => {
    const moments = momentsOf(of(name), metric);
    return moments === null ? [] : [{ name, mean: sign * moments.mean, variance: varianceOf(moments) }];
  });
  const chances = known.length < 2 ? [] : chancesOf(known);
  return new Map(chances.map((chance, at) => [known[at]!.name, chance]));
}

function verdictOf(
  { arms, control, metric }: Experiment,
  lifts: ReadonlyMap<string, Lifts>,
  ratio: SampleRatio,
  alpha: number,
): Verdict {
  if (!ratio.ok)
    return {
      state: 'collecting',
      arm: null,
      because: `the units did not fall onto the arms by their weights (p = ${ratio.p.toExponential(1)}): something is wrong, and nothing can be concluded`,
    };
  const others = arms.filter(({ name }) => name !== control);
  const standings = others.map(({ name, stopped }) => ({
    name,
    stopped,
    lift: lifts.get(name)?.[metric],
    standing: stopped === null ? (lifts.get(name)?.[metric]?.standing ?? 'open') : 'worse',
  }));
  const sure = `${(100 * (1 - alpha)).toFixed(alpha < 0.05 ? 1 : 0)} % at any time`;
  const better = standings
    .filter(({ standing }) => standing === 'better')
    .sort((left, right) => Math.abs(right.lift!.difference) - Math.abs(left.lift!.difference))[0];
  if (better !== undefined)
    return { state: 'winner', arm: better.name, because: `its ${metric} is better than that of ${control}: ${sure}` };
  if (standings.every(({ standing }) => standing === 'worse')) {
    const [worst] = standings;
    return {
      state: 'harmful',
      arm: worst!.name,
      because: worst!.stopped ?? `its ${metric} is worse than that of ${control}: ${sure}`,
    };
  }
  if (standings.every(({ standing }) => standing === 'same' || standing === 'worse'))
    return { state: 'no_difference', arm: null, because: `no arm's ${metric} differs by enough to matter: ${sure}` };
  return { state: 'collecting', arm: null, because: `too little is known of ${metric} yet` };
}

function neededOf(
  metric: Goal,
  lifts: ReadonlyMap<string, Lifts>,
  of: (arm: string) => Sums,
  control: string,
): number | null {
  const missing = [...lifts].map(([name, each]) => {
    const lift = each[metric];
    if (lift === undefined) return Infinity;
    const seen = (momentsOf(of(control), metric)?.n ?? 0) + (momentsOf(of(name), metric)?.n ?? 0);
    return Math.max(0, lift.needed - seen);
  });
  const most = Math.max(0, ...missing);
  return Number.isFinite(most) && most > 0 ? most : null;
}
