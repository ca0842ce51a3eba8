// Dual as the program climbs it: its own ladder over recorded answers, each there at once.
import { mean } from './replay.mjs';

const CLOCK = { now: () => 0, after: () => () => {} };

function panelOf({ merger, each, voice, call, reserve }, asked) {
  return {
    plan: { call, reserve, ceiling: 'triple', chairman: null, threshold: 0.6, because: [], propensity: 1 },
    request: each.context.request,
    forced: true,
    rewritesProse: false,
    clock: CLOCK,
    random: () => 0.5,
    signal: new AbortController().signal,
    voice,
    async ask(model) {
      asked.push(model);
      const candidate = { ...each.answers.get(model).candidate, weight: voice(model).weight };
      return { candidate, judgement: merger.judge(candidate, each.context) };
    },
    stand: (candidates, outstanding) => merger.stand(candidates, outstanding, each.context),
    merge: (candidates) => merger.merge(candidates, each.context),
    objection: () => null,
    isOver: () => false,
    tell() {},
  };
}

/** Two cheap models; the strong one is asked where they differ and nothing else decides. */
export async function replayDual({ createMerger, carryOut }, cases, pair, strong, weights) {
  const merger = createMerger();
  const results = [];
  for (const each of cases) {
    const asked = [];
    const voice = (model) => ({
      model,
      family: each.answers.get(model).candidate.family,
      weight: weights(each, model),
    });
    const call = { kind: 'dual', members: pair };
    const { merged } = await carryOut(panelOf({ merger, each, voice, call, reserve: [strong] }, asked));
    results.push({
      correct: each.grade(merged.message ?? merged.base.message),
      calls: asked.length,
      cost: asked.reduce((sum, model) => sum + each.answers.get(model).cost, 0),
    });
  }
  const alone = mean(cases.map((each) => each.answers.get(strong).cost));
  const sum = (field) => mean(results.map((one) => one[field]));
  return {
    pair,
    strong,
    accuracy: sum('correct'),
    strongAlone: mean(cases.map((each) => each.answers.get(strong).correct)),
    calls: sum('calls'),
    cost: sum('cost'),
    saved: alone === 0 ? 0 : 1 - sum('cost') / alone,
  };
}
