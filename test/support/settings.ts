// A complete Settings for tests: six models of distinct families, four tiers, thirteen tasks. Override what the test is about.
import type {
  Model,
  Nano,
  Price,
  Provider,
  RolePolicy,
  RoutingSettings,
  Settings,
  Task,
  Tier,
} from '../../src/contract/index.ts';

type Named<Thing extends { readonly name: string }> = Partial<Thing> & { readonly name: string };

interface SettingsOverrides {
  readonly providers?: readonly Named<Provider>[];
  /** Replace the six; a name of the six keeps that model's other fields. */
  readonly models?: readonly Named<Model>[];
  /** Names that can be called; default: all of `models`. */
  readonly usable?: readonly string[];
  /** Replace the tiers; a default tier's name keeps its other fields. */
  readonly tiers?: readonly Named<Tier>[];
  readonly defaultTier?: string;
  /** Replace the tasks; a default task's name keeps its other fields. */
  readonly tasks?: readonly Named<Task>[];
  readonly routing?: Partial<RoutingSettings>;
  readonly cache?: Partial<Settings['cache']>;
  readonly council?: Partial<Settings['council']>;
  readonly aliases?: Readonly<Record<string, string>>;
  readonly roles?: Readonly<Record<string, RolePolicy>>;
  readonly version?: string;
}

/** USD per million tokens. */
export function testPrice(input: number, output: number): Price {
  const [inputPico, outputPico] = [Math.round(input * 1e6), Math.round(output * 1e6)];
  return {
    inputPico,
    cachedInputPico: Math.round(inputPico / 2),
    cacheWritePico: inputPico,
    outputPico,
    reasoningPico: outputPico,
    audioInputPico: inputPico,
    audioOutputPico: outputPico,
    imageInputPico: inputPico,
    imageOutputPico: outputPico,
    requestPico: 0,
  };
}

export function testProvider(overrides: Partial<Provider> = {}): Provider {
  return {
    name: 'test',
    type: 'openai',
    baseUrl: 'http://127.0.0.1:9/v1',
    apiKey: null,
    keyMissing: false,
    keyVariable: null,
    local: false,
    simulated: false,
    authHeader: 'authorization',
    authPrefix: 'Bearer ',
    headers: {},
    extraBody: {},
    dropFields: [],
    renameFields: {},
    dropMessageFields: [],
    streamUsage: true,
    maxRetries: 0,
    alsoServes: [],
    ...overrides,
  };
}

/** A capable model of medium price; its family is its name unless given. */
export function testModel(overrides: Named<Model>): Model {
  return {
    provider: 'test',
    upstreamModel: overrides.name,
    price: testPrice(1, 4),
    context: 128_000,
    maxOutput: 16_384,
    quality: 7,
    speed: 'fast',
    strengths: [],
    capabilities: new Set(['tools', 'json_object', 'json_schema', 'vision', 'streaming', 'logprobs', 'n'] as const),
    family: overrides.name,
    local: false,
    simulated: false,
    extraBody: {},
    dropFields: [],
    renameFields: {},
    fieldValues: {},
    toolFields: {},
    timeouts: { connectMs: 1_000, firstTokenMs: 10_000, idleMs: 10_000, totalMs: 10_000 },
    ...overrides,
  };
}

export function testTask(overrides: Named<Task>): Task {
  return {
    keywords: [],
    patterns: [],
    examples: [],
    needs: [],
    strategy: null,
    tier: null,
    minQuality: 0,
    critical: false,
    role: null,
    validators: [],
    merge: { toolMerge: null, listKeys: {}, tolerance: {}, numbers: 'median', chairman: false },
    slim: null,
    ...overrides,
  };
}

const PLAIN = ['tools', 'json_object', 'streaming', 'n'] as const;

const MODELS: readonly Model[] = [
  {
    name: 'aster-nano',
    quality: 5,
    speed: 'very_fast',
    price: testPrice(0.05, 0.2),
    family: 'aster',
    capabilities: new Set(PLAIN),
  },
  {
    name: 'birch-mini',
    quality: 6.5,
    speed: 'fast',
    price: testPrice(0.15, 0.6),
    family: 'birch',
    strengths: ['simple_query', 'extraction'],
  },
  {
    name: 'cedar-flash',
    quality: 7,
    speed: 'fast',
    price: testPrice(0.3, 1.2),
    family: 'cedar',
    strengths: ['summarisation', 'translation'],
  },
  {
    name: 'dahlia-pro',
    quality: 8,
    speed: 'medium',
    price: testPrice(1, 4),
    family: 'dahlia',
    strengths: ['code', 'tool_use'],
  },
  {
    name: 'elm-large',
    quality: 8.8,
    speed: 'medium',
    price: testPrice(2.5, 10),
    family: 'elm',
    strengths: ['creative', 'vision'],
  },
  {
    name: 'fern-deep',
    quality: 9.3,
    speed: 'slow',
    price: testPrice(5, 20),
    family: 'fern',
    strengths: ['complex_reasoning', 'math'],
    capabilities: new Set([...PLAIN, 'json_schema', 'reasoning']),
  },
].map((model) => testModel(model as Named<Model>));

const TIERS: readonly Tier[] = [
  tier('speed', ['birch-mini', 'cedar-flash', 'aster-nano'], 'cedar-flash', 6_000, 2_000_000),
  tier('balanced', ['dahlia-pro', 'cedar-flash', 'birch-mini', 'elm-large'], 'elm-large', 18_000, 12_000_000),
  tier('cost', ['cedar-flash', 'birch-mini', 'aster-nano'], 'cedar-flash', 15_000, 1_000_000),
  tier('premium', ['fern-deep', 'elm-large', 'dahlia-pro', 'cedar-flash'], 'fern-deep', 40_000, 60_000_000),
];

