// Recorded answers of ten models: routing to one, all strategies, online in one pass, a silently broken model, calibration.
import { accuracyOf, bestModel, costOf, folds, mean, randomOf, shuffled } from './parts.mjs';

export const CHEAP_TRIO = ['gpt-4o-mini-2024-07-18', 'gemini-1.5-flash', 'claude-3-haiku-20240307'];

/** What quality is weighed against, from quality at any price to thrift: settings that a config can say. */
export const POLICIES = [
  { name: 'quality', routing: { prefer: 'quality' } },
  { name: 'balanced, dear tier', routing: { prefer: 'balanced' }, costPerQuery: 0.04 },
  { name: 'balanced', routing: { prefer: 'balanced' } },
  { name: 'balanced, cheap tier', routing: { prefer: 'balanced' }, costPerQuery: 0.005 },
  { name: 'cost', routing: { prefer: 'cost' } },
];

/** One model can't save by asking less, so the steps are finer; the first is the highest expectation, whatever it costs. */
export const SINGLE_POLICIES = [
  { name: 'highest expectation', routing: { prefer: 'quality' }, costPerQuery: 0.04 },
  { name: 'balanced, tier of 4 cents', routing: { prefer: 'balanced' }, costPerQuery: 0.04 },
  { name: 'balanced, tier of 2 cents', routing: { prefer: 'balanced' }, costPerQuery: 0.02 },
  { name: 'balanced', routing: { prefer: 'balanced' } },
  { name: 'balanced, cheap tier', routing: { prefer: 'balanced' }, costPerQuery: 0.005 },
];

function learntFrom(program, settings, train, grade, seed) {
  const replay = program.createReplay({ settings, grade, seed });
  for (const row of train) for (const model of row.answers.keys()) replay.teach(row, model);
  return replay;
}

async function serveAll(replay, rows, wishes) {
  const served = [];
  for (const row of rows) served.push(await replay.serve(row, wishes));
  return served;
}

const figures = (served) => ({
  accuracy: mean(served.map((one) => one.correct)),
  cost: mean(served.map((one) => one.costUsd)) * 1_000,
  calls: mean(served.map((one) => one.record.attempts.length)),
});

/** Two folds: learnt from all labels of one half, served on the other. By policy: over the best single model of the training half. */
export async function heldOut(program, rows, grade, seed, wishes, policies = POLICIES) {
  const results = [];
  for (const policy of policies) {
    const settings = await program.plainSettings(rows, policy);
    const parts = [];
    for (const { train, test } of folds(rows, seed)) {
      const replay = learntFrom(program, settings, train, grade, seed);
      const best = bestModel(train);
      const found = figures(await serveAll(replay, test, wishes));
      parts.push({ ...found, best: accuracyOf(test, best), bestCost: costOf(test, best) });
    }
    const sum = (field) => mean(parts.map((part) => part[field]));
    results.push({
      policy: policy.name,
      accuracy: sum('accuracy'),
      cost: sum('cost'),
      calls: sum('calls'),
      gain: sum('accuracy') - sum('best'),
      saved: 1 - sum('cost') / sum('bestCost'),
    });
  }
  return results;
}

/** One pass over all rows in one order; a verdict on a share of the answers. Nothing is known of the models beforehand but their prices. */
export async function online(program, rows, grade, seed, share, routing = { prefer: 'quality', explore: 0.05 }) {
  const order = shuffled(rows, seed);
  const settings = await program.plainSettings(rows, { routing });
  const replay = program.createReplay({ settings, grade, seed });
  const random = randomOf(seed + 100);
  const served = [];
  for (const row of order) {
    const one = await replay.serve(row);
    if (random() < share) replay.judge(one);
    served.push(one);
  }
  const best = bestModel(rows);
  let [own, theirs] = [0, 0];
  let ahead = null;
  served.forEach((one, at) => {
    own += one.correct;
    theirs += one.row.answers.get(best).correct;
    if (own > theirs) ahead ??= at + 1;
    else ahead = null;
  });
  return {
    ...figures(served),
    gain: (own - theirs) / served.length,
    bestCost: costOf(rows, best),
    ahead,
    bytes: replay.learner.bytes,
  };
}

/** Of fifty requests. */
const LEFT_SHARE = 0.1;
/** A model that hardly anything went to can't be left. */
const USED_SHARE = 0.3;

/** `brokenIn` on either half. */
export async function broken(program, rows, grade, seed, share) {
  const left = [];
  for (const fold of folds(rows, seed)) left.push(await brokenIn(program, rows, fold, { grade, seed, share }));
  return left.filter((requests) => requests !== null);
}

/**
 * Learnt from all labels of one half; then the model that most requests go to gives wrong answers to 60 %. How many requests until a
 * tenth or less of the fifty after them goes to it. null where no model had enough of them to be left.
 */
