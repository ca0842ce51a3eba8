// The decision: tiers, constraints, strategies, diversity, degradation, explanation, exploration.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  NO_WISHES,
  membersOf,
  type Decision,
  type Forecast,
  type Nano,
  type Plan,
  type StrategyName,
} from '../../src/contract/index.ts';
import { testModel, testPrice, testSettings, testTask } from '../support/settings.ts';
import { gainsOf, jointOf } from '../../src/learning/together.ts';
import { compileTasks, decide, featuresOf } from '../../src/routing/index.ts';
import { ask, excludedOf, user } from './asking.ts';

const TOOLS = [{ type: 'function', function: { name: 'weather' } }];
const IMAGE = [
  {
    role: 'user',
    content: [
      { type: 'text', text: 'What is this?' },
      { type: 'image_url', image_url: { url: 'https://example.org/a.png' } },
    ],
  },
];
const nano = (usd: number): Nano => (usd * 1e9) as Nano;

describe('a strategy that was asked for', () => {
  it('gets its voices, though some of the models are below the mark', () => {
    const settings = testSettings({ tasks: [{ name: 'math', minQuality: 0.9 }] });
    for (const strategy of ['dual', 'triple', 'council'] as const) {
      expect(ask({ settings, wishes: { strategy, task: 'math' } }).plan.call.kind).toBe(strategy);
    }
  });
});

describe('tiers', () => {
  it('Π4 any valid tier gives that tier’s models and chairman; any other gives balanced, with a note', () => {
    const names = [...testSettings().tiers.keys()];
    fc.assert(
      fc.property(
        fc.oneof(fc.constantFrom(...names), fc.string({ maxLength: 12 })),
        fc.constantFrom(...names),
        (name, defaultTier) => {
          const settings = testSettings({ defaultTier });
          const decision = ask({ settings, wishes: { tier: name } });
          const tier = settings.tiers.get(name) ?? settings.tiers.get('balanced')!;
          expect(decision.tier).toBe(tier.name);
          expect(decision.prospects.map(({ model }) => model).toSorted()).toEqual([...tier.models].toSorted());
          expect(decision.plan.chairman).toBe(tier.chairman);
          expect(decision.plan.because.some((line) => line.includes('there is no tier'))).toBe(
            !settings.tiers.has(name),
          );
        },
      ),
      { numRuns: 100 },
    );
  });

  it('the caller’s tier wins over the task’s, and that over the default', () => {
    const settings = testSettings({ tasks: [{ name: 'simple_query', tier: 'speed' }] });
    expect(ask({ settings }).tier).toBe('speed');
    expect(ask({ settings, wishes: { tier: 'premium' } }).tier).toBe('premium');
    expect(ask().tier).toBe('balanced');
  });

  it('an exhausted tier lets in every usable model, and says so', () => {
    const settings = testSettings({
      models: [
        { name: 'aster-nano' },
        { name: 'birch-mini', capabilities: new Set(['streaming']) },
        { name: 'elm-large' },
      ],
      tiers: [{ name: 'balanced', models: ['birch-mini'] }],
    });
    const decision = ask({ settings, request: { tools: TOOLS } });
    expect(membersOf(decision.plan.call)).toContain('elm-large');
    expect(decision.plan.because.join()).toContain('all usable models are considered');
  });
});

