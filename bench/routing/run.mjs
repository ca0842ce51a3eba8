// The routing benchmark: every row through the program's own path, five seeds, mean and spread.
// Run: node bench/routing/run.mjs --data DIR [--only routellm,single,strategies,reach,online,broken,calibration,formatting,costs] [--seeds 5] [--dist DIR]
import { parseArgs } from 'node:util';
import { routeLlm } from './apgr.mjs';
import { foretold } from './costs.mjs';
import { CHEAP_TRIO, POLICIES, SINGLE_POLICIES, broken, calibration, formatting, heldOut, online } from './mix.mjs';
import { loadProgram, mean, openData, percent, savedAt, spread } from './parts.mjs';
import { reach } from './reach.mjs';

const { values: given } = parseArgs({
  options: {
    data: { type: 'string' },
    only: { type: 'string' },
    seeds: { type: 'string', default: '5' },
    dist: { type: 'string' },
  },
});
const program = await loadProgram(given.dist);
const data = await openData(program, given.data).catch((thrown) => {
  console.error(thrown.message);
  process.exit(1);
});
const seeds = Array.from({ length: Number(given.seeds) }, (_, nth) => nth + 1);
const wanted = (name) => given.only === undefined || given.only.split(',').includes(name);
const report = (name, values, shown) => console.log(`${name}: ${shown(mean(values))} ± ${shown(spread(values))}`);
const plain = (value) => value.toFixed(4);

async function bySeed(work) {
  const results = [];
  for (const seed of seeds) results.push(await work(seed));
  return results;
}

if (wanted('routellm')) {
  const rows = data.rows('routellm-dev.jsonl.gz');
  for (const [name, family, labels, count] of [
    ['MMLU, two folds', 'mmlu', 1_500, 2],
    ['GSM8K, two folds', 'gsm', 650, 2],
    ['GSM8K, ten folds', 'gsm', 650, 10],
  ]) {
    const some = rows.filter((row) => row.family.startsWith(family));
    report(
      `RouteLLM ${name}, ${labels} labels at the most, APGR`,
      await bySeed((seed) => routeLlm(program, some, labels, seed, count)),
      plain,
    );
  }
}

const rows = ['single', 'strategies', 'reach', 'online', 'broken', 'calibration', 'formatting', 'costs'].some(wanted)
  ? data.rows('mix4-dev.jsonl.gz')
  : [];
/** Where the frontier, as it is on average, has the best single model's accuracy, and a point and a half above it. */
function reportSaved(name, frontiers) {
  const middle = frontiers[0].map((_, at) => ({
    gain: mean(frontiers.map((points) => points[at].gain)),
    saved: mean(frontiers.map((points) => points[at].saved)),
  }));
  for (const [gain, words] of [
    [0, 'equal accuracy'],
    [0.015, '1.5 points more'],
  ]) {
    const saved = savedAt(middle, gain);
    console.log(`${name}: ${words} with cost saved: ${saved === null ? 'never' : percent(saved)}`);
  }
}
for (const [name, wishes, policies] of [
  ['single', { strategy: 'single' }, SINGLE_POLICIES],
  ['strategies', {}, POLICIES],
]) {
  if (!wanted(name)) continue;
  const results = await bySeed((seed) => heldOut(program, rows, data.grade, seed, wishes, policies));
  results[0].forEach(({ policy }, at) => {
    const of = (field) => results.map((each) => each[at][field]);
    report(`${name}, ${policy}: accuracy over the best single model`, of('gain'), percent);
    report(`${name}, ${policy}: cost saved`, of('saved'), percent);
  });
  reportSaved(name, results);
}
if (wanted('reach'))
  for (const [name, ladders] of [
    ['one model for each true task', false],
    ['one model, or two and a third where they differ, for each true task', true],
  ])
    for (const [how, frontiers] of Object.entries(reach(rows, data.answerOf, seeds, ladders))) {
      const most = frontiers.map((points) => Math.max(...points.map(({ gain }) => gain)));
      report(`reach, ${name}, ${how}: most accuracy over the best single model`, most, percent);
      reportSaved(`reach, ${name}, ${how}`, frontiers);
    }
if (wanted('online')) {
  const results = await bySeed((seed) => online(program, rows, data.grade, seed, 0.2));
  report(
    'online, verdicts on 20 %: over the best in hindsight',
    results.map(({ gain }) => gain),
    percent,
  );
  report(
    'online: USD per 1,000',
    results.map(({ cost }) => cost),
    plain,
  );
  console.log(`online: ahead for good from request ${results.map(({ ahead }) => ahead ?? 'never').join(', ')}`);
}
if (wanted('broken')) {
  for (const share of [1, 0.2]) {
    const results = await bySeed((seed) => broken(program, rows, data.grade, seed, share));
    report(`broken best model, verdicts on ${percent(share, 0)}: requests until it is left`, results.flat(), plain);
  }
}
if (wanted('calibration')) {
  for (const [name, models] of [
    ['all models', undefined],
    ['cheap trio', CHEAP_TRIO],
  ]) {
    const results = await bySeed((seed) => calibration(program, rows, data.grade, seed, models));
    report(
      `calibration, ${name}: ECE (15 bins)`,
      results.map(({ ece }) => ece),
      plain,
    );
    report(
      `calibration, ${name}: Brier`,
      results.map(({ brier }) => brier),
      plain,
    );
    report(
      `calibration, ${name}: accuracy at 75 % coverage`,
      results.map(({ at75 }) => at75),
      percent,
    );
    report(
      `calibration, ${name}: accuracy at 50 % coverage`,
      results.map(({ at50 }) => at50),
      percent,
    );
  }
}
if (wanted('formatting'))
  report(
    'the same decision for other formatting',
    (await bySeed((seed) => formatting(program, rows, data.grade, seed))).map(({ same }) => same),
    percent,
  );
if (wanted('costs')) {
  const results = await bySeed((seed) => foretold(program, rows, data.grade, seed));
  for (const name of [...results[0].keys()].sort())
    report(
      `cost foretold over cost, ${name}`,
      results.map((ratios) => ratios.get(name)),
      plain,
    );
}
