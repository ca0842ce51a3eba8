// What a model must have for a request, in words where it hasn't. Hard ones always hold; soft ones give way when nobody meets them.
import {
  formatUsd,
  type Capability,
  type Features,
  type Model,
  type Nano,
  type RoutingSettings,
  type Task,
  type Wishes,
} from '../contract/index.ts';

export interface Limits {
  readonly capabilities: readonly Capability[];
  readonly wantsSchema: boolean;
  readonly allowed: ((model: string) => boolean) | null;
  readonly usable: ReadonlySet<string>;
  readonly maxCost: Nano | null;
  /** The caller's own ceiling also keeps out what has no price. */
  readonly pricedOnly: boolean;
  readonly minQuality: number;
  readonly maxLatencyMs: number | null;
  readonly preferLocal: boolean;
}

const lower = <Amount extends number>(left: Amount | null, right: Amount | null): Amount | null =>
  left === null || (right !== null && right < left) ? right : left;

export function limitsOf(
  features: Features,
  task: Task | undefined,
  wishes: Wishes,
  routing: RoutingSettings,
  given: Pick<Limits, 'allowed' | 'usable'>,
): Limits {
  const capabilities: Capability[] = [];
  if (features.hasTools) capabilities.push('tools');
  if (features.hasImages) capabilities.push('vision');
  if (features.hasAudio) capabilities.push('audio');
  if (features.stream) capabilities.push('streaming');
  if (features.wantsLogprobs) capabilities.push('logprobs');
  if (features.choices > 1) capabilities.push('n');
  return {
    allowed: given.allowed,
    usable: given.usable,
    capabilities,
    wantsSchema: features.responseFormat === 'json_schema',
    maxCost: lower(wishes.maxCost, routing.maxCostPerRequest),
    pricedOnly: wishes.maxCost !== null,
    minQuality: task?.minQuality ?? 0,
    maxLatencyMs: lower(routing.latencyTargetMs, wishes.deadlineMs),
    preferLocal: routing.preferLocal,
  };
}

interface Expected {
  readonly quality: number;
  readonly cost: Nano | null;
  readonly latencyMs: number;
  readonly outputTokens: number;
}

/** Why it can never be taken; null when it can. JSON schema is judged apart, since a stand-in may do. */
export function hardReason(model: Model, features: Features, limits: Limits, expected: Expected): string | null {
  if (limits.allowed !== null && !limits.allowed(model.name)) return NOT_ALLOWED;
  if (!limits.usable.has(model.name)) return 'not available: no key, or its server does not answer';
  for (const capability of limits.capabilities) {
    if (!model.capabilities.has(capability)) return `no ${capability}`;
  }
  if (features.responseFormat === 'json_object' && !hasJson(model)) return 'no json_object';
  if (features.inputTokens * SURELY > model.context) return contextReason(model, features.inputTokens);
  return costReason(limits, expected);
}

/** The input is a guess: a model is ruled out for good only when even a guess far too high leaves no room. */
const SURELY = 0.75;
const contextReason = (model: Model, tokens: number): string =>
  `context window of ${model.context} tokens is less than the ${tokens} needed`;

export const NOT_ALLOWED = 'not allowed for this key';

export const hasSchema = (model: Model): boolean => model.capabilities.has('json_schema');
const hasJson = (model: Model): boolean => model.capabilities.has('json_object') || hasSchema(model);
export const canStandIn = (model: Model): boolean => hasJson(model) || model.capabilities.has('tools');

function costReason(limits: Limits, { cost }: Expected): string | null {
  if (limits.maxCost === null) return null;
  if (cost === null) return limits.pricedOnly ? 'no known price, and there is a cost ceiling' : null;
  if (cost <= limits.maxCost) return null;
  return `expected cost of $${formatUsd(cost)} is over the ceiling of $${formatUsd(limits.maxCost)}`;
}

export type SoftKind = 'local' | 'latency' | 'output' | 'quality' | 'context';
/** In the order in which they give way. */
export const SOFT_KINDS = ['local', 'latency', 'output', 'quality', 'context'] as const satisfies readonly SoftKind[];

/** Why it should not be taken while others remain; null when it meets this wish. */
export function softReason(
  kind: SoftKind,
  model: Model,
  features: Features,
  limits: Limits,
  expected: Expected,
): string | null {
  switch (kind) {
    case 'local':
      return limits.preferLocal && !model.local ? 'not local, and local models are preferred' : null;
    case 'latency':
      if (limits.maxLatencyMs === null || expected.latencyMs <= limits.maxLatencyMs) return null;
      return `expected latency of ${expected.latencyMs} ms is over ${limits.maxLatencyMs} ms`;
    case 'output':
      if ((features.maxOutputTokens ?? 0) <= model.maxOutput) return null;
      return `writes ${model.maxOutput} tokens at most, ${features.maxOutputTokens} are asked for`;
    case 'quality':
      if (expected.quality >= limits.minQuality) return null;
      return `expected quality of ${expected.quality.toFixed(2)} is below ${limits.minQuality}`;
    case 'context': {
      const tokens =
        features.inputTokens + Math.min(features.maxOutputTokens ?? expected.outputTokens, model.maxOutput);
      return tokens <= model.context ? null : contextReason(model, tokens);
    }
    default:
      return kind satisfies never;
  }
}

/** The constraints in force, in words, for the record. */
export function wordsOf(limits: Limits): string[] {
  const words: string[] = limits.capabilities.map((capability) => `needs ${capability}`);
  if (limits.wantsSchema) words.push('needs json_schema');
  if (limits.maxCost !== null) words.push(`costs at most $${formatUsd(limits.maxCost)}`);
  if (limits.minQuality > 0) words.push(`quality of at least ${limits.minQuality}`);
  if (limits.maxLatencyMs !== null) words.push(`answers within ${limits.maxLatencyMs} ms`);
  if (limits.allowed !== null) words.push('only models that the key may use');
  return words;
}
