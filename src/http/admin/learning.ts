// /admin/v1/confidence, calibration, feedback and evidence: what was learnt, and lines to take it elsewhere.
import type { Request } from 'express';
import { z } from 'zod';
import {
  QuorumError,
  type Clock,
  type CurrentSettings,
  type EvidenceSum,
  type LearningStore,
  type PastChange,
  type Taught,
} from '../../contract/index.ts';
import { priorOf, type Evidence, type Learner } from '../../learning/index.ts';
import { readBody } from '../body.ts';
import { sendJson } from '../json.ts';
import { feedbackLines, takeFeedbackLines } from './feedback-lines.ts';
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
  sendLines,
} from './answer.ts';

export interface LearningParts {
  readonly learner: Learner;
  readonly evidence: Evidence;
  readonly lessons: LearningStore;
  readonly settings: CurrentSettings;
  readonly clock: Clock;
}

const rounded = (value: number): number => Math.round(value * 10_000) / 10_000;

const NAME = z.string().min(1).max(256);
/** No sum of outcomes that fade reaches it. */
const MOST_OUTCOMES = 1e9;
const ROUNDING = 1e-6;
const sum = z
  .object({
    tenant: NAME,
    task: NAME,
    model: NAME,
    good: z.number().min(0),
    total: z.number().min(0).max(MOST_OUTCOMES),
    at: z.number().min(0),
  })
  .refine(({ good, total }) => good <= total + ROUNDING);
/** Clocks of machines differ. What lies further ahead would make all that is known here look old. */
const AHEAD_MS = 3_600_000;
const MOST_IMPORT = 64 * 1024 * 1024;
/** More bad lines are counted, not named. */
const MOST_PROBLEMS = 1_000;

/** Below `/admin/v1`: `confidence`, `calibration`, `feedback`, `evidence`. */
export function learningRoutes(parts: LearningParts): readonly AdminRoute[] {
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
    route('get', '/confidence/history', (request) => {
      const cursor = rowCursorOf(request);
      const limit = limitOf(request);
      const filter = { ...given('task', request), ...given('model', request) };
      const rows = lessons.history(filter, limit + 1, cursor === null ? null : Number(cursor));
      const page = rows.slice(0, limit);
      return pageShown(page.map(changeShown), rows.length > limit ? String(page.at(-1)!.seq) : null);
    }),
    route('get', '/calibration', () => ({
      object: 'calibration',
      all: reportShown(learner, null),
      tasks: Object.fromEntries(learner.calibration.tasks().map((task) => [task, reportShown(learner, task)])),
      signals: learner.reliability
        .report()
        .map(({ kind, good, weight, verdicts }) => ({ kind, right: rounded(good), weight, verdicts })),
      review_below: settings().routing.reviewBelow,
    })),
    feedbackRoute(lessons),
    route('post', '/feedback', async (request) => {
      const lines = new TextDecoder().decode(await readBody(request, MOST_IMPORT, '')).split('\n');
      const { problems, ...sums } = await takeFeedbackLines(lines, 1, parts, nextTurn);
      return {
        object: 'feedback.taken',
        ...sums,
        failed: problems.length,
        problems: problems.slice(0, MOST_PROBLEMS),
      };
    }),
    exportRoute(evidence),
    route('post', '/evidence', async (request) => {
      const sums = readLines(await readBody(request, MOST_IMPORT, ''), parts.clock.now() + AHEAD_MS);
      learner.take(sums);
      return { object: 'evidence.added', added: sums.length };
    }),
  ];
}

const changeShown = ({ at, task, model, before, after, why }: PastChange) => ({
  at: momentShown(at),
  task,
  model,
  before: rounded(before),
  after: rounded(after),
  why,
});

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

/** A page of what was said; as JSON lines all of it, with what it teaches. */
const feedbackRoute = (lessons: LearningStore): AdminRoute => ({
  method: 'get',
  path: '/admin/v1/feedback',
  async handle(request, response, visit) {
    const tenant = queryOf(request, 'tenant') ?? null;
    const format = queryOf(request, 'format') ?? 'json';
    if (format !== 'json' && format !== 'jsonl')
      throw new QuorumError('invalid_value', "'format' is json or jsonl.", { param: 'format' });
    if (format === 'jsonl') {
      await sendLines(response, visit, feedbackLines(lessons, tenant, nextTurn));
      return;
    }
    const cursor = rowCursorOf(request);
    const limit = limitOf(request);
    const rows = lessons.feedback(limit + 1, cursor === null ? null : Number(cursor), tenant);
    const page = rows.slice(0, limit);
    const next = rows.length > limit ? String(page.at(-1)!.seq) : null;
    sendJson(response, pageShown(page.map(taughtShown), next), ['x-request-id', visit.id]);
  },
});

/** Others have their turn in between. */
const nextTurn = (): Promise<void> => new Promise((resume) => setImmediate(resume));

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

/** All or none: throws for the first line that is no sum of outcomes, or one of the future. */
function readLines(bytes: Uint8Array, latest: number): readonly EvidenceSum[] {
  const refusal = (nth: number, what: string): QuorumError =>
    new QuorumError('invalid_value', `Line ${nth + 1} is no evidence: ${what} Nothing was added.`, {
      param: `line ${nth + 1}`,
    });
  return new TextDecoder()
    .decode(bytes)
    .split('\n')
    .flatMap((line, nth) => {
      if (line.trim() === '') return [];
      const read = sum.safeParse(parsed(line));
      if (!read.success)
        throw refusal(
          nth,
          '{"tenant","task","model","good","total","at"} is expected, of which good lies between 0 and total.',
        );
      if (read.data.at > latest) throw refusal(nth, '"at" lies in the future.');
      return [read.data];
    });
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
