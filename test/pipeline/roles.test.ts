// A role's own models: its model answers, its fallback stands in once, and the request's own words come first.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StrategyName } from '../../src/contract/index.ts';
import { testPath, type Asking } from '../support/path.ts';
import { testSettings } from '../support/settings.ts';

const NAMES = ['aster-nano', 'birch-mini', 'cedar-flash', 'dahlia-pro', 'elm-large', 'fern-deep'];
const roles = {
  planner: { model: 'aster-nano', fallback: 'elm-large' },
  executor: { model: 'elm-large', fallback: 'dahlia-pro' },
  heavy: { model: 'fern-deep', fallback: null },
};
const SETTINGS = testSettings({ roles, tasks: [{ name: 'simple_query' }, { name: 'planning', role: 'planner' }] });

async function asked(asking: Asking, sick: readonly string[] = [], settings = SETTINGS) {
  const models = Object.fromEntries(
    NAMES.map((name) => [name, { latencyMs: 50, ...(sick.includes(name) && { fails: 'server_error' as const }) }]),
  );
  const path = testPath(models, settings);
  const outcome = await path.clock.runUntil(
    path.ask({ messages: [{ role: 'user', content: 'What is it?' }] }, asking).then(
      ({ told }) => told.models,
      (error: { code: string }) => error.code,
    ),
  );
  return { outcome, asked: path.calls.map(({ model }) => model), record: path.records[0]! };
}

describe('roles', () => {
  it.each([
    ['planner', 'aster-nano'],
    ['executor', 'elm-large'],
    ['heavy', 'fern-deep'],
  ])('%s: its model answers, alone', async (role, model) => {
    const { outcome, asked: calls, record } = await asked({ role });
    expect([outcome, calls]).toEqual([[model], [model]]);
    expect(record.role).toBe(role);
    expect(record.decision!.plan.because.at(-1)).toBe(`role ${role}: ${model}`);
  });

  it('the task has a role where the request names none, and the request’s comes first', async () => {
    expect((await asked({ wishes: { task: 'planning' } })).asked).toEqual(['aster-nano']);
    expect((await asked({ wishes: { task: 'planning' }, role: 'heavy' })).asked).toEqual(['fern-deep']);
  });

  it('one hop: the fallback stands in, and nobody after it', async () => {
    expect(await asked({ role: 'planner' }, ['aster-nano'])).toMatchObject({
      outcome: ['elm-large'],
      asked: ['aster-nano', 'elm-large'],
    });
    expect(await asked({ role: 'planner' }, ['aster-nano', 'elm-large'])).toMatchObject({
      outcome: 'upstream_error',
      asked: ['aster-nano', 'elm-large'],
    });
    expect(await asked({ role: 'heavy' }, ['fern-deep'])).toMatchObject({
      outcome: 'upstream_error',
      asked: ['fern-deep'],
    });
  });

  it('a model that isn’t there makes room at once; with neither there the router chooses', async () => {
    const without = (...gone: string[]) =>
      testSettings({ roles, usable: NAMES.filter((name) => !gone.includes(name)) });
    const stoodIn = await asked({ role: 'planner' }, [], without('aster-nano'));
    expect(stoodIn.asked).toEqual(['elm-large']);
    expect(stoodIn.record.decision!.plan.because.at(-1)).toMatch(/aster-nano can't take it, elm-large stands in/);
    const routed = await asked({ role: 'planner' }, [], without('aster-nano', 'elm-large'));
    expect(routed.outcome).not.toBe('upstream_error');
    expect(routed.record.decision!.plan.because.at(-1)).toMatch(/can't take it/);
  });

  it('whoever names a model, a tier or a strategy gets that; an unknown role changes nothing', async () => {
    expect((await asked({ role: 'planner', wishes: { models: ['cedar-flash'] } })).asked).toEqual(['cedar-flash']);
    const strategies = fc.constantFrom<StrategyName>('dual', 'triple', 'council', 'cascade');
    await fc.assert(
      fc.asyncProperty(strategies, fc.constantFrom('planner', 'heavy', 'nobody'), async (strategy, role) => {
        const own = await asked({ role, wishes: { strategy } });
        const none = await asked({ wishes: { strategy } });
        expect(own.asked.toSorted()).toEqual(none.asked.toSorted());
      }),
      { numRuns: 20 },
    );
    expect((await asked({ role: 'nobody' })).asked).toEqual((await asked({})).asked);
  });

  it('two roles don’t share a cached answer', async () => {
    const path = testPath(Object.fromEntries(NAMES.map((name) => [name, { latencyMs: 5 }])), SETTINGS);
    const models: string[][] = [];
    for (const role of ['planner', 'heavy', 'planner'])
      models.push([...(await path.clock.runUntil(path.ask({}, { role, cache: 'default' }))).told.models]);
    expect(models).toEqual([['aster-nano'], ['fern-deep'], ['aster-nano']]);
    expect(path.calls).toHaveLength(2);
  });
});
