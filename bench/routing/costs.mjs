// How near what calls are foretold to cost is to what they cost, by model, with and without tools.
import { folds } from './parts.mjs';

/** By model and kind of request: sum of expected over sum of recorded costs, on held-out rows. */
export async function foretold(program, rows, grade, seed) {
  const settings = await program.plainSettings(rows, {});
  const sums = new Map();
  for (const { train, test } of folds(rows, seed)) {
    const replay = program.createReplay({ settings, grade, seed });
    for (const row of train) for (const model of row.answers.keys()) replay.teach(row, model);
    for (const row of test) {
      for (const { model, cost } of (await replay.decide(row)).prospects) {
        const name = `${model}, ${row.request.tools ? 'with tools' : 'text'}`;
        const sum = sums.get(name) ?? { expected: 0, recorded: 0 };
        sum.expected += cost / 1e9;
        sum.recorded += row.answers.get(model)?.costUsd ?? 0;
        sums.set(name, sum);
      }
    }
  }
  return new Map([...sums].map(([name, { expected, recorded }]) => [name, expected / recorded]));
}
