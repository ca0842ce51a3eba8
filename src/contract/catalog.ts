// The things that are configured: providers, models, tiers, tasks. All frozen data; a request sees one `Settings` from start to end.
import type { RateLimits } from './accounts.ts';
import type { Nano, Price } from './money.ts';
import type { Secret } from './secret.ts';
import type { Validator } from './validator.ts';

export type Capability =
  | 'tools'
  | 'json_object'
  | 'json_schema'
  | 'vision'
  | 'audio'
  | 'streaming'
  | 'logprobs'
  | 'reasoning'
  | 'n';
export const CAPABILITIES = [
  'tools',
  'json_object',
  'json_schema',
  'vision',
  'audio',
  'streaming',
  'logprobs',
  'reasoning',
  'n',
] as const satisfies readonly Capability[];

export type Speed = 'very_fast' | 'fast' | 'medium' | 'slow';
export const SPEEDS = ['very_fast', 'fast', 'medium', 'slow'] as const satisfies readonly Speed[];

export type StrategyName = 'single' | 'dual' | 'triple' | 'cascade' | 'council';
/** The rungs of the ladder, lowest first; `cascade` is a way of climbing, not a rung. */
export const STRATEGIES = ['single', 'dual', 'triple', 'cascade', 'council'] as const satisfies readonly StrategyName[];
export type StrategyChoice = StrategyName | 'adaptive';

export interface Timeouts {
  readonly connectMs: number;
  /** From the request sent to the first byte of the answer's body. */
  readonly firstTokenMs: number;
  /** Between two chunks of a stream. */
  readonly idleMs: number;
  /** A whole call, retries not included. */
  readonly totalMs: number;
}

export type ProviderType = 'openai' | 'anthropic' | 'gemini' | 'sandbox';
export const PROVIDER_TYPES = ['openai', 'anthropic', 'gemini', 'sandbox'] as const satisfies readonly ProviderType[];

/** How much a model thinks is said by an effort (`low`, `high` …) or by a number of tokens. */
type ThinkingStyle = 'effort' | 'budget';
export const THINKING_STYLES = ['effort', 'budget'] as const satisfies readonly ThinkingStyle[];

export interface Provider {
  readonly name: string;
  /** Which dialect it speaks; a sandbox is an OpenAI-compatible server inside the process. */
  readonly type: ProviderType;
  /** Without a trailing slash. */
  readonly baseUrl: string;
  /** null: none needed. */
  readonly apiKey: Secret | null;
  /** A key is asked for and isn't there. */
  readonly keyMissing: boolean;
  /** The environment variable that would supply the key, for messages. */
  readonly keyVariable: string | null;
  readonly local: boolean;
  readonly simulated: boolean;
  /** Header that carries the key, and what stands before it (`Bearer `). */
  readonly authHeader: string;
  readonly authPrefix: string;
  /** Sent with every call, e.g. OpenRouter's `HTTP-Referer`. */
  readonly headers: Readonly<Record<string, string>>;
  /** Added to every chat body unless the caller set the field: a provider's habits as data, e.g. `enable_search`. */
  readonly extraBody: Readonly<Record<string, unknown>>;
  /** Body fields it refuses; they are left out. */
  readonly dropFields: readonly string[];
  /** Body fields it calls otherwise, e.g. `max_completion_tokens` → `max_tokens`. */
  readonly renameFields: Readonly<Record<string, string>>;
  /** Fields of messages that it refuses, such as the `reasoning_content` of another's answer. */
  readonly dropMessageFields: readonly string[];
  /** Whether `stream_options.include_usage` is understood. */
  readonly streamUsage: boolean;
  readonly maxRetries: number;
  /** Its `usage.cost` is what a call cost, in USD, and stands above the price table. */
  readonly reportsCost?: boolean;
  /** What it calls the reasoning in its answers, where that isn't `reasoning_content`. */
  readonly reasoningField?: string;
  /** Its calls bear `traceparent`. */
  readonly traceContext?: boolean;
  /** Names, or beginnings with `*`, of models that it serves outside of chat: `text-embedding-*`, `whisper-1`. */
  readonly alsoServes: readonly string[];
}

export interface Model {
  readonly name: string;
  readonly provider: string;
  readonly upstreamModel: string;
  /** null: unknown, its calls are counted as unpriced. */
  readonly price: Price | null;
  /** Tokens of input and output together. */
  readonly context: number;
  readonly maxOutput: number;
  /** Prior, 0-10. */
  readonly quality: number;
  readonly speed: Speed;
  /** Task names it is good at. */
  readonly strengths: readonly string[];
  readonly capabilities: ReadonlySet<Capability>;
  /** Models of one family err alike. */
  readonly family: string;
  readonly local: boolean;
  readonly simulated: boolean;
  readonly extraBody: Readonly<Record<string, unknown>>;
  /** Body fields that it refuses where its provider's other models don't; they are left out. */
  readonly dropFields: readonly string[];
  /** Body fields that it calls otherwise, after its provider's. */
  readonly renameFields: Readonly<Record<string, string>>;
  /** Body fields of which it takes these values only; with another one the field is left out. */
  readonly fieldValues: Readonly<Record<string, readonly unknown[]>>;
  /** Body fields that must be so when the body has tools, whatever the caller asked. */
  readonly toolFields: Readonly<Record<string, unknown>>;
  /** For providers with a dialect of their own. Absent: `effort`. */
  readonly thinking?: ThinkingStyle;
  /** Of requests that ask for it by its name; absent: none. */
  readonly limits?: RateLimits;
  readonly timeouts: Timeouts;
}

