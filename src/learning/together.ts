// How models err together: one factor. A prompt is hard or easy for all of them alike (z), and beyond that each errs for itself.
import type { ConfidenceFacts, Mind } from '../contract/index.ts';
import { logitOf, sigmoid } from './logistic.ts';

/** Gauss–Hermite quadrature of five points for a standard normal z (Abramowitz & Stegun, table 25.10, rescaled). */
const NODES = [-2.85697, -1.355626, 0, 1.355626, 2.85697];
const SHARES = [0.011257, 0.222076, 0.533333, 0.222076, 0.011257];
/** How much a prompt's own difficulty moves the log-odds of every model. */
const LOADING = 1.7;
/** Two wrong answers are the same one this often. */
const SAME_MISTAKE = 0.2;

/**
 * Log-odds at a middling prompt, such that the mean over all prompts is the quality: exactly, by halving, at so many steps of the quality's own
 * log-odds. The usual factor for it makes of 0.96 0.97, which is as much as a second voice is worth there.
 */
const STEPS = 256;
const EDGE = logitOf(1);
const MIDDLING = Float64Array.from({ length: STEPS + 1 }, (_, step) => {
  const quality = sigmoid(EDGE * ((2 * step) / STEPS - 1));
  let [low, high] = [-4 * EDGE, 4 * EDGE];
  for (let half = 0; half < 48; half += 1) {
    const middle = (low + high) / 2;
    const mean = NODES.reduce((sum, z, node) => sum + SHARES[node]! * sigmoid(middle + LOADING * z), 0);
    if (mean < quality) low = middle;
    else high = middle;
  }
  return low;
});

function minds(quality: number, z: number): number {
  const at = (logitOf(quality) / EDGE + 1) * (STEPS / 2);
  const step = Math.min(STEPS - 1, Math.floor(at));
  const middling = MIDDLING[step]! + (at - step) * (MIDDLING[step + 1]! - MIDDLING[step]!);
  return sigmoid(middling + LOADING * z);
}

/** The same by node of the factor, for qualities that are asked for again and again: what a decision weighs is pairs of a few models. */
const SLOTS = 64;
const keptOf = new Float64Array(SLOTS).fill(Number.NaN);
const kept = new Float64Array(SLOTS * NODES.length);

/** Where in `kept` a quality's five stand. */
function byNode(quality: number): number {
  const slot = Math.floor(quality * 9_973) & (SLOTS - 1);
  const from = slot * NODES.length;
  if (keptOf[slot] === quality) return from;
  keptOf[slot] = quality;
  for (let node = 0; node < NODES.length; node += 1) kept[from + node] = minds(quality, NODES[node]!);
  return from;
}

interface Joint {
  readonly quality: number;
  readonly differ: number;
}

/**
 * Two answer; where they differ a third decides: two that agree win, of three different answers that of the best.
 * `third` null: of two that differ the better one stands.
 */
export function jointOf(first: Mind, second: Mind, third: Mind | null): Joint {
  let [right, rescued, differ] = [0, 0, 0];
  for (let node = 0; node < NODES.length; node += 1) {
    const share = SHARES[node]!;
    const a = kept[byNode(first.quality) + node]!;
    const b = kept[byNode(second.quality) + node]!;
    const c = third === null ? 0 : kept[byNode(third.quality) + node]!;
    const oneRight = a + b - 2 * a * b;
    const noneRight = (1 - a) * (1 - b) * (1 - SAME_MISTAKE);
    right += share * a * b;
    differ += share * (oneRight + noneRight);
    rescued += share * decided(first, second, third, { a, b, c, noneRight });
  }
  return { quality: right + rescued, differ };
}

interface Rights {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  /** Both wrong, and differently. */
  readonly noneRight: number;
}

/** Probability that the two differ and the answer is right all the same. */
function decided(first: Mind, second: Mind, third: Mind | null, { a, b, c, noneRight }: Rights): number {
  const onlyA = a * (1 - b);
  const onlyB = b * (1 - a);
  const best = first.quality >= second.quality ? onlyA : onlyB;
  if (third === null) return best;
  const thirdBest = third.quality >= first.quality && third.quality >= second.quality;
  const apart = 1 - SAME_MISTAKE;
  // The third says what the right one said; or it is wrong by itself and the heaviest voice was right; or it alone is right and the heaviest.
  return c * (onlyA + onlyB) + (thirdBest ? c * noneRight : (1 - c) * apart * best);
}

