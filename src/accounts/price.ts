// What a call costs: tokens by kind times price, exact, rounded up once to nano-dollars.
import type { Nano, Price, Usage } from '../contract/index.ts';

const PICO_PER_NANO = 1_000;

/** Σ tokens × pico, rounded up to nano; tokens and prices take turns. Plain numbers while they are exact, big integers beyond. */
function total(flatPico: number, ...charges: readonly number[]): Nano {
  let pico = flatPico;
  for (let at = 0; at < charges.length; at += 2) pico += charges[at]! * charges[at + 1]!;
  if (pico <= Number.MAX_SAFE_INTEGER) return Math.ceil(pico / PICO_PER_NANO) as Nano;
  let exact = BigInt(flatPico);
  for (let at = 0; at < charges.length; at += 2) exact += BigInt(charges[at]!) * BigInt(charges[at + 1]!);
  return Number((exact + 999n) / 1_000n) as Nano;
}

/** A provider's figure as a whole number of tokens; what makes no sense counts as none. */
function whole(value: unknown): number {
  if (typeof value !== 'number' || !(value > 0)) return 0;
  return Math.min(Math.ceil(value), Number.MAX_SAFE_INTEGER);
}

/** The first that the provider reports: OpenAI's name or another's for the same thing. */
function first(one: unknown, two: unknown, three: unknown): number {
  return whole(typeof one === 'number' ? one : typeof two === 'number' ? two : three);
}

/**
 * Cost of a finished call. Cached, cache-written, sound and picture tokens are parts of `prompt_tokens`; reasoning, sound and
 * pictures are parts of `completion_tokens`. Parts that exceed their whole are charged in full: never below what the provider may bill.
 */
export function costOf(price: Price, usage: Usage): Nano {
  const input = (usage.prompt_tokens_details ?? {}) as Readonly<Record<string, unknown>>;
  const output = (usage.completion_tokens_details ?? {}) as Readonly<Record<string, unknown>>;
  const cached = first(input['cached_tokens'], usage['prompt_cache_hit_tokens'], usage['cache_read_input_tokens']);
  const written = first(
    input['cache_write_tokens'],
    input['cache_creation_tokens'],
    usage['cache_creation_input_tokens'],
  );
  const heard = whole(input['audio_tokens']);
  const seen = whole(input['image_tokens']);
  const reasoning = whole(output['reasoning_tokens']);
  const spoken = whole(output['audio_tokens']);
  const drawn = whole(output['image_tokens']);
  return total(
    price.requestPico,
    Math.max(0, whole(usage.prompt_tokens) - cached - written - heard - seen),
    price.inputPico,
    cached,
    price.cachedInputPico,
    written,
    price.cacheWritePico,
    heard,
    price.audioInputPico,
    seen,
    price.imageInputPico,
    Math.max(0, whole(usage.completion_tokens) - reasoning - spoken - drawn),
    price.outputPico,
    reasoning,
    price.reasoningPico,
    spoken,
    price.audioOutputPico,
    drawn,
    price.imageOutputPico,
  );
}

/**
 * What a provider says that a call cost, in USD (OpenRouter's `usage.cost`; with a key of one's own there, the model's provider
 * is paid apart). Null when it says nothing usable.
 */
export function reportedCost(usage: Usage): Nano | null {
  const { cost, is_byok, cost_details } = usage;
  if (!isUsd(cost)) return null;
  const upstream = (cost_details as { readonly upstream_inference_cost?: unknown } | null | undefined)
    ?.upstream_inference_cost;
  const apart = is_byok === true && isUsd(upstream) ? upstream : 0;
  return Math.ceil(Number(((cost + apart) * 1e9).toFixed(3))) as Nano;
}

/** No single call costs more than a million. */
const isUsd = (value: unknown): value is number => typeof value === 'number' && value >= 0 && value <= 1e6;

/** The most a call can cost: every token at the dearest price of its direction. */
export function worstCaseCost(price: Price, inputTokens: number, outputTokens: number): Nano {
  const { inputPico, cachedInputPico, cacheWritePico, audioInputPico, imageInputPico } = price;
  const input = Math.max(inputPico, cachedInputPico, cacheWritePico, audioInputPico, imageInputPico);
  const output = Math.max(price.outputPico, price.reasoningPico, price.audioOutputPico, price.imageOutputPico);
  return total(price.requestPico, whole(inputTokens), input, whole(outputTokens), output);
}