function tier(
  name: string,
  models: readonly string[],
  chairman: string,
  expectedLatencyMs: number,
  costNano: number,
): Tier {
  return { name, configured: models, models, chairman, expectedLatencyMs, costPerQuery: costNano as Nano, gaps: [] };
}

const TASKS: readonly Task[] = [
  { name: 'simple_query', keywords: ['what is', 'who is', 'when did', 'where is', 'define', 'capital'] },
  {
    name: 'complex_reasoning',
    keywords: ['reason', 'trade-offs', 'argue', 'why', 'step by step', 'implications'],
    minQuality: 0.7,
    critical: true,
  },
  {
    name: 'code',
    keywords: ['code', 'function', 'python', 'javascript', 'bug', 'refactor', 'compile', 'sql'],
    patterns: [/\bdef \w+\(/, /\bfunction\s*\w*\(/],
    minQuality: 0.6,
  },
  {
    name: 'math',
    keywords: ['solve', 'integral', 'equation', 'calculate', 'derivative', 'probability'],
    patterns: [/\d+\s*[-+*/^]\s*\d+/],
    minQuality: 0.6,
  },
  { name: 'extraction', keywords: ['extract', 'parse', 'fields', 'json', 'invoice'] },
  { name: 'translation', keywords: ['translate', 'translation', 'into french', 'into english'] },
  { name: 'summarisation', keywords: ['summarize', 'summary', 'tl;dr', 'key points'] },
  { name: 'creative', keywords: ['write a poem', 'story', 'poem', 'slogan', 'song'] },
  { name: 'classification', keywords: ['classify', 'sentiment', 'label', 'category', 'spam'] },
  { name: 'tool_use', needs: ['tools'] as const, keywords: ['call the tool', 'use the tool', 'look up'] },
  { name: 'vision', needs: ['image'] as const, keywords: ['image', 'picture', 'photo', 'screenshot'] },
  { name: 'planning', keywords: ['plan', 'roadmap', 'schedule', 'itinerary', 'milestones'] },
  {
    name: 'validation_critical',
    keywords: ['verify', 'validate', 'compliance', 'audit', 'double-check'],
    minQuality: 0.75,
    critical: true,
  },
].map((task) => testTask(task));

const ROUTING: RoutingSettings = {
  strategy: 'adaptive',
  prefer: 'quality',
  preferLocal: false,
  maxCostPerRequest: 500_000_000 as Nano,
  latencyTargetMs: null,
  explore: 0,
  minClassConfidence: 0.35,
  fallbackTask: 'simple_query',
  deadlineMs: 120_000,
  reviewBelow: 0.5,
  slim: false,
};

export function testSettings(overrides: SettingsOverrides = {}): Settings {
  const models = overlay(MODELS, overrides.models, testModel);
  const usable = new Set(overrides.usable ?? models.keys());
  const tiers = [...overlay(TIERS, overrides.tiers, tierOfAll(usable)).values()].map((tier) => ({
    ...tier,
    models: membersOf(tier, usable, overrides.tiers === undefined),
  }));
  return Object.freeze<Settings>({
    version: overrides.version ?? 'test',
    providers: overlay([testProvider()], overrides.providers, testProvider),
    models,
    usable,
    tiers: named(tiers),
    defaultTier: overrides.defaultTier ?? tiers.find((tier) => tier.name === 'balanced')?.name ?? tiers[0]!.name,
    defaultProvider: null,
    aliases: new Map(Object.entries(overrides.aliases ?? {})),
    tasks: overlay(TASKS, overrides.tasks, testTask),
    roles: new Map(Object.entries(overrides.roles ?? {})),
    routing: { ...ROUTING, ...overrides.routing },
    cache: {
      enabled: true,
      ttlMs: 3_600_000,
      maxEntries: 1_000,
      maxBytes: 16_777_216,
      scope: 'key',
      ...overrides.cache,
    },
    council: { memberTimeoutMs: 10_000, chairmanTimeoutMs: 15_000, members: 4, ...overrides.council },
  });
}

/** The tier's usable models; all usable ones when the test replaced the models but not the tiers. */
function membersOf(tier: Tier, usable: ReadonlySet<string>, fill: boolean): readonly string[] {
  const members = tier.models.filter((name) => usable.has(name));
  return members.length === 0 && fill ? [...usable] : members;
}

const tierOfAll =
  (usable: ReadonlySet<string>) =>
  (overrides: Named<Tier>): Tier => ({
    ...tier(overrides.name, [...usable], [...usable][0] ?? '', 10_000, 0),
    ...overrides,
  });

function overlay<Thing extends { readonly name: string }>(
  defaults: readonly Thing[],
  given: readonly Named<Thing>[] | undefined,
  complete: (partial: Named<Thing>) => Thing,
): ReadonlyMap<string, Thing> {
  if (given === undefined) return named(defaults);
  return named(given.map((one) => ({ ...(defaults.find(({ name }) => name === one.name) ?? complete(one)), ...one })));
}

const named = <Thing extends { readonly name: string }>(things: readonly Thing[]): ReadonlyMap<string, Thing> =>
  new Map(things.map((thing) => [thing.name, thing]));
