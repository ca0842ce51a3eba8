// node bench/consensus/run.mjs --data DIR [--trios N | --all] [--only calls,tools,text,choice,adaptive,records] [--json]
// Replays recorded answers of real models through the compiled merge: what two, three and early-stopped three are worth against the best of them alone.
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { loadProgram, openData } from '../routing/parts.mjs';
import { replayAdaptive } from './adaptive.mjs';
import { learnt } from './history.mjs';
import { casesOf, drawn, openFolder } from './recorded.mjs';
import { replayRecords } from './records.mjs';
import { replayDual } from './ladder.mjs';
import { accuracyOf, ceilingGain, combinations, mean, replayTrios, summary } from './replay.mjs';
import { measureSpeed } from './speed.mjs';

const { values: options } = parseArgs({
  options: {
    data: { type: 'string', default: process.env.QUORUM_BENCH_DATA ?? '' },
    trios: { type: 'string', default: '40' },
    all: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const HELP = `node bench/consensus/run.mjs --data DIR [--trios N | --all] [--only calls,tools,text,choice,adaptive,records] [--json]
  --data DIR   folder of recorded answers with their grader (also QUORUM_BENCH_DATA)
  --trios N    sets of three models per table, drawn the same way every time (default 40); --all: every set
  --only LIST  these parts: calls, tools, text, choice, adaptive, records
  --json       machine-readable`;

const SETS = [
  { part: 'calls', name: 'tool calls', file: 'structured-dev.jsonl.gz', keep: () => true },
  {
    part: 'tools',
    name: 'tools, some fit none',
    file: 'mix4-dev.jsonl.gz',
    keep: (row) => row.kind === 'tool',
    wholePath: true,
  },
  {
    part: 'text',
    name: 'text: numbers, code',
    file: 'mix4-dev.jsonl.gz',
    keep: (row) => row.kind === 'number' || row.kind === 'crux',
    wholePath: true,
  },
  { part: 'choice', name: 'multiple choice', file: 'mmlu-pro-dev.jsonl.gz', keep: () => true },
];
/** Weighting may not lose to plain majority by more than this share. */
const TOLERATED = 0.002;
const LABELLED = 50;
/** Adaptive runs the whole path, which takes longer. */
const MOST_ADAPTIVE = 6;

/** Learnt by the program itself from the other half of the questions; who errs alike goes into the cases' contexts. */
function learntWeights(program, cases, models) {
  const half = (each) => drawn(`${each.id}half`) < 0.5;
  const [one, other] = [true, false].map((side) =>
    learnt(
      program,
      program.createMerger(),
      cases.filter((each) => half(each) === side),
      models,
      LABELLED,
    ),
  );
  const pastOf = (each) => (half(each) ? other : one);
  for (const each of cases) {
    const { kinship } = pastOf(each);
    each.context = { ...each.context, correlation: (first, second) => kinship(each.family, first, second) };
  }
  const known = new Map();
  return (each, model) => {
    const key = `${half(each)}/${each.family}/${model}`;
    if (!known.has(key)) known.set(key, pastOf(each).quality(each.family, model));
    return known.get(key);
  };
}

const costOf = (cases, model) => mean(cases.map((each) => each.answers.get(model).cost));

/** The same order every time. */
const drawnTrios = (models) =>
  combinations(models, 3).toSorted((left, right) => drawn(left.join()) - drawn(right.join()));

async function replaySet(program, cases, count) {
  const models = [...cases[0].answers.keys()].filter((model) => cases.every((each) => each.answers.has(model)));
  const weights = learntWeights(program, cases, models);
  const trios = drawnTrios(models).slice(0, count);
  const byCost = models.toSorted((left, right) => costOf(cases, left) - costOf(cases, right));
  const cheap = byCost.slice(0, 3);
  const strong = models.toSorted((left, right) => accuracyOf(cases, right) - accuracyOf(cases, left))[0];
  const pairs = combinations(
    byCost.slice(0, 4).filter((model) => model !== strong),
    2,
  );
  const merger = program.createMerger();
  const dual = [];
  for (const pair of pairs) dual.push(await replayDual(program, cases, pair, strong, weights));
  return {
    questions: cases.length,
    models: models.length,
    ceiling: ceilingGain(cases, trios),
    equal: summary(replayTrios(merger, cases, trios, () => 0.7)),
    learnt: summary(replayTrios(merger, cases, trios, weights)),
    cheap: { models: cheap, ...summary(replayTrios(merger, cases, [cheap], weights)) },
    dual,
  };
}

const wanted = options.only === '' ? null : new Set(options.only.split(','));
const wants = (part) => wanted === null || wanted.has(part);

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
    ['learnt weights', result.learnt],
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
    `  any rule over who says the same, with hindsight: ${points(result.ceiling)} points over the best single`,
  );
  console.log(
    `  weighting against plain majority: ${points(result.learnt.merged.accuracy - result.learnt.majority.accuracy)} points`,
  );
}

/** The first sets of three of each table, on the whole path. */
async function adaptiveSets(count) {
  const program = await loadProgram();
  const { rows: read, grade } = await openData(program, options.data);
  const found = {};
  for (const { name, file, keep, wholePath } of SETS) {
    if (wholePath !== true) continue;
    const rows = read(file).filter((row) => keep(row.source));
    const trios = drawnTrios([...rows[0].answers.keys()]).slice(0, count);
    found[name] = await replayAdaptive(program, rows, trios, grade);
  }
  return found;
}

function printAdaptive(adaptive) {
  for (const [name, { trios, triple, adaptive: chosen }] of Object.entries(adaptive)) {
    console.log(`\nadaptive, the whole path: ${name}, ${trios} sets of three`);
    line(['', 'accuracy', 'gain', '', '', 'calls', '$/1000']);
    line(['triple', percent(triple.accuracy), '', '', '', triple.calls.toFixed(2), dollars(triple.cost)]);
    const gain = points(chosen.accuracy - triple.accuracy);
    line(['adaptive', percent(chosen.accuracy), gain, '', '', chosen.calls.toFixed(2), dollars(chosen.cost)]);
  }
}

async function main() {
  if (options.help) return console.log(HELP);
  const built = new URL('../../dist/merge/index.js', import.meta.url);
  if (!existsSync(built)) throw new Error('not built: run `npm run build` first');
  const part = (path) => import(new URL(`../../dist/${path}/index.js`, import.meta.url).href);
  const program = { ...(await part('merge')), ...(await part('learning')), ...(await part('strategy')) };
  const { createMerger } = program;
  const speed = measureSpeed(createMerger);
  const { grader, read } = await openFolder(options.data);
  const count = options.all ? Infinity : Number(options.trios);
  const sets = {};
  for (const { part: own, name, file, keep } of SETS) {
    if (!wants(own)) continue;
    const rows = read(file)?.filter(keep);
    if (!rows || rows.length === 0) {
      console.error(`${name}: ${file} is missing, left out`);
      continue;
    }
    sets[name] = await replaySet(program, casesOf(rows, grader), count);
    if (!options.json) printSet(name, sets[name]);
  }
  const adaptive = !wants('adaptive')
    ? {}
    : await adaptiveSets(Number.isFinite(count) ? Math.min(count, MOST_ADAPTIVE) : MOST_ADAPTIVE);
  if (!options.json) printAdaptive(adaptive);
  const rows = wants('records') ? read('records-dev.jsonl.gz') : null;
  const records = rows === null ? null : replayRecords(createMerger(), rows, grader, Math.min(count, 20));
  const lost = Object.entries(sets).filter(
    ([, set]) => set.learnt.merged.accuracy < set.learnt.majority.accuracy - TOLERATED,
  );
  if (lost.length > 0) process.exitCode = 1;
  if (options.json) return console.log(JSON.stringify({ sets, adaptive, records, speed }, null, 2));
  if (records !== null) {
    console.log(`\nlists of records by key: ${rows.length} documents, ${records.trios} sets of three`);
    console.log(
      `  F1 ${percent(records.merged)} merged, ${percent(records.best)} the best of the three; at or above it in ${percent(records.reach)} %, worst ${points(records.worst)}`,
    );
  }
  for (const [name] of lost) console.log(`\nweighting loses to plain majority: ${name}`);
  console.log(
    `\nthree JSON answers of ${Math.round(speed.bytes / 1_000)} KB: ${speed.medianMs.toFixed(2)} ms (median), ${speed.processorMs.toFixed(2)} ms of processor time (mean)`,
  );
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
