// Which models can be used, and what the tiers make of that.
import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readCatalog } from '../../src/config/catalog.ts';
import { EVERY_KEY, load, NOBODY, settle } from './support.ts';
import { resolveSettings } from '../../src/config/index.ts';
import type { Facts } from '../../src/config/index.ts';

const usable = (yaml: string, env: Record<string, string> = {}, facts: Facts = NOBODY): readonly string[] => [
  ...settle(yaml, { env }, facts).settings.usable,
];
const HOUSE = 'providers: { house: "http://10.0.0.5:8000/v1" }\n';

describe('which models can be used', () => {
  it('without any key: the simulated ones, and only they', () => {
    const names = usable('');
    expect(names.length).toBeGreaterThanOrEqual(8);
    expect(names.every((name) => name.startsWith('sandbox-'))).toBe(true);
  });

  it('with a key: that provider’s, and the simulated ones step aside', () => {
    const { settings, reasons } = settle('', { env: { MISTRAL_API_KEY: 'k' } });
    expect([...settings.usable].every((name) => settings.models.get(name)!.provider === 'mistral')).toBe(true);
    expect(settings.usable.size).toBeGreaterThan(3);
    expect(reasons.get('sandbox-sage')).toContain('steps aside');
    expect(reasons.get('gpt-4o')).toBe('set OPENAI_API_KEY');
    expect(settings.providers.get('mistral')?.apiKey?.reveal()).toBe('k');
  });

  it.each([
    ['true keeps the simulated ones beside real ones', 'sandbox: true', { OPENAI_API_KEY: 'k' }, true, true],
    ['false never offers them', 'sandbox: false', {}, false, false],
    ['auto is the default', 'sandbox: { seed: x }', {}, true, false],
  ] as const)('sandbox %s', (_what, yaml, env, simulated, real) => {
    const names = usable(yaml, env);
    expect([names.includes('sandbox-sage'), names.includes('gpt-4o')]).toEqual([simulated, real]);
  });

  it('a provider of one’s own without a key needs none; with an unset one it isn’t used', () => {
    expect(usable(`${HOUSE}models: { a: house }`)).toEqual(['a']);
    const { settings, reasons } = settle(
      'providers: { house: { base_url: "http://a/v1", api_key: "${HOUSE_KEY}" } }\nmodels: { a: house }',
    );
    expect(settings.usable.has('a')).toBe(false);
    expect(reasons.get('a')).toBe('set HOUSE_KEY');
    expect(settings.providers.get('house')).toMatchObject({ keyMissing: true, keyVariable: 'HOUSE_KEY', apiKey: null });
  });

  it('a catalog provider at an address of one’s own: no key asked for, none sent, none of the quirks', () => {
    const { settings } = settle('providers: { openai: "http://127.0.0.1:9/v1/" }', {
      env: { OPENAI_API_KEY: 'sk-mine' },
    });
    expect(settings.providers.get('openai')).toMatchObject({
      baseUrl: 'http://127.0.0.1:9/v1',
      apiKey: null,
      keyMissing: false,
      renameFields: {},
    });
    expect(settings.usable.has('gpt-4o')).toBe(true);
  });

  it('… and only the models that are listed there, when any are', () => {
    expect(
      usable('providers: { openai: "http://127.0.0.1:9/v1" }\nmodels: { gpt-4o: openai, mine: openai }').toSorted(),
    ).toEqual(['gpt-4o', 'mine']);
  });

  it('local servers of the catalog count when they answer, with what they have', () => {
    const facts: Facts = {
      reachable: new Set(['ollama']),
      installed: new Map([['ollama', ['llama3.3:latest', 'tiny:1b', 'nomic-embed-text:latest']]]),
      productionMode: false,
    };
    const { settings, reasons } = settle('', {}, facts);
    expect([...settings.usable].toSorted()).toEqual(['ollama/llama3.3', 'ollama/tiny:1b']);
    expect(settings.models.get('ollama/tiny:1b')).toMatchObject({
      local: true,
      upstreamModel: 'tiny:1b',
      provider: 'ollama',
      price: { inputPico: 0 },
    });
    expect(reasons.get('ollama/qwen3')).toBe("ollama doesn't have it");
  });

  it('a local model that the file declares counts without an answer', () => {
    const yaml =
      'providers: { ollama: { base_url: "http://127.0.0.1:11434/v1", local: true } }\nmodels: { mine: ollama/llama9 }';
    expect(usable(yaml)).toEqual(['mine']);
  });

  it('a loopback address alone doesn’t make a provider local, or its models free', () => {
    const { settings } = settle('providers: { mock: "http://127.0.0.1:1/v1" }\nmodels: { a: mock }');
    expect(settings.models.get('a')).toMatchObject({ local: false, price: null });
  });
});

