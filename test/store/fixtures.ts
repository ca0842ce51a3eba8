// A clock that moves only when told, and records to keep.
import type { Attempt, Clock, Nano, RequestRecord } from '../../src/contract/index.ts';

export interface ManualClock extends Clock {
  /** Runs what is due on the way, in order. */
  advance(ms: number): void;
}

export function createManualClock(startsAt = 1_700_000_000_000): ManualClock {
  let now = startsAt;
  let timers: { readonly at: number; readonly task: () => void }[] = [];
  return {
    now: () => now,
    after: (afterMs, task) => {
      const timer = { at: now + afterMs, task };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    advance: (ms) => {
      const end = now + ms;
      for (;;) {
        const next = timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        timers = timers.filter((timer) => timer !== next);
        now = Math.max(now, next.at);
        next.task();
      }
      now = end;
    },
  };
}

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
    at: 1_700_000_000_000,
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
