// Where values come from, in which order, and the forms they may be written in.
import { describe, expect, it } from 'vitest';
import { substitute } from '../../src/config/substitute.ts';
import { loadConfig, problemText, resolveParts } from '../../src/config/index.ts';
import { configFile, load, settle, told, problemsOf } from './support.ts';

describe('an empty file', () => {
  it('is a config: safe defaults', () => {
    const { server, storageUrl, limits, budgets, sandbox } = resolveParts(load('').config);
    expect(server).toEqual({
      host: '127.0.0.1',
      port: 4000,
      adminKey: null,
      metricsKey: null,
      bodyLimitBytes: 20_971_520,
      requestTimeoutMs: 120_000,
      shutdownGraceMs: 30_000,
      logLevel: 'info',
    });
    expect({
      storageUrl,
      budgets,
      sandbox: sandbox.enabled,
      roles: limits.roles.size,
      wait: limits.maxWaitMs,
    }).toEqual({
      storageUrl: 'sqlite:./data/quorum.db',
      budgets: [],
      sandbox: 'auto',
      roles: 0,
      wait: 10_000,
    });
  });

  it('as is one whose sections hold only comments', () => {
    const text = 'server:\n  # port: 1\nmodels:\nbudgets:\ncache:\n';
    expect(resolveParts(load(text).config)).toEqual(resolveParts(load('').config));
  });

  it('gives the same settings as the shipped config', () => {
    const shipped = loadConfig({ env: {}, file: 'config/quorum.yaml' });
    expect(resolveParts(shipped.config)).toEqual(resolveParts(load('').config));
    expect(shipped.warnings).toEqual([]);
  });
});

describe('precedence', () => {
  const port = (text: string, env: Record<string, string>, flag?: string): number =>
    load(text, { env, overrides: { port: flag } }).config.server.port;

  it('flags beat the environment, the environment beats the file, the file beats the defaults', () => {
    expect(port('', {})).toBe(4000);
    expect(port('server: { port: 5000 }', {})).toBe(5000);
    expect(port('server: { port: 5000 }', { QUORUM_PORT: '6000' })).toBe(6000);
    expect(port('server: { port: 5000 }', { QUORUM_PORT: '6000' }, '7000')).toBe(7000);
  });

  it('host, log level and admin key come from the environment too; empty is not set', () => {
    const env = { QUORUM_HOST: 'localhost', QUORUM_LOG_LEVEL: 'debug', QUORUM_ADMIN_KEY: 'secret' };
    const { server } = resolveParts(load('server: { host: 127.0.0.1, log_level: warn }', { env }).config);
    expect(server).toMatchObject({ host: 'localhost', logLevel: 'debug' });
    expect(server.adminKey?.reveal()).toBe('secret');
    expect(load('server: { port: 1 }', { env: { QUORUM_PORT: '' } }).config.server.port).toBe(1);
  });

  it('an admin key of digits is a key, not a number', () => {
    expect(resolveParts(load('', { env: { QUORUM_ADMIN_KEY: '1234' } }).config).server.adminKey?.reveal()).toBe('1234');
  });

  it('--config beats QUORUM_CONFIG', () => {
    const [first, second] = [configFile('server: { port: 1 }'), configFile('server: { port: 2 }')];
    expect(loadConfig({ env: { QUORUM_CONFIG: first } }).config.server.port).toBe(1);
    expect(loadConfig({ env: { QUORUM_CONFIG: first }, file: second }).config.server.port).toBe(2);
  });
});

