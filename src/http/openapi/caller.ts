// What holders of keys send and get, and what anybody may ask.
import { z } from 'zod';
import { chatRequestSchema } from '../../contract/index.ts';
import { FEEDBACK } from '../feedback.ts';
import { question } from '../spend.ts';
import { balance } from './accounts.ts';
import { decision, ownRecord } from './records.ts';
import {
  anything,
  flag,
  maybeMoment,
  maybeNumber,
  maybeText,
  moment,
  number,
  text,
  texts,
  whole,
  type Descriptions,
} from './shapes.ts';

/** OpenAI's own; fields that Quorum doesn't know pass through. */
const completion = z.looseObject({
  id: text(),
  object: z.literal('chat.completion'),
  created: number(),
  model: text(),
  choices: z.array(
    z.looseObject({ index: whole(), message: z.looseObject({ role: text() }), finish_reason: maybeText() }),
  ),
});

const modelEntry = z.strictObject({
  id: text(),
  object: z.literal('model'),
  created: whole(),
  owned_by: text(),
  context_length: whole().optional(),
  max_output: whole().optional(),
  capabilities: texts().optional(),
  local: flag().optional(),
  simulated: flag().optional(),
});

const features = z.strictObject({
  input_tokens: number(),
  max_output_tokens: maybeNumber(),
  turns: whole(),
  has_tools: flag(),
  has_images: flag(),
  has_audio: flag(),
  has_code: flag(),
  response_format: z.enum(['text', 'json_object', 'json_schema']),
  choices: whole(),
  wants_logprobs: flag(),
  stream: flag(),
});

const spend = z.strictObject({
  object: z.literal('spend'),
  period: text(),
  starts_at: maybeMoment(),
  resets_at: maybeMoment(),
  spent_usd: number(),
  held_usd: number(),
  limit_usd: maybeNumber(),
  left_usd: maybeNumber(),
  budgets: z.array(balance),
  month: z.strictObject({
    since: moment(),
    spent_usd: number(),
    calls: whole(),
    input_tokens: whole(),
    output_tokens: whole(),
  }),
});

const estimate = z.strictObject({
  tier: text(),
  total_usd: number(),
  by_task: z.record(
    text(),
    z.strictObject({
      count: number(),
      total_usd: number(),
      per_request_usd: number(),
      strategy: text(),
      models: texts(),
    }),
  ),
  by_model: z.record(text(), number()),
  unpriced: texts(),
});

const capability = z.strictObject({
  id: text(),
  provider: text(),
  usable: flag(),
  local: flag(),
  simulated: flag(),
  quality: number(),
  speed: text(),
  strengths: texts(),
  capabilities: texts(),
  context_length: whole(),
  max_output: whole(),
  price: z.strictObject({ input: number(), cached_input: number(), output: number() }).nullable(),
  tasks: z.record(
    text(),
    z.strictObject({ prior: number(), learnt: maybeNumber(), confidence: number(), samples: number() }),
  ),
});
const capabilities = z.strictObject({
  object: z.literal('capabilities'),
  strategies: texts(),
  default_tier: text(),
  tiers: z.record(
    text(),
    z.strictObject({
      models: texts(),
      chairman: maybeText(),
      expected_latency_ms: number(),
      cost_per_query_usd: number(),
      gaps: texts(),
    }),
  ),
  tasks: z.array(z.strictObject({ name: text(), strategy: text(), min_quality: number(), critical: flag() })),
  models: z.array(capability),
});

const recommendation = z.strictObject({
  model: maybeText(),
  reason: text().optional(),
  confidence: number().optional(),
  samples: number().optional(),
  cost_usd: maybeNumber().optional(),
  latency_ms: number().optional(),
  constraints: texts().optional(),
  alternatives: z.array(z.strictObject({ model: text(), confidence: number(), samples: number() })).optional(),
});

const feedback = z.strictObject({
  object: z.literal('feedback'),
  request_id: text(),
  score: number(),
  correct: flag(),
  correction: anything(),
  kind: maybeText(),
  comment: maybeText(),
  replaced: flag(),
  created_at: moment(),
});

const explained = z.strictObject({
  request_id: text(),
  decision,
  features,
  cache: z.strictObject({ key: text(), state: text() }),
  budgets: z.array(balance),
  experiment: maybeText().optional().describe('`name=arm`, a comma between several.'),
});

export const CALLER: Descriptions = {
  'POST /v1/chat/completions': {
    tag: 'chat',
    summary: 'OpenAI’s chat completions, on the router. Streams as server-sent events when `stream` is true.',
    body: chatRequestSchema,
    answer: completion,
    types: ['text/event-stream'],
  },
  'POST /v1/route': {
    tag: 'chat',
    summary: 'What would be done with such a request, without doing it.',
    body: chatRequestSchema,
    answer: explained,
  },
  'GET /v1/models': {
    tag: 'chat',
    summary: 'Every name that this key may send as `model`.',
    answer: z.strictObject({ object: z.literal('list'), data: z.array(modelEntry) }),
  },
  'GET /v1/models/*name': { tag: 'chat', summary: 'One of them.', answer: modelEntry },
  'GET /v1/requests/:id': { tag: 'chat', summary: 'What happened to one’s own request.', answer: ownRecord },
  'GET /v1/requests/:id/events': {
    tag: 'chat',
    summary: 'Its progress: what was, then what comes, until it ends.',
    answer: z.string(),
    types: ['text/event-stream'],
  },
  'GET /v1/spend': { tag: 'money', summary: 'This key’s budgets, and what it has spent.', answer: spend },
  'POST /v1/estimate': { tag: 'money', summary: 'What a usage would cost.', body: question, answer: estimate },
  'POST /v1/feedback': {
    tag: 'learning',
    summary: 'How right an answer was; again for the same request replaces the earlier one.',
    body: FEEDBACK,
    answer: feedback,
  },
  'GET /v1/capabilities': { tag: 'learning', summary: 'What each model can do, and has shown.', answer: capabilities },
  'GET /v1/recommendations/:task': {
    tag: 'learning',
    summary: 'A model for a task, for each tier.',
    answer: z.strictObject({
      object: z.literal('recommendations'),
      task: text(),
      tiers: z.record(text(), recommendation),
    }),
  },
  'GET /livez': { tag: 'health', summary: 'The process lives.', answer: z.strictObject({ status: z.literal('ok') }) },
  'GET /readyz': {
    tag: 'health',
    summary: 'It takes requests; 503 while it drains.',
    answer: z.strictObject({ status: z.enum(['ready', 'draining']) }),
  },
  'GET /metrics': { tag: 'health', summary: 'For Prometheus.', answer: z.string(), types: ['text/plain'] },
  'GET /openapi.json': { tag: 'health', summary: 'This description.', answer: z.looseObject({ openapi: text() }) },
};
