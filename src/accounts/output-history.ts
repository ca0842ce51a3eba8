// How long answers have been, by task and model: what to expect of the next where money is short.

/** Buckets grow by a quarter: the true value is at most that much below the bucket's edge. */
const GROWTH = 1.25;
const LOG_GROWTH = Math.log(GROWTH);
/** Old answers fade: every so many, all counts are halved. */
const HALVE_AT = 400;
const ENOUGH = 8;
const MOST_PAIRS = 2_000;

interface Histogram {
  readonly counts: Map<number, number>;
  total: number;
  longest: number;
  /** Larger than that of any other that was used earlier. */
  usedAt: number;
}

export interface OutputHistory {
  observe(task: string | null, model: string, tokens: number): void;
  /** Tokens that a share of the answers didn't exceed; null while too few were seen. Never above the longest of them. */
  quantile(task: string | null, model: string, share: number): number | null;
}

export function createOutputHistory(): OutputHistory {
  const histograms = new Map<string, Histogram>();
  let uses = 0;
  const begin = (name: string): Histogram => {
    const begun = { counts: new Map<number, number>(), total: 0, longest: 0, usedAt: 0 };
    if (histograms.size >= MOST_PAIRS) histograms.delete(leastUsed(histograms));
    histograms.set(name, begun);
    return begun;
  };
  const add = (name: string, tokens: number): void => {
    const found = histograms.get(name) ?? begin(name);
    found.usedAt = uses += 1;
    const bucket = Math.ceil(Math.log(Math.max(1, tokens)) / LOG_GROWTH);
    found.counts.set(bucket, (found.counts.get(bucket) ?? 0) + 1);
    found.total += 1;
    found.longest = Math.max(found.longest, tokens);
    if (found.total >= HALVE_AT) halve(found);
  };
  return {
    observe: (task, model, tokens) => {
      if (!(tokens >= 0)) return;
      add(model, tokens);
      if (task !== null) add(`${task}\n${model}`, tokens);
    },
    quantile: (task, model, share) => {
      const exact = task === null ? undefined : histograms.get(`${task}\n${model}`);
      const found = exact !== undefined && exact.total >= ENOUGH ? exact : histograms.get(model);
      return found === undefined || found.total < ENOUGH ? null : quantileOf(found, share);
    },
  };
}

const leastUsed = (histograms: ReadonlyMap<string, Histogram>): string =>
  [...histograms].reduce((least, one) => (one[1].usedAt < least[1].usedAt ? one : least))[0];

function quantileOf({ counts, total, longest }: Histogram, share: number): number {
  let below = 0;
  for (const bucket of [...counts.keys()].sort((one, other) => one - other)) {
    below += counts.get(bucket)!;
    if (below >= total * share) return Math.min(longest, Math.ceil(GROWTH ** bucket));
  }
  return longest;
}

function halve(histogram: Histogram): void {
  for (const [bucket, count] of histogram.counts) {
    if (count < 1) histogram.counts.delete(bucket);
    else histogram.counts.set(bucket, count / 2);
  }
  histogram.total = [...histogram.counts.values()].reduce((sum, count) => sum + count, 0);
}
