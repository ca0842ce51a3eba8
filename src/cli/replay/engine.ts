// Carries out recorded prompts on the program's own path: router, strategies, merger and learner as they serve, with recorded answers for models.
import { createAdmission, createBudgets, createOutputHistory, NOBODY } from '../../accounts/index.ts';
import { createCache, createFlights, parseDirective } from '../../cache/index.ts';
import {
  NO_WISHES,
  CallFailure,
  usdOf,
  type AssistantMessage,
  type Completion,
  type Decision,
  type Ledger,
  type Lesson,
  type RequestRecord,
  type Settings,
  type Upstream,
  type Wishes,
} from '../../contract/index.ts';
import {
  createEvidence,
  EVIDENCE,
  createLearner,
  createMemoryLearningStore,
  type Evidence,
  type Learner,
} from '../../learning/index.ts';
import { createMerger } from '../../merge/index.ts';
import type { Inbound } from '../../pipeline/exchange.ts';
import { createMemory } from '../../pipeline/memory.ts';
import { createPipeline } from '../../pipeline.ts';
import { classify, compileTasks, featuresOf, traitsOf } from '../../routing/index.ts';
import type { RecordedAnswer, RecordedRow } from './dataset.ts';

export interface ReplayOptions {
  readonly settings: Settings;
  readonly seed: number;
  /** How right an answer is that no model gave in these words, 0-1; without it such an answer counts as the first of the models whose answer was used. */
  readonly grade?: (row: RecordedRow, message: AssistantMessage) => number;
  /** Changes what a model answered, e.g. breaks it. */
  readonly answer?: (row: RecordedRow, model: string) => RecordedAnswer | undefined;
}

export interface Served {
  readonly row: RecordedRow;
  readonly correct: number;
  readonly costUsd: number;
  readonly latencyMs: number;
  readonly confidence: number | null;
  readonly record: RequestRecord;
}

interface Replay {
  readonly learner: Learner;
  readonly evidence: Evidence;
  /** One request on the path. `wishes`: as a client's headers would say. */
  serve(row: RecordedRow, wishes?: Partial<Wishes>): Promise<Served>;
  /** The client's verdict on an answer that was served. */
  judge(served: Served): void;
  /** A labelled sample: one model's recorded answer with its verdict, as if it had been asked alone. */
  teach(row: RecordedRow, model: string): void;
  /** What would be decided, without doing it. */
  decide(row: RecordedRow): Promise<Decision>;
  /** What is expected of each model at this prompt. */
  expect(row: RecordedRow): ReadonlyMap<string, number>;
}

const BETWEEN_MS = 1_000;
const USUAL_LATENCY_MS = 1_000;