describe('constraints', () => {
  it('leaves out who lacks a capability, whatever is asked for', () => {
    const vision = ask({ request: { messages: IMAGE }, wishes: { tier: 'premium' } });
    expect(excludedOf(vision, 'fern-deep')).toBe('no vision');
    expect(membersOf(vision.plan.call)).not.toContain('fern-deep');
    const logprobs = ask({ request: { logprobs: true }, wishes: { tier: 'speed' } });
    expect(excludedOf(logprobs, 'aster-nano')).toBe('no logprobs');
    expect(logprobs.plan.reserve).not.toContain('aster-nano');
  });

  it('says which constraint excluded what when nobody is left', () => {
    expect(() => ask({ request: { messages: IMAGE }, wishes: { models: ['fern-deep', 'aster-nano'] } })).toThrow(
      expect.objectContaining({
        code: 'no_model_fits',
        message: expect.stringMatching(/fern-deep, aster-nano: no vision/),
      }),
    );
    expect(() => ask({ allowed: () => false })).toThrow(expect.objectContaining({ code: 'no_model_fits' }));
    expect(() => ask({ wishes: { models: ['elm-large'] }, allowed: () => false })).toThrow(
      expect.objectContaining({ code: 'model_not_allowed' }),
    );
    expect(() => ask({ wishes: { models: ['elm-larg'] } })).toThrow(
      expect.objectContaining({ code: 'model_not_found', message: expect.stringContaining('"elm-large"') }),
    );
  });

  it('lets a model with JSON or tools stand in for a schema only where none has it', () => {
    const schema = { response_format: { type: 'json_schema' } };
    const strict = ask({ request: schema, wishes: { tier: 'speed' } });
    expect(excludedOf(strict, 'aster-nano')).toBe('no json_schema');
    const lax = ask({ request: schema, wishes: { models: ['aster-nano'] } });
    expect(lax.plan.call).toEqual({ kind: 'single', model: 'aster-nano' });
    expect(lax.constraints.join()).toContain('stands in');
  });

  it('keeps to the context window', () => {
    const settings = testSettings({
      models: [
        { name: 'small', context: 4_000 },
        { name: 'wide', context: 200_000 },
      ],
    });
    const decision = ask({ settings, prompt: 'The committee met on Thursday. '.repeat(2_000) });
    expect(excludedOf(decision, 'small')).toMatch(/context window of 4000 tokens/);
    expect(decision.plan.call).toEqual({ kind: 'single', model: 'wide' });
  });

  it('keeps to the lower of the two cost ceilings, also for the plan as a whole', () => {
    const low = ask({ wishes: { tier: 'premium', maxCost: nano(0.0015) } });
    expect(excludedOf(low, 'fern-deep')).toMatch(/over the ceiling of \$0.0015/);
    fc.assert(
      fc.property(
        fc.constantFrom<StrategyName>('single', 'dual', 'triple', 'cascade', 'council'),
        fc.double({ min: 0.0003, max: 0.1, noNaN: true }),
        (strategy, usd) => {
          const { plan, prospects } = ask({
            wishes: { tier: 'premium', strategy, maxCost: nano(usd) },
            settings: testSettings({ routing: { explore: 0.9 } }),
            random: Math.random,
          });
          const cost = membersOf(plan.call).reduce(
            (sum, name) => sum + prospects.find(({ model }) => model === name)!.cost!,
            0,
          );
          expect(cost).toBeLessThanOrEqual(usd * 1e9);
        },
      ),
      { numRuns: 150 },
    );
    expect(() => ask({ wishes: { maxCost: nano(0.000001) } })).toThrow(
      expect.objectContaining({ code: 'request_exceeds_budget' }),
    );
  });

  it('an unpriced model takes part, but not under the caller’s own ceiling', () => {
    const settings = testSettings({
      models: [
        { name: 'free', price: null, quality: 9 },
        { name: 'paid', quality: 6 },
      ],
    });
    expect(membersOf(ask({ settings }).plan.call)).toContain('free');
    expect(excludedOf(ask({ settings, wishes: { maxCost: nano(1) } }), 'free')).toMatch(/no known price/);
  });

  it('lets the quality threshold and the latency target go when nobody meets them, and says so', () => {
    const settings = testSettings({
      tasks: [{ name: 'simple_query', minQuality: 0.75 }],
      routing: { latencyTargetMs: 10_000 },
    });
    const kept = ask({ settings });
    expect(excludedOf(kept, 'birch-mini')).toMatch(/quality of 0.65 is below 0.75/);
    expect(kept.plan.reserve).toContain('birch-mini');
    const low = ask({ settings, quality: Object.fromEntries([...settings.models.keys()].map((name) => [name, 0.4])) });
    expect(low.constraints.join()).toContain('no model meets the quality wanted');
    const late = ask({ settings, wishes: { deadlineMs: 10 } });
    expect(late.constraints.join()).toContain('no model meets the latency wanted');
    expect(excludedOf(late, 'birch-mini')).toMatch(/quality/);
  });

  it('models that cannot be called never take part', () => {
    const settings = testSettings({ usable: ['birch-mini', 'cedar-flash'] });
    expect(() => ask({ settings, wishes: { models: ['elm-large'] } })).toThrow(/not available/);
    const { plan } = ask({ settings, wishes: { strategy: 'council' } });
    expect(new Set([...membersOf(plan.call), ...plan.reserve, plan.chairman])).toEqual(settings.usable);
  });

  it('prefers local models where that is wanted, and takes others where none is fit', () => {
    const models = [
      { name: 'home', local: true, quality: 4, capabilities: new Set(['streaming'] as const) },
      { name: 'cloud', quality: 9 },
    ];
    const settings = testSettings({ models, routing: { preferLocal: true } });
    expect(ask({ settings }).plan.call).toEqual({ kind: 'single', model: 'home' });
    expect(ask({ settings, request: { tools: TOOLS } }).plan.call).toEqual({ kind: 'single', model: 'cloud' });
  });
});

