// Reads LiteLLM's model_prices_and_context_window.json and models.dev's api.json into the rows of our own config.
import type { Capability } from '../contract/index.ts';

/** USD per million tokens; `request` is USD per request. */
interface ImportedPrice {
  readonly input: number;
  readonly cached_input?: number;
  readonly cache_write?: number;
  readonly output: number;
  readonly reasoning?: number;
  readonly audio_input?: number;
  readonly audio_output?: number;
  readonly image_input?: number;
  readonly image_output?: number;
}

export interface ImportedModel {
  /** As we call it. */
  readonly provider: string;
  readonly upstreamModel: string;
  readonly price: ImportedPrice;
  readonly context: number | null;
  readonly maxOutput: number | null;
  readonly capabilities: readonly Capability[];
}

export interface PriceFile {
  readonly format: 'litellm' | 'models.dev';
  readonly models: readonly ImportedModel[];
  /** Rows left out, by why. */
  readonly skipped: ReadonlyMap<string, number>;
}

type Fields = Readonly<Record<string, unknown>>;

/** Their names of providers for which we have another. */
const OUR_NAME: Readonly<Record<string, string>> = {
  google: 'gemini',
  dashscope: 'dashscope',
  alibaba: 'dashscope',
  volcengine: 'ark',
  together_ai: 'together',
  togetherai: 'together',
  fireworks_ai: 'fireworks',
  'fireworks-ai': 'fireworks',
};
const TEXT_MODES: ReadonlySet<unknown> = new Set([undefined, 'chat', 'responses']);

/** Throws an `Error` with a sentence when it is neither format. `known`: providers that rows may name. */
export function readPriceFile(text: string, known: ReadonlySet<string>): PriceFile {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch (failure) {
    throw new Error(`It is no JSON: ${(failure as Error).message}`, { cause: failure });
  }
  const entries = isFields(file)
    ? Object.entries(file).filter((entry): entry is [string, Fields] => isFields(entry[1]))
    : [];
  const isLiteLlm = entries.some(([, row]) => typeof row['litellm_provider'] === 'string');
  if (!isLiteLlm && !entries.some(([, row]) => isFields(row['models'])))
    throw new Error(
      'It is neither LiteLLM’s model_prices_and_context_window.json nor models.dev’s api.json (https://models.dev/api.json).',
    );
  const rows = isLiteLlm ? entries.flatMap(liteLlmRow) : entries.flatMap(modelsDevRows);
  const skipped = new Map<string, number>();
  const models = rows.flatMap((row): ImportedModel[] => {
    const why = typeof row === 'string' ? row : known.has(row.provider) ? null : 'of providers that are not configured';
    if (why === null) return [row as ImportedModel];
    skipped.set(why, (skipped.get(why) ?? 0) + 1);
    return [];
  });
  return { format: isLiteLlm ? 'litellm' : 'models.dev', models, skipped };
}

type Row = ImportedModel | string;

const NO_PRICE = 'without a price for tokens';

function liteLlmRow([key, row]: [string, Fields]): Row[] {
  if (key === 'sample_spec') return [];
  if (!TEXT_MODES.has(row['mode'])) return ['that don’t chat'];
  const provider = String(row['litellm_provider']);
  const input = perMillion(row['input_cost_per_token']);
  const output = perMillion(row['output_cost_per_token']);
  if (input === null || output === null) return [NO_PRICE];
  const prefix = `${provider}/`;
  return [
    {
      provider: OUR_NAME[provider] ?? provider,
      upstreamModel: key.startsWith(prefix) ? key.slice(prefix.length) : key,
      price: {
        input,
        output,
        ...given('cached_input', perMillion(row['cache_read_input_token_cost'])),
        ...given('cache_write', perMillion(row['cache_creation_input_token_cost'])),
        ...given('reasoning', perMillion(row['output_cost_per_reasoning_token'])),
        ...given('audio_input', perMillion(row['input_cost_per_audio_token'])),
        ...given('audio_output', perMillion(row['output_cost_per_audio_token'])),
        ...given('image_input', perMillion(row['input_cost_per_image_token'])),
        ...given('image_output', perMillion(row['output_cost_per_image_token'])),
      },
      context: countOf(row['max_input_tokens']) ?? countOf(row['max_tokens']),
      maxOutput: countOf(row['max_output_tokens']),
      capabilities: [
        ...(row['supports_function_calling'] === true ? (['tools'] as const) : []),
        'json_object',
        ...(row['supports_response_schema'] === true ? (['json_schema'] as const) : []),
        ...(row['supports_vision'] === true ? (['vision'] as const) : []),
        ...(row['supports_audio_input'] === true ? (['audio'] as const) : []),
        ...(row['supports_reasoning'] === true ? (['reasoning'] as const) : []),
        'streaming',
      ],
    },
  ];
}

function modelsDevRows([provider, { models }]: [string, Fields]): Row[] {
  if (!isFields(models)) return [];
  return Object.entries(models).flatMap(([name, row]): Row[] => {
    if (!isFields(row)) return [];
    const cost = isFields(row['cost']) ? row['cost'] : {};
    const limit = isFields(row['limit']) ? row['limit'] : {};
    const modalities = isFields(row['modalities']) ? row['modalities'] : {};
    const hears = (kind: string): boolean => Array.isArray(modalities['input']) && modalities['input'].includes(kind);
    const writes = modalities['output'];
    if (Array.isArray(writes) && !writes.includes('text')) return ['that don’t chat'];
    const [input, output] = [priceOf(cost['input']), priceOf(cost['output'])];
    if (input === null || output === null) return [NO_PRICE];
    return [
      {
        provider: OUR_NAME[provider] ?? provider,
        upstreamModel: name,
        price: {
          input,
          output,
          ...given('cached_input', priceOf(cost['cache_read'])),
          ...given('cache_write', priceOf(cost['cache_write'])),
          ...given('reasoning', priceOf(cost['reasoning'])),
          ...given('audio_input', priceOf(cost['input_audio'])),
          ...given('audio_output', priceOf(cost['output_audio'])),
        },
        context: countOf(limit['context']),
        maxOutput: countOf(limit['output']),
        capabilities: [
          ...(row['tool_call'] === true ? (['tools'] as const) : []),
          'json_object',
          ...(row['structured_output'] === true ? (['json_schema'] as const) : []),
          ...(hears('image') ? (['vision'] as const) : []),
          ...(hears('audio') ? (['audio'] as const) : []),
          ...(row['reasoning'] === true ? (['reasoning'] as const) : []),
          'streaming',
        ],
      },
    ];
  });
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const priceOf = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null;

/** Twelve digits, so that 1.5e-7 a token is 0.15 and not 0.15000000000000002. */
const perMillion = (value: unknown): number | null => {
  const each = priceOf(typeof value === 'string' ? Number(value) : value);
  return each === null ? null : Number((each * 1e6).toPrecision(12));
};

const countOf = (value: unknown): number | null => {
  const count = typeof value === 'string' ? Number(value) : value;
  return typeof count === 'number' && Number.isSafeInteger(count) && count > 0 ? count : null;
};

const given = <Name extends string>(name: Name, value: number | null): Partial<Record<Name, number>> =>
  value === null ? {} : ({ [name]: value } as Partial<Record<Name, number>>);
