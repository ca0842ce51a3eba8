// Adaptive against triple on the whole path of a request: the same three models, the same past, the same questions.
import { folds, mean } from '../routing/parts.mjs';

const SEED = 1;
/** Of the other half: questions with verdicts for all three, and questions that all three answered. */
const JUDGED = 150;
const PAST = 400;

async function serveBoth(program, settings, { train, test }, trio, grade) {
  const replay = program.createReplay({ settings, grade, seed: SEED });
  for (const row of train.slice(0, JUDGED)) for (const model of trio) replay.teach(row, model);
  for (const row of train.slice(0, PAST)) await replay.serve(row, { strategy: 'triple' });
  const served = { triple: [], adaptive: [] };
  for (const row of test) served.triple.push(await replay.serve(row, { strategy: 'triple' }));
  for (const row of test) served.adaptive.push(await replay.serve(row));
  return served;
}

const figures = (served) => ({
  accuracy: mean(served.map((one) => one.correct)),
  calls: mean(served.map((one) => one.record.attempts.length)),
  cost: mean(served.map((one) => one.costUsd)),
});

export async function replayAdaptive(program, rows, trios, grade) {
  const results = [];
  for (const trio of trios) {
    const settings = await program.plainSettings(rows, {
      models: trio,
      routing: { prefer: 'quality', explore: 0 },
    });
    const parts = [];
    for (const fold of folds(rows, SEED)) parts.push(await serveBoth(program, settings, fold, trio, grade));
    results.push({
      trio,
      triple: figures(parts.flatMap((part) => part.triple)),
      adaptive: figures(parts.flatMap((part) => part.adaptive)),
    });
  }
  const average = (strategy) => ({
    accuracy: mean(results.map((one) => one[strategy].accuracy)),
    calls: mean(results.map((one) => one[strategy].calls)),
    cost: mean(results.map((one) => one[strategy].cost)),
  });
  return { trios: results.length, triple: average('triple'), adaptive: average('adaptive') };
}
