// What one decision costs: features, classification and plan together, against the built program. Run: node bench/decide.mjs [dist]
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parse } from 'yaml';

const root = resolve(import.meta.dirname, '..');
const dist = resolve(process.argv[2] ?? join(root, 'dist'));
const { compileTasks, classify, decide, featuresOf, traitsOf } = await import(
  pathToFileURL(join(dist, 'routing/index.js')).href
);

const written = parse(readFileSync(join(root, 'config/catalog.yaml'), 'utf8')).tasks;
const merge = { toolMerge: null, listKeys: {}, tolerance: {}, numbers: 'median', chairman: false };
const tasks = new Map(
  Object.entries(written).map(([name, task]) => [
    name,
    {
      name,
      keywords: task.keywords ?? [],
      patterns: (task.patterns ?? []).map((source) => new RegExp(source, 'i')),
      examples: task.examples ?? [],
      needs: task.needs ?? [],
      strategy: null,
      tier: null,
      minQuality: task.min_quality ?? 0,
      critical: task.critical ?? false,
      role: null,
      validators: [],
      merge,
    },
  ]),
);

const capabilities = new Set(['tools', 'json_object', 'json_schema', 'vision', 'streaming', 'logprobs', 'n']);
const models = new Map(
  Array.from({ length: 8 }, (_, nth) => {
    const [input, output] = [100_000 * (nth + 1) ** 2, 400_000 * (nth + 1) ** 2];
    const price = {
      inputPico: input,
      cachedInputPico: input,
      cacheWritePico: input,
      outputPico: output,
      reasoningPico: output,
      audioInputPico: input,
      audioOutputPico: output,
      imageInputPico: input,
      imageOutputPico: output,
      requestPico: 0,
    };
    const name = `model-${nth}`;
    return [
      name,
      {
        name,
        family: name,
        price,
        context: 4_000_000,
        maxOutput: 16_384,
        quality: 5 + nth / 2,
        speed: 'fast',
        strengths: [],
        capabilities,
        local: false,
      },
    ];
  }),
);
const names = [...models.keys()];
const tier = {
  name: 'balanced',
  configured: names,
  models: names,
  chairman: 'model-7',
  expectedLatencyMs: 18_000,
  costPerQuery: 12_000_000,
  gaps: [],
};
const settings = {
  models,
  usable: new Set(names),
  tiers: new Map([['balanced', tier]]),
  defaultTier: 'balanced',
  tasks,
  council: { members: 4 },
  routing: {
    strategy: 'adaptive',
    prefer: 'quality',
    preferLocal: false,
    maxCostPerRequest: 500_000_000,
    latencyTargetMs: null,
    explore: 0.05,
    minClassConfidence: 0.35,
    fallbackTask: 'simple_query',
  },
};
const wishes = { strategy: null, tier: null, task: null, models: null, maxCost: null, deadlineMs: null };
const quality = (_, model) => ({ quality: models.get(model).quality / 10, samples: 3 });

const learning = await import(pathToFileURL(join(dist, 'learning/index.js')).href);

/** A learner that has seen two thousand verdicts, so that difficulty, agreement and choice on evidence all take part. */
function experienced(prompts) {
  const evidence = learning.createEvidence({ halfLifeMs: 1e9, priorStrength: 12 }, []);
  const learner = learning.createLearner({
    evidence,
    sums: { add() {} },
    store: learning.createMemoryLearningStore(),
    model: (name) => models.get(name),
    now: () => 0,
    onChange() {},
  });
  for (let nth = 0; nth < 2_000; nth += 1) {
    const request = {
      model: 'auto',
      messages: [{ role: 'user', content: `${nth} ${prompts[nth % prompts.length].slice(nth % 40, 1_000)}` }],
    };
    const features = featuresOf(request);
    const task = classify(classifier, features, wishes, settings.routing).task;
    const model = names[nth % names.length];
    learner.ended({
      request: `r${nth}`,
      tenant: `t${nth % 3}`,
      at: 0,
      task,
      values: [],
      signals: [],
      confidence: null,
      traits: traitsOf(features, request),
      facts: { task, kind: null, voices: [{ model, quality: 0.8, camp: 0 }], factor: 1, tokenProbability: null },
    });
    learner.judge(
      { request: `r${nth}`, correct: nth % 5 !== 0, score: null, correction: null, kind: null, comment: null },
      'x',
      true,
    );
  }
  return learner;
}

