// Feedback, recommendations and capabilities for callers; confidences, calibration and evidence for administrators.
import type { Request, Response } from 'express';
import { z } from 'zod';
import {
  QuorumError,
  nearest,
  usdOf,
  type Clock,
  type CurrentSettings,
  type EvidenceSum,
  type LearningStore,
  type Model,
  type Settings,
  type Taught,
  type Task,
} from '../contract/index.ts';
import { priorOf, type Evidence, type Learner } from '../learning/index.ts';
import { compileTasks, decide, usualFeatures, type Classifier } from '../routing/index.ts';
import {
  type AdminRoute,
  cursorOf,
  limitOf,
  momentShown,
  pageOf,
  pageShown,
  queryOf,
  route,
  rowCursorOf,
} from './admin/answer.ts';
import { flag, readInput } from './admin/input.ts';
import type { Visit } from './chat.ts';
import { readBody } from './body.ts';
import { sendJson } from './json.ts';

export interface LearningParts {
  readonly learner: Learner;
  readonly evidence: Evidence;
  readonly lessons: LearningStore;
  readonly settings: CurrentSettings;
  readonly clock: Clock;
}

const SCORE = 'a number from 0 to 1';
const MOST_TEXT = 100_000;
export const FEEDBACK = z.object({
  request_id: z
    .string({ error: 'the x-request-id of an answer' })
    .min(1, { error: 'the x-request-id of an answer' })
    .max(256, { error: 'the x-request-id of an answer' }),
  correct: flag().nullish(),
  score: z.number({ error: SCORE }).min(0, { error: SCORE }).max(1, { error: SCORE }).nullish(),
  correction: z
    .union([z.string().max(MOST_TEXT), z.record(z.string(), z.unknown()), z.array(z.unknown())], {
      error: 'the right answer, as text or an object',
    })
    .nullish(),
  kind: z.string({ error: 'a text' }).max(100, { error: 'a text of at most 100 characters' }).nullish(),
  comment: z.string({ error: 'a text' }).max(10_000, { error: 'a text of at most 10000 characters' }).nullish(),
});

export async function giveFeedback(
  { learner }: LearningParts,
  request: Request,
  response: Response,
  visit: Visit,
): Promise<void> {
  const given = await readInput(request, FEEDBACK);
  if (given.correct == null && given.score == null && given.correction == null)
    throw new QuorumError(
      'invalid_value',
      "Say 'correct' (true or false), 'score' (0 to 1) or 'correction' (the right answer).",
      { param: 'correct' },
    );
  const { caller } = visit.visitor;
  const { feedback, replaced } = learner.judge(
    {
      request: given.request_id,
      correct: given.correct ?? null,
      score: given.score ?? null,
      correction: given.correction ?? null,
      kind: given.kind ?? null,
      comment: given.comment ?? null,
    },
    caller.tenant,
    caller.admin,
  );
  sendJson(
    response,
    {
      object: 'feedback',
      request_id: feedback.request,
      score: feedback.good,
      correct: feedback.good >= 0.5,
      correction: feedback.correction,
      kind: feedback.kind,
      comment: feedback.comment,
      replaced: replaced !== null,
      created_at: momentShown(feedback.at),
    },
    ['x-request-id', visit.id],
  );
}

const rounded = (value: number): number => Math.round(value * 10_000) / 10_000;

/** What each model can do, as it is configured and as it has shown itself. */
export function showCapabilities({ evidence, settings, clock }: LearningParts, response: Response, visit: Visit): void {
  const now = settings();
  const { permissions, caller } = visit.visitor;
  const models = [...now.models.values()].filter(({ name }) => permissions.anyModel || permissions.model(name));
  sendJson(
    response,
    {
      object: 'capabilities',
      strategies: ['single', 'dual', 'triple', 'cascade', 'council', 'adaptive'],
      default_tier: now.defaultTier,
      tiers: Object.fromEntries([...now.tiers].map(([name, tier]) => [name, tierShown(tier)])),
      tasks: [...now.tasks.values()].map((task) => ({
        name: task.name,
        strategy: task.strategy ?? now.routing.strategy,
        min_quality: task.minQuality,
        critical: task.critical,
      })),
      models: models.map((model) => ({
        ...modelShown(model, now),
        tasks: Object.fromEntries(
          [...now.tasks.keys()].map((task) => {
            const { quality, samples } = evidence.quality(
              model,
              task,
              caller.admin ? null : caller.tenant,
              clock.now(),
            );
            return [
              task,
              {
                prior: rounded(priorOf(model, task)),
                learnt: samples > 0 ? rounded(quality) : null,
                confidence: rounded(quality),
                samples: rounded(samples),
              },
            ];
          }),
        ),
      })),
    },
    ['x-request-id', visit.id],
  );
}

