// What the administration of models, cache and settings takes and answers.
import { z } from 'zod';
import { which } from '../admin/cache.ts';
import { settingsInput } from '../admin/settings.ts';
import {
  anything,
  flag,
  maybeNumber,
  maybeText,
  number,
  page,
  paging,
  text,
  texts,
  whole,
  type Descriptions,
} from './shapes.ts';

const price = z.strictObject({
  input: number(),
  cached_input: number(),
  cache_write: number(),
  output: number(),
  reasoning: number(),
  audio_input: number(),
  audio_output: number(),
  image_input: number(),
  image_output: number(),
  request: number(),
});

const model = z.strictObject({
  id: text(),
  object: z.literal('model'),
  provider: text(),
  upstream_model: text(),
  price: price.nullable().describe('USD per million tokens; `request` is USD per request.'),
  context: whole(),
  max_output: whole(),
  quality: number(),
  speed: text(),
  strengths: texts(),
  capabilities: texts(),
  family: text(),
  local: flag(),
  simulated: flag(),
  tiers: texts(),
  usable: flag(),
  reason: maybeText(),
});

const provider = z.strictObject({
  id: text(),
  object: z.literal('provider'),
  type: text(),
  base_url: text(),
  key: z.enum(['missing', 'none', 'set']),
  key_variable: maybeText(),
  local: flag(),
  simulated: flag(),
  configured: flag(),
  max_retries: whole(),
  also_serves: texts(),
  models: whole(),
  usable_models: texts(),
  health: z.array(
    z.strictObject({
      model: text(),
      provider: text(),
      state: z.enum(['closed', 'open', 'half_open']),
      failures_in_row: whole(),
      calls: whole(),
      failures: whole(),
      ejected_until: maybeNumber().describe('Milliseconds since 1970.'),
      share: number(),
    }),
  ),
  limits: z.array(
    z.strictObject({
      model: text(),
      provider: text(),
      wait_ms: number(),
      limits: z.array(
        z.strictObject({ name: text(), remaining: number(), limit: maybeNumber(), reset_at: maybeNumber() }),
      ),
    }),
  ),
  slots: z.array(z.strictObject({ name: text(), limit: whole(), used: whole(), waiting: whole() })),
});

const cacheStats = z.strictObject({
  object: z.literal('cache'),
  hits: whole(),
  misses: whole(),
  stored: whole(),
  evicted: whole(),
  entries: whole(),
  bytes: whole(),
  saved_usd: number(),
});

const settable = {
  tier: text(),
  strategy: text(),
  prefer: text(),
  quality_over_cost: flag(),
  prefer_local: flag(),
  max_cost_per_request_usd: maybeNumber(),
  monthly_budget_usd: maybeNumber(),
  latency_target: maybeText(),
  deadline: maybeText(),
  explore: number(),
  review_below: number(),
  hedge: flag(),
  slim: flag(),
  cache_enabled: flag(),
  cache_ttl: maybeText(),
};
const settings = z.strictObject({
  object: z.literal('settings'),
  file: text(),
  version: text(),
  warnings: texts(),
  ...settable,
  overrides: z.record(text(), anything()).describe('What is set here, over the config.'),
  default_tier: text(),
  default_provider: maybeText(),
  aliases: z.record(text(), text()),
  tiers: z.array(z.looseObject({ name: text(), models: texts() })),
  tasks: z.array(
    z.strictObject({
      name: text(),
      strategy: maybeText(),
      tier: maybeText(),
      min_quality: number(),
      critical: flag(),
    }),
  ),
  routing: z.looseObject({ strategy: text() }),
  cache: z.looseObject({ enabled: flag() }),
  council: z.looseObject({ members: whole() }),
});

const reload = z.strictObject({
  object: z.literal('reload'),
  ok: flag(),
  version: text(),
  changed: flag().optional(),
  warnings: texts().optional(),
  needs_restart: texts().optional(),
  problems: z
    .array(
      z.strictObject({
        source: text(),
        line: maybeNumber(),
        column: maybeNumber(),
        path: text(),
        message: text(),
      }),
    )
    .optional(),
  message: text().optional(),
});

export const OPERATION: Descriptions = {
  'GET /admin/v1/models': {
    tag: 'models',
    summary: 'What is configured, what can be used, and why the rest can’t.',
    query: paging.extend({ usable: z.enum(['true', 'false']).optional() }),
    answer: page(model),
  },
  'GET /admin/v1/models/:id': { tag: 'models', summary: 'One model.', answer: model },
  'GET /admin/v1/providers': {
    tag: 'models',
    summary: 'Providers: keys, circuits, rate limits, slots.',
    query: paging,
    answer: page(provider),
  },
  'GET /admin/v1/cache': { tag: 'cache', summary: 'How much is kept and what it saved.', answer: cacheStats },
  'POST /admin/v1/cache/invalidate': {
    tag: 'cache',
    summary: 'Forgets what fits all that is given.',
    body: which,
    answer: z.strictObject({ object: z.literal('cache'), invalidated: whole() }),
  },
  'GET /admin/v1/settings': { tag: 'settings', summary: 'What is in force.', answer: settings },
  'PATCH /admin/v1/settings': {
    tag: 'settings',
    summary: 'Sets what is named over the config, at once and for good; null takes it back.',
    body: settingsInput,
    answer: settings,
  },
  'PUT /admin/v1/settings': {
    tag: 'settings',
    summary: 'Sets what is named and takes everything else back.',
    body: settingsInput,
    answer: settings,
  },
  'POST /admin/v1/config/reload': {
    tag: 'settings',
    summary: 'Reads the config file again; a bad one is told and the old settings stay.',
    answer: reload,
  },
};
