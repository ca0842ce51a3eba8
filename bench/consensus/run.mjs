// node bench/consensus/run.mjs --data DIR [--trios N | --all] [--json]
// Replays recorded answers of real models through the compiled merge: what two, three and early-stopped three are worth against the best of them alone.
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { casesOf, drawn, openFolder } from './recorded.mjs';
import { replayRecords } from './records.mjs';
import { accuracyOf, combinations, mean, replayAdaptive, replayDual, replayTrios, summary } from './replay.mjs';
import { measureSpeed } from './speed.mjs';

const { values: options } = parseArgs({
  options: {
    data: { type: 'string', default: process.env.QUORUM_BENCH_DATA ?? '' },
    trios: { type: 'string', default: '40' },
    all: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const HELP = `node bench/consensus/run.mjs --data DIR [--trios N | --all] [--json]
  --data DIR   folder of recorded answers with their grader (also QUORUM_BENCH_DATA)
  --trios N    sets of three models per table, drawn the same way every time (default 40); --all: every set
  --json       machine-readable`;

const SETS = [
  { name: 'tool calls', file: 'structured-dev.jsonl.gz', keep: () => true },
  { name: 'tools, some fit none', file: 'mix4-dev.jsonl.gz', keep: (row) => row.kind === 'tool' },
  {
    name: 'text: numbers, code',
    file: 'mix4-dev.jsonl.gz',
    keep: (row) => row.kind === 'number' || row.kind === 'crux',
  },
  { name: 'multiple choice', file: 'mmlu-pro-dev.jsonl.gz', keep: () => true },
];
/** Weighting may not lose to plain majority by more than this share. */
const TOLERATED = 0.002;
const LABELLED = 50;
const PRIOR = { share: 0.7, weight: 8 };

/** Confidence per family of questions as a user would have it: from a few labelled answers, pulled towards a prior. */
function estimatedWeights(cases, models) {
  const weights = new Map();
  for (const family of new Set(cases.map((each) => each.family))) {
    const sample = cases
      .filter((each) => each.family === family)
      .toSorted((left, right) => drawn(`${left.id}w`) - drawn(`${right.id}w`))
      .slice(0, LABELLED);
    for (const model of models) {
      const right = sample.filter((each) => each.answers.get(model).correct === 1).length;
      weights.set(`${family}/${model}`, (right + PRIOR.share * PRIOR.weight) / (sample.length + PRIOR.weight));
    }
  }
  return (each, model) => weights.get(`${each.family}/${model}`);
}

const costOf = (cases, model) => mean(cases.map((each) => each.answers.get(model).cost));

function replaySet(createMerger, cases, count) {
  const models = [...cases[0].answers.keys()].filter((model) => cases.every((each) => each.answers.has(model)));
  const estimated = estimatedWeights(cases, models);
  const drawnTrios = combinations(models, 3)
    .toSorted((left, right) => drawn(left.join()) - drawn(right.join()))
    .slice(0, count);
  const byCost = models.toSorted((left, right) => costOf(cases, left) - costOf(cases, right));
  const cheap = byCost.slice(0, 3);
  const strong = models.toSorted((left, right) => accuracyOf(cases, right) - accuracyOf(cases, left))[0];
  const pairs = combinations(
    byCost.slice(0, 4).filter((model) => model !== strong),
    2,
  );
  const merger = createMerger();
  return {
    questions: cases.length,
    models: models.length,
    equal: summary(replayTrios(merger, cases, drawnTrios, () => 0.7)),
    estimated: summary(replayTrios(merger, cases, drawnTrios, estimated)),
    cheap: { models: cheap, ...summary(replayTrios(merger, cases, [cheap], estimated)) },
    dual: pairs.map((pair) => replayDual(merger, cases, pair, strong, estimated)),
    adaptive: replayAdaptive(merger, cases, drawnTrios, estimated),
  };
}

const percent = (share) => (100 * share).toFixed(2);
const points = (share) => `${share >= 0 ? '+' : ''}${(100 * share).toFixed(2)}`;
const dollars = (cost) => (1_000 * cost).toFixed(3);
const line = (cells) =>
  console.log(cells.map((cell, at) => (at === 0 ? String(cell).padEnd(44) : String(cell).padStart(11))).join(''));

function printSet(name, result) {
  console.log(`\n${name}: ${result.questions} questions, ${result.models} models, ${result.equal.trios} sets of three`);
  line(['', 'accuracy', 'gain', '>= best %', 'worst', 'calls', '$/1000']);
  line(['best single of the three', percent(result.equal.best)]);
  for (const [label, from] of [
    ['equal weights', result.equal],
    [`weights from ${LABELLED} labelled answers`, result.estimated],
  ]) {
    for (const [field, title] of [
      ['majority', 'plain majority'],
      ['merged', 'Quorum, all three'],
      ['early', 'Quorum, stops when settled'],
    ]) {
      const { accuracy, gain, reach, worst } = from[field];
      line([
        `${title} (${label})`.slice(0, 44),
        percent(accuracy),
        points(gain),
        percent(reach),
        points(worst),
        field === 'early' ? from.calls.toFixed(2) : '3',
        field === 'early' ? dollars(from.cost) : '',
      ]);
    }
  }
  line([
    'adaptive',
    percent(result.adaptive.accuracy),
    points(result.adaptive.accuracy - result.estimated.best),
    '',
    '',
    result.adaptive.calls.toFixed(2),
    dollars(result.adaptive.cost),
  ]);
  line([`three cheapest`, percent(result.cheap.merged.accuracy), points(result.cheap.merged.gain), '', '', '3', '']);
  for (const dual of result.dual)
    line([
      `dual ${dual.pair.map((model) => model.slice(0, 13)).join('+')}`.slice(0, 44),
      percent(dual.accuracy),
      points(dual.accuracy - dual.strongAlone),
      '',
      `-${(100 * dual.saved).toFixed(0)} %`,
      dual.calls.toFixed(2),
      dollars(dual.cost),
    ]);
  if (result.dual[0])
    console.log(
      `  dual: gain and saving against ${result.dual[0].strong} alone (${percent(result.dual[0].strongAlone)})`,
    );
  console.log(
    `  unanimous: ${percent(result.equal.unanimousShare)} % of questions, right in ${percent(result.equal.unanimousCorrect)} %`,
  );
  console.log(
    `  weighting against plain majority: ${points(result.estimated.merged.accuracy - result.estimated.majority.accuracy)} points`,
  );
}

async function main() {
  if (options.help) return console.log(HELP);
  const built = new URL('../../dist/merge/index.js', import.meta.url);
  if (!existsSync(built)) throw new Error('not built: run `npm run build` first');
  const { createMerger } = await import(built.href);
  const speed = measureSpeed(createMerger);
  const { grader, read } = await openFolder(options.data);
  const count = options.all ? Infinity : Number(options.trios);
  const sets = {};
  for (const { name, file, keep } of SETS) {
    const rows = read(file)?.filter(keep);
    if (!rows || rows.length === 0) {
      console.error(`${name}: ${file} is missing, left out`);
      continue;
    }
    sets[name] = replaySet(createMerger, casesOf(rows, grader), count);
    if (!options.json) printSet(name, sets[name]);
  }
  const rows = read('records-dev.jsonl.gz');
  const records = rows === null ? null : replayRecords(createMerger(), rows, grader, Math.min(count, 20));
  const lost = Object.entries(sets).filter(
    ([, set]) => set.estimated.merged.accuracy < set.estimated.majority.accuracy - TOLERATED,
  );
  if (lost.length > 0) process.exitCode = 1;
  if (options.json) return console.log(JSON.stringify({ sets, records, speed }, null, 2));
  if (records !== null) {
    console.log(`\nlists of records by key: ${rows.length} documents, ${records.trios} sets of three`);
    console.log(
      `  F1 ${percent(records.merged)} merged, ${percent(records.best)} the best of the three; at or above it in ${percent(records.reach)} %, worst ${points(records.worst)}`,
    );
  }
  for (const [name] of lost) console.log(`\nweighting loses to plain majority: ${name}`);
  console.log(
    `\nthree JSON answers of ${Math.round(speed.bytes / 1_000)} KB: ${speed.medianMs.toFixed(2)} ms (median), ${speed.p95Ms.toFixed(2)} ms (95th percentile)`,
  );
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
