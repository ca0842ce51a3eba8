// RouteLLM's outcomes: how much of the gap between weak and strong is recovered, by share of strong calls.
import { folds, mean } from './parts.mjs';

/** Area under the recovered gap over ten equal steps of the share of strong calls (trapezoid), as in RouteLLM's evaluate.py. */
function apgr(scores, rows) {
  const order = rows.map((row, at) => ({ row, score: scores[at] })).sort((left, right) => right.score - left.score);
  const weak = mean(rows.map((row) => row.answers.get('weak').correct));
  const strong = mean(rows.map((row) => row.answers.get('strong').correct));
  const right = [weak * rows.length];
  for (const { row } of order)
    right.push(right.at(-1) + row.answers.get('strong').correct - row.answers.get('weak').correct);
  const points = Array.from({ length: 11 }, (_, step) => right[Math.round((step * rows.length) / 10)] / rows.length);
  const area = points.slice(1).reduce((sum, point, at) => sum + (point + points[at]) / 20, 0);
  return (area - weak) / (strong - weak);
}

/** Two folds are two tests, of which the mean is told; the scores of more and smaller ones are ranked together. */
export async function routeLlm(program, rows, labels, seed, count = 2) {
  const settings = await program.plainSettings(rows.slice(0, 5));
  const tests = folds(rows, seed, count).map(({ train, test }) => {
    const replay = program.createReplay({ settings, seed });
    for (const row of train.slice(0, labels)) for (const model of ['strong', 'weak']) replay.teach(row, model);
    const scores = test.map((row) => {
      const expected = replay.expect(row);
      return expected.get('strong') - expected.get('weak');
    });
    return { scores, test };
  });
  if (count === 2) return mean(tests.map(({ scores, test }) => apgr(scores, test)));
  return apgr(
    tests.flatMap(({ scores }) => scores),
    tests.flatMap(({ test }) => test),
  );
}
