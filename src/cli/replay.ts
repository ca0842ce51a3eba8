// `quorum replay`: what another policy would have done on recorded traffic, or does on a file of recorded answers.
import { existsSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { resolve } from 'node:path';
import { stillConfig } from './still-config.ts';
import {
  parseDuration,
  type AssistantMessage,
  type Clock,
  type RequestRecord,
  type Settings,
} from '../contract/index.ts';
import { evidenceAt, type Estimate, type Estimates } from '../learning/index.ts';
import { openStore, type SqliteStore } from '../store/index.ts';
import type { LiveConfig } from '../config/index.ts';
import { urlOf } from './running.ts';
import { correctionsOf, gradeByCorrection } from './replay/corrections.ts';
import { readDataset, type RecordedRow } from './replay/dataset.ts';
import { askAgain, type Asked } from './replay/live.ts';
import { createReplay, type Served } from './replay/engine.ts';
import { modelsOf, plainSettings, settingsOf } from './replay/settings.ts';
import { frontierSvg, progressBar, tableText, type Point } from './replay/table.ts';
import { whatIf } from './replay/what-if.ts';
import { learntFrom } from '../compose/learnt.ts';

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

const MOST_RECORDS = 50_000;
const PAGE = 500;
const USUAL_FEEDBACK = 0.2;

/** Exit code: 0 when there was an answer, 1 when the records can't give one. Throws an Error in words for what the user must mend. */
export async function runReplay(given: ReplayArguments): Promise<number> {
  if (given.dataset !== undefined) return replayDataset(readDataset(given.dataset), given.dataset, given);
  if (given.corrections === true) return replayCorrections(given);
  if (given.policy === undefined)
    throw new Error(
      'Say --policy FILE (another policy on the recorded requests), --dataset FILE (recorded answers of several models) or --corrections.',
    );
  return replayRecords(given.policy, given);
}

const share = (value: number): string => `${(value * 100).toFixed(2)} %`;
const usd = (value: number): string => `$${(value * 1_000).toFixed(3)}`;
const seconds = (value: number): string => `${value.toFixed(2)} s`;

async function replayRecords(file: string, given: ReplayArguments): Promise<number> {
  if (!existsSync(file)) throw new Error(`There is no policy file ${file}.`);
  const policy = await settingsOf(file, given.env);
  const { records, verdicts, forecast } = await recorded(given);
  const result = whatIf(records, verdicts, policy, forecast);
  if (given.json) given.write(`${JSON.stringify(result, null, 2)}\n`);
  else {
    const rows = [
      ...lines('accuracy', result.accuracy, share),
      ...lines('cost per 1,000', result.costUsd, usd),
      ...lines('latency', result.latencyS, seconds),
    ];
    given.write(`${result.records} records, ${result.judged} of them with a verdict\n\n`);
    if (rows.length > 0)
      given.write(tableText(['', 'recorded', 'ips', 'snips', 'doubly robust', 'effective', 'matched'], rows));
    if (result.partial > 0)
      given.write(
        `${result.partial} of the records are of an older version and don't say what was asked for beside the task, nor how little was known of each model: there the other policy may choose what it wouldn't have chosen.\n`,
      );
    for (const refusal of result.refusals) given.write(`can't be told: ${refusal}\n`);
  }
  return result.accuracy === null && result.costUsd === null && result.latencyS === null ? 1 : 0;
}

function lines(name: string, estimates: Estimates | null, shown: (value: number) => string): string[][] {
  if (estimates === null) return [];
  const cell = ({ value, from, to }: Estimate): string => `${shown(value)} [${shown(from)}, ${shown(to)}]`;
  const { recorded: was, ips, snips, doublyRobust, effective, matched, records } = estimates;
  return [[name, cell(was), cell(ips), cell(snips), cell(doublyRobust), effective.toFixed(0), `${matched}/${records}`]];
}

async function withStore<Result>(
  { config: file, env, clock }: ReplayArguments,
  work: (store: SqliteStore, config: LiveConfig) => Promise<Result>,
): Promise<Result> {
  const config = await stillConfig(file, env);
  const store = await openStore(config.parts().storageUrl, clock, { decay: evidenceAt });
  try {
    return await work(store, config);
  } finally {
    await store.close();
  }
}

const recorded = (given: ReplayArguments) =>
  withStore(given, async (store, config) => {
    const { since, clock } = given;
    const records: RequestRecord[] = [];
    const filter = since === undefined ? {} : { since: momentOf(since, clock.now()) };
    for (let cursor: string | null = null; records.length < MOST_RECORDS;) {
      const page = await store.requests.list(filter, PAGE, cursor);
      records.push(...page.rows);
      if (page.cursor === null) break;
      cursor = page.cursor;
    }
    const { forecast } = (await learntFrom(store, config.current, clock)).learner;
    return { records, verdicts: store.learning.taught(0, MOST_RECORDS), forecast };
  });

async function replayCorrections(given: ReplayArguments): Promise<number> {
  const { since, clock, write, json } = given;
  const { rows, without, server } = await withStore(given, async (store, config) => ({
    ...(await correctionsOf(store.learning, store.requests, since === undefined ? null : momentOf(since, clock.now()))),
    server: config.server,
  }));
  if (rows.length === 0)
    throw new Error(
      `No correction has its prompt (${without} have none). Prompts are kept for keys with \`quorum keys update ID --log-content on\`, and for all with telemetry.log_content.`,
    );
  if (without > 0 && json !== true) write(`${without} corrections are left out: their prompts weren't kept\n`);
  if (given.live !== true) return replayDataset(rows, 'the corrections', given, gradeByCorrection);
  const url = urlOf(given.host ?? server.host, given.port ?? String(server.port));
  const bar = progressBar((text) => process.stderr.write(text), given.isTerminal && json !== true);
  const asked: Asked[] = [];
  for (const [at, row] of rows.entries()) {
    asked.push(await askAgain(url, server.adminKey, row));
    bar('corrections', at + 1, rows.length);
  }
  const right = asked.filter(({ correct }) => correct).length;
  if (json === true) write(`${JSON.stringify({ corrections: asked.length, right, asked }, null, 2)}\n`);
  else {
    const cells = asked.map(({ id, task, models, correct, costUsd, problem }) => [
      id,
      task,
      models,
      problem ?? (correct ? 'right' : 'WRONG'),
      usd(costUsd / 1_000),
    ]);
    write(
      `${tableText(['request', 'task', 'answered by', '', 'cost'], cells)}\n${right} of ${asked.length} are right now\n`,
    );
  }
  return right === asked.length ? 0 : 1;
}

function momentOf(since: string, now: number): number {
  const back = parseDuration(since);
  const at = back === null ? Date.parse(since) : now - back;
  if (Number.isNaN(at))
    throw new Error(`--since ${since}: a duration such as 7d, or a day such as 2026-01-31, is expected.`);
  return at;
}

interface Run {
  readonly name: string;
  readonly accuracy: number;
  readonly costUsd: number;
  readonly latencyS: number;
  readonly calls: number;
}

async function replayDataset(
  all: readonly RecordedRow[],
  file: string,
  given: ReplayArguments,
  usualGrade?: (row: RecordedRow, message: AssistantMessage) => number,
): Promise<number> {
  const rows = given.limit === undefined ? all : all.slice(0, numberOf('--limit', given.limit));
  if (rows.length === 0) throw new Error(`${file} holds no rows.`);
  const settings =
    given.policy === undefined
      ? await plainSettings(rows, { routing: { explore: 0.05 } })
      : onlyRecorded(await settingsOf(given.policy, given.env), rows, given.policy);
  const grade = given.grader === undefined ? usualGrade : await graderOf(given.grader);
  const seed = given.seed === undefined ? 1 : numberOf('--seed', given.seed);
  const verdicts = given.feedback === undefined ? USUAL_FEEDBACK : numberOf('--feedback', given.feedback);
  if (verdicts > 1) throw new Error(`--feedback ${given.feedback}: a share from 0 to 1 is expected.`);
  const bar = progressBar((text) => process.stderr.write(text), given.isTerminal && given.json !== true);
  const runs: Run[] = [];
  for (const part of new Set([0, verdicts])) {
    const name = part === 0 ? 'policy, no feedback' : `policy, feedback on ${Math.round(part * 100)} %`;
    const replay = createReplay({ settings, seed, ...(grade !== undefined && { grade }) });
    const served: Served[] = [];
    let owed = 0;
    for (const [at, row] of rows.entries()) {
      const one = await replay.serve(row);
      served.push(one);
      owed += part;
      if (owed >= 1) {
        replay.judge(one);
        owed -= 1;
      }
      bar(name, at + 1, rows.length);
    }
    runs.push(runOf(name, served));
  }
  const alone = modelsOf(rows).flatMap((model) => aloneOf(model, rows));
  report(given, [...runs, ...alone], runs.length);
  return 0;
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

const runOf = (name: string, served: readonly Served[]): Run => ({
  name,
  accuracy: mean(served.map(({ correct }) => correct)),
  costUsd: mean(served.map((one) => one.costUsd)),
  latencyS: mean(served.map(({ latencyMs }) => latencyMs)) / 1_000,
  calls: mean(served.map(({ record }) => record.attempts.length)),
});

function aloneOf(model: string, rows: readonly RecordedRow[]): Run[] {
  const answers = rows.flatMap(({ answers: each }) => each.get(model) ?? []);
  if (answers.length < rows.length) return [];
  return [
    {
      name: model,
      accuracy: mean(answers.map(({ correct }) => correct)),
      costUsd: mean(answers.map((one) => one.costUsd)),
      latencyS: mean(answers.map(({ latencyMs }) => latencyMs ?? 0)) / 1_000,
      calls: 1,
    },
  ];
}

function report({ json, svg, write }: ReplayArguments, runs: readonly Run[], policies: number): void {
  if (json)
    write(
      `${JSON.stringify({ runs: runs.map((run, nth) => ({ ...run, kind: nth < policies ? 'policy' : 'model' })) }, null, 2)}\n`,
    );
  else
    write(
      tableText(
        ['', 'accuracy', 'per 1,000', 'calls', 'latency'],
        runs.map(({ name, accuracy, costUsd, calls, latencyS }) => [
          name,
          share(accuracy),
          usd(costUsd),
          calls.toFixed(2),
          seconds(latencyS),
        ]),
      ),
    );
  if (svg === undefined) return;
  const points = runs.map(({ name, accuracy, costUsd }, nth): Point => ({
    name,
    accuracy,
    cost: costUsd * 1_000,
    kind: nth < policies ? 'policy' : 'model',
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

function numberOf(flag: string, text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new Error(`${flag} ${text}: a number is expected.`);
  return value;
}

type Grade = (row: unknown, message: AssistantMessage) => { readonly correct: number };

async function graderOf(file: string): Promise<(row: RecordedRow, message: AssistantMessage) => number> {
  const module = (await import(pathToFileURL(resolve(file)).href)) as { readonly grade?: Grade };
  if (typeof module.grade !== 'function') throw new Error(`${file} exports no function grade(row, message).`);
  const { grade } = module;
  return (row, message) => grade(row.source, message).correct;
}