describe('substitution', () => {
  const env = { SET: 'value', EMPTY: '' };
  it.each([
    ['${SET}', 'value'],
    ['a ${SET} b ${SET}', 'a value b value'],
    ['${EMPTY:-default}', 'default'],
    ['${UNSET:-}', ''],
    ['${UNSET:-${SET}}', 'value'],
    ['${UNSET:-${ALSO:-deep}}', 'deep'],
    ['$${SET}', '${SET}'],
    ['${EMPTY}', ''],
    ['${UNSET:-a:-b}', 'a:-b'],
  ])('%s gives %s', (text, value) => expect(substitute(text, env)?.value).toBe(value));

  it('leaves other text alone', () => expect(substitute('costs $5 {x}', env)).toBe(null));

  it('a whole value becomes a number or a flag where one is expected', () => {
    const { config } = load(
      'server: { port: "${P}" }\ncache: { enabled: "${C:-false}" }\nrouting: { explore: "${E:-0.1}" }',
      { env: { P: '81' } },
    );
    expect([config.server.port, config.cache.enabled, config.routing.explore]).toEqual([81, false, 0.1]);
  });

  it('an empty whole value is a value not given', () => {
    const { config } = load(
      'server: { port: "${P:-}" }\nrouting: { max_cost_per_request: "${M:-}", prefer: "${F:-}" }',
    );
    expect([config.server.port, config.routing.max_cost_per_request, config.routing.prefer]).toEqual([
      4000,
      undefined,
      'quality',
    ]);
  });

  it('a key comes without what a mounted file or a shell leaves around it', () => {
    const { settings } = settle('', { env: { OPENAI_API_KEY: ' sk-a\r\n', GROQ_API_KEY: ' \n' } });
    expect(settings.providers.get('openai')!.apiKey?.reveal()).toBe('sk-a');
    expect(settings.providers.get('groq')!.keyMissing).toBe(true);
    expect(() => load('server: { host: 0.0.0.0 }', { env: { QUORUM_ADMIN_KEY: ' ' } })).toThrow(/no admin key/);
  });

  it('part of a value stays text', () => {
    expect(told(problemsOf('server: { port: "1${P}" }', { env: { P: '2' } }))[0]).toContain('found "12" (from ${P})');
  });

  it('text stays text: an upstream model called 4', () => {
    const { settings } = settle('models: { x: { provider: openai, upstream_model: "${M}" } }', { env: { M: '4' } });
    expect(settings.models.get('x')?.upstreamModel).toBe('4');
  });
});

describe('short forms', () => {
  const { settings } = settle(`
providers: { house: "http://10.0.0.5:8000/v1/" }
models:
  a: house
  b: house/llama-3.3:70b
  c: { provider: house, price: 0.2/0.4, timeouts: 3s }
  d: { provider: house, price: free }
tiers: { mine: [a, b, c] }
tasks: { chat: [hello, bye] }
timeouts: 7s
storage: "sqlite:///var/lib/quorum.db"
cache: false
sandbox: false
`);
  it('providers are an address', () => {
    expect(settings.providers.get('house')).toMatchObject({
      baseUrl: 'http://10.0.0.5:8000/v1',
      apiKey: null,
      keyMissing: false,
      authPrefix: 'Bearer ',
    });
  });
  it('models are a provider, with the name there', () => {
    expect(settings.models.get('a')).toMatchObject({ provider: 'house', upstreamModel: 'a', price: null });
    expect(settings.models.get('b')).toMatchObject({ provider: 'house', upstreamModel: 'llama-3.3:70b' });
  });
  it('prices and timeouts are one text', () => {
    expect(settings.models.get('c')?.price).toMatchObject({
      inputPico: 200_000,
      cachedInputPico: 200_000,
      outputPico: 400_000,
      requestPico: 0,
    });
    expect(settings.models.get('d')?.price?.outputPico).toBe(0);
    expect(settings.models.get('c')?.timeouts).toEqual({
      connectMs: 5_000,
      firstTokenMs: 3_000,
      idleMs: 30_000,
      totalMs: 3_000,
    });
    expect(settings.models.get('a')?.timeouts).toMatchObject({ firstTokenMs: 7_000, totalMs: 7_000 });
  });
  it('tiers are lists, tasks are keywords, the rest is on or off', () => {
    expect(settings.tiers.get('mine')?.models).toEqual(['a', 'b', 'c']);
    expect(settings.tasks.get('chat')?.keywords).toEqual(['hello', 'bye']);
    expect(settings.cache).toMatchObject({ enabled: false, ttlMs: 3_600_000 });
  });
});

