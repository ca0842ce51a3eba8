// Arms that do harm: found in the first minute, at any number of looks.
import type { Experiment, Sums } from '../contract/index.ts';
import { varianceOf } from './lift.ts';
import { reach, shareInterval } from './sequence.ts';
import { momentsOf, percentileOf, slowerThan } from './sums.ts';

/** An arm is stopped for nothing once in a thousand experiments. */
const ALPHA = 0.001;
const FEWEST = 30;
const SLOWEST = 0.95;

/** By arm: why it must not go on. */
export function tripped(experiment: Experiment, sums: ReadonlyMap<string, Sums>): ReadonlyMap<string, string> {
  const control = sums.get(experiment.control);
  if (control === undefined) return new Map();
  return new Map(
    experiment.arms.flatMap(({ name, stopped }): [string, string][] => {
      const arm = sums.get(name);
      if (name === experiment.control || stopped !== null || arm === undefined) return [];
      const why =
        errs(experiment, control, arm) ?? isDear(experiment, control, arm) ?? isSlow(experiment, control, arm);
      return why === null ? [] : [[name, why]];
    }),
  );
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

function errs({ guardrails: { errorRate } }: Experiment, control: Sums, arm: Sums): string | null {
  const count = (sums: Sums) => ({ bad: sums['errors.sum'] ?? 0, all: sums['errors.n'] ?? 0 });
  const [theirs, ours] = [count(control), count(arm)];
  const least = shareInterval(ours.bad, ours.all, ALPHA / 2).low;
  const most = shareInterval(theirs.bad, theirs.all, ALPHA / 2).high;
  if (least <= most + errorRate) return null;
  return `errors: ${percent(ours.bad / ours.all)} of ${ours.all} requests, the control ${percent(theirs.bad / Math.max(1, theirs.all))} of ${theirs.all}`;
}

function isDear({ guardrails: { cost } }: Experiment, control: Sums, arm: Sums): string | null {
  const [theirs, ours] = [momentsOf(control, 'cost'), momentsOf(arm, 'cost')];
  if (cost === null || theirs === null || ours === null || theirs.n < FEWEST || ours.n < FEWEST) return null;
  const limit = theirs.mean * (1 + cost);
  const samples = theirs.n / theirs.alike + ours.n / ours.alike;
  const variance = varianceOf(ours) + (1 + cost) ** 2 * varianceOf(theirs);
  if (ours.mean - limit <= reach(Math.sqrt(variance * samples), samples, ALPHA)) return null;
  return `cost: $${ours.mean.toPrecision(3)} a request, the control $${theirs.mean.toPrecision(3)}`;
}

/** More of its requests than 1 in 20 take longer than the control's p95 with what is allowed on top. */
function isSlow({ guardrails: { p95 } }: Experiment, control: Sums, arm: Sums): string | null {
  if (p95 === null || (control['latency.n'] ?? 0) < FEWEST) return null;
  const theirs = percentileOf(control, SLOWEST);
  if (theirs === null) return null;
  const { slow, all } = slowerThan(arm, theirs * (1 + p95));
  if (shareInterval(slow, all, ALPHA).low <= 1 - SLOWEST) return null;
  return `p95: ${Math.round(percentileOf(arm, SLOWEST) ?? 0)} ms, the control ${Math.round(theirs)} ms`;
}
