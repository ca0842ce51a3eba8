// What another policy would have done, from recorded decisions and the probability of each: importance weights, and a model where they are thin.

/** One recorded decision as both policies see it. */
export interface Logged {
  /** Probability with which the recorded policy did what it did, (0, 1]. */
  readonly propensity: number;
  /** Probability with which the other policy would have done the same, [0, 1]. */
  readonly target: number;
  /** What came of it: right or wrong, dollars, seconds. */
  readonly reward: number;
  /** What a model expects of what was done. */
  readonly expected: number;
  /** What the model expects of the other policy here. */
  readonly expectedOfTarget: number;
}

export interface Estimate {
  readonly value: number;
  /** 95 %. */
  readonly from: number;
  readonly to: number;
}

export interface Estimates {
  readonly records: number;
  /** Kish's effective sample size: (Σw)² / Σw². */
  readonly effective: number;
  /** Records on which the other policy might have done the same. */
  readonly matched: number;
  /** Of what was recorded. */
  readonly recorded: Estimate;
  /** Horvitz & Thompson 1952. */
  readonly ips: Estimate;
  /** Self-normalised: Swaminathan & Joachims 2015. */
  readonly snips: Estimate;
  /** Dudík, Langford & Li 2011. */
  readonly doublyRobust: Estimate;
}

const FEWEST_EFFECTIVE = 30;
const LEAST_MATCHED_SHARE = 0.05;
const Z95 = 1.96;

/** Why the records can't tell, in words; null when they can. */
export function refusalOf({
  records,
  effective,
  matched,
}: Pick<Estimates, 'records' | 'effective' | 'matched'>): string | null {
  if (records === 0) return 'there are no such records';
  if (matched === 0)
    return 'nothing that the other policy would do was ever done: turn exploration on, or replay a dataset';
  if (effective < FEWEST_EFFECTIVE)
    return `the records are worth ${effective.toFixed(1)} of the other policy's, and ${FEWEST_EFFECTIVE} are needed`;
  if (matched < records * LEAST_MATCHED_SHARE)
    return `only ${matched} of ${records} records did what the other policy would do: the rest would be guesswork`;
  return null;
}

export function estimatesOf(logged: readonly Logged[]): Estimates {
  const weights = logged.map(({ propensity, target }) => target / Math.max(1e-6, propensity));
  const sum = total(weights);
  const squares = total(weights.map((weight) => weight * weight));
  const ratio = sum > 0 ? total(logged.map(({ reward }, nth) => reward * weights[nth]!)) / sum : 0;
  return {
    records: logged.length,
    effective: squares > 0 ? (sum * sum) / squares : 0,
    matched: weights.filter((weight) => weight > 0).length,
    recorded: meanOf(logged.map(({ reward }) => reward)),
    ips: meanOf(logged.map(({ reward }, nth) => reward * weights[nth]!)),
    // By the delta method: the mean of w·(r − ratio) over the mean weight.
    snips: around(
      ratio,
      logged.map(({ reward }, nth) => (weights[nth]! * (reward - ratio) * logged.length) / Math.max(1e-9, sum)),
    ),
    doublyRobust: meanOf(
      logged.map(
        ({ reward, expected, expectedOfTarget }, nth) => expectedOfTarget + weights[nth]! * (reward - expected),
      ),
    ),
  };
}

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

function meanOf(values: readonly number[]): Estimate {
  const mean = values.length === 0 ? 0 : total(values) / values.length;
  return around(
    mean,
    values.map((value) => value - mean),
  );
}

function around(value: number, deviations: readonly number[]): Estimate {
  const count = deviations.length;
  const error = count < 2 ? 0 : Math.sqrt(total(deviations.map((off) => off * off)) / (count * (count - 1)));
  return { value, from: value - Z95 * error, to: value + Z95 * error };
}