describe('preference', () => {
  const chosen = (prefer: 'quality' | 'cost' | 'speed'): string =>
    membersOf(
      ask({
        settings: testSettings({
          routing: { prefer },
          tiers: [{ name: 'balanced', models: [...testSettings().models.keys()] }],
        }),
      }).plan.call,
    )[0]!;

  it('quality wins over cost unless the config says otherwise', () => {
    const { quality, cost, speed } = { quality: chosen('quality'), cost: chosen('cost'), speed: chosen('speed') };
    expect(quality).toBe('fern-deep');
    expect(['aster-nano', 'birch-mini', 'cedar-flash']).toContain(cost);
    expect(['aster-nano', 'birch-mini', 'cedar-flash']).toContain(speed);
  });

  it('what was learnt counts more than the catalog', () => {
    const { plan } = ask({ quality: { 'elm-large': 0.3, 'cedar-flash': 0.95 } });
    expect(plan.call).toEqual({ kind: 'single', model: 'cedar-flash' });
  });
});

describe('strategies', () => {
  const forced = (strategy: StrategyName, wishes = {}): Plan => ask({ wishes: { strategy, ...wishes } }).plan;

  it('carries out what is asked for', () => {
    expect(forced('single').call).toMatchObject({ kind: 'single' });
    expect(membersOf(forced('dual').call)).toHaveLength(2);
    expect(membersOf(forced('triple').call)).toHaveLength(3);
    expect(forced('council').call).toMatchObject({ kind: 'council', chairman: 'elm-large' });
    const { call } = forced('cascade');
    expect(call.kind).toBe('cascade');
    const models = testSettings().models;
    const prices = membersOf(call).map((name) => models.get(name)!.price!.outputPico);
    expect(prices).toEqual(prices.toSorted((left, right) => left - right));
    expect(membersOf(call).at(-1)).toBe('elm-large');
  });

  it('the caller’s strategy wins over the task’s, and that over the routing’s', () => {
    const settings = testSettings({
      tasks: [{ name: 'simple_query', strategy: 'dual' }, { name: 'creative' }],
      routing: { strategy: 'triple' },
    });
    expect(ask({ settings }).plan.call.kind).toBe('dual');
    expect(ask({ settings, wishes: { strategy: 'single' } }).plan.call.kind).toBe('single');
    expect(ask({ settings, wishes: { task: 'creative' } }).plan.call.kind).toBe('triple');
    expect(ask({ settings, wishes: { strategy: 'adaptive' } }).plan.call.kind).toBe('single');
  });

  it('members and reserve never overlap, and reserve holds the rest, best first', () => {
    for (const strategy of ['single', 'dual', 'triple', 'cascade', 'council'] as const) {
      const decision = ask({ wishes: { strategy } });
      const members = membersOf(decision.plan.call);
      expect(new Set([...members, ...decision.plan.reserve]).size).toBe(members.length + decision.plan.reserve.length);
      expect(members.length + decision.plan.reserve.length).toBe(4);
      const utility = (name: string): number => decision.prospects.find(({ model }) => model === name)!.utility;
      expect(decision.plan.reserve).toEqual(decision.plan.reserve.toSorted((a, b) => utility(b) - utility(a)));
    }
  });

  it('members are of different families where good ones are to be had', () => {
    const settings = testSettings({
      models: [
        { name: 'a1', family: 'a', quality: 9 },
        { name: 'a2', family: 'a', quality: 8.9 },
        { name: 'a3', family: 'a', quality: 8.8 },
        { name: 'b1', family: 'b', quality: 8.5 },
        { name: 'c1', family: 'c', quality: 2 },
      ],
    });
    const families = (strategy: StrategyName): string[] =>
      membersOf(ask({ settings, wishes: { strategy } }).plan.call).map((name) => name[0]!);
    expect(new Set(families('dual'))).toEqual(new Set(['a', 'b']));
    expect(families('triple').toSorted()).toEqual(['a', 'a', 'b']);
  });

  it('degrades to what there are models for, and says so', () => {
    const of = (strategy: StrategyName, usable: readonly string[]): Plan =>
      ask({ settings: testSettings({ usable }), wishes: { strategy } }).plan;
    const two = of('triple', ['birch-mini', 'elm-large']);
    expect(two.call.kind).toBe('dual');
    expect(two.because.join()).toContain('only 2 of the models for triple');
    expect(two.shortOf).toBe('models');
    expect(of('triple', ['birch-mini', 'elm-large', 'cedar-flash']).shortOf).toBeUndefined();
    for (const strategy of ['dual', 'triple', 'cascade'] as const) {
      const one = of(strategy, ['birch-mini']);
      expect(one.call).toEqual({ kind: 'single', model: 'birch-mini' });
      expect(one.because.join()).toContain(`for ${strategy}`);
      expect(one.ceiling).toBe('single');
      expect(one.shortOf).toBe('models');
    }
    expect(() => of('council', ['birch-mini'])).toThrow(expect.objectContaining({ code: 'not_enough_answers' }));
    expect(of('adaptive' as never, ['birch-mini']).shortOf).toBeUndefined();
    const means = [0.0003, 0.001, 0.003, 0.01, 0.03, 1].map(
      (usd) => ask({ wishes: { strategy: 'triple', tier: 'premium', maxCost: nano(usd) } }).plan,
    );
    for (const { call, shortOf } of means) expect(shortOf === undefined).toBe(call.kind === 'triple');
    expect(means.map(({ shortOf }) => shortOf)).toContain('money');
    expect(new Set(means.map(({ call }) => call.kind)).size).toBeGreaterThan(1);
    expect(of('council', ['birch-mini', 'elm-large']).call).toMatchObject({
      kind: 'council',
      members: ['elm-large', 'birch-mini'],
    });
  });

  it('several choices, log-probabilities and sound are one model’s', () => {
    for (const request of [{ n: 3 }, { logprobs: true }]) {
      const { plan } = ask({ request, wishes: { strategy: 'triple', tier: 'premium' } });
      expect(plan.call.kind).toBe('single');
      expect(plan.ceiling).toBe('single');
      expect([plan.shortOf, plan.because.join()]).toEqual(['models', expect.stringContaining('instead of triple')]);
      expect(ask({ request }).plan.shortOf).toBeUndefined();
    }
    const settings = testSettings({
      models: [{ name: 'ear', capabilities: new Set(['audio', 'streaming'] as const) }, { name: 'eye' }],
    });
    const sound = [{ role: 'user', content: [{ type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } }] }];
    expect(ask({ settings, request: { messages: sound }, wishes: { strategy: 'dual' } }).plan.call).toEqual({
      kind: 'single',
      model: 'ear',
    });
  });

  it('a model named alone is asked alone, with nothing in reserve', () => {
    const { plan } = ask({ wishes: { models: ['birch-mini'] } });
    expect(plan).toMatchObject({
      call: { kind: 'single', model: 'birch-mini' },
      reserve: [],
      ceiling: 'single',
      propensity: 1,
    });
  });
});

