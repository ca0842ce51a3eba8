// What an entry of `model_list` says of its model: prices, limits, capabilities, fields of its requests, timeouts.
import type { Catalog } from '../../config/catalog.ts';
import type { ModelRow } from '../../config/schema/index.ts';
import { asQuorumText, type Cursor } from './leaves.ts';
import type { Row } from './providers.ts';
import { isSecret, variableName, type Secrets } from './secrets.ts';

interface RowTools {
  readonly catalog: Catalog;
  readonly secrets: Secrets;
}

/** Fields of a request that a deployment may set for callers who don't. */
const BODY_FIELDS = [
  'temperature',
  'top_p',
  'max_tokens',
  'max_completion_tokens',
  'seed',
  'stop',
  'n',
  'presence_penalty',
  'frequency_penalty',
  'logit_bias',
  'logprobs',
  'top_logprobs',
  'response_format',
  'reasoning_effort',
  'parallel_tool_calls',
  'tool_choice',
  'tools',
  'user',
  'service_tier',
  'top_k',
  'min_p',
  'thinking',
  'verbosity',
  'store',
  'metadata',
] as const;
/** Without provider and upstream's name: what the entry says, over what the catalog knows of the model. */
export function modelRow(
  entry: Cursor,
  upstream: string,
  shippedBy: string | null,
  provider: string,
  tools: RowTools,
): Row {
  const [params, info] = [entry.at('litellm_params'), entry.at('model_info')];
  const baseModel = info.at('base_model').text();
  const known =
    knownModel(tools.catalog, shippedBy, upstream) ??
    (baseModel === null ? null : knownModel(tools.catalog, null, baseModel.split('/').at(-1)!));
  const price = priceFrom([params, info], known);
  const context = info.at('max_input_tokens').number() ?? known?.row.context;
  const most = info.at('max_output_tokens').number() ?? info.at('max_tokens').number() ?? known?.row.max_output;
  const capabilities = capabilitiesFrom(info, known?.row.capabilities);
  const body = bodyFrom(params, tools);
  const dropped = params
    .at('additional_drop_params')
    .items()
    .flatMap((each) => each.text() ?? []);
  const habits = known !== null && shippedBy !== null && provider !== shippedBy ? habitsOf(known.row) : {};
  const drop = [...((habits['drop_fields'] as readonly string[] | undefined) ?? []), ...dropped];
  return {
    ...(price !== null && { price }),
    ...(context !== undefined && { context }),
    ...(most !== undefined && { max_output: context === undefined ? most : Math.min(most, context) }),
    ...(known?.row.quality !== undefined && { quality: known.row.quality }),
    ...(known?.row.speed !== undefined && { speed: known.row.speed }),
    ...(known?.row.family !== undefined && { family: known.row.family }),
    ...(capabilities !== null && { capabilities }),
    ...(Object.keys(body).length > 0 && { extra_body: body }),
    ...habits,
    ...(drop.length > 0 && { drop_fields: drop }),
    ...timeoutsFrom(params),
  };
}

/** Requests and tokens a minute, requests at the same time. */
export function limitsFrom(params: Cursor): Row {
  const given = LIMITS.flatMap(([name, field]) => {
    const limit = params.at(field);
    return Number.isInteger(limit.value) && Number(limit.value) > 0 ? [[name, limit.take()] as const] : [];
  });
  return given.length === 0 ? {} : { limits: Object.fromEntries(given) };
}

const LIMITS = [
  ['rpm', 'rpm'],
  ['tpm', 'tpm'],
  ['parallel', 'max_parallel_requests'],
] as const;

interface KnownModel {
  readonly name: string;
  readonly row: ModelRow;
}

export function knownModel(catalog: Catalog, provider: string | null, upstream: string): KnownModel | null {
  const found = Object.entries(catalog.rows.models).find(
    ([name, row]) => (provider === null || row.provider === provider) && (row.upstream_model ?? name) === upstream,
  );
  return found === undefined ? null : { name: found[0], row: found[1] };
}