/** Probability that the first camp is right, from what is expected of each voice and who says the same. */
export const campRight = (facts: Pick<ConfidenceFacts, 'voices'>): number => campsRight(facts)[0] ?? 0.5;

/** Of each camp, that it is right (Bayes over the factor); what is missing to 1 is that none is. */
export function campsRight({ voices }: Pick<ConfidenceFacts, 'voices'>): readonly number[] {
  if (voices.length === 0) return [];
  const camps = campsOf(voices);
  const likelihood = likelihoods(voices, camps).map((byNode) => byNode.reduce((sum, each) => sum + each, 0));
  const all = likelihood.reduce((sum, each) => sum + each, 0);
  return likelihood.slice(0, camps).map((each) => (all > 0 ? each / all : 0.5));
}

const campsOf = (voices: ConfidenceFacts['voices']): number => Math.max(...voices.map(({ camp }) => camp)) + 1;

/** For each camp that may be right, and last for none, by node of the factor. */
function likelihoods(voices: ConfidenceFacts['voices'], camps: number): readonly (readonly number[])[] {
  const qualities = NODES.map((z) => voices.map(({ quality }) => minds(quality, z)));
  return Array.from({ length: camps + 1 }, (_, right) =>
    SHARES.map((share, node) => share * partition(voices, qualities[node]!, right, camps)),
  );
}

/**
 * By how much the likeliest camp gets likelier to be right, on average over all that each of `others` may say: that of a camp, or
 * something new. The expected value of one more look before deciding (Raiffa and Schlaifer 1961).
 */
export function gainsOf(voices: ConfidenceFacts['voices'], others: readonly Mind[]): readonly number[] {
  if (voices.length === 0) return others.map(({ quality }) => quality);
  const camps = campsOf(voices);
  const before = likelihoods(voices, camps);
  const sums = before.map((byNode) => byNode.reduce((sum, each) => sum + each, 0));
  const now = Math.max(...sums.slice(0, camps)) / sums.reduce((sum, each) => sum + each, 0);
  return others.map(({ quality }) => {
    const rights = NODES.map((z) => minds(quality, z));
    const ifRight = before.map((byNode) => dot(byNode, rights));
    const ifWrong = before.map((_, right) => sums[right]! - ifRight[right]!);
    let [likeliest, all] = [0, 0];
    for (let joined = 0; joined <= camps; joined += 1) {
      let [best, sum] = [0, 0];
      for (let right = 0; right <= camps; right += 1) {
        // The mistakes there are already: every camp but the right one.
        const mistakes = right === camps ? camps : camps - 1;
        const fresh = mistakes > 0 ? 1 - SAME_MISTAKE : 1;
        const wrongly = ifWrong[right]! * (joined === camps ? fresh : SAME_MISTAKE);
        const said = right < camps && right === joined ? ifRight[right]! : wrongly;
        if (right < camps) best = Math.max(best, said);
        sum += said;
      }
      if (joined === camps) {
        best = Math.max(best, ifRight[camps]!);
        sum += ifRight[camps]!;
      }
      likeliest += best;
      all += sum;
    }
    return all > 0 ? Math.max(0, likeliest / all - now) : 0;
  });
}

const dot = (left: readonly number[], right: readonly number[]): number =>
  left.reduce((sum, each, nth) => sum + each * right[nth]!, 0);

/** How likely the answers fall as they did when camp `right` is right (`camps`: none is). */
function partition(
  voices: ConfidenceFacts['voices'],
  qualities: readonly number[],
  right: number,
  camps: number,
): number {
  let likelihood = 1;
  const members = Array.from({ length: camps }, () => 0);
  voices.forEach(({ camp }, nth) => {
    likelihood *= camp === right ? qualities[nth]! : 1 - qualities[nth]!;
    members[camp]! += 1;
  });
  // Every further wrong voice falls into its camp by the same mistake; a new camp is another mistake.
  let opened = 0;
  for (let camp = 0; camp < camps; camp += 1) {
    if (camp === right || members[camp] === 0) continue;
    if (opened > 0) likelihood *= 1 - SAME_MISTAKE;
    likelihood *= SAME_MISTAKE ** (members[camp]! - 1);
    opened += 1;
  }
  return likelihood;
}
