// What is told of requests: decision, calls, merge, timings; summaries; what is to be reviewed.
import { z } from 'zod';
import {
  flag,
  maybeNumber,
  maybeText,
  moment,
  number,
  page,
  paging,
  span,
  text,
  texts,
  whole,
  type Descriptions,
} from './shapes.ts';

const violation = z.strictObject({ validator: text(), field: text(), message: text() });
const weighed = z.strictObject({ model: text(), weight: number() });

const prospect = z.strictObject({
  model: text(),
  quality: number(),
  samples: number(),
  cost_usd: number().optional(),
  cost: z.null().optional(),
  latency_ms: number(),
  utility: number(),
  doubt: number().optional(),
  input_factor: number().optional(),
  excluded: maybeText(),
});

const plan = z.strictObject({
  call: z.strictObject({
    kind: z.enum(['single', 'dual', 'triple', 'cascade', 'council']),
    model: text().optional(),
    members: texts().optional(),
    steps: texts().optional(),
    chairman: text().optional(),
  }),
  reserve: texts(),
  ceiling: text(),
  climb: z.strictObject({ perUsd: number(), perSecond: number(), mostVoices: number() }).optional(),
  chairman: maybeText(),
  threshold: number(),
  because: texts(),
  propensity: number(),
});

export const decision = z.strictObject({
  classification: z.strictObject({
    task: text(),
    confidence: number(),
    scores: z.array(z.strictObject({ task: text(), score: number() })),
    source: z.enum(['caller', 'rules', 'fallback']),
  }),
  asked: z.looseObject({ input_tokens: number().optional() }).optional(),
  tier: text(),
  prospects: z.array(prospect),
  constraints: texts(),
  plan,
  expected_quality: number(),
  expected_cost_usd: number(),
  expected_latency_ms: number(),
});

const attempt = z.strictObject({
  model: text(),
  upstream_model: text(),
  role: z.enum(['member', 'escalation', 'fallback', 'judge', 'chairman']),
  started_ms: number(),
  first_byte_ms: maybeNumber(),
  ended_ms: number(),
  status: maybeNumber(),
  outcome: z.enum(['ok', 'failed', 'aborted', 'timeout']),
  reason: maybeText(),
  finish_reason: maybeText(),
  usage: z.looseObject({ prompt_tokens: number(), completion_tokens: number() }).nullable(),
  estimated: flag(),
  cost_usd: number(),
  retries: whole(),
  judgement: z
    .strictObject({ acceptable: flag(), factor: number(), violations: z.array(violation), reasons: texts() })
    .nullable(),
  queue_ms: number().optional(),
  span_id: text().optional(),
});

const merge = z.strictObject({
  kind: text(),
  agreement: maybeNumber(),
  camps: z.array(z.strictObject({ models: texts(), weight: number(), value: text() })),
  provenance: z.array(
    z.strictObject({
      path: text(),
      value: text(),
      by: z.array(weighed),
      otherwise: z.array(weighed.extend({ value: text() })),
      agreement: number(),
      tie: flag(),
      outlier: flag().optional(),
    }),
  ),
  violations: z.array(violation),
});

const event = z.strictObject({
  seq: whole(),
  stage: whole(),
  type: text(),
  at_ms: number(),
  model: text().optional(),
  detail: text().optional(),
});

const CACHE = ['hit', 'miss', 'coalesced', 'semantic', 'bypass'] as const;

const record = z.strictObject({
  id: text(),
  tenant: text(),
  at: number().describe('Milliseconds since 1970.'),
  endpoint: text(),
  requested_model: text(),
  stream: flag(),
  status: whole(),
  error_code: maybeText(),
  cache: z.enum(CACHE),
  decision: decision.nullable(),
  strategy: maybeText(),
  models: texts(),
  attempts: z.array(attempt),
  merge: merge.nullable(),
  confidence: maybeNumber(),
  flags: texts(),
  cost_usd: number(),
  timings: z.strictObject({
    total_ms: number(),
    first_byte_ms: maybeNumber(),
    upstream_ms: number(),
    overhead_ms: number(),
    stages: z.record(text(), number()),
    queue_ms: number().optional(),
  }),
  events: z.array(event),
  tags: texts(),
  session: maybeText(),
  user: text().optional(),
  repeats: text().optional(),
  slimmed: z.strictObject({ characters: number(), tokens: number(), by_rule: z.record(text(), number()) }).optional(),
  role: text().optional(),
  trace: z.strictObject({ trace_id: text(), span_id: text(), parent_id: maybeText(), sampled: flag() }).optional(),
  experiments: z
    .array(
      z.strictObject({
        experiment: text(),
        design: text(),
        arm: text(),
        exposed: flag(),
        forced: flag(),
        unit: text(),
      }),
    )
    .optional(),
});

/** Of a request that is under way only the beginning is known. */
const running = z.strictObject({
  id: text(),
  status: z.null(),
  state: z.literal('running'),
  decision: decision.nullable(),
  attempts: z.array(attempt),
  events: z.array(event),
});
export const ownRecord = z.union([record.extend({ state: z.literal('done') }), running]);

const summary = z.strictObject({
  id: text(),
  object: z.literal('request'),
  tenant: text(),
  at: moment(),
  endpoint: text(),
  requested_model: text(),
  stream: flag(),
  status: whole(),
  error_code: maybeText(),
  cache: z.enum(CACHE),
  task: maybeText(),
  tier: maybeText(),
  strategy: maybeText(),
  models: texts(),
  attempts: whole(),
  agreement: maybeNumber(),
  confidence: maybeNumber(),
  flags: texts(),
  cost_usd: number(),
  total_ms: number(),
  tags: texts(),
  session: maybeText(),
});

const filter = paging.extend({
  ...span.shape,
  task: z.string().optional(),
  model: z.string().optional().describe('That was called or whose answer was used.'),
  strategy: z.string().optional(),
  flag: z.string().optional(),
  status: z.string().optional().describe('An HTTP status.'),
  key: z.string().optional().describe('A key’s id.'),
  tenant: z.string().optional().describe('The same.'),
});

export const RECORDS: Descriptions = {
  'GET /admin/v1/requests': {
    tag: 'requests',
    summary: 'Requests of all keys, newest first; no prompts. As JSON lines all that fit.',
    query: filter.extend({
      format: z.enum(['json', 'jsonl']).optional(),
      rows: z.enum(['requests', 'attempts']).optional().describe('Of JSON lines.'),
    }),
    answer: page(summary),
    types: ['application/jsonl'],
  },
  'GET /admin/v1/requests/:id': {
    tag: 'requests',
    summary: 'One request with its decision and every call.',
    answer: record,
  },
  'GET /admin/v1/review': {
    tag: 'requests',
    summary: 'Disputed answers and those that Quorum isn’t sure of.',
    query: filter.omit({ flag: true }),
    answer: page(summary.extend({ merge: merge.nullable() })),
  },
};
