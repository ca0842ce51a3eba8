// What a proxy in use would know of the models by now: the product's own learner after past requests, most of which nobody ever judged.
import { candidateOf, drawn } from './recorded.mjs';

/** Requests in the past, per question of the other half; each went to three models, as `triple` asks them. */
const PANELS = 10;
const ASKED = 3;
const TENANT = 'replay';
const NO_TRAITS = () => ({ slots: new Uint16Array(), weights: new Float32Array(), measures: new Float32Array(12) });

function factsOf(merged, task, quality) {
  const used = new Set(merged.models);
  const camps = [
    merged.models,
    ...merged.camps.map((camp) => camp.models).filter((models) => !models.some((m) => used.has(m))),
  ];
  const voices = camps.flatMap((models, camp) => models.map((model) => ({ model, quality: quality(model), camp })));
  return { task, kind: merged.kind, voices, factor: 1, tokenProbability: null };
}

/** Expected quality by task and model, and who errs alike, learnt from `past`: verdicts on the `labelled`, agreement on everything. */
export function learnt({ createLearner, createEvidence, createMemoryLearningStore }, merger, past, models, labels) {
  const learner = createLearner({
    evidence: createEvidence({ halfLifeMs: 30 * 86_400_000, priorStrength: 10 }, []),
    sums: { add() {} },
    store: createMemoryLearningStore(),
    model: (name) => ({ name, quality: 6, strengths: [] }),
    now: () => 0,
    onChange() {},
  });
  const qualities = () => learner.insight({}, NO_TRAITS, TENANT, 0).quality;
  const tell = (request, task, facts) =>
    learner.ended({
      request,
      tenant: TENANT,
      at: 0,
      task,
      facts,
      values: [],
      signals: [],
      confidence: null,
      traits: null,
    });
  for (const task of new Set(past.map((each) => each.family))) {
    const sample = past
      .filter((each) => each.family === task)
      .toSorted((left, right) => drawn(`${left.id}w`) - drawn(`${right.id}w`))
      .slice(0, labels);
    for (const each of sample) {
      for (const model of models) {
        const request = `${each.id}/${model}`;
        const quality = qualities()(task, model).quality;
        tell(request, task, {
          task,
          kind: null,
          voices: [{ model, quality, camp: 0 }],
          factor: 1,
          tokenProbability: null,
        });
        learner.judge(
          {
            request,
            correct: each.answers.get(model).correct === 1,
            score: null,
            correction: null,
            kind: null,
            comment: null,
          },
          TENANT,
          false,
        );
      }
    }
  }
  const panels = past
    .flatMap((each) => Array.from({ length: PANELS }, (_, turn) => ({ each, turn, at: drawn(`${each.id}/${turn}`) })))
    .toSorted((left, right) => left.at - right.at);
  for (const { each, turn } of panels) {
    const asked = models
      .toSorted((a, b) => drawn(`${each.id}${turn}${a}`) - drawn(`${each.id}${turn}${b}`))
      .slice(0, ASKED);
    const quality = (model) => qualities()(each.family, model).quality;
    const merged = merger.merge(
      asked.map((model) => weighted(each, model, quality(model))),
      each.context,
    );
    tell(`${each.id}#${turn}`, each.family, factsOf(merged, each.family, quality));
  }
  return {
    quality: (task, model) => qualities()(task, model).quality,
    kinship: (task, first, second) => learner.kinship(task, first, second),
  };
}

const weighted = (each, model, weight) => ({ ...each.answers.get(model).candidate, weight });
