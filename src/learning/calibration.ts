// Confidence that means something: beta calibration of what strategy, agreement, track record, difficulty and token probabilities say.
import type { ConfidenceFacts } from '../contract/index.ts';
import { logitOf, sigmoid } from './logistic.ts';
import { campRight } from './together.ts';

export interface Calibration {
  /** null until enough verdicts are there. */
  confidence(facts: ConfidenceFacts): number | null;
  /** The same key again replaces its verdict. `told`: what was said when it went out. */
  observe(key: string, verdict: Verdict): void;
  report(task: string | null): Reliability;
  tasks(): readonly string[];
}

interface Verdict {
  readonly facts: ConfidenceFacts;
  /** 0-1. */
  readonly good: number;
  readonly weight: number;
  readonly told: number | null;
}

interface Reliability {
  readonly task: string | null;
  readonly verdicts: number;
  /** Verdicts on answers whose confidence was told beforehand; the figures below rest on those alone. */
  readonly judged: number;
  /** Expected calibration error over bins of equal width: mean distance between confidence and share right, by weight. */
  readonly ece: number | null;
  readonly brier: number | null;
  readonly bins: readonly {
    readonly from: number;
    readonly to: number;
    readonly count: number;
    readonly confidence: number;
    readonly right: number;
  }[];
}

/** Verdicts at any task before anything is said. */
const ENOUGH = 50;
/** Verdicts before one task has a curve of its own beside the common one. */
const ENOUGH_AT_TASK = 30;
const KEPT = 3_000;
const BINS = 15;
/** So many verdicts the prior of each coefficient counts for, roughly: its precision. Nearly the identity is expected. */
const PRECISION = [1, 8, 8, 4, 4, 4, 4, 4, 2] as const;
const PRIOR = [0, 0.9, 0.9, 0, 0, 0, 0, 0, 0] as const;
/** What is believed of a camp at the least, and left to doubt it. */
const [LEAST, LEAST_DOUBT] = [0.02, 0.0025];
/** A curve is fitted again when so much has come since. */
const STALE_SHARE = 0.05;
const STEPS = 12;

type Signs = readonly number[];

/**
 * Beta calibration (Kull, Silva Filho and Flach 2017): log p and −log(1 − p) of the first camp, each with a slope of its own, so that
 * low and high confidences can be off in different ways; beside them several voices, a dispute, three answers or more, how easy the
 * prompt looked before anybody answered, what checks found, token probabilities.
 */
function signsOf(facts: ConfidenceFacts): Signs {
  const { voices, factor, tokenProbability } = facts;
  const camps = voices.reduce((most, { camp }) => Math.max(most, camp + 1), 0);
  const right = campRight(facts);
  return [
    1,
    Math.log(Math.max(LEAST, right)),
    -Math.log(Math.max(LEAST_DOUBT, 1 - right)),
    voices.length > 1 && camps === 1 ? 1 : 0,
    camps > 1 ? 1 : 0,
    camps > 2 ? 1 : 0,
    voices.reduce((sum, { quality }) => sum + within(4, 6, logitOf(quality)), 0) / Math.max(1, voices.length),
    Math.max(-3, Math.log(Math.max(0.02, factor))),
    tokenProbability === null ? 0 : within(3, 3, logitOf(tokenProbability) - 2) / 2,
  ];
}

const within = (below: number, above: number, value: number): number => Math.min(above, Math.max(-below, value));

interface Pair {
  readonly task: string;
  readonly signs: Signs;
  readonly verdict: Verdict;
}

interface Curve {
  readonly weights: readonly number[];
  readonly of: number;
}

export function createCalibration(): Calibration {
  const pairs = new Map<string, Pair>();
  const counts = new Map<string, number>();
  let changes = 0;
  let common: Curve | null = null;
  const own = new Map<string, Curve>();

  const recount = (task: string, by: number): void => void counts.set(task, (counts.get(task) ?? 0) + by);

  const isStale = (curve: Curve | null | undefined, now: number): boolean =>
    curve == null || Math.abs(now - curve.of) > Math.max(5, curve.of * STALE_SHARE);

  /** The common curve, and for a task with verdicts enough its own, which starts from the common one. */
  const curveOf = (task: string): readonly number[] => {
    if (isStale(common, changes)) {
      common = { weights: fit([...pairs.values()], PRIOR, 1), of: changes };
      own.clear();
    }
    const count = counts.get(task) ?? 0;
    if (count < ENOUGH_AT_TASK) return common!.weights;
    let curve = own.get(task);
    if (isStale(curve, count)) {
      const some = [...pairs.values()].filter((pair) => pair.task === task);
      curve = { weights: fit(some, common!.weights, 4), of: count };
      own.set(task, curve);
    }
    return curve!.weights;
  };

  return {
    confidence(facts) {
      if (pairs.size < ENOUGH || facts.voices.length === 0) return null;
      return sigmoid(dot(curveOf(facts.task), signsOf(facts)));
    },
    observe(key, verdict) {
      const before = pairs.get(key);
      if (before !== undefined) {
        recount(before.task, -1);
        pairs.delete(key);
      } else if (pairs.size >= KEPT) {
        const [first] = pairs;
        recount(first![1].task, -1);
        pairs.delete(first![0]);
      }
      const { task } = verdict.facts;
      pairs.set(key, { task, signs: signsOf(verdict.facts), verdict });
      recount(task, 1);
      changes += 1;
    },
    report: (task) =>
      reliabilityOf(
        task,
        [...pairs.values()].filter((pair) => task === null || pair.task === task),
      ),
    tasks: () =>
      [...counts]
        .filter(([, count]) => count > 0)
        .map(([task]) => task)
        .sort(),
  };
}

