// What is told of many requests together: reports, and models that are not as they used to be.
import { z } from 'zod';
import {
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

const trendPoint = z.strictObject({
  at: moment(),
  requests: whole(),
  error_rate: number(),
  cost_usd: number(),
  p50_ms: maybeNumber(),
  p95_ms: maybeNumber(),
  accuracy: maybeNumber(),
});
const spread = z.strictObject({
  count: whole(),
  mean: number(),
  p50: number(),
  p90: number(),
  p95: number(),
  p99: number(),
});
const figures = {
  requests: whole(),
  ok: whole(),
  failed: whole(),
  refused: whole(),
  aborted: whole(),
  error_rate: number(),
  cache_hits: whole(),
  retries: whole(),
  cost_usd: number(),
  cost_per_request_usd: number(),
  input_tokens: whole(),
  output_tokens: whole(),
  agreement: maybeNumber(),
  confidence: maybeNumber(),
  accuracy: maybeNumber(),
  verdicts: whole(),
  latency_ms: spread.nullable(),
  first_byte_ms: spread.nullable(),
  queue_ms: spread.nullable(),
  overhead_ms: spread.nullable(),
  stages_ms: z.record(text(), spread),
  trend: z.array(trendPoint),
};
const GROUPS = ['model', 'provider', 'task', 'strategy', 'tier', 'key', 'team', 'day', 'hour'];
const report = z.strictObject({
  object: z.literal('report'),
  by: texts(),
  counts: z.enum(['requests', 'calls']),
  since: moment(),
  until: moment(),
  data: z.array(
    z.strictObject({ ...Object.fromEntries(GROUPS.map((name) => [name, maybeText().optional()])), ...figures }),
  ),
  total: z.strictObject(figures),
});

const anomaly = z.strictObject({
  id: text(),
  object: z.literal('anomaly'),
  model: text(),
  measure: z.enum(['latency', 'error_rate', 'cost', 'agreement']),
  value: number(),
  expected: number(),
  tolerance: number(),
  since: moment(),
  ended: moment().nullable(),
  message: text(),
});

export const REPORTS: Descriptions = {
  'GET /admin/v1/reports': {
    tag: 'reports',
    summary: 'Speed, errors, cost, accuracy and their trends.',
    query: span.extend({
      by: z
        .string()
        .optional()
        .describe(`Some of ${GROUPS.join(', ')}, separated by commas.`),
      group_by: z.string().optional().describe('The same.'),
      format: z.enum(['json', 'csv']).optional(),
    }),
    answer: report,
    types: ['text/csv'],
  },
  'GET /admin/v1/anomalies': {
    tag: 'reports',
    summary: 'Models that are not as they used to be, and those that were lately.',
    query: paging,
    answer: page(anomaly),
  },
};
