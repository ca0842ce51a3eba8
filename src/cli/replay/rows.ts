// A policy over rows of recorded answers, one after the other as they would come in, without and with verdicts; beside each model alone.
import { existsSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AssistantMessage, Settings } from '../../contract/index.ts';
import { progressBar, tableText } from '../table.ts';
import type { ReplayArguments } from '../replay.ts';
import type { RecordedRow } from './dataset.ts';
import { createReplay, type ReplayOptions, type Served } from './engine.ts';
import { frontierSvg, type Point } from './plot.ts';
import { modelsOf, plainSettings, settingsOf } from './settings.ts';
import { seconds, share, usd } from './units.ts';

const USUAL_FEEDBACK = 0.2;

type Grade = NonNullable<ReplayOptions['grade']>;

interface Run {
  readonly name: string;
  readonly kind: 'policy' | 'model';
  readonly accuracy: number;
  readonly costUsd: number;
  /** Null where the rows don't say how long answers took. */
  readonly latencyS: number | null;
  readonly calls: number;
}

export async function replayRows(
  all: readonly RecordedRow[],
  file: string,
  given: ReplayArguments,
  usualGrade?: Grade,
): Promise<number> {
  const rows = given.limit === undefined ? all : all.slice(0, wholeOf('--limit', given.limit));
  if (rows.length === 0) throw new Error(`${file} holds no rows.`);
  const verdicts = shareOf(given.feedback);
  const seed = given.seed === undefined ? 1 : wholeOf('--seed', given.seed);
  const grade = given.grader === undefined ? usualGrade : await graderOf(given.grader);
  const settings =
    given.policy === undefined
      ? await plainSettings(rows, { routing: { explore: 0.05 } })
      : onlyRecorded(await settingsOf(given.policy, given.env), rows, given.policy);
  const bar = progressBar((text) => process.stderr.write(text), given.isTerminal && given.json !== true);
  const runs: Run[] = [];
  for (const part of new Set([0, verdicts])) {
    const name = part === 0 ? 'policy, no feedback' : `policy, feedback on ${Math.round(part * 100)} %`;
    const options = { settings, seed, ...(grade !== undefined && { grade }) };
    runs.push(runOf(name, await serveAll(rows, part, options, (done) => bar(name, done, rows.length))));
  }
  report(given, [...runs, ...modelsOf(rows).flatMap((model) => aloneOf(model, rows))]);
  if (rows.some(isBare) && given.json !== true)
    given.write('rows that hold verdicts and no answers went to one model each: there was nothing to compare\n');
  return 0;
}

/** Each n-th answer gets its verdict, so that `part` of all do. */
async function serveAll(
  rows: readonly RecordedRow[],
  part: number,
  options: ReplayOptions,
  onProgress: (done: number) => void,
): Promise<readonly Served[]> {
  const replay = createReplay(options);
  const served: Served[] = [];
  let owed = 0;
  for (const row of rows) {
    const one = await replay.serve(row, isBare(row) ? { strategy: 'single' } : {});
    served.push(one);
    owed += part;
    if (owed >= 1) {
      replay.judge(one);
      owed -= 1;
    }
    onProgress(served.length);
  }
  return served;
}

const isBare = ({ verdictsOnly }: RecordedRow): boolean => verdictsOnly === true;

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

const runOf = (name: string, served: readonly Served[]): Run => ({
  name,
  kind: 'policy',
  accuracy: mean(served.map(({ correct }) => correct)),
  costUsd: mean(served.map((one) => one.costUsd)),
  latencyS: served.every(({ row }) => isTimed(row)) ? mean(served.map(({ latencyMs }) => latencyMs)) / 1_000 : null,
  calls: mean(served.map(({ record }) => record.attempts.length)),
});

const isTimed = ({ answers }: RecordedRow): boolean =>
  [...answers.values()].some(({ latencyMs }) => latencyMs !== null);

/** Nothing for a model that hasn't answered every row. */
function aloneOf(model: string, rows: readonly RecordedRow[]): Run[] {
  const answers = rows.flatMap(({ answers: each }) => each.get(model) ?? []);
  if (answers.length < rows.length) return [];
  const times = answers.flatMap(({ latencyMs }) => latencyMs ?? []);
  return [
    {
      name: model,
      kind: 'model',
      accuracy: mean(answers.map(({ correct }) => correct)),
      costUsd: mean(answers.map((one) => one.costUsd)),
      latencyS: times.length === 0 ? null : mean(times) / 1_000,
      calls: 1,
    },
  ];
}

function report({ json, svg, write }: ReplayArguments, runs: readonly Run[]): void {
  if (json) write(`${JSON.stringify({ runs }, null, 2)}\n`);
  else
    write(
      tableText(
        ['', 'accuracy', 'per 1,000', 'calls', 'latency'],
        runs.map(({ name, accuracy, costUsd, calls, latencyS }) => [
          name,
          share(accuracy),
          usd(costUsd),
          calls.toFixed(2),
          latencyS === null ? '–' : seconds(latencyS),
        ]),
      ),
    );
  if (svg === undefined) return;
  const points = runs.map(({ name, kind, accuracy, costUsd }): Point => ({
    name,
    kind,
    accuracy,
    cost: costUsd * 1_000,
  }));
  writeFileSync(svg, frontierSvg(points));
  if (!json) write(`the cost-quality frontier is in ${svg}\n`);
}

/** The policy's models that the file has answers of. */
function onlyRecorded(settings: Settings, rows: readonly RecordedRow[], file: string): Settings {
  const known = new Set(modelsOf(rows));
  const usable = new Set([...settings.models.keys()].filter((name) => known.has(name)));
  if (usable.size === 0)
    throw new Error(`${file} configures none of the models in the dataset: ${[...known].join(', ')}.`);
  const tiers = new Map(
    [...settings.tiers].map(([name, tier]) => {
      const models = tier.configured.filter((model) => usable.has(model));
      return [name, { ...tier, models: models.length > 0 ? models : [...usable] }] as const;
    }),
  );
  return { ...settings, usable, tiers, cache: { ...settings.cache, enabled: false } };
}

function wholeOf(flag: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`${flag} ${text}: a whole number is expected.`);
  return Number(text);
}

function shareOf(text: string | undefined): number {
  if (text === undefined) return USUAL_FEEDBACK;
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!(value >= 0 && value <= 1)) throw new Error(`--feedback ${text}: a share from 0 to 1 is expected.`);
  return value;
}

async function graderOf(file: string): Promise<Grade> {
  if (!existsSync(file)) throw new Error(`--grader ${file}: there is no such file.`);
  const module = (await import(pathToFileURL(resolve(file)).href)) as {
    readonly grade?: (row: unknown, message: AssistantMessage) => { readonly correct: number };
  };
  if (typeof module.grade !== 'function') throw new Error(`${file} exports no function grade(row, message).`);
  const { grade } = module;
  return (row, message) => grade(row.source, message).correct;
}
