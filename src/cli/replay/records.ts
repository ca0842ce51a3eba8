// `quorum replay --policy FILE`: the recorded requests, and what another policy would have made of them, as a table, JSON or a picture.
import { existsSync, writeFileSync } from 'node:fs';
import type { RequestRecord } from '../../contract/index.ts';
import { learntFrom } from '../../compose/learnt.ts';
import type { Estimate, Estimates } from '../../learning/index.ts';
import { progressBar, tableText } from '../table.ts';
import type { ReplayArguments } from '../replay.ts';
import { frontierSvg, type Point } from './plot.ts';
import { settingsOf } from './settings.ts';
import { momentOf, withStore } from './store.ts';
import { seconds, share, usd } from './units.ts';
import { whatIf, type WhatIf } from './what-if.ts';

const MOST_RECORDS = 50_000;
const PAGE = 500;

export async function replayRecords(file: string, given: ReplayArguments): Promise<number> {
  if (!existsSync(file)) throw new Error(`There is no policy file ${file}.`);
  const policy = await settingsOf(file, given.env);
  const { records, verdicts, forecast } = await recorded(given);
  const bar = progressBar((text) => process.stderr.write(text), given.isTerminal && given.json !== true);
  const result = whatIf(records, verdicts, policy, forecast, (done) => bar('records', done, records.length));
  given.write(given.json ? `${JSON.stringify(result, null, 2)}\n` : textOf(result));
  if (given.svg !== undefined) draw(result, given.svg, given);
  return result.accuracy === null && result.costUsd === null && result.latencyS === null ? 1 : 0;
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

function textOf({ records, judged, partial, refusals, ...told }: WhatIf): string {
  const rows = [
    ...lines('accuracy', told.accuracy, share),
    ...lines('cost per 1,000', told.costUsd, usd),
    ...lines('latency', told.latencyS, seconds),
  ];
  return [
    `${records} records, ${judged} of them with a verdict\n\n`,
    rows.length > 0 ? tableText(['', 'recorded', 'ips', 'snips', 'doubly robust', 'effective', 'matched'], rows) : '',
    partial > 0
      ? `${partial} of the records are of an older version and don't say what was asked for beside the task, nor how little was known of each model: there the other policy may choose what it wouldn't have chosen.\n`
      : '',
    ...refusals.map((refusal) => `can't be told: ${refusal}\n`),
  ].join('');
}

function lines(name: string, estimates: Estimates | null, shown: (value: number) => string): string[][] {
  if (estimates === null) return [];
  const cell = ({ value, from, to }: Estimate): string => `${shown(value)} [${shown(from)}, ${shown(to)}]`;
  const { recorded: was, ips, snips, doublyRobust, effective, matched, records } = estimates;
  return [[name, cell(was), cell(ips), cell(snips), cell(doublyRobust), effective.toFixed(0), `${matched}/${records}`]];
}

/** What was, and what would have been, each with its interval. */
function draw({ accuracy, costUsd }: WhatIf, file: string, { write, json, policy }: ReplayArguments): void {
  if (accuracy === null || costUsd === null) {
    if (json !== true) write(`nothing is drawn in ${file}: it needs accuracy and cost\n`);
    return;
  }
  const point = (name: string, kind: Point['kind'], right: Estimate, cost: Estimate): Point => ({
    name,
    kind,
    accuracy: right.value,
    cost: cost.value * 1_000,
    span: {
      accuracy: [Math.max(0, right.from), Math.min(1, right.to)],
      cost: [Math.max(0, cost.from) * 1_000, cost.to * 1_000],
    },
  });
  const picture = frontierSvg([
    point('as recorded', 'recorded', accuracy.recorded, costUsd.recorded),
    point(`${policy} (doubly robust)`, 'policy', accuracy.doublyRobust, costUsd.doublyRobust),
  ]);
  writeFileSync(file, picture);
  if (json !== true) write(`both with their 95 % intervals are in ${file}\n`);
}
