// `quorum replay`: what another policy would have done on recorded traffic, or does on a file of recorded answers.
import { existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Clock } from '../contract/index.ts';
import { replayCorrections } from './replay/corrected.ts';
import { readDataset } from './replay/dataset.ts';
import { replayRecords } from './replay/records.ts';
import { replayRows } from './replay/rows.ts';

export interface ReplayArguments {
  readonly config?: string | undefined;
  readonly policy?: string | undefined;
  /** A duration back from now, or a day. */
  readonly since?: string | undefined;
  readonly dataset?: string | undefined;
  /** Corrected answers of the store instead of a dataset. */
  readonly corrections?: boolean | undefined;
  /** With `corrections`: of the program that runs, whose calls cost. */
  readonly live?: boolean | undefined;
  readonly port?: string | undefined;
  readonly host?: string | undefined;
  /** Share of answers that get a verdict, 0-1. */
  readonly feedback?: string | undefined;
  readonly limit?: string | undefined;
  readonly seed?: string | undefined;
  /** A module that exports `grade(row, message) → { correct }`. */
  readonly grader?: string | undefined;
  readonly svg?: string | undefined;
  readonly json?: boolean | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly write: (text: string) => void;
  readonly isTerminal: boolean;
}

/** Exit code: 0 when there was an answer, 1 when the records can't give one. Throws an Error in words for what the user must mend. */
export async function runReplay(given: ReplayArguments): Promise<number> {
  const source = sourceOf(given);
  refuseStrangers(given, source);
  if (given.svg !== undefined) refuseNowhere(given.svg);
  switch (source) {
    case '--dataset':
      return replayRows(readDataset(given.dataset!), given.dataset!, given);
    case '--corrections':
    case '--corrections --live':
      return replayCorrections(given);
    case '--policy':
      return replayRecords(given.policy!, given);
    default:
      return source satisfies never;
  }
}

type Source = '--dataset' | '--corrections' | '--corrections --live' | '--policy';

function sourceOf({ dataset, corrections, live, policy }: ReplayArguments): Source {
  if (dataset !== undefined) return '--dataset';
  if (corrections === true) return live === true ? '--corrections --live' : '--corrections';
  if (policy !== undefined) return '--policy';
  throw new Error(
    'Say --policy FILE (another policy on the recorded requests), --dataset FILE (recorded answers of several models) or --corrections.',
  );
}

type Option = 'policy' | 'since' | 'corrections' | 'live' | 'feedback' | 'limit' | 'seed' | 'grader' | 'svg';
const ROWS: readonly Option[] = ['policy', 'feedback', 'limit', 'seed', 'grader', 'svg'];
const TAKES: Readonly<Record<Source, readonly Option[]>> = {
  '--dataset': ROWS,
  '--corrections': ['corrections', 'since', ...ROWS],
  '--corrections --live': ['corrections', 'live', 'since'],
  '--policy': ['policy', 'since', 'svg'],
};
const OPTIONS: readonly Option[] = [
  'since',
  'corrections',
  'live',
  'feedback',
  'limit',
  'seed',
  'grader',
  'svg',
  'policy',
];

/** An option that would do nothing is a mistake of whoever gave it. */
function refuseStrangers(given: ReplayArguments, source: Source): void {
  const stranger = OPTIONS.find((option) => given[option] !== undefined && !TAKES[source].includes(option));
  if (stranger !== undefined) throw new Error(`--${stranger} says nothing together with ${source}.`);
}

/** Before the work, not after it. */
function refuseNowhere(file: string): void {
  const folder = dirname(resolve(file));
  if (!existsSync(folder)) throw new Error(`--svg ${file}: there is no folder ${folder}.`);
  if (existsSync(file) && statSync(file).isDirectory()) throw new Error(`--svg ${file}: that is a folder.`);
}