export function createReplay(options: ReplayOptions): Replay {
  const { settings } = options;
  let now = Date.UTC(2026, 0, 1);
  const clock = { now: () => now, after: () => () => {} };
  let state = (options.seed * 2_654_435_761) >>> 0 || 1;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const rows = new Map<string, RecordedRow>();
  const records = new Map<string, RequestRecord>();
  const recorded = (row: RecordedRow, model: string): RecordedAnswer | undefined =>
    options.answer === undefined ? row.answers.get(model) : options.answer(row, model);
  const evidence = createEvidence(EVIDENCE, []);
  const learner = createLearner({
    evidence,
    sums: { add: () => {} },
    store: createMemoryLearningStore(),
    model: (name) => settings.models.get(name),
    now: clock.now,
    onChange: () => {},
  });
  const pipeline = createPipeline({
    clock,
    random,
    settings: () => settings,
    upstream: recordedUpstream(rows, recorded, clock.now),
    merger: createMerger(),
    memory: createMemory(createCache({ clock, limits: () => settings.cache }), createFlights(), clock.now),
    admission: createAdmission({
      ledger: { post: () => {}, balances: () => Promise.resolve([]) } as unknown as Ledger,
      budgets: createBudgets(() => []),
      history: createOutputHistory(),
      clock,
      dearestPrice: () => null,
      heldWaitMs: () => 0,
    }),
    learning: learner,
    done: (record) => void records.set(record.id, record),
    onFault: () => {},
  });
  const classifier = compileTasks(settings.tasks);
  let count = 0;

  const gradeOf = (row: RecordedRow, message: AssistantMessage, record: RequestRecord): number => {
    const text = sayings(message);
    for (const model of [...record.models, ...record.attempts.map((attempt) => attempt.model)]) {
      const answer = recorded(row, model);
      if (answer !== undefined && sayings(answer.message) === text) return answer.correct;
    }
    return options.grade?.(row, message) ?? recorded(row, record.models[0]!)?.correct ?? 0;
  };

  const inboundOf = (id: string, row: RecordedRow, wishes: Partial<Wishes>): Inbound => ({
    id,
    principal: { tenant: 'replay', team: null, keyId: null, admin: false },
    request: row.request,
    wishes: { ...NO_WISHES, ...wishes },
    permissions: NOBODY.permissions,
    spender: { tenant: 'replay', keyId: null, team: null, user: null, tags: [] },
    bodyBytes: 1_000,
    directive: parseDirective('off'),
    session: null,
    events: false,
    debug: false,
    receivedAt: now,
    endpoint: '/v1/chat/completions',
    gone: new AbortController().signal,
  });

  return {
    learner,
    evidence,
    decide: async (row) => (await pipeline.explain(inboundOf('replay-look', row, {})))['decision'] as Decision,
    async serve(row, wishes = {}) {
      const id = `replay-${(count += 1)}`;
      now += BETWEEN_MS;
      rows.set(id, row);
      const answer = await pipeline.answer(inboundOf(id, row, wishes));
      if (answer.kind !== 'whole') throw new Error(`${row.id}: a replay has no streams`);
      const record = records.get(id)!;
      records.delete(id);
      rows.delete(id);
      const { message } = (JSON.parse(new TextDecoder().decode(answer.bytes)) as Completion).choices[0]!;
      return {
        row,
        correct: gradeOf(row, message, record),
        costUsd: usdOf(record.cost),
        latencyMs: latencyOf(record, (model) => recorded(row, model)?.latencyMs ?? USUAL_LATENCY_MS),
        confidence: record.confidence,
        record,
      };
    },
    judge: ({ record, correct }) =>
      void learner.judge(
        { request: record.id, correct: correct >= 0.5, score: null, correction: null, kind: null, comment: null },
        'replay',
        false,
      ),
    teach(row, model) {
      const answer = recorded(row, model);
      if (answer === undefined) return;
      const features = featuresOf(row.request);
      const { task } = classify(classifier, features, { task: null }, settings.routing);
      const request = `label-${(count += 1)}`;
      const quality = learner
        .insight(features, () => traitsOf(features, row.request), 'replay', now)
        .quality(task, model).quality;
      const lesson: Lesson = {
        request,
        tenant: 'replay',
        at: now,
        task,
        facts: { task, kind: null, voices: [{ model, quality, camp: 0 }], factor: 1, tokenProbability: null },
        values: [],
        signals: [],
        confidence: null,
        traits: traitsOf(features, row.request),
        taken: [
          {
            model,
            outputTokens: answer.completionTokens,
            ms: answer.latencyMs ?? USUAL_LATENCY_MS,
            ...(answer.promptTokens > 0 && {
              input: { counted: features.inputTokens, billed: answer.promptTokens, tools: features.hasTools },
            }),
          },
        ],
      };
      learner.ended(lesson);
      learner.judge(
        { request, correct: answer.correct >= 0.5, score: null, correction: null, kind: null, comment: null },
        'replay',
        false,
      );
    },
    expect(row) {
      const features = featuresOf(row.request);
      const { task } = classify(classifier, features, { task: null }, settings.routing);
      const insight = learner.insight(features, () => traitsOf(features, row.request), 'replay', now);
      return new Map([...settings.models.keys()].map((model) => [model, insight.quality(task, model).quality]));
    },
  };
}

const sayings = ({ content, tool_calls: calls }: AssistantMessage): string =>
  JSON.stringify([content ?? null, (calls ?? []).map((call) => [call.function?.name, call.function?.arguments])]);

/** As long as the calls that follow each other; those side by side take as long as the longest. */
function latencyOf(record: RequestRecord, of: (model: string) => number): number {
  let total = 0;
  let together = 0;
  for (const { model, role } of record.attempts) {
    if (role === 'member') together = Math.max(together, of(model));
    else total += of(model);
  }
  return total + together;
}

function recordedUpstream(
  rows: ReadonlyMap<string, RecordedRow>,
  answerOf: (row: RecordedRow, model: string) => RecordedAnswer | undefined,
  now: () => number,
): Upstream {
  const encoder = new TextEncoder();
  return {
    whole({ requestId, model }) {
      const answer = answerOf(rows.get(requestId)!, model.name);
      if (answer === undefined)
        return Promise.reject(new CallFailure('refused', 'the file has no answer of this model'));
      const { message, promptTokens, completionTokens } = answer;
      const completion: Completion = {
        id: requestId,
        object: 'chat.completion',
        created: 0,
        model: model.name,
        choices: [{ index: 0, message, finish_reason: message.tool_calls ? 'tool_calls' : 'stop' }],
        usage: {
          prompt_tokens: promptTokens,
          completion_tokens: completionTokens,
          total_tokens: promptTokens + completionTokens,
        },
      };
      return Promise.resolve({
        completion,
        bytes: encoder.encode(JSON.stringify(completion)),
        retries: 0,
        sentAt: now(),
        firstByteAt: now(),
      });
    },
    stream: () => Promise.reject(new CallFailure('refused', 'a replay has no streams')),
    close: () => Promise.resolve(),
  };
}