it('the default provider is the first that can be used, one’s own before the catalog’s', () => {
  const provider = (yaml: string, env: Record<string, string> = {}): string | null =>
    settle(yaml, { env }).settings.defaultProvider;
  expect(provider('')).toBe(null);
  expect(provider('', { XAI_API_KEY: 'k', MISTRAL_API_KEY: 'k' })).toBe('mistral');
  expect(provider(`${HOUSE}models: { a: house }`, { OPENAI_API_KEY: 'k' })).toBe('house');
  expect(provider('default_provider: xai', { OPENAI_API_KEY: 'k' })).toBe('xai');
});

describe('rows over the catalog’s', () => {
  it('change one key and keep the others', () => {
    const { settings } = settle('models: { gpt-4o: { quality: 3, price: 1/2 } }', { env: EVERY_KEY });
    expect(settings.models.get('gpt-4o')).toMatchObject({
      quality: 3,
      context: 128_000,
      provider: 'openai',
      price: { inputPico: 1e6, cachedInputPico: 1e6 },
    });
  });

  it('at another provider a model keeps what it is, under its own name there', () => {
    const { settings } = settle(`${HOUSE}models: { doubao-seed-2.1-pro: house }`);
    expect(settings.models.get('doubao-seed-2.1-pro')).toMatchObject({
      provider: 'house',
      upstreamModel: 'doubao-seed-2.1-pro',
      quality: 8.9,
    });
  });

  it('a catalog model under a name of one’s own refuses what it refuses, and takes no more from the catalog', () => {
    const { settings } = settle('models: { mine: openai/gpt-5-mini, other: openai/gpt-4-nobody }', { env: EVERY_KEY });
    const { dropFields, renameFields, fieldValues, toolFields } = settings.models.get('gpt-5-mini')!;
    expect(dropFields).toContain('temperature');
    expect(settings.models.get('mine')).toMatchObject({
      upstreamModel: 'gpt-5-mini',
      price: null,
      quality: 6,
      dropFields,
      renameFields,
      fieldValues,
      toolFields,
    });
    expect(settings.models.get('other')).toMatchObject({ dropFields: [], renameFields: {}, fieldValues: {} });
  });

  it('what a model refuses it refuses anywhere, unless one’s own row says otherwise', () => {
    const { settings } = settle(
      `${HOUSE}models: { gpt-6-sol: house, gpt-6-luna: { provider: house, drop_fields: [], field_values: {}, tool_fields: {} } }`,
    );
    expect(settings.models.get('gpt-6-sol')).toMatchObject({
      provider: 'house',
      renameFields: { max_tokens: 'max_completion_tokens' },
      toolFields: { reasoning_effort: 'none' },
    });
    expect(settings.models.get('gpt-6-luna')).toMatchObject({ dropFields: [], fieldValues: {}, toolFields: {} });
  });

  it('general timeouts in the file beat the catalog’s patience, a model’s own beat both', () => {
    const { settings } = settle('timeouts: { total: 9s }\nmodels: { o3: { timeouts: { first_token: 1s } } }', {
      env: EVERY_KEY,
    });
    expect(settings.models.get('o3')?.timeouts).toMatchObject({ firstTokenMs: 1_000, totalMs: 9_000 });
    expect(settle('').settings.models.get('o3')?.timeouts.firstTokenMs).toBe(120_000);
  });
});

