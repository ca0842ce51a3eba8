// Pressure makes plans smaller, slots are taken by role, sick and limited models are left out, and lateness refuses.
import { describe, expect, it } from 'vitest';
import { NO_WISHES, type Decision } from '../../src/contract/index.ts';
import { createCapacity, leftAlone, pressureOf, shedTo, slotLimit } from '../../src/pipeline/capacity.ts';
import { createSlots } from '../../src/upstream/index.ts';
import { testSettings } from '../support/settings.ts';
import { simulatedClock } from '../support/simulated-clock.ts';

const decision = (kind: string, task = 'simple_query') =>
  ({ classification: { task }, plan: { call: { kind } } }) as unknown as Decision;

describe('pressure', () => {
  it.each([
    [0, null, 0],
    [499, null, 0],
    [500, null, 1],
    [1_000, null, 2],
    [2_000, null, 3],
    [0, { used: 4, limit: 6, waiting: 0 }, 0],
    [0, { used: 5, limit: 6, waiting: 0 }, 1],
    [0, { used: 6, limit: 6, waiting: 1 }, 2],
    [0, { used: 1, limit: 1, waiting: 0 }, 0],
    [600, { used: 6, limit: 6, waiting: 3 }, 2],
  ])('%i ms late, shared slots %o: %i', (lag, shared, expected) => {
    expect(pressureOf(lag, 2_000, shared)).toBe(expected);
  });

  it.each([
    ['council', 1, 'dual'],
    ['triple', 1, 'dual'],
    ['dual', 1, null],
    ['cascade', 1, null],
    ['triple', 2, 'single'],
    ['cascade', 2, 'single'],
    ['single', 2, null],
    ['triple', 0, null],
  ] as const)('%s under pressure %i becomes %s', (kind, pressure, expected) => {
    expect(shedTo(pressure, decision(kind), NO_WISHES, testSettings())).toBe(expected);
  });

  it('leaves alone what was asked for by name', () => {
    expect(shedTo(2, decision('triple'), { ...NO_WISHES, strategy: 'triple' }, testSettings())).toBeNull();
    expect(shedTo(2, decision('triple'), { ...NO_WISHES, strategy: 'adaptive' }, testSettings())).toBe('single');
  });
});

describe('capacity', () => {
  const limits = {
    roles: new Map([
      ['planner', 2],
      ['global', 3],
    ]),
    providers: new Map([['acme', 4]]),
    models: new Map([['small', 1]]),
  };

  function scene(lagMs = 0, out: ReadonlyMap<string, string> | null = null) {
    const slots = createSlots({
      clock: simulatedClock(),
      maxWaitMs: () => 1_000,
      limitOf: (name) => slotLimit(limits, name),
    });
    return createCapacity({ slots, lagMs: () => lagMs, maxLagMs: () => 2_000, leftAlone: () => out });
  }

  it('knows slots by their names', () => {
    expect(
      ['role planner', 'role other', 'role global', 'global', 'provider acme', 'model small', 'strange'].map((name) =>
        slotLimit(limits, name),
      ),
    ).toEqual([2, undefined, 3, 3, 4, 1, undefined]);
  });

  it('a role counts for itself and for all', async () => {
    const capacity = scene();
    const { signal } = new AbortController();
    const leases = await Promise.all(
      ['planner', 'planner', null].map(async (role) => capacity.enter(role, 't', signal)),
    );
    expect(capacity.enter(null, 't', signal)).toBeInstanceOf(Promise);
    expect(capacity.admit('t')).toBe(2);
    for (const lease of leases) lease.release();
    expect(capacity.admit('t')).toBe(0);
  });

  it('a role named global takes one slot, not two', async () => {
    const capacity = scene();
    const { signal } = new AbortController();
    for (let turn = 0; turn < 3; turn++) expect(capacity.enter('global', 't', signal)).not.toBeInstanceOf(Promise);
  });

  it('refuses when the process is too late', () => {
    expect(() => scene(2_500).admit('t')).toThrow(expect.objectContaining({ code: 'overload_throttled' }));
  });

  it('plans without sick models, unless the caller named that one', () => {
    const settings = testSettings();
    const [sick] = settings.usable;
    const capacity = scene(0, new Map([[sick!, 'ejected until noon']]));
    const able = capacity.able(settings, NO_WISHES);
    expect(able.settings.usable.has(sick!)).toBe(false);
    expect(able.leftOut).toEqual([`${sick} is left out: ejected until noon`]);
    expect(capacity.able(settings, NO_WISHES).settings).toBe(able.settings);
    expect(capacity.able(settings, { ...NO_WISHES, models: [sick!] }).settings).toBe(settings);
  });

  it('counts those whose rate limit is used up among them', () => {
    expect(leftAlone(null, null)).toBeNull();
    expect([...leftAlone(new Map([['a', 'ejected']]), new Map([['b', 900.2]]))!]).toEqual([
      ['b', "its provider's rate limit lets nothing through for 901 ms"],
      ['a', 'ejected'],
    ]);
  });
});
