// Replays sets of models over cases: best single, plain majority, and Quorum's merge as dual and triple.

export const mean = (values) =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;

export function combinations(items, size) {
  if (size === 0) return [[]];
  return items.flatMap((item, at) => combinations(items.slice(at + 1), size - 1).map((rest) => [item, ...rest]));
}

export const accuracyOf = (cases, model) => mean(cases.map((each) => each.answers.get(model).correct));

/** Most said; among equals the heaviest model's, and where the weights are equal too, what a draw would give. */
function majority(each, models, weights) {
  const counts = new Map();
  for (const model of models) {
    const { said } = each.answers.get(model);
    if (said !== null) counts.set(said, (counts.get(said) ?? 0) + 1);
  }
  const votes = (model) => counts.get(each.answers.get(model).said) ?? 0;
  const most = models.filter((model) => votes(model) === Math.max(...models.map(votes)));
  const heaviest = Math.max(...most.map((model) => weights(each, model)));
  return mean(
    most.filter((model) => weights(each, model) === heaviest).map((model) => each.answers.get(model).correct),
  );
}

/** Weighted candidates, made once per case, model and weight: the merger remembers what it read of each. */
function candidate(each, model, weight) {
  const answer = each.answers.get(model);
  if (answer.weighted?.weight !== weight) answer.weighted = { ...answer.candidate, weight };
  return answer.weighted;
}

const result = (merged) => merged.message ?? merged.base.message;

/** Members are asked side by side, the two heaviest first: the third is paid for only when the two don't settle it. */
function triple(merger, each, trio, weights) {
  const models = [...trio].sort((left, right) => weights(each, right) - weights(each, left) || (left < right ? -1 : 1));
  const all = models.map((model) => candidate(each, model, weights(each, model)));
  const outstanding = [{ model: models[2], family: all[2].family, weight: all[2].weight }];
  const settled = merger.stand(all.slice(0, 2), outstanding, each.context).settled;
  const heard = settled ? all.slice(0, 2) : all;
  const merged = merger.merge(heard, each.context);
  return {
    correct: each.grade(result(merged)),
    calls: heard.length,
    cost: models.slice(0, heard.length).reduce((sum, model) => sum + each.answers.get(model).cost, 0),
    agreement: merged.agreement,
  };
}

/** All three heard, whatever the first two say. */
function full(merger, each, models, weights) {
  const merged = merger.merge(
    models.map((model) => candidate(each, model, weights(each, model))),
    each.context,
  );
  return { correct: each.grade(result(merged)), unanimous: merged.camps.length === 1 };
}

/** All trios over all cases, case by case, so that what was read of an answer is read once. */
export function replayTrios(merger, cases, trios, weights) {
  const runs = trios.map((trio) => {
    const sorted = [...trio].sort((left, right) => accuracyOf(cases, right) - accuracyOf(cases, left));
    return { trio: sorted, best: accuracyOf(cases, sorted[0]), majority: [], wholes: [], triples: [] };
  });
  for (const each of cases) {
    for (const run of runs) {
      run.majority.push(majority(each, run.trio, weights));
      run.wholes.push(full(merger, each, run.trio, weights));
      run.triples.push(triple(merger, each, run.trio, weights));
    }
  }
  return runs.map(({ trio, best, majority: plain, wholes, triples }) => ({
    trio,
    best,
    majority: mean(plain),
    merged: mean(wholes.map((one) => one.correct)),
    early: mean(triples.map((one) => one.correct)),
    calls: mean(triples.map((one) => one.calls)),
    cost: mean(triples.map((one) => one.cost)),
    unanimousShare: mean(wholes.map((one) => Number(one.unanimous))),
    unanimousCorrect: mean(wholes.filter((one) => one.unanimous).map((one) => one.correct)),
  }));
}

/** With hindsight: of each family of questions and each pattern of who says the same, the member that is right most often in it. */
function ceilingOf(cases, trio) {
  const groups = new Map();
  for (const each of cases) {
    const said = trio.map((model) => each.answers.get(model).said);
    const key = `${each.family}/${said.map((one) => said.indexOf(one)).join('')}`;
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  const right = [...groups.values()].map(
    (group) => Math.max(...trio.map((model) => accuracyOf(group, model))) * group.length,
  );
  return right.reduce((sum, one) => sum + one, 0) / cases.length;
}

/** Mean gain over the best single that any rule could have that looks at nothing but who says the same. */
export const ceilingGain = (cases, trios) =>
  mean(trios.map((trio) => ceilingOf(cases, trio) - Math.max(...trio.map((model) => accuracyOf(cases, model)))));

export function summary(trios) {
  const gains = (field) => trios.map((one) => one[field] - one.best);
  const reach = (field) => mean(gains(field).map((gain) => Number(gain >= -1e-9)));
  return {
    trios: trios.length,
    best: mean(trios.map((one) => one.best)),
    ...Object.fromEntries(
      ['majority', 'merged', 'early'].map((field) => [
        field,
        {
          accuracy: mean(trios.map((one) => one[field])),
          gain: mean(gains(field)),
          reach: reach(field),
          worst: Math.min(...gains(field)),
        },
      ]),
    ),
    calls: mean(trios.map((one) => one.calls)),
    cost: mean(trios.map((one) => one.cost)),
    unanimousShare: mean(trios.map((one) => one.unanimousShare)),
    unanimousCorrect: mean(trios.map((one) => one.unanimousCorrect)),
  };
}