describe('tiers', () => {
  it('Π4 any valid tier name gives exactly that tier’s models and chairman; any other gives balanced and a warning', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const tier = fc.record({
      models: fc.uniqueArray(fc.constantFrom(...names), { minLength: 1 }),
      chairman: fc.constantFrom(...names),
    });
    const tiers = fc.dictionary(fc.stringMatching(/^[a-z]{3,8}$/), tier, { maxKeys: 4, noNullPrototype: true });
    const asked = fc.oneof(fc.nat(9), fc.stringMatching(/^[a-z-]{1,9}$/));
    const models = Object.fromEntries(names.map((name) => [name, { provider: 'house' }]));
    const catalog = readCatalog(EVERY_KEY);
    const property = fc.property(tiers, asked, (mine, pick) => {
      const config = { providers: { house: 'http://10.0.0.5/v1' }, models, tiers: mine };
      const known = [...new Set(['speed', 'balanced', 'cost', 'premium', ...Object.keys(mine)])];
      const name = typeof pick === 'number' ? known[pick % known.length]! : pick;
      const loaded = load(JSON.stringify(config), { env: { ...EVERY_KEY, MODEL_TIER: name }, catalog });
      const settings = resolveSettings(loaded, NOBODY);
      if (!known.includes(name)) {
        expect([settings.defaultTier, loaded.warnings.length]).toEqual(['balanced', 1]);
        return;
      }
      expect([settings.defaultTier, loaded.warnings]).toEqual([name, []]);
      const chosen = settings.tiers.get(name)!;
      const wanted = mine[name];
      if (wanted === undefined) return;
      expect([chosen.models, chosen.chairman, chosen.gaps]).toEqual([wanted.models, wanted.chairman, []]);
    });
    fc.assert(property, { numRuns: 120 });
  });

  it('Π4 the shipped tiers, when all is usable, are what the catalog says', () => {
    const catalog = parse(readFileSync('config/catalog.yaml', 'utf8')) as {
      tiers: Record<string, { models: string[]; chairman: string }>;
    };
    const { settings } = settle('sandbox: true', { env: EVERY_KEY });
    for (const [name, { models, chairman }] of Object.entries(catalog.tiers)) {
      expect(settings.tiers.get(name)).toMatchObject({ models, chairman, gaps: [] });
    }
  });

  it('missing models are told, and others stand in: local first, then cheaper ones', () => {
    const yaml = `
providers:
  house: "http://10.0.0.5/v1"
  cellar: { base_url: "http://10.0.0.6/v1", local: true }
  shop: { base_url: "http://a/v1", api_key: "\${SHOP_KEY}" }
models:
  sold: { provider: shop }
  dear: { provider: house, price: 5/20, quality: 9 }
  cheap: { provider: house, price: 0.1/0.2 }
  cheaper: { provider: house, price: 0.01/0.2 }
  homely: { provider: cellar, quality: 4 }
tiers: { mine: { models: [sold, dear], chairman: sold } }
`;
    expect(settle(yaml).settings.tiers.get('mine')).toMatchObject({
      configured: ['sold', 'dear'],
      models: ['dear', 'homely', 'cheaper'],
      chairman: 'dear',
      gaps: ["sold can't be used: set SHOP_KEY.", 'homely, cheaper stand in.', 'dear presides instead of sold.'],
    });
  });

  it('a short tier that is all there stays short', () => {
    expect(
      settle(`${HOUSE}models: { a: house, b: house, c: house }\ntiers: { one: [b] }`).settings.tiers.get('one'),
    ).toMatchObject({ models: ['b'], chairman: 'b', gaps: [] });
  });

  it('models without tiers of one’s own are in every tier, in an order that fits its name', () => {
    const { settings } = settle(`${HOUSE}
models:
  good: { provider: house, quality: 9, speed: slow, price: 5/20 }
  quick: { provider: house, quality: 6, speed: very_fast, price: 1/2 }
  cheap: { provider: house, quality: 5, speed: fast, price: 0.1/0.2 }
`);
    const order = Object.fromEntries([...settings.tiers.values()].map(({ name, models }) => [name, models]));
    expect(order).toEqual({
      speed: ['quick', 'cheap', 'good'],
      balanced: ['good', 'quick', 'cheap'],
      cost: ['cheap', 'quick', 'good'],
      premium: ['good', 'quick', 'cheap'],
    });
    expect([...settings.tiers.values()].every(({ chairman, gaps }) => chairman === 'good' && gaps.length === 0)).toBe(
      true,
    );
  });

  it('with one tier of one’s own, the shipped ones still hold one’s models, best fitting first', () => {
    const yaml = `${HOUSE}models: { a: { provider: house, quality: 5, price: 1/1 }, b: { provider: house, quality: 9, price: 9/9 }, c: house, d: house }\ntiers: { balanced: [a] }`;
    const { settings } = settle(yaml);
    expect(settings.tiers.get('balanced')?.models).toEqual(['a']);
    expect(settings.tiers.get('premium')?.models).toEqual(['b', 'c', 'd', 'a']);
    expect(settings.tiers.get('cost')?.models).toEqual(['a', 'b', 'c', 'd']);
  });

  it.each(Object.keys(EVERY_KEY))(
    'with %s alone every tier has at least two models, all usable, and a chairman',
    (variable) => {
      const { settings } = settle('', { env: { [variable]: 'k' } });
      for (const tier of settings.tiers.values()) {
        expect(tier.models.length).toBeGreaterThanOrEqual(Math.min(3, settings.usable.size));
        expect(tier.models.every((name) => settings.usable.has(name))).toBe(true);
        expect(settings.usable.has(tier.chairman!)).toBe(true);
      }
    },
  );

  it('cost in production warns; elsewhere it doesn’t', () => {
    const cost = { env: { MODEL_TIER: 'cost' } };
    expect(settle('', cost, { ...NOBODY, productionMode: true }).warnings[0]).toContain(
      '"cost" while NODE_ENV is production',
    );
    expect(settle('', cost).warnings).toEqual([]);
  });
});

