// How far plain rules come that are told what the router has to find out: each row's true task, and with hindsight its best rule as well.
import { accuracyOf, bestModel, costOf, folds, mean } from './parts.mjs';

/** What one point of accuracy may cost, in USD: from any price to thrift. */
const PRICES = [0, 0.1, 0.2, 0.5, 1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 80, 120, 200, 400];

/** One model; or two, and a third that decides where they differ. */
function rulesOf(models, ladders) {
  const rules = models.map((model) => (row) => {
    const { correct, costUsd } = row.answers.get(model);
    return [correct, costUsd];
  });
  if (!ladders) return rules;
  for (const [at, one] of models.entries())
    for (const other of models.slice(at + 1))
      for (const third of models)
        if (third !== one && third !== other) rules.push((row, said) => ladder(row, said, one, other, third));
  return rules;
}

function ladder({ answers }, said, one, other, third) {
  const spent = answers.get(one).costUsd + answers.get(other).costUsd;
  if (said.get(one) !== null && said.get(one) === said.get(other)) return [answers.get(one).correct, spent];
  const heard = [one, other].find((model) => said.get(model) === said.get(third)) ?? third;
  return [answers.get(heard).correct, spent + answers.get(third).costUsd];
}

const taskOf = (row) => row.source.task;

/** By task and rule: sums of right answers and cost. */
function outcomesOf(rows, rules, saidOf) {
  const byTask = new Map();
  for (const row of rows) {
    const sums = byTask.get(taskOf(row)) ?? {
      rows: 0,
      right: new Float64Array(rules.length),
      cost: new Float64Array(rules.length),
    };
    byTask.set(taskOf(row), sums);
    sums.rows += 1;
    rules.forEach((rule, nth) => {
      const [right, cost] = rule(row, saidOf(row));
      sums.right[nth] += right;
      sums.cost[nth] += cost;
    });
  }
  return byTask;
}

/** For each price the best rule of each task by what is `known`, and what it brings on what is `met`. */
function frontier(known, met, best, rows) {
  return PRICES.map((price) => {
    let [right, cost] = [0, 0];
    for (const [task, sums] of met) {
      const told = known.get(task) ?? sums;
      const worth = (nth) => told.right[nth] - price * told.cost[nth];
      let chosen = 0;
      for (let nth = 1; nth < told.right.length; nth += 1) if (worth(nth) > worth(chosen)) chosen = nth;
      right += sums.right[chosen];
      cost += sums.cost[chosen];
    }
    return {
      gain: right / rows.length - accuracyOf(rows, best),
      saved: 1 - (cost / rows.length) * (1_000 / costOf(rows, best)),
    };
  });
}

/** Points of gain against share of cost saved, with hindsight on these very rows and chosen on the other half. */
export function reach(rows, answerOf, seeds, ladders) {
  const models = [...rows[0].answers.keys()];
  const rules = rulesOf(models, ladders);
  const said = new Map(
    rows.map((row) => [row, new Map(models.map((model) => [model, answerOf(row.source, row.source.answers[model])]))]),
  );
  const outcomes = (some) => outcomesOf(some, rules, (row) => said.get(row));
  const all = outcomes(rows);
  const heldOut = seeds.map((seed) => {
    const halves = folds(rows, seed).map(({ train, test }) =>
      frontier(outcomes(train), outcomes(test), bestModel(train), test),
    );
    return PRICES.map((_, at) => ({
      gain: mean(halves.map((half) => half[at].gain)),
      saved: mean(halves.map((half) => half[at].saved)),
    }));
  });
  return { 'with hindsight': [frontier(all, all, bestModel(rows), rows)], 'held out': heldOut };
}