const dot = (weights: readonly number[], signs: Signs): number => {
  let sum = 0;
  for (let nth = 0; nth < signs.length; nth += 1) sum += weights[nth]! * signs[nth]!;
  return sum;
};

/** Logistic regression with a normal prior around `centre`, by Newton's method. */
function fit(pairs: readonly Pair[], centre: readonly number[], firmness: number): readonly number[] {
  const size = PRECISION.length;
  const weights = [...centre];
  for (let step = 0; step < STEPS; step += 1) {
    const slope = weights.map((weight, nth) => -firmness * PRECISION[nth]! * (weight - centre[nth]!));
    const curvature = weights.map((_, row) =>
      weights.map((__, column) => (row === column ? firmness * PRECISION[row]! : 0)),
    );
    for (const { signs, verdict } of pairs) {
      const expected = sigmoid(dot(weights, signs));
      const spread = verdict.weight * Math.max(1e-6, expected * (1 - expected));
      const off = verdict.weight * (verdict.good - expected);
      for (let row = 0; row < size; row += 1) {
        slope[row]! += off * signs[row]!;
        for (let column = 0; column <= row; column += 1)
          curvature[row]![column]! += spread * signs[row]! * signs[column]!;
      }
    }
    const move = solve(curvature, slope);
    move.forEach((by, nth) => (weights[nth]! += by));
    if (move.every((by) => Math.abs(by) < 1e-4)) break;
  }
  return weights;
}

/** Of a symmetric positive definite matrix whose lower half is given (Cholesky). */
function solve(matrix: readonly number[][], right: readonly number[]): number[] {
  const size = right.length;
  const lower = matrix.map((row) => [...row]);
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column <= row; column += 1) {
      let sum = lower[row]![column]!;
      for (let inner = 0; inner < column; inner += 1) sum -= lower[row]![inner]! * lower[column]![inner]!;
      lower[row]![column] = row === column ? Math.sqrt(Math.max(sum, 1e-9)) : sum / lower[column]![column]!;
    }
  }
  const found = [...right];
  for (let row = 0; row < size; row += 1) {
    for (let inner = 0; inner < row; inner += 1) found[row]! -= lower[row]![inner]! * found[inner]!;
    found[row]! /= lower[row]![row]!;
  }
  for (let row = size - 1; row >= 0; row -= 1) {
    for (let inner = row + 1; inner < size; inner += 1) found[row]! -= lower[inner]![row]! * found[inner]!;
    found[row]! /= lower[row]![row]!;
  }
  return found;
}

function reliabilityOf(task: string | null, pairs: readonly Pair[]): Reliability {
  const judged = pairs.flatMap(({ verdict: { told, good, weight } }) =>
    told === null ? [] : [{ told, good, weight }],
  );
  return { task, verdicts: pairs.length, ...figuresOf(judged) };
}

/** Calibration error, Brier score and reliability diagram of confidences that were told before the verdict. */
export function figuresOf(
  judged: readonly { readonly told: number; readonly good: number; readonly weight: number }[],
): Omit<Reliability, 'task' | 'verdicts'> {
  const bins = Array.from({ length: BINS }, () => ({ weight: 0, confidence: 0, right: 0, count: 0 }));
  let [all, squares] = [0, 0];
  for (const { told, good, weight } of judged) {
    const bin = bins[Math.min(BINS - 1, Math.floor(told * BINS))]!;
    bin.weight += weight;
    bin.count += 1;
    bin.confidence += weight * told;
    bin.right += weight * good;
    all += weight;
    squares += weight * (told - good) ** 2;
  }
  const gap = bins.reduce((sum, bin) => sum + Math.abs(bin.confidence - bin.right), 0);
  return {
    judged: judged.length,
    ece: all > 0 ? gap / all : null,
    brier: all > 0 ? squares / all : null,
    bins: bins.flatMap((bin, nth) =>
      bin.weight === 0
        ? []
        : [
            {
              from: nth / BINS,
              to: (nth + 1) / BINS,
              count: bin.count,
              confidence: bin.confidence / bin.weight,
              right: bin.right / bin.weight,
            },
          ],
    ),
  };
}
