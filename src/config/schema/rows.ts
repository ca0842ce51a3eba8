// Rows that have a name: providers, models, tiers. Everything is optional here, since a row may change just one key of the catalog's.
import { z } from 'zod';
import { CAPABILITIES, PROVIDER_TYPES, SPEEDS, THINKING_STYLES } from '../../contract/index.ts';
import {
  body,
  count,
  duration,
  flag,
  name,
  names,
  number,
  oneOf,
  price,
  key,
  table,
  text,
  timeouts,
  url,
  usd,
  whole,
} from './fields.ts';

const NOTE = {
  source: text()
    .optional()
    .describe(
      'Where its figures (price, context, output) were read. `unverified`: nowhere, they are a best guess; check them before you budget with them. `simulated`: made up.',
    ),
  as_of: text().optional().describe('The day on which they were read or, if unverified, written down: `2026-11-21`.'),
};

const renames = () => z.record(z.string(), name(), { error: 'a map of body fields' });

const providerRow = z.strictObject({
  type: oneOf(PROVIDER_TYPES)
    .optional()
    .describe(
      '`openai`: anything that speaks OpenAI’s API. `anthropic`: the Messages API. `gemini`: Google’s generateContent. `sandbox`: the simulated models inside the program. Default: openai.',
    ),
  base_url: url('https://api.openai.com/v1')
    .optional()
    .describe(
      'Where it is, `/v1` (or what it has instead) included. A row with its own `base_url` takes nothing from the catalog’s row.',
    ),
  api_key: key()
    .optional()
    .describe('The key, best as `${NAME}`. Left out: none is needed. Empty or unset: the provider isn’t used.'),
  local: flag()
    .optional()
    .describe(
      'It runs on this machine or in this house: its models cost nothing unless they have a price. Default: false.',
    ),
  auth_header: name()
    .optional()
    .describe(
      'Header that carries the key. Default: authorization; x-api-key for anthropic, x-goog-api-key for gemini.',
    ),
  auth_prefix: text()
    .optional()
    .describe('What stands before the key. Default: `Bearer ` in `authorization`, nothing in other headers.'),
  headers: z.record(z.string(), text(), { error: 'a map of headers' }).optional().describe('Sent with every call.'),
  extra_body: body('body fields')
    .optional()
    .describe('Added to every chat body unless the caller set the field, e.g. `{ enable_search: true }`.'),
  drop_fields: names('body fields').optional().describe('Body fields that it refuses; they are left out.'),
  rename_fields: renames()
    .optional()
    .describe('Body fields that it calls otherwise, e.g. `{ max_completion_tokens: max_tokens }`.'),
  drop_message_fields: names('message fields')
    .optional()
    .describe('Fields of messages that it refuses, e.g. `[reasoning_content]`; they are left out.'),
  stream_usage: flag().optional().describe('It understands `stream_options.include_usage`. Default: true.'),
  reasoning_field: name()
    .optional()
    .describe(
      'What it calls the reasoning in its answers, e.g. `reasoning`: clients get it as `reasoning_content`, too. Default: that, and streams pass as the bytes they are.',
    ),
  trace_context: flag()
    .optional()
    .describe('Calls bear `traceparent`, so that traces go on there. Default: for local ones.'),
  reports_cost: flag()
    .optional()
    .describe('Its `usage.cost` is what a call cost, in USD, and stands above the price table. Default: false.'),
  max_retries: whole(0, 5).optional().describe('Retries of one call at the most. Default: 2.'),
  also_serves: names('models')
    .optional()
    .describe(
      'Names, or beginnings with `*`, of models that it serves outside of chat: `text-embedding-*`, `whisper-1`. Default: none.',
    ),
  ...NOTE,
});

export const providers = () =>
  table(
    z.union([url('https://api.openai.com/v1').transform((base_url): ProviderRow => ({ base_url })), providerRow], {
      error: 'a base URL such as https://api.openai.com/v1, or a provider’s settings',
    }),
    'providers',
  );