export interface Tier {
  readonly name: string;
  /** As configured, usable or not. */
  readonly configured: readonly string[];
  /** Usable ones, best first; filled up with local, then cheaper models where some are missing. */
  readonly models: readonly string[];
  readonly chairman: string | null;
  readonly expectedLatencyMs: number;
  readonly costPerQuery: Nano;
  /** What had to be replaced, in words; empty when all is there. */
  readonly gaps: readonly string[];
}

/** How answers of a task become one. */
export interface MergeRules {
  /** `field`: vote on each argument; `whole`: only a call that a model really made. null: `whole` for critical tasks, else `field`. */
  readonly toolMerge: 'field' | 'whole' | null;
  /** Fields that identify an item of a list, by the list's path (`items`, `data.rows`; `*` for any). */
  readonly listKeys: Readonly<Record<string, readonly string[]>>;
  /** By field path (`*` for any): two numbers within either are the same. */
  readonly tolerance: Readonly<Record<string, { readonly absolute?: number; readonly relative?: number }>>;
  readonly numbers: 'median' | 'mean';
  /** Prose is written anew by the tier's chairman. */
  readonly chairman: boolean;
}

export interface Task {
  readonly name: string;
  readonly keywords: readonly string[];
  readonly patterns: readonly RegExp[];
  /** Labelled prompts that teach the classifier. */
  readonly examples: readonly string[];
  /** What must be in the request for the task to be possible at all, e.g. an image for vision. */
  readonly needs: readonly ('tools' | 'image' | 'schema' | 'code')[];
  readonly strategy: StrategyChoice | null;
  readonly tier: string | null;
  /** 0-1; models expected below it are left out while others remain, unless they check each other and the whole is expected to reach it. */
  readonly minQuality: number;
  readonly critical: boolean;
  readonly role: string | null;
  readonly validators: readonly Validator[];
  readonly merge: MergeRules;
  /** Its prompts and tools are slimmed on their way out; null: as `routing.slim` says. */
  readonly slim: boolean | null;
}

export interface RoutingSettings {
  readonly strategy: StrategyChoice;
  readonly prefer: 'quality' | 'cost' | 'speed' | 'balanced';
  readonly preferLocal: boolean;
  readonly maxCostPerRequest: Nano | null;
  readonly latencyTargetMs: number | null;
  /** Share of decisions that exchange one model for another; above 0 plans that may each be the best are also drawn among. */
  readonly explore: number;
  /** Below it the classification falls back to `fallbackTask`. */
  readonly minClassConfidence: number;
  readonly fallbackTask: string;
  /** Whole request, retries and escalation included. */
  readonly deadlineMs: number;
  /** Confidence below which an answer is flagged and listed for review. */
  readonly reviewBelow: number;
  /** A single model's stream that is silent for longer than usual gets a rival. Default: no. */
  readonly hedge?: boolean;
  /** System prompts and tools are slimmed on their way out, where the task doesn't say otherwise. */
  readonly slim: boolean;
}

export interface CacheSettings {
  readonly enabled: boolean;
  readonly ttlMs: number;
  readonly maxEntries: number;
  readonly maxBytes: number;
  /** Who shares entries: one key, all keys of a team, or everybody. */
  readonly scope: 'key' | 'team' | 'global';
}

export interface CouncilSettings {
  readonly memberTimeoutMs: number;
  readonly chairmanTimeoutMs: number;
  readonly members: number;
}

/** Who answers for a role. */
export interface RolePolicy {
  readonly model: string;
  /** Stands in after a failure; null: nobody. */
  readonly fallback: string | null;
}

/** What a request runs under: one frozen snapshot of the config, resolved against the environment. */
export interface Settings {
  /** Changes whenever anything here does. */
  readonly version: string;
  readonly providers: ReadonlyMap<string, Provider>;
  /** All that are configured. */
  readonly models: ReadonlyMap<string, Model>;
  /** Names of those that can be called now. */
  readonly usable: ReadonlySet<string>;
  readonly tiers: ReadonlyMap<string, Tier>;
  readonly defaultTier: string;
  /** Where the provider of a pass-through request isn't known from its model. */
  readonly defaultProvider: string | null;
  readonly aliases: ReadonlyMap<string, string>;
  readonly tasks: ReadonlyMap<string, Task>;
  /** By name; roles without a policy are the router's. */
  readonly roles: ReadonlyMap<string, RolePolicy>;
  readonly routing: RoutingSettings;
  readonly cache: CacheSettings;
  readonly council: CouncilSettings;
}