const compiledAt = process.hrtime.bigint();
const classifier = compileTasks(tasks);
const compileMs = Number(process.hrtime.bigint() - compiledAt) / 1e6;

const prose =
  'The committee met on Thursday to discuss whether the proposed changes to the housing regulations would affect small landlords; most members agreed that further consultation was needed. ';
const chinese = '委员会周四开会讨论了拟议的住房法规修改是否会影响小房东，大多数成员同意在投票前需要进一步协商。';
const code =
  'export function add(text: string): void {\n  if (text.length === 0) return;\n  for (let i = 0; i < 10; i += 1) sum += unit(text.charCodeAt(i));\n}\n';
const fill = (unit, length) => unit.repeat(Math.ceil(length / unit.length)).slice(0, length);
const PROMPTS = {
  '200 bytes, English': `Please summarise the following note for my manager: ${fill(prose, 148)}`,
  '200 bytes, Chinese': `请总结：${fill(chinese, 62)}`,
  '2 KB, English': `Please summarise the following note for my manager: ${fill(prose, 1_948)}`,
  '2 KB, Chinese': `请总结：${fill(chinese, 662)}`,
  '2 KB, code': `Refactor this function: ${fill(code, 1_976)}`,
  '2 KB, README': readFileSync(join(root, 'README.md'), 'utf8').slice(0, 2_000),
  '20 KB, English': fill(prose, 20_000),
  '1 MB, English': fill(prose, 1_000_000),
  '1 MB, one word': 'a'.repeat(1_000_000),
  '1 MB, emoji': fill('😀🎉', 1_000_000),
};

let draws = 0;
const random = () => (draws = (draws * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;

/** Processor time per call in microseconds: median and worst of fifty batches, so that a busy machine matters little. */
function measure(work, count) {
  for (let run = 0; run < count; run += 1) work();
  const batches = Array.from({ length: 50 }, () => {
    const from = process.cpuUsage();
    for (let run = 0; run < count / 10; run += 1) work();
    return (process.cpuUsage(from).user / count) * 10;
  }).sort((a, b) => a - b);
  return { p50: batches[25], worst: batches[49] };
}

const learner = experienced(Object.values(PROMPTS));

const rows = Object.entries(PROMPTS).map(([name, content]) => {
  const request = {
    model: 'auto',
    messages: [
      { role: 'system', content: 'You are a helpful assistant.' },
      { role: 'user', content },
    ],
  };
  const count = content.length > 5_000 ? 2_000 : 10_000;
  const features = featuresOf(request);
  const all = measure(
    () => decide({ features: featuresOf(request), wishes, settings, classifier, quality, allowed: null, random }),
    count,
  );
  const learnt = measure(() => {
    const seen = featuresOf(request);
    const insight = learner.insight(seen, () => traitsOf(seen, request), 't1', 0);
    return decide({
      features: seen,
      wishes,
      settings,
      classifier,
      quality: insight.quality,
      forecast: insight,
      allowed: null,
      random,
    });
  }, count);
  return {
    prompt: name,
    'features µs': measure(() => featuresOf(request), count).p50.toFixed(1),
    'classify µs': measure(() => classify(classifier, features, wishes, settings.routing), count).p50.toFixed(1),
    'all µs (p50)': all.p50.toFixed(1),
    'learnt µs (p50)': learnt.p50.toFixed(1),
    'learnt µs (worst batch)': learnt.worst.toFixed(1),
    'all µs (worst batch)': all.worst.toFixed(1),
    task: classify(classifier, features, wishes, settings.routing).task,
  };
});
console.log(`learner state: ${(learner.bytes / 1e6).toFixed(1)} MB`);
console.log(`${tasks.size} tasks, ${models.size} models, compiled in ${compileMs.toFixed(1)} ms`);
console.table(rows);