const habitsOf = ({ drop_fields, rename_fields, field_values, tool_fields }: ModelRow): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries({ drop_fields, rename_fields, field_values, tool_fields }).filter(
      ([, value]) => value !== undefined,
    ),
  );

const PRICES = [
  ['input', 'input_cost_per_token'],
  ['output', 'output_cost_per_token'],
  ['cached_input', 'cache_read_input_token_cost'],
  ['cache_write', 'cache_creation_input_token_cost'],
  ['reasoning', 'output_cost_per_reasoning_token'],
  ['audio_input', 'input_cost_per_audio_token'],
  ['audio_output', 'output_cost_per_audio_token'],
  ['image_input', 'input_cost_per_image_token'],
  ['image_output', 'output_cost_per_image_token'],
] as const;

/** USD per million tokens; LiteLLM's are per token, written beside the deployment or in its `model_info`. */
function priceFrom(places: readonly Cursor[], known: KnownModel | null): Row | null {
  const half =
    known === null &&
    ['input', 'output'].some((side) => !places.some((place) => place.at(`${side}_cost_per_token`).isThere));
  if (half) return null;
  const given = PRICES.flatMap(([name, field]) => {
    const cost = places.map((place) => place.at(field).number()).find((one) => one !== null);
    return cost === undefined ? [] : [[name, Number((cost * 1e6).toPrecision(9))] as const];
  });
  const shipped = known?.row.price;
  if (given.length === 0) return shipped === undefined ? null : { ...shipped };
  return { input: shipped?.input ?? 0, output: shipped?.output ?? 0, ...Object.fromEntries(given) };
}

const SUPPORTS = {
  supports_function_calling: 'tools',
  supports_vision: 'vision',
  supports_response_schema: 'json_schema',
  supports_audio_input: 'audio',
  supports_reasoning: 'reasoning',
} as const;

function capabilitiesFrom(info: Cursor, shipped: readonly string[] | undefined): readonly string[] | null {
  const said = Object.entries(SUPPORTS).flatMap(([field, capability]) => {
    const value = info.at(field).flag();
    return value === null ? [] : [{ capability, value }];
  });
  if (said.length === 0) return shipped ?? null;
  const set = new Set(shipped ?? ['tools', 'json_object', 'json_schema', 'streaming', 'n']);
  for (const { capability, value } of said) {
    if (value) set.add(capability);
    else set.delete(capability);
  }
  return [...set];
}

function bodyFrom(params: Cursor, { secrets }: RowTools): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  for (const field of BODY_FIELDS)
    if (params.at(field).isThere) body[field] = inQuorumText(params.at(field), field, secrets);
  for (const [field, cursor] of params.at('extra_body').entries()) body[field] = inQuorumText(cursor, field, secrets);
  return body;
}

/** A value as deep as it goes, secrets replaced. */
function inQuorumText(cursor: Cursor, name: string, secrets: Secrets): unknown {
  if (Array.isArray(cursor.value))
    return [
      ...cursor.items().map((each) => inQuorumText(each, name, secrets)),
      ...(cursor.value.length === 0 ? (cursor.take() as unknown[]) : []),
    ];
  const entries = cursor.entries();
  if (entries.length > 0)
    return Object.fromEntries(entries.map(([key, each]) => [key, inQuorumText(each, key, secrets)]));
  if (isSecret(name, cursor.value)) return secrets.keep(cursor, variableName(name));
  const value = cursor.take();
  return typeof value === 'string' ? asQuorumText(value) : value;
}

export const secondsText = (seconds: number): string =>
  Number.isInteger(seconds) ? `${seconds}s` : `${Math.max(1, Math.round(seconds * 1000))}ms`;

function timeoutsFrom(params: Cursor): Row {
  const total = params.at('timeout').number() ?? params.at('request_timeout').number();
  const first = params.at('stream_timeout').number() ?? total;
  if (total === null && first === null) return {};
  return {
    timeouts: {
      ...(first !== null && { first_token: secondsText(first) }),
      ...(total !== null && { total: secondsText(total) }),
    },
  };
}