const tierShown = ({
  models,
  chairman,
  expectedLatencyMs,
  costPerQuery,
  gaps,
}: Settings['tiers'] extends ReadonlyMap<string, infer Tier> ? Tier : never) => ({
  models,
  chairman,
  expected_latency_ms: expectedLatencyMs,
  cost_per_query_usd: usdOf(costPerQuery),
  gaps,
});

const modelShown = (model: Model, { usable }: Settings) => ({
  id: model.name,
  provider: model.provider,
  usable: usable.has(model.name),
  local: model.local,
  simulated: model.simulated,
  quality: model.quality,
  speed: model.speed,
  strengths: model.strengths,
  capabilities: [...model.capabilities],
  context_length: model.context,
  max_output: model.maxOutput,
  price: model.price && {
    input: model.price.inputPico / 1e6,
    cached_input: model.price.cachedInputPico / 1e6,
    output: model.price.outputPico / 1e6,
  },
});

const classifiers = new WeakMap<Settings, Classifier>();

/** The model that a usual request of the task would get alone, for each tier. */
export function recommend(
  { evidence, settings, clock }: LearningParts,
  name: string,
  response: Response,
  visit: Visit,
): void {
  const now = settings();
  const task = taskNamed(name, now);
  const { permissions, caller } = visit.visitor;
  const classifier = classifiers.get(now) ?? compileTasks(now.tasks);
  classifiers.set(now, classifier);
  const tiers = [...now.tiers.keys()].filter((tier) => permissions.tier(tier));
  const at = clock.now();
  const forTier = (tier: string) =>
    decide({
      features: usualFeatures(task),
      wishes: { strategy: 'single', tier, task: task.name, models: null, maxCost: null, deadlineMs: null },
      settings: { ...now, routing: { ...now.routing, explore: 0 } },
      classifier,
      quality: (its, model) => evidence.quality(now.models.get(model)!, its, caller.admin ? null : caller.tenant, at),
      allowed: permissions.anyModel ? null : (model) => permissions.model(model),
      random: () => 0.5,
    });
  sendJson(
    response,
    {
      object: 'recommendations',
      task: task.name,
      tiers: Object.fromEntries(tiers.map((tier) => [tier, recommendation(() => forTier(tier))])),
    },
    ['x-request-id', visit.id],
  );
}

function recommendation(decided: () => ReturnType<typeof decide>): Record<string, unknown> {
  try {
    const { prospects, plan, constraints } = decided();
    const [best, ...others] = prospects
      .filter(({ excluded }) => excluded === null)
      .sort(
        (one, other) =>
          Number(other.model === (plan.call.kind === 'single' && plan.call.model)) -
          Number(one.model === (plan.call.kind === 'single' && plan.call.model)),
      );
    if (best === undefined) return { model: null, reason: 'no model fits' };
    return {
      model: best.model,
      confidence: rounded(best.quality),
      samples: rounded(best.samples),
      cost_usd: best.cost === null ? null : usdOf(best.cost),
      latency_ms: best.latencyMs,
      constraints,
      alternatives: others
        .slice(0, 3)
        .map(({ model, quality, samples }) => ({ model, confidence: rounded(quality), samples: rounded(samples) })),
    };
  } catch (thrown) {
    if (thrown instanceof QuorumError) return { model: null, reason: thrown.message };
    throw thrown;
  }
}

function taskNamed(name: string, { tasks }: Settings): Task {
  const task = tasks.get(name);
  if (task !== undefined) return task;
  const near = nearest(name, tasks.keys());
  throw new QuorumError(
    'not_found',
    `There is no task "${name.slice(0, 80)}".${near === null ? '' : ` Did you mean "${near}"?`}`,
    { param: 'task' },
  );
}

const sum = z.object({
  tenant: z.string(),
  task: z.string(),
  model: z.string(),
  good: z.number(),
  total: z.number(),
  at: z.number(),
});
const MOST_IMPORT = 64 * 1024 * 1024;