describe('adaptive', () => {
  const settings = testSettings();
  const adaptive = (task: string, quality: number, more: Parameters<typeof ask>[0] = {}): Plan =>
    ask({
      settings,
      ...more,
      wishes: { task, ...more.wishes },
      quality: Object.fromEntries([...settings.models.keys()].map((name) => [name, quality])),
    }).plan;

  it('asks one for what is simple and clear', () => {
    expect(ask().plan.call.kind).toBe('single');
    expect(adaptive('creative', 0.6).call.kind).toBe('single');
  });

  it('asks two where the task is critical, or where it is unlikely to be right and answers can be compared', () => {
    expect(adaptive('validation_critical', 0.9).call.kind).toBe('dual');
    expect(adaptive('extraction', 0.6).call.kind).toBe('dual');
  });

  it('climbs from a cheap one that is probably enough', () => {
    const { plan } = ask({ settings, wishes: { task: 'math' } });
    expect(plan.call).toEqual({ kind: 'cascade', steps: ['dahlia-pro', 'elm-large'] });
    expect(plan.because.join()).toContain('probably enough');
  });

  it('asks three, or a council, where much depends on it and one is probably wrong', () => {
    const critical = testSettings({ tasks: [{ name: 'extraction', critical: true }, { name: 'complex_reasoning' }] });
    expect(adaptive('extraction', 0.5, { settings: critical }).call.kind).toBe('triple');
    expect(
      adaptive('complex_reasoning', 0.6, {
        settings: testSettings({ tiers: [{ name: 'balanced', costPerQuery: nano(0.05) }] }),
      }).call.kind,
    ).toBe('council');
    expect(adaptive('complex_reasoning', 0.6, { wishes: { tier: 'cost' } }).call.kind).not.toBe('council');
  });

  it('a plan too dear for the ceiling steps down', () => {
    const alone = ask({ wishes: { strategy: 'single', task: 'validation_critical' } });
    const { plan } = ask({
      wishes: { strategy: 'triple', task: 'validation_critical', maxCost: (alone.expectedCost + 1) as Nano },
    });
    expect(plan.call.kind).not.toBe('triple');
    expect(plan.because.join()).toMatch(/would cost more than the ceiling/);
  });

  it('explains itself: task, tier, strategy, and what each prospect is worth', () => {
    const decision = ask({ prompt: 'Solve 3x + 4 = 19' });
    expect(decision.plan.because[0]).toMatch(/^task math: 0\.\d+ sure/);
    expect(decision.plan.because[1]).toBe('tier balanced: the default');
    expect(decision.plan.because[2]).toMatch(/^cascade: /);
    for (const { quality, cost, latencyMs, utility } of decision.prospects) {
      expect(quality).toBeGreaterThan(0);
      expect(cost).toBeGreaterThan(0);
      expect(latencyMs).toBeGreaterThan(0);
      expect(utility).toBeLessThan(quality);
    }
    expect(decision.expectedQuality).toBeGreaterThan(0);
    expect(decision.expectedCost).toBeGreaterThan(0);
  });
});

