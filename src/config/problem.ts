// What is wrong with a config, said so that it can be put right: where, what was expected, what was there.
import { nearest } from '../contract/index.ts';

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

export function didYouMean(word: string, known: Iterable<string>): string {
  const near = nearest(word, known);
  return near === null ? '' : `; did you mean "${near}"?`;
}