/** Below `/admin/v1`: `confidence`, `calibration`, `feedback`, `evidence`. */
export function learningAdminRoutes(parts: LearningParts): readonly AdminRoute[] {
  const { learner, evidence, lessons, settings } = parts;
  return [
    route('get', '/confidence', (request) => {
      const rows = confidences(parts, queryOf(request, 'task'), queryOf(request, 'model'), queryOf(request, 'tenant'));
      // A map of models and tasks wants all of them: pages only for who asks for pages.
      if (queryOf(request, 'limit') === undefined && cursorOf(request) === null) return pageShown(rows, null);
      return pageOf(
        request,
        rows.map((row) => ({ id: `${row.task}/${row.model}`, row })),
        ({ row }) => row,
      );
    }),
    route('get', '/confidence/history', (request) => ({
      object: 'list',
      data: lessons
        .history({ ...given('task', request), ...given('model', request) }, limitOf(request))
        .map((change) => ({
          ...change,
          at: momentShown(change.at),
          before: rounded(change.before),
          after: rounded(change.after),
        })),
    })),
    route('get', '/calibration', () => ({
      object: 'calibration',
      all: reportShown(learner, null),
      tasks: Object.fromEntries(learner.calibration.tasks().map((task) => [task, reportShown(learner, task)])),
      signals: learner.reliability
        .report()
        .map(({ kind, good, weight, verdicts }) => ({ kind, right: rounded(good), weight, verdicts })),
      review_below: settings().routing.reviewBelow,
    })),
    route('get', '/feedback', (request) => {
      const cursor = rowCursorOf(request);
      const limit = limitOf(request);
      const rows = lessons.feedback(
        limit + 1,
        cursor === null ? null : Number(cursor),
        queryOf(request, 'tenant') ?? null,
      );
      const page = rows.slice(0, limit);
      return pageShown(page.map(taughtShown), rows.length > limit ? String(page.at(-1)!.seq) : null);
    }),
    exportRoute(evidence),
    route('post', '/evidence', async (request) => {
      const sums = readLines(await readBody(request, MOST_IMPORT));
      learner.take(sums);
      return { object: 'evidence.added', added: sums.length };
    }),
  ];
}

const given = (name: 'task' | 'model', request: Request): { task?: string; model?: string } => {
  const value = queryOf(request, name);
  return value === undefined ? {} : { [name]: value };
};

/** Of every model at every task where anything was seen, or that was asked for; best first. */
function confidences(
  { evidence, settings, clock }: LearningParts,
  task: string | undefined,
  model: string | undefined,
  tenant: string | undefined,
) {
  const now = settings();
  const rows = [...now.models.values()]
    .filter(({ name }) => model === undefined || name === model)
    .flatMap((each) =>
      [...now.tasks.keys()]
        .filter((name) => task === undefined || name === task)
        .map((name) => {
          const { quality, samples } = evidence.quality(each, name, tenant ?? null, clock.now());
          return {
            task: name,
            model: each.name,
            confidence: rounded(quality),
            prior: rounded(priorOf(each, name)),
            samples: rounded(samples),
            usable: now.usable.has(each.name),
          };
        }),
    );
  return rows.sort((one, other) => one.task.localeCompare(other.task) || other.confidence - one.confidence);
}

function reportShown({ calibration }: Learner, task: string | null) {
  const { verdicts, judged, ece, brier, bins } = calibration.report(task);
  return {
    verdicts,
    judged,
    ece: ece === null ? null : rounded(ece),
    brier: brier === null ? null : rounded(brier),
    bins: bins.map((bin) => ({
      from: rounded(bin.from),
      to: rounded(bin.to),
      count: bin.count,
      confidence: rounded(bin.confidence),
      right: rounded(bin.right),
    })),
  };
}

const taughtShown = ({ feedback, lesson }: Taught) => ({
  id: feedback.request,
  request_id: feedback.request,
  tenant: feedback.tenant,
  at: momentShown(feedback.at),
  task: lesson.task,
  models: lesson.facts.voices.filter(({ camp }) => camp === 0).map(({ model }) => model),
  confidence: lesson.confidence,
  score: feedback.good,
  correct: feedback.good >= 0.5,
  correction: feedback.correction,
  kind: feedback.kind,
  comment: feedback.comment,
});

/** JSONL, a decayed sum a line: importing it elsewhere adds up. */
const exportRoute = (evidence: Evidence): AdminRoute => ({
  method: 'get',
  path: '/admin/v1/evidence',
  handle(_, response, visit) {
    response.writeHead(200, ['content-type', 'application/jsonl; charset=utf-8', 'x-request-id', visit.id]);
    response.end(
      evidence
        .snapshot()
        .map((each) => `${JSON.stringify(each)}\n`)
        .join(''),
    );
  },
});

function readLines(bytes: Uint8Array): readonly EvidenceSum[] {
  const lines = new TextDecoder().decode(bytes).split('\n');
  return lines.flatMap((line, nth) => {
    if (line.trim() === '') return [];
    try {
      return [sum.parse(JSON.parse(line))];
    } catch {
      throw new QuorumError(
        'invalid_value',
        `Line ${nth + 1} is no evidence: {"tenant","task","model","good","total","at"} is expected.`,
        { param: `line ${nth + 1}` },
      );
    }
  });
}
