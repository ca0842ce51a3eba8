// Experiments cost nothing where there are none, and one decision for each arm where there is one.
import { describe, expect, it } from 'vitest';
import { NO_WISHES, experimentSchema, type Decision, type Experiment } from '../../src/contract/index.ts';
import { designOf } from '../../src/experiment/index.ts';
import type { Inbound } from '../../src/pipeline/exchange.ts';
import { createTrials } from '../../src/pipeline/experiments/enrol.ts';
import { testSettings } from '../support/settings.ts';

const settings = testSettings();
const inbound = (more: Partial<Inbound> = {}): Inbound =>
  ({
    id: 'req_1',
    principal: { tenant: 'acme', team: null, keyId: 'key_1', admin: false },
    request: { model: 'auto', messages: [{ role: 'user', content: 'Hi' }] },
    wishes: NO_WISHES,
    directive: { read: true, write: true, only: false, ttlMs: null },
    spender: { tenant: 'acme', keyId: 'key_1', team: null, user: 'ann', tags: [] },
    session: null,
    receivedAt: 0,
    ...more,
  }) as Inbound;

const decision = (kind: 'single' | 'dual'): Decision =>
  ({
    classification: { task: 'math' },
    plan: {
      call: kind === 'single' ? { kind, model: 'a' } : { kind, members: ['a', 'b'] },
      ceiling: kind,
      chairman: null,
      threshold: 0.6,
    },
  }) as unknown as Decision;

function trialsOf(...all: readonly Experiment[]) {
  let looks = 0;
  const register = { active: () => (all.length === 0 ? null : all), list: () => all };
  const trials = createTrials({ register, shadow: () => undefined });
  const enrol = (asked: Inbound) =>
    trials.enrol(asked, settings, ({ wishes }) => {
      looks += 1;
      return decision(wishes.strategy === 'dual' ? 'dual' : 'single');
    });
  return { enrol, looks: () => looks };
}

const made = (name: string, input: object): Experiment => designOf(name, experimentSchema.parse(input), {}, 'config');
const voices = { arms: { one: {}, two: { strategy: 'dual' } } };

describe('a request', () => {
  it('is looked at by nobody while there is no experiment', () => {
    const { enrol, looks } = trialsOf();
    expect(enrol(inbound())).toBeNull();
    expect(looks()).toBe(0);
  });

  it('is decided once for each arm, and exposed where they differ', () => {
    const { enrol, looks } = trialsOf(made('voices', voices));
    const trial = enrol(inbound())!;
    expect(looks()).toBe(2);
    expect(trial.part[0]).toMatchObject({ experiment: 'voices', exposed: true, forced: false });
    const same = trialsOf(made('voices', { arms: { one: {}, two: { strategy: 'triple' } } }));
    expect(same.enrol(inbound())!.part[0]!.exposed).toBe(false);
  });

  it('gets the settings of its arm under a version of their own, and those of no arm untouched', () => {
    const slim = made('slim', { arms: { off: { weight: 0 }, on: { slim: true, min_quality: 0.9, cache: false } } });
    const trial = trialsOf(slim).enrol(inbound())!;
    expect(trial.settings.version).not.toBe(settings.version);
    expect(trial.settings.routing.slim).toBe(true);
    expect(trial.settings.cache.enabled).toBe(false);
    for (const task of trial.settings.tasks.values()) expect([task.slim, task.minQuality]).toEqual([true, 0.9]);
    const again = trialsOf(slim).enrol(inbound({ id: 'req_2' }))!;
    expect(again.settings).toBe(trial.settings);
    const control = made('voices', { arms: { one: {}, two: { weight: 0, strategy: 'dual' } } });
    expect(trialsOf(control).enrol(inbound())!.settings).toBe(settings);
  });

  it('takes part in one of a layer and in all layers, forced arms first', () => {
    const all = [
      made('voices', voices),
      made('other', voices),
      made('slim', { layer: 'prompt', arms: { off: {}, on: { slim: true } } }),
    ];
    const part = trialsOf(...all).enrol(inbound())!.part;
    expect(part).toHaveLength(2);
    const forced = trialsOf(...all).enrol(inbound({ experiment: 'other=two' }))!.part;
    expect(forced.map(({ experiment, forced: wished }) => [experiment, wished])).toEqual([
      ['other', true],
      ['slim', false],
    ]);
  });

  it('that a stopped arm would get is served as the control is, and counts no more', () => {
    const stopped = (input: object): Experiment =>
      designOf('voices', experimentSchema.parse(input), { stopped: { two: 'errors' } }, 'config');
    const plain = trialsOf(stopped({ arms: { one: { weight: 0 }, two: { strategy: 'dual' } } })).enrol(inbound())!;
    expect([plain.part, plain.inbound.wishes.strategy]).toEqual([[], null]);
    const other = { arms: { one: { weight: 0, strategy: 'single' }, two: { strategy: 'dual' } } };
    const served = trialsOf(stopped(other)).enrol(inbound())!;
    expect([served.part, served.inbound.wishes.strategy]).toEqual([[], 'single']);
  });
});
