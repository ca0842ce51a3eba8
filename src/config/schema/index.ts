// The whole config file: every key, what it may hold, and what it means. The JSON Schema and the reference page are made from it.
import { z } from 'zod';
import { rolloutSchema } from '../../contract/index.ts';
import {
  alerts,
  budgets,
  cache,
  council,
  experiments,
  limits,
  redis,
  retention,
  roles,
  routing,
  sandbox,
  server,
  storage,
  telemetry,
} from './parts.ts';
import { models, providers, tiers } from './rows.ts';
import { tasks } from './tasks.ts';
import { name, timeouts } from './fields.ts';

export type { ModelRow, ProviderRow, TierRow } from './rows.ts';
export type { TaskRow, ValidatorRow } from './tasks.ts';

/** What the catalog holds, and what a config may add to it or change in it. */
export const rowsSchema = z.strictObject({
  providers: providers().prefault({}),
  models: models().prefault({}),
  tiers: tiers().prefault({}),
  tasks: tasks().prefault({}),
});

export const configSchema = z.strictObject({
  $schema: z.string().optional().describe('For editors: where the JSON Schema is.'),
  server: server().prefault({}).describe('Where it listens, and how it stops.'),
  storage: storage()
    .prefault({})
    .describe('Where requests, keys, budgets and evidence are kept. A URL, or its settings.'),
  retention: retention()
    .prefault({})
    .describe('How long records are kept. It goes on in small steps beside the traffic.'),
  redis: redis().prefault({}).describe('Reserved for several machines.'),
  providers: providers()
    .prefault({})
    .describe(
      'Who answers. A base URL, or a provider’s settings. Rows of the catalog need no mention: their key in the environment is enough.',
    ),
  models: models()
    .prefault({})
    .describe(
      'What may be asked. `provider`, `provider/upstream_model`, or a model’s settings. A row changes the catalog’s row key by key.',
    ),
  tiers: tiers()
    .prefault({})
    .describe(
      'Choices of models for a purpose. A list of models, or a tier’s settings. `speed`, `balanced`, `cost` and `premium` are there already.',
    ),
  default_tier: name()
    .prefault('balanced')
    .describe('A key of `tiers`. MODEL_TIER in the environment wins; an unknown one warns and gives `balanced`.'),
  default_provider: name()
    .optional()
    .describe(
      'Where pass-through requests go that name no model (files, batches). Default: the first that can be used, yours before the catalog’s.',
    ),
  aliases: z
    .record(z.string(), name(), { error: 'a map of names' })
    .prefault({})
    .describe('Names that clients send → `auto`, `quorum/…`, a model or another alias.'),
  tasks: tasks()
    .prefault({})
    .describe('Kinds of requests. A list of keywords, or a task’s settings. A row changes the shipped row key by key.'),
  routing: routing().prefault({}).describe('How it is decided who answers.'),
  roles: roles()
    .prefault({})
    .describe(
      'Which model answers for a role (`x-quorum-role`, or a task’s `role`), and who stands in. A model, or `{ model, fallback }`. A request that names a model, tier or strategy isn’t concerned. How many at once: `limits.roles`.',
    ),
  limits: limits().prefault({}).describe('How much happens at the same time.'),
  timeouts: timeouts()
    .optional()
    .describe('Of one call to a model. A duration (first token and total), or each by itself.'),
  cache: cache().prefault({}).describe('Answers kept for the same question. `true`, `false`, or its settings.'),
  council: council().prefault({}).describe('The council strategy.'),
  budgets: budgets().prefault([]).describe('What may be spent.'),
  alerts: alerts().prefault({}).describe('Who is told when a budget passes a share of `soft_at`, or its limit.'),
  telemetry: telemetry().prefault({}).describe('What is told to the log, to Prometheus and to OpenTelemetry.'),
  experiments: experiments().prefault({}).describe('Comparisons of strategies, tiers or models on live traffic.'),
  rollout: rolloutSchema
    .optional()
    .describe(
      'Takes over a share of the requests that name a model. A percentage, `off`, or its settings. Default: none of them.',
    ),
  sandbox: sandbox().prefault({}).describe('Simulated models that need no key. `true`, `false`, or its settings.'),
});

export type Config = z.output<typeof configSchema>;
export type Rows = z.output<typeof rowsSchema>;