const modelRow = z.strictObject({
  provider: name().optional().describe('A key of `providers`. Needed unless the catalog knows the model.'),
  upstream_model: name().optional().describe('What the provider calls it. Default: its name here.'),
  price: price()
    .optional()
    .describe(
      'USD per million tokens: `{ input, output, … }`, or `0.15/0.60`, or `free`. Default: free for local providers, else unknown: such a model is refused where a budget applies.',
    ),
  context: count(1).optional().describe('Tokens of input and output together. Default: 128000.'),
  max_output: count(1)
    .optional()
    .describe('Tokens of output at the most. Default: 16384, or the context if that is smaller.'),
  quality: number(0, 10).optional().describe('How good it is at first sight, 0-10; outcomes correct it. Default: 6.'),
  speed: oneOf(SPEEDS)
    .optional()
    .describe('How fast it answers at first sight; measurements correct it. Default: medium.'),
  strengths: names('tasks').optional().describe('Tasks it is good at. Default: none.'),
  capabilities: z
    .array(oneOf(CAPABILITIES), { error: 'a list of capabilities' })
    .optional()
    .describe('What it can do. Default: tools, json_object, json_schema, streaming, n.'),
  family: name()
    .optional()
    .describe('Models of one family err alike. Default: the provider and the first word of the name.'),
  extra_body: body('body fields').optional().describe('Added to its chat bodies unless the caller set the field.'),
  drop_fields: names('body fields')
    .optional()
    .describe('Body fields that this model refuses, e.g. `[temperature]`; they are left out, after its provider’s.'),
  rename_fields: renames().optional().describe('Body fields that this model calls otherwise, after its provider’s.'),
  field_values: z
    .record(z.string(), z.array(z.unknown(), { error: 'a list of values' }), { error: 'a map of body fields' })
    .optional()
    .describe(
      'Values that it takes of a body field, e.g. `{ reasoning_effort: [low, high] }`; with another value the field is left out.',
    ),
  tool_fields: body('body fields')
    .optional()
    .describe(
      'Set in bodies that have tools, even over the caller’s, e.g. `{ reasoning_effort: none }`: without it the model refuses tools.',
    ),
  thinking: oneOf(THINKING_STYLES)
    .optional()
    .describe(
      'How a model of Anthropic or Gemini is told how much to think: `effort` (a word) or `budget` (a number of tokens; Claude up to 4.5, Gemini up to 2.5). Default: effort.',
    ),
  limits: z
    .strictObject({
      rpm: whole(1, 100_000_000).optional().describe('Requests a minute.'),
      tpm: whole(1, 1_000_000_000).optional().describe('Tokens a minute.'),
      parallel: whole(1, 100_000).optional().describe('Requests at the same time; more get 429 at once.'),
    })
    .optional()
    .describe('Of requests that ask for this model by its name, in each process. Default: none.'),
  timeouts: timeouts().optional().describe('Its own timeouts; those not given are the general ones.'),
  ...NOTE,
});

const shortModel = z
  .string()
  .regex(/^[^/\s]+(\/\S+)?$/)
  .transform((value): ModelRow => {
    const slash = value.indexOf('/');
    return slash < 0
      ? { provider: value }
      : { provider: value.slice(0, slash), upstream_model: value.slice(slash + 1) };
  });

export const models = () =>
  table(
    z.union([shortModel, modelRow], {
      error: 'a provider such as openai or openai/gpt-4o-mini, or a model’s settings',
    }),
    'models',
  );

const tierRow = z.strictObject({
  models: names('models').min(1, { error: 'a list of at least one model' }).optional().describe('Best first.'),
  chairman: name().optional().describe('Writes the final answer of a council. Default: the best of its models.'),
  expected_latency: duration()
    .optional()
    .describe('Of a usual answer, as told at start. Default: from the speed of its models.'),
  cost_per_query: usd()
    .optional()
    .describe(
      'USD of a usual answer, as told at start. Default: 1,000 tokens in and 500 out at its models’ mean price.',
    ),
});

export const tiers = () =>
  table(
    z.union(
      [
        names('models')
          .min(1, { error: 'a list of at least one model' })
          .transform((list): TierRow => ({ models: list })),
        tierRow,
      ],
      {
        error: 'a list of models, or a tier’s settings',
      },
    ),
    'tiers',
  );

export type ProviderRow = z.output<typeof providerRow>;
export type ModelRow = z.output<typeof modelRow>;
export type TierRow = z.output<typeof tierRow>;
