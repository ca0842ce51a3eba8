// What is wrong with a config, said so that it can be put right: where, what was expected, what was there.

export type Path = readonly (string | number)[];

export interface Problem {
  /** The file, or `environment QUORUM_PORT`, or `flag --port`. */
  readonly source: string;
  /** From 1; null where there is no line. */
  readonly line: number | null;
  readonly column: number | null;
  /** `models.fast.price.input`, `budgets[0].period`; empty: the file as a whole. */
  readonly path: string;
  readonly message: string;
}

/** All problems of a config at once. */
export class ConfigError extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(problemText).join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** One line: `config/quorum.yaml:12:7 models.fast.price.input: expected USD, 0 or more, but found "cheap"`. */
export function problemText({ source, line, column, path, message }: Problem): string {
  const place = line === null ? source : `${source}:${line}:${column ?? 1}`;
  if (path !== '') return `${place} ${path}: ${message}`;
  return line === null ? `${place}: ${message}` : `${place} ${message}`;
}

export function pathText(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? step : `${text}.${step}`;
  }, '');
}

/** The one of `known` that `word` was most likely meant to be; null when none is near. */
export function nearest(word: string, known: Iterable<string>): string | null {
  let best: string | null = null;
  let least = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase(), least);
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best;
}

export function didYouMean(word: string, known: Iterable<string>): string {
  const near = nearest(word, known);
  return near === null ? '' : `; did you mean "${near}"?`;
}

/** Damerau-Levenshtein (adjacent swaps count once), given up at `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(current[column - 1]! + 1, last[column]! + 1, last[column - 1]! + (same ? 0 : 1));
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        cost = Math.min(cost, beforeLast[column - 2]! + 1);
      }
      current.push(cost);
    }
    [beforeLast, last] = [last, current];
  }
  return last[b.length]!;
}
