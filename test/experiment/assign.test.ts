// Who gets which arm: a pure function of names, units and the time.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { armOf, assign, type Asked } from '../../src/experiment/index.ts';
import { experiment } from './simulated.ts';

const asked = (more: Partial<Asked> = {}): Asked => ({
  id: 'req_1',
  at: Date.parse('2027-01-10'),
  tenant: 'acme',
  keyed: true,
  user: 'ann',
  session: null,
  team: 'data',
  tags: ['batch'],
  models: ['auto'],
  namesModel: false,
  said: new Set(),
  saidByName: new Set(),
  task: () => 'code',
  ...more,
});

const armsOf = (...given: Parameters<typeof assign>): readonly string[] =>
  assign(...given).map((one) => `${one.experiment.name}=${one.arm.name}`);

describe('an arm', () => {
  it('falls by its weight: chi-square over 100,000 units', () => {
    const { arms } = experiment({ arms: { a: { weight: 5 }, b: { weight: 3 }, c: { weight: 2 } } });
    const counts = new Map<string, number>();
    const units = 100_000;
    for (let unit = 0; unit < units; unit += 1) {
      const { name } = armOf({ name: 'split', arms }, `unit ${unit}`)!;
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    const expected = { a: 0.5, b: 0.3, c: 0.2 };
    const chi = Object.entries(expected).reduce(
      (sum, [name, share]) => sum + (counts.get(name)! - share * units) ** 2 / (share * units),
      0,
    );
    // 99.9 % of two degrees of freedom.
    expect(chi).toBeLessThan(13.8);
  });

  it('is the same for the same unit, whatever else the request says', () => {
    const trial = experiment({ sticky: 'user' });
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (user, one, other) => {
        const first = armsOf([trial], asked({ user, id: one, session: one }));
        expect(armsOf([trial], asked({ user, id: other, session: other, tags: [other] }))).toEqual(first);
      }),
    );
  });

  it('is drawn anew by each experiment', () => {
    const [one, two] = [experiment({ layer: 'x' }, 'one'), experiment({ layer: 'y' }, 'two')];
    const together = new Map<string, number>();
    for (let nth = 0; nth < 4_000; nth += 1) {
      const both = armsOf([one, two], asked({ id: `${nth}` })).join();
      together.set(both, (together.get(both) ?? 0) + 1);
    }
    expect(together.size).toBe(4);
    for (const count of together.values()) expect(Math.abs(count - 1_000)).toBeLessThan(130);
  });

  it('stays when the first arm only grows', () => {
    const at = (weight: number) => experiment({ arms: { new: { weight }, old: { weight: 100 - weight } } });
    for (let nth = 0; nth < 500; nth += 1) {
      const before = armsOf([at(20)], asked({ id: `${nth}` }))[0];
      const after = armsOf([at(60)], asked({ id: `${nth}` }))[0];
      if (before === 'trial=new') expect(after).toBe('trial=new');
    }
  });
});

describe('a unit', () => {
  const sticky = (kind: 'user' | 'key' | 'session' | 'request', more: Partial<Asked>) =>
    assign([experiment({ sticky: kind })], asked(more))[0]!.unit;

  it('is never shared by two tenants', () => {
    expect(sticky('user', { tenant: 'a' })).not.toBe(sticky('user', { tenant: 'b' }));
  });
  it('without a user is the session, then the key, then the request itself', () => {
    expect(sticky('user', { user: null, session: 's' })).toContain('session:s');
    expect(sticky('user', { user: null })).toContain('key');
    expect(sticky('user', { user: null, keyed: false, id: 'req_7' })).toBe('req_7');
    expect(sticky('session', { id: 'req_7' })).toBe('req_7');
    expect(sticky('request', { id: 'req_7' })).toBe('req_7');
  });
});

describe('experiments of one layer', () => {
  const trials = ['a', 'b', 'c'].map((name) => experiment({}, name));

  it('exclude each other, and one that ends gives its units away without moving those of the others', () => {
    for (let nth = 0; nth < 300; nth += 1) {
      const all = armsOf(trials, asked({ id: `${nth}` }));
      expect(all).toHaveLength(1);
      const fewer = armsOf(trials.slice(0, 2), asked({ id: `${nth}` }));
      if (!all[0]!.startsWith('c=')) expect(fewer).toEqual(all);
    }
  });
  it('share the units among them', () => {
    const counts = new Map<string, number>();
    for (let nth = 0; nth < 3_000; nth += 1) {
      const name = assign(trials, asked({ id: `${nth}` }))[0]!.experiment.name;
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(120);
  });
});

describe('who takes part', () => {
  const takesPart = (input: Parameters<typeof experiment>[0], more: Partial<Asked> = {}): boolean =>
    armsOf([experiment(input)], asked(more)).length > 0;

  it('is filtered by task, team, tag and model name', () => {
    expect(takesPart({ filter: { task: 'code' } })).toBe(true);
    expect(takesPart({ filter: { task: ['math'] } })).toBe(false);
    expect(takesPart({ filter: { team: 'data' } })).toBe(true);
    expect(takesPart({ filter: { team: 'web' } })).toBe(false);
    expect(takesPart({ filter: { tag: ['x', 'batch'] } })).toBe(true);
    expect(takesPart({ filter: { tag: 'x' } })).toBe(false);
    expect(takesPart({ filter: { model: 'gpt-4o' } })).toBe(false);
  });
  it('is nobody who names a real model, unless that is listed', () => {
    const named = { models: ['gpt-4o'], namesModel: true };
    expect(takesPart({}, named)).toBe(false);
    expect(takesPart({ filter: { model: 'gpt-4o' } }, named)).toBe(true);
  });
  it('is nobody who asks for what the arms try', () => {
    expect(takesPart({}, { said: new Set(['strategy']) })).toBe(false);
    expect(takesPart({}, { said: new Set(['tier']) })).toBe(true);
    expect(takesPart({}, { saidByName: new Set(['strategy']), models: ['quorum/dual'] })).toBe(false);
    expect(
      takesPart({ filter: { model: 'quorum/dual' } }, { saidByName: new Set(['strategy']), models: ['quorum/dual'] }),
    ).toBe(true);
  });
  it('is nobody before the start, after the end, or while it is stopped', () => {
    expect(takesPart({ start: '2027-01-09', end: '2027-01-11' })).toBe(true);
    expect(takesPart({ start: '2027-01-11' })).toBe(false);
    expect(takesPart({ end: '2027-01-10' })).toBe(false);
    expect(takesPart({ running: false })).toBe(false);
  });
  it('grows over the ramp, and who is in stays in', () => {
    const ramped = experiment({ start: '2027-01-01', ramp: '10d', share: 0.8 });
    const inAt = (day: string): ReadonlySet<number> =>
      new Set(
        Array.from({ length: 1_000 }, (_, nth) => nth).filter(
          (nth) => assign([ramped], asked({ id: `${nth}`, at: Date.parse(day) })).length > 0,
        ),
      );
    const [early, late, full] = [inAt('2027-01-03'), inAt('2027-01-06'), inAt('2027-02-01')];
    expect(Math.abs(early.size - 160)).toBeLessThan(50);
    expect(Math.abs(late.size - 400)).toBeLessThan(60);
    expect(Math.abs(full.size - 800)).toBeLessThan(50);
    for (const nth of early) expect(late.has(nth)).toBe(true);
  });
});