describe('the tasks', () => {
  it('carry patterns, checks and merge rules as they are used', () => {
    const { settings } = settle(`
tasks:
  invoices:
    patterns: ['total\\s*:', '\\p{Sc}\\d', 'a\\-b']
    needs: [schema]
    critical: true
    role: heavy
    validators:
      - { kind: range, field: total, min: 0 }
      - { kind: pattern, field: number, pattern: '^R-\\d+$' }
      - { kind: fresh, field: date, max_age: 30d }
    merge: { tool_merge: whole, list_keys: { items: sku, "*": [id, name] }, tolerance: { total: 0.01, "*": 1% }, numbers: mean }
  math: { min_quality: 0.9 }
`);
    const task = settings.tasks.get('invoices')!;
    expect(task.patterns.map((pattern) => pattern.flags)).toEqual(['i', 'iu', 'i']);
    expect(task.patterns[1]!.test('€5')).toBe(true);
    expect(task.validators).toEqual([
      { kind: 'range', field: 'total', min: 0, max: null },
      { kind: 'pattern', field: 'number', pattern: /^R-\d+$/i },
      { kind: 'fresh', field: 'date', maxAgeMs: 2_592_000_000 },
    ]);
    expect(task.merge).toEqual({
      toolMerge: 'whole',
      listKeys: { items: ['sku'], '*': ['id', 'name'] },
      tolerance: { total: { absolute: 0.01 }, '*': { relative: 0.01 } },
      numbers: 'mean',
      chairman: false,
    });
    expect(settings.tasks.get('math')).toMatchObject({ minQuality: 0.9, critical: true });
  });
});

describe('budgets, limits, experiments, sandbox', () => {
  const parts = resolveParts(
    load(`
limits: { roles: { planner: 2, global: 6 }, max_wait: 3s }
budgets:
  - { scope: global, limit_usd: 100 }
  - { scope: team, id: data, period: day, limit_usd: 5, on_exceed: downgrade, time_zone: Europe/Berlin, soft_at: [0.9] }
  - { scope: global, limit_usd: 200, on_exceed: warn }
experiments: { cheap: { arms: { a: {}, b: { weight: 3, tier: cost } } } }
sandbox: { enabled: true, seed: 7, models: { sandbox-swift: { accuracy: { arithmetic: 0.5 }, first_token: 20ms, error_rate: 0.1 } } }
`).config,
  );
  it('are what the rooms take', () => {
    expect(parts.limits).toEqual({
      roles: new Map([
        ['planner', 2],
        ['global', 6],
      ]),
      providers: new Map(),
      models: new Map(),
      maxWaitMs: 3_000,
      maxLagMs: 2_000,
      warnAfterMs: { members: 5_000, rankings: 5_000, synthesis: 7_000 },
    });
    expect(parts.budgets[0]).toEqual({
      id: 'config:global:month',
      scope: 'global',
      subject: null,
      period: 'month',
      limit: 100_000_000_000,
      timeZone: 'UTC',
      softAt: [0.5, 0.8, 0.95],
      onExceed: 'reject',
      unpriced: 'refuse',
      source: 'config',
    });
    expect(parts.budgets.map(({ id }) => id)).toEqual([
      'config:global:month',
      'config:team:data:day',
      'config:global:month:2',
    ]);
    expect(parts.experiments.get('cheap')).toMatchObject({
      sticky: 'user',
      share: 1,
      layer: 'default',
      arms: { a: { weight: 1 }, b: { weight: 3, tier: 'cost' } },
    });
    expect(parts.rollout).toBeNull();
    expect(parts.sandbox).toEqual({
      enabled: true,
      seed: '7',
      models: new Map([['sandbox-swift', { accuracy: { arithmetic: 0.5 }, firstTokenMs: 20, errorRate: 0.1 }]]),
    });
  });
});

describe('what is allowed and hardly meant', () => {
  it('warns: a provider without models, a strength that is no task', () => {
    const { warnings } = load(
      'providers:\n  idle: "http://a/v1"\n  b: "http://b/v1"\nmodels:\n  m: { provider: b, strengths: [maths] }',
    );
    expect(told(warnings)).toEqual([
      '2:3 providers.idle: no model is listed at this provider; list what it has under "models", such as "my-model: idle"',
      '5:33 models.m.strengths[0]: there is no task "maths"; did you mean "math"?',
    ]);
  });

  it('a tier may name what a local server will have, and no more than that', () => {
    expect(load('tiers: { mine: [ollama/later] }').warnings).toEqual([]);
    expect(told(problemsOf('tiers: { mine: [openrouter/unknown-thing-9] }'))[0]).toContain(
      'there is no model "openrouter/unknown-thing-9"',
    );
  });
});