async function brokenIn(program, rows, { train, test: order }, { grade, seed, share }) {
  const settings = await program.plainSettings(rows, { routing: { prefer: 'quality', explore: 0.05 } });
  let best = null;
  let isBroken = false;
  const fails = new Map(shuffled(rows, seed + 7).map((row, at) => [row.id, at % 10 < 6]));
  const answer = (row, model) => {
    const given = row.answers.get(model);
    if (!isBroken || model !== best || !fails.get(row.id)) return given;
    return {
      ...given,
      correct: 0,
      message: { role: 'assistant', content: `{"reasoning":"","answer":"broken ${row.id}"}` },
    };
  };
  const replay = program.createReplay({
    settings,
    grade: (row, message) => (String(message.content).includes('"broken ') ? 0 : grade(row, message)),
    seed,
    answer,
  });
  const random = randomOf(seed + 200);
  for (const row of train) for (const model of row.answers.keys()) replay.teach(row, model);
  const window = 50;
  const counts = new Map();
  for (const row of order.slice(0, window)) {
    const one = await replay.serve(row, { strategy: 'single' });
    if (random() < share) replay.judge(one);
    for (const model of one.record.models) counts.set(model, (counts.get(model) ?? 0) + 1);
  }
  const [most, count] = [...counts].reduce((high, each) => (each[1] > high[1] ? each : high));
  if (count < window * USED_SHARE) return null;
  best = most;
  isBroken = true;
  const used = [];
  for (const row of order.slice(window)) {
    const one = await replay.serve(row, { strategy: 'single' });
    if (random() < share) replay.judge(one);
    used.push(Number(one.record.models.includes(best)));
  }
  for (let at = 0; at + window <= used.length; at += 1) {
    if (used.slice(at, at + window).reduce((sum, one) => sum + one, 0) <= window * LEFT_SHARE) return at;
  }
  return used.length;
}

/** Learnt online from one half with verdicts on all, judged on the other half with none. */
export async function calibration(program, rows, grade, seed, models) {
  const settings = await program.plainSettings(rows, {
    routing: { prefer: 'quality', explore: 0.05 },
    ...(models && { models }),
  });
  const wishes = models ? { strategy: 'triple' } : {};
  const judged = [];
  for (const { train, test } of folds(rows, seed)) {
    const replay = program.createReplay({ settings, grade, seed });
    for (const row of train) replay.judge(await replay.serve(row, wishes));
    for (const one of await serveAll(replay, test, wishes))
      if (one.confidence !== null) judged.push({ told: one.confidence, good: one.correct, weight: 1 });
  }
  const { ece, brier } = program.figuresOf(judged);
  const sorted = judged.toSorted((left, right) => right.told - left.told);
  const covered = (share) => mean(sorted.slice(0, Math.round(sorted.length * share)).map((one) => one.good));
  return {
    ece,
    brier,
    at75: covered(0.75),
    at50: covered(0.5),
    accuracy: mean(judged.map((one) => one.good)),
    judged: judged.length,
  };
}

const LOUD = [
  (text) => text.toUpperCase(),
  (text) => text.toLowerCase(),
  (text) => text.replace(/ /g, '  '),
  (text) => text.replace(/\n/g, '\n\n'),
  (text) => `  ${text}\n\n`,
  (text) => text.replace(/\b([A-Za-z]{5,})\b/, '**$1**'),
  (text) =>
    text
      .split('\n')
      .map((line) => (line.trim() === '' ? line : `> ${line}`))
      .join('\n'),
  (text) => `# ${text}`,
];

/** The same prompt in another dress must be decided alike. */
export async function formatting(program, rows, grade, seed) {
  const settings = await program.plainSettings(rows, { routing: { prefer: 'balanced', explore: 0 } });
  const [{ train, test }] = folds(rows, seed);
  const replay = learntFrom(program, settings, train.slice(0, 400), grade, seed);
  const decisionOf = async (row, text) => {
    const request = {
      ...row.request,
      messages: row.request.messages.map((message) =>
        message.role === 'user' && typeof message.content === 'string'
          ? { ...message, content: text(message.content) }
          : message,
      ),
    };
    const decision = await replay.decide({ ...row, request });
    return JSON.stringify([decision.classification.task, decision.plan.call]);
  };
  let [same, all] = [0, 0];
  const bySort = LOUD.map(() => 0);
  for (const row of test.slice(0, 200)) {
    const plain = await decisionOf(row, (text) => text);
    for (const [sort, dress] of LOUD.entries()) {
      const alike = Number((await decisionOf(row, dress)) === plain);
      same += alike;
      bySort[sort] += alike;
      all += 1;
    }
  }
  return { same: same / all, bySort: bySort.map((count) => count / 200) };
}