/** Repeatable chance. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe('exploration', () => {
  const DRAWS = 20_000;
  it.each(['single', 'dual', 'triple', 'cascade'] as const)(
    'the recorded propensity of %s is how often the plan is drawn',
    (strategy) => {
      const settings = testSettings({ routing: { explore: 0.3 } });
      const quality = Object.fromEntries([...settings.models.keys()].map((name, nth) => [name, 0.8 + nth / 100]));
      const random = chance(7);
      const drawn = new Map<string, { count: number; propensity: number }>();
      for (let draw = 0; draw < DRAWS / 10; draw += 1) {
        const { plan } = ask({ settings, wishes: { strategy }, quality, random });
        const key = JSON.stringify(plan.call);
        const before = drawn.get(key);
        if (before !== undefined) expect(plan.propensity).toBe(before.propensity);
        drawn.set(key, { count: (before?.count ?? 0) + 1, propensity: plan.propensity });
      }
      expect(drawn.size).toBeGreaterThan(1);
      const sum = [...drawn.values()].reduce((all, { propensity }) => all + propensity, 0);
      expect(sum).toBeCloseTo(1, 9);
      for (const { count, propensity } of drawn.values()) {
        const spread = Math.sqrt((propensity * (1 - propensity)) / (DRAWS / 10));
        expect(Math.abs(count / (DRAWS / 10) - propensity)).toBeLessThan(4 * spread);
      }
    },
  );

  it('never loses more than a tenth of expected quality, and draws no number where there is no choice', () => {
    const far = ask({
      settings: testSettings({ routing: { explore: 0.5 } }),
      quality: { 'elm-large': 0.99, 'dahlia-pro': 0.5, 'cedar-flash': 0.5, 'birch-mini': 0.5 },
      random: () => {
        throw new Error('no draw is needed');
      },
    });
    expect(far.plan).toMatchObject({ call: { kind: 'single', model: 'elm-large' }, propensity: 1 });
    const near = ask({ settings: testSettings({ routing: { explore: 0.5 } }), random: () => 0 });
    expect(near.plan).toMatchObject({ call: { kind: 'single', model: 'dahlia-pro' }, propensity: 0.5 });
    expect(near.plan.because.join()).toContain('explored: dahlia-pro in place of elm-large');
  });

  it('is off for critical tasks and for models that the caller named', () => {
    const settings = testSettings({ routing: { explore: 1 } });
    expect(ask({ settings, wishes: { task: 'validation_critical' }, random: () => 0 }).plan.propensity).toBe(1);
    expect(ask({ settings, wishes: { models: ['elm-large', 'dahlia-pro'] }, random: () => 0 }).plan.propensity).toBe(1);
  });
});

describe('hope for the little known', () => {
  /** A second voice gains nothing. */
  const forecast: Forecast = {
    panel: (first, second) => ({ quality: (first.quality + second.quality) / 2, differ: 0.5 }),
    gains: (_, others) => others.map(() => 0),
  };
  /** Two that are well known, and one that looks worse and of which nothing is known for sure. */
  const decided = (explore: number, critical: boolean, doubt: number, random = (): number => 0.999_999) => {
    const settings = testSettings({
      routing: { explore },
      models: ['known', 'second', 'new'].map((name) => testModel({ name })),
      tiers: [
        {
          name: 'balanced',
          models: ['known', 'second', 'new'],
          configured: ['known', 'second', 'new'],
          chairman: 'known',
        },
      ],
      tasks: [testTask({ name: 'math', critical })],
    });
    return decide({
      features: featuresOf(user('Which river runs through Vienna?')),
      wishes: { ...NO_WISHES, task: 'math' },
      settings,
      classifier: compileTasks(settings.tasks),
      quality: (_, model) =>
        model === 'new'
          ? { quality: 0.75, samples: 1, doubt }
          : { quality: model === 'known' ? 0.95 : 0.93, samples: 200, doubt: 0 },
      forecast,
      allowed: null,
      random,
    });
  };
  const asked = (decision: Decision): readonly string[] => membersOf(decision.plan.call);

  it('gives a model its turn that may be much better than it looks', () => {
    expect(asked(decided(1e-9, false, 0.15))).toContain('new');
    expect(asked(decided(1e-9, false, 0.01))).toEqual(['known']);
  });

  it('makes nobody certain: where all are little known they check each other, from the third outcome on', () => {
    const kinds = (samples: number): string => {
      const settings = testSettings({
        routing: { explore: 0.05 },
        models: ['one', 'other', 'third'].map((name) => testModel({ name })),
        tiers: [{ name: 'balanced', models: ['one', 'other', 'third'], configured: [], chairman: 'one' }],
        tasks: [testTask({ name: 'simple_query' })],
      });
      return decide({
        features: featuresOf(user('Which river runs through Vienna?')),
        wishes: { ...NO_WISHES, task: 'simple_query' },
        settings,
        classifier: compileTasks(settings.tasks),
        quality: () => ({ quality: 0.77, samples, doubt: 0.1 }),
        forecast: { panel: jointOf, gains: gainsOf },
        allowed: null,
        random: () => 0.99,
      }).plan.call.kind;
    };
    expect(kinds(0.9)).toBe('single');
    expect(kinds(1)).toBe('dual');
  });

  it('says with the plan what a further voice must bring; a critical task keeps to its rules', () => {
    expect(decided(0, false, 0).plan.climb).toMatchObject({ perSecond: expect.any(Number), mostVoices: 4 });
    expect(decided(0, true, 0).plan.climb).toBeUndefined();
  });

  it('is off for critical tasks and with explore: 0', () => {
    expect(asked(decided(0, false, 0.15))).toEqual(['known']);
    expect(decided(1e-9, true, 0.15).plan).toEqual(decided(1e-9, true, 0).plan);
  });

  it('draws among plans that may each be the best: as often as recorded, and inverse propensity finds what any policy earns', () => {
    const settings = testSettings({
      routing: { explore: 0.2 },
      models: ['a', 'b', 'c', 'd'].map((name) => testModel({ name })),
      tiers: [{ name: 'balanced', models: ['a', 'b', 'c', 'd'], configured: [], chairman: 'a' }],
      tasks: [testTask({ name: 'math' })],
    });
    const classifier = compileTasks(settings.tasks);
    const qualities: Readonly<Record<string, number>> = { a: 0.9, b: 0.88, c: 0.86, d: 0.6 };
    const draw = (random: () => number, doubt: number) =>
      decide({
        features: featuresOf(user('Which river runs through Vienna?')),
        wishes: { ...NO_WISHES, task: 'math' },
        settings,
        classifier,
        quality: (_, model) => ({ quality: qualities[model]!, samples: 50, doubt }),
        forecast,
        allowed: null,
        random,
      }).plan;
    const random = chance(5);
    const seen = new Map<string, { count: number; propensity: number; value: number }>();
    const [rounds, earned] = [20_000, new Map<string, number>()];
    for (let round = 0; round < rounds; round += 1) {
      const { call, propensity } = draw(random, 0.02);
      const key = JSON.stringify(call);
      const before = seen.get(key);
      if (before !== undefined) expect(propensity).toBeCloseTo(before.propensity, 12);
      const value = (key.length % 7) / 7;
      seen.set(key, { count: (before?.count ?? 0) + 1, propensity, value });
      earned.set(key, (earned.get(key) ?? 0) + (random() < value ? 1 : 0) / propensity);
    }
    const all = [...seen];
    expect(all.filter(([, { propensity }]) => propensity > 0.05).length, 'several were worth a turn').toBeGreaterThan(
      2,
    );
    expect(all.reduce((sum, [, { propensity }]) => sum + propensity, 0)).toBeCloseTo(1, 9);
    for (const [key, { count, propensity, value }] of all) {
      expect(Math.abs(count / rounds - propensity), key).toBeLessThan(4 * Math.sqrt(propensity / rounds));
      expect(Math.abs(earned.get(key)! / rounds - value), key).toBeLessThan(4 / Math.sqrt(propensity * rounds));
    }
    expect(draw(() => 0.5, 0).propensity, 'nothing is drawn where all is known').toBeCloseTo(0.8, 12);
  });

  it('leaves the recorded propensity exact where exploration draws beside it', () => {
    const random = chance(11);
    const drawn = new Map<string, { count: number; propensity: number }>();
    for (let draw = 0; draw < 4_000; draw += 1) {
      const { plan } = decided(0.3, false, 0.12, random);
      const key = JSON.stringify(plan.call);
      drawn.set(key, { count: (drawn.get(key)?.count ?? 0) + 1, propensity: plan.propensity });
    }
    expect([...drawn.values()].reduce((sum, { propensity }) => sum + propensity, 0)).toBeCloseTo(1, 9);
    for (const { count, propensity } of drawn.values())
      expect(Math.abs(count / 4_000 - propensity)).toBeLessThanOrEqual(
        4 * Math.sqrt((propensity * (1 - propensity)) / 4_000),
      );
    expect(drawn.size).toBeGreaterThan(1);
  });
});