describe('the version', () => {
  const version = (yaml: string, env: Record<string, string> = {}): string => settle(yaml, { env }).settings.version;
  it('stays while nothing changes, and changes with everything that does', () => {
    expect(version('cache: { ttl: 60m }')).toBe(version('# a comment\ncache:\n  ttl: 1h\n'));
    const versions = [
      version(''),
      version('cache: { ttl: 2h }'),
      version('', { OPENAI_API_KEY: 'a' }),
      version('', { OPENAI_API_KEY: 'b' }),
      version('tasks: { math: { patterns: [x] } }'),
    ];
    expect(new Set(versions).size).toBe(versions.length);
  });
});

describe('roles', () => {
  const example = /```yaml\n(roles:[^`]+)```/.exec(readFileSync('docs/operations.md', 'utf8'))![1]!;

  it('a model by itself or with its fallback, as the docs show it', () => {
    const { settings } = settle(example, { env: EVERY_KEY });
    expect(Object.fromEntries(settings.roles)).toEqual({
      planner: { model: 'gpt-4o-mini', fallback: 'gpt-4o' },
      executor: { model: 'gpt-4o', fallback: 'claude-sonnet-5' },
      heavy: { model: 'claude-opus-5', fallback: null },
    });
  });

  it('warn where a model of theirs can’t be called', () => {
    const { warnings } = settle(example, { env: { OPENAI_API_KEY: 'k' } });
    expect(warnings).toEqual([
      `The role "executor" can't have claude-sonnet-5: not usable now.`,
      `The role "heavy" can't have claude-opus-5: not usable now.`,
    ]);
  });
});
