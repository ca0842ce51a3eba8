// Records to keep.
import { TRAIT_MEASURES, type Attempt, type Lesson, type Nano, type RequestRecord } from '../../src/contract/index.ts';

/** When everything here happens: the start of the clock that the tests use. */
export const START = Date.UTC(2026, 0, 1);

export function attemptOf(model: string, more: Partial<Attempt> = {}): Attempt {
  return {
    model,
    upstreamModel: model,
    role: 'member',
    startedMs: 1,
    firstByteMs: 20,
    endedMs: 100,
    status: 200,
    outcome: 'ok',
    reason: null,
    finishReason: 'stop',
    usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
    estimated: false,
    cost: 1_000 as Nano,
    retries: 0,
    judgement: null,
    ...more,
  };
}

export function recordOf(id: string, more: Partial<RequestRecord> & { readonly task?: string } = {}): RequestRecord {
  const { task, ...rest } = more;
  const decision: RequestRecord['decision'] = {
    classification: { task: task ?? 'math', confidence: 1, scores: [], source: 'caller' },
    tier: 'balanced',
    prospects: [],
    constraints: [],
    plan: {
      call: { kind: 'single', model: 'a' },
      reserve: [],
      ceiling: 'single',
      chairman: null,
      threshold: 0.5,
      because: ['a test'],
      propensity: 1,
    },
    expectedQuality: 0.8,
    expectedCost: 0 as Nano,
    expectedLatencyMs: 100,
  };
  return {
    id,
    tenant: 'acme',
    at: START,
    endpoint: '/v1/chat/completions',
    requestedModel: 'auto',
    stream: false,
    status: 200,
    errorCode: null,
    cache: 'miss',
    decision,
    strategy: 'single',
    models: ['a'],
    attempts: [attemptOf('a')],
    merge: null,
    confidence: 0.9,
    flags: [],
    cost: 1_000 as Nano,
    timings: { totalMs: 101, firstByteMs: 20, upstreamMs: 99, overheadMs: 2, stages: { call: 99 } },
    events: [],
    tags: [],
    session: null,
    ...rest,
  };
}

/** Of a request whose caller named its task. */
export function lessonOf(request: string, at: number): Lesson {
  return {
    request,
    tenant: 'acme',
    at,
    task: 'math',
    facts: { task: 'math', kind: null, voices: [], factor: 1, tokenProbability: null },
    values: [],
    signals: [],
    confidence: null,
    traits: {
      measures: new Float32Array(TRAIT_MEASURES),
      weights: new Float32Array([1]),
      slots: new Uint16Array([7]),
    },
    named: true,
  };
}