describe('models below the quality that is wanted', () => {
  const DEAR = { price: testPrice(3, 12) };
  const CHEAP = { price: testPrice(0.15, 0.6) };
  /** What is well known of them, at a task that wants `minQuality`. */
  const decided = (
    quality: Readonly<Record<string, number>>,
    minQuality: number,
    more: { readonly critical?: boolean; readonly strategy?: 'single' | 'dual'; readonly prompt?: string } = {},
  ) => {
    const names = Object.keys(quality);
    const settings = testSettings({
      routing: { prefer: 'balanced', explore: 0 },
      models: names.map((name) => testModel({ name, ...(name.startsWith('dear') ? DEAR : CHEAP) })),
      tiers: [{ name: 'balanced', models: names, configured: names, chairman: names[0]! }],
      tasks: [testTask({ name: 'code', minQuality, critical: more.critical === true })],
    });
    return decide({
      features: featuresOf(user('What does this function return?')),
      wishes: { ...NO_WISHES, task: 'code', strategy: more.strategy ?? null },
      settings,
      classifier: compileTasks(settings.tasks),
      quality: (_, model) => ({ quality: quality[model]!, samples: 200, doubt: 0, outputTokens: 200 }),
      forecast: { panel: jointOf, gains: gainsOf },
      allowed: null,
      random: () => 0.99,
    });
  };
  const KNOWN = { 'dear-one': 0.87, cheap: 0.68, thrifty: 0.66 };

  it('check each other where the whole is expected to reach it, and are no longer left out', () => {
    const decision = decided(KNOWN, 0.7);
    expect(new Set(membersOf(decision.plan.call))).toEqual(new Set(['cheap', 'thrifty']));
    expect(decision.plan.reserve[0]).toBe('dear-one');
    expect(decision.expectedQuality).toBeGreaterThan(0.7);
    expect(decision.prospects.map(({ excluded }) => excluded)).toEqual([null, null, null]);
  });

  it('are left out where it doesn’t, where one is asked alone, and where an error is dear', () => {
    const weaker = { 'dear-one': 0.85, cheap: 0.6, thrifty: 0.58 };
    expect(membersOf(decided(weaker, 0).plan.call)).toContain('cheap');
    for (const decision of [
      decided(weaker, 0.84),
      decided(KNOWN, 0.7, { strategy: 'single' }),
      decided(KNOWN, 0.7, { critical: true }),
    ]) {
      expect(membersOf(decision.plan.call)).toEqual(['dear-one']);
      expect(excludedOf(decision, 'cheap')).toMatch(/below/);
    }
  });

  it('whoever they are, what is decided is expected to reach it while a model alone does', () => {
    const qualities = fc.array(fc.double({ min: 0.3, max: 0.97, noNaN: true }), { minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(qualities, fc.double({ min: 0, max: 0.95, noNaN: true }), (values, minQuality) => {
        const known = Object.fromEntries(
          values.map((quality, nth) => [`${nth % 2 ? 'dear' : 'cheap'}-${nth}`, quality]),
        );
        fc.pre(values.some((quality) => quality >= minQuality));
        const decision = decided(known, minQuality);
        const isBelow = membersOf(decision.plan.call).some((model) => known[model]! < minQuality);
        if (isBelow || decision.plan.call.kind === 'single')
          expect(decision.expectedQuality).toBeGreaterThanOrEqual(minQuality);
      }),
      { numRuns: 60 },
    );
  });
});

describe('determinism', () => {
  it('the same input and the same chance give the same decision', () => {
    const settings = testSettings({
      routing: { explore: 0.5 },
      tasks: [testTask({ name: 'x', keywords: ['x'] })],
      models: [testModel({ name: 'm' }), testModel({ name: 'k' })],
    });
    fc.assert(
      fc.property(fc.string({ maxLength: 80 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (prompt, drawn) => {
        expect(ask({ settings, prompt, random: () => drawn })).toEqual(ask({ settings, prompt, random: () => drawn }));
      }),
      { numRuns: 100 },
    );
  });
});