it('a whole config with every part loads, its optional Redis left empty', () => {
  const { settings } = settle(
    `
server: { host: 127.0.0.1, port: 4000, admin_key: "\${QUORUM_ADMIN_KEY:-}", body_limit: 20mb, shutdown_grace: 30s }
storage: { url: "sqlite:./data/quorum.db" }        # or postgres://…
redis: { url: "\${REDIS_URL:-}" }
providers:
  openai: { type: openai, base_url: https://api.openai.com/v1, api_key: "\${OPENAI_API_KEY:-}" }
  ollama: { type: openai, base_url: http://127.0.0.1:11434/v1, local: true }
models:
  gpt-4o-mini:
    provider: openai
    upstream_model: gpt-4o-mini
    price: { input: 0.15, cached_input: 0.075, output: 0.60 }
    context: 128000
    max_output: 16384
    quality: 7
    speed: fast
    strengths: [simple_query, extraction]
    capabilities: [tools, json_schema, vision, streaming]
  e: ollama/e
tiers:
  balanced: { models: [gpt-4o-mini, e], chairman: e, expected_latency: 18s, cost_per_query: 0.012 }
default_tier: "\${MODEL_TIER:-balanced}"
aliases: { gpt-4o: auto }
tasks:
  math: { keywords: [solve, integral], patterns: ["\\\\d+\\\\s*[-+*/]\\\\s*\\\\d+"], min_quality: 0.8, critical: true, strategy: adaptive, validators: [] }
routing: { strategy: adaptive, prefer: quality, prefer_local: false, max_cost_per_request: 0.50, explore: 0.05 }
limits: { roles: { planner: 2, executor: 5, heavy: 1, global: 6 }, max_wait: 10s }
cache: { enabled: true, ttl: 1h, max_entries: 10000, max_bytes: 256mb, scope: key }
budgets:
  - { scope: global, period: month, limit_usd: 100, soft_at: [0.5, 0.8, 0.95], on_exceed: reject }
experiments: {}
`,
    { env: { OPENAI_API_KEY: 'k' } },
  );
  expect(settings.tiers.get('balanced')).toEqual({
    name: 'balanced',
    configured: ['gpt-4o-mini', 'e'],
    models: ['gpt-4o-mini', 'e'],
    chairman: 'e',
    expectedLatencyMs: 18_000,
    costPerQuery: 12_000_000,
    gaps: [],
  });
  expect(settings.tasks.get('math')?.patterns).toEqual([/\d+\s*[-+*/]\s*\d+/i]);
  expect(settings.aliases.get('gpt-4o')).toBe('auto');
  expect(settings.routing.maxCostPerRequest).toBe(500_000_000);
  expect(settings.models.get('gpt-4o-mini')).toMatchObject({
    quality: 7,
    price: { inputPico: 150_000 },
    capabilities: new Set(['tools', 'json_schema', 'vision', 'streaming']),
  });
});

describe('an unknown tier', () => {
  it('warns, names the nearest and gives balanced', () => {
    const loaded = load('server: {}\ndefault_tier: premuim');
    expect(loaded.tier).toEqual({ name: 'balanced', asked: 'premuim' });
    expect(loaded.warnings.map(problemText)[0]).toMatch(
      /:2:15 default_tier: there is no tier "premuim"; using "balanced"; did you mean "premium"\?$/,
    );
  });
  it('keys never come into what is printed of a loaded config', () => {
    const loaded = load('providers: { x: { base_url: "http://a/v1", api_key: sk-plain } }', {
      env: { QUORUM_ADMIN_KEY: 'sk-admin' },
    });
    expect(JSON.stringify(loaded)).not.toMatch(/sk-/);
  });
});
