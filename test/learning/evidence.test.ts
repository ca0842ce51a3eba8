// Confidence from outcomes: bounded, moving towards what is seen, the same however the evidence was gathered.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEvidence, type Outcome } from '../../src/learning/index.ts';
import { testModel } from '../support/settings.ts';

const DAY = 86_400_000;
const OPTIONS = { halfLifeMs: 7 * DAY, priorStrength: 8 };
const MODELS = ['a', 'b', 'c'].map((name, nth) =>
  testModel({ name, quality: 5 + nth, strengths: nth === 2 ? ['math'] : [] }),
);
const TENANTS = ['t1', 't2'];
const TASKS = ['math', 'code'];

const outcome: fc.Arbitrary<Outcome> = fc.record({
  tenant: fc.constantFrom(...TENANTS),
  task: fc.constantFrom(...TASKS),
  model: fc.constantFrom('a', 'b', 'c'),
  good: fc.double({ min: 0, max: 1, noNaN: true }),
  weight: fc.double({ min: 0, max: 3, noNaN: true }),
  at: fc.nat({ max: 60 * DAY }),
});
const outcomes = fc.array(outcome, { maxLength: 60 });
/** None so bad that a change is suspected: what is then set aside depends on the order. */
const steady = fc.array(
  outcome.map((one) => ({ ...one, good: 0.6 + one.good * 0.4 })),
  { maxLength: 60 },
);

const learnt = (seen: readonly Outcome[]) => {
  const evidence = createEvidence(OPTIONS, []);
  for (const one of seen) evidence.observe(one);
  return evidence;
};

/** Every confidence there is, in order. */
const view = (evidence: ReturnType<typeof createEvidence>, now: number): number[] =>
  MODELS.flatMap((model) =>
    TASKS.flatMap((task) =>
      [...TENANTS, null].flatMap((tenant) => {
        const { quality, samples } = evidence.quality(model, task, tenant, now);
        return [quality, samples];
      }),
    ),
  );

const expectAlike = (left: readonly number[], right: readonly number[]): void => {
  left.forEach((value, at) => expect(value).toBeCloseTo(right[at]!, 8));
};

describe('evidence', () => {
  it('starts from the catalog: the better model first, and a strength counts', () => {
    const evidence = createEvidence(OPTIONS, []);
    const [a, b, c] = MODELS.map((model) => evidence.quality(model, 'code', null, 0).quality);
    expect(a).toBeLessThan(b!);
    expect(b).toBeLessThan(c!);
    expect(evidence.quality(MODELS[2]!, { name: 'math' }, null, 0).quality).toBeGreaterThan(c!);
    expect(evidence.quality(MODELS[0]!, 'code', null, 0).samples).toBe(0);
  });

  it('Π16 confidence stays in [0, 1]', () => {
    fc.assert(
      fc.property(outcomes, fc.nat({ max: 400 * DAY }), (seen, now) => {
        view(learnt(seen), now).forEach((value, nth) => {
          expect(value).toBeGreaterThanOrEqual(0);
          if (nth % 2 === 0) expect(value).toBeLessThanOrEqual(1);
        });
      }),
      { numRuns: 200 },
    );
  });

  it('Π16 confidence moves towards what is observed, for the tenant and for all', () => {
    fc.assert(
      fc.property(outcomes, outcome, fc.constantFrom(0, 1), (seen, next, good) => {
        const evidence = learnt(seen);
        const now = 61 * DAY;
        const model = MODELS.find(({ name }) => name === next.model)!;
        for (const tenant of [next.tenant, null]) {
          const before = evidence.quality(model, next.task, tenant, now).quality;
          evidence.observe({ ...next, good, weight: 1, at: now });
          const after = evidence.quality(model, next.task, tenant, now).quality;
          expect(Math.abs(after - good)).toBeLessThan(Math.abs(before - good) + 1e-12);
          if (Math.abs(before - good) > 1e-6) expect(after).not.toBe(before);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('Π16 the fewer the samples, the nearer it stays to the prior; one never swings it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom(0, 1),
        (some, more, good) => {
          const after = (count: number): number =>
            learnt(
              Array.from({ length: count }, () => ({ tenant: 't1', task: 'math', model: 'a', good, weight: 1, at: 0 })),
            ).quality(MODELS[0]!, 'math', null, 0).quality;
          const prior = after(0);
          expect(Math.abs(after(some + more) - prior)).toBeGreaterThan(Math.abs(after(some) - prior));
          expect(Math.abs(after(1) - prior)).toBeLessThan(0.1);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('Π16 two processes that add their sums know what one knows that saw all', () => {
    fc.assert(
      fc.property(steady, fc.array(fc.boolean(), { minLength: 60, maxLength: 60 }), (seen, here) => {
        const one = learnt(seen);
        const left = learnt(seen.filter((_, nth) => here[nth]));
        const right = learnt(seen.filter((_, nth) => !here[nth]));
        const merged = createEvidence(OPTIONS, [...left.snapshot(), ...right.snapshot()]);
        expectAlike(view(merged, 61 * DAY), view(one, 61 * DAY));
      }),
      { numRuns: 150 },
    );
  });

  it('Π16 a restart changes nothing, from the snapshot or from the deltas', () => {
    fc.assert(
      fc.property(steady, (seen) => {
        const evidence = createEvidence(OPTIONS, []);
        const deltas = seen.flatMap((one) => evidence.observe(one));
        const now = 61 * DAY;
        expectAlike(view(createEvidence(OPTIONS, evidence.snapshot()), now), view(evidence, now));
        expectAlike(view(createEvidence(OPTIONS, deltas), now), view(evidence, now));
      }),
      { numRuns: 150 },
    );
  });

  it('forgets by half every half-life', () => {
    const evidence = learnt(
      Array.from({ length: 32 }, () => ({ tenant: 't1', task: 'math', model: 'a', good: 0, weight: 1, at: 0 })),
    );
    const at = (days: number) => evidence.quality(MODELS[0]!, 'math', null, days * DAY);
    expect(at(0).samples).toBe(32);
    expect(at(7).samples).toBeCloseTo(16, 6);
    expect(at(7).quality).toBeGreaterThan(at(0).quality);
    expect(at(700).quality).toBeCloseTo(createEvidence(OPTIONS, []).quality(MODELS[0]!, 'math', null, 0).quality, 6);
  });

  it('tells a tenant apart from the rest, and a new tenant starts from the rest', () => {
    const rows = (tenant: string, good: number, count: number): Outcome[] =>
      Array.from({ length: count }, () => ({ tenant, task: 'math', model: 'a', good, weight: 1, at: 0 }));
    const evidence = learnt([...rows('t1', 0, 30), ...rows('t2', 1, 30)]);
    const of = (tenant: string) => evidence.quality(MODELS[0]!, 'math', tenant, 0).quality;
    expect(of('t1')).toBeLessThan(of('new'));
    expect(of('new')).toBeLessThan(of('t2'));
  });

  it('an easy task does not speak for a hard one', () => {
    const easy = Array.from({ length: 500 }, () => ({
      tenant: 't1',
      task: 'code',
      model: 'a',
      good: 1,
      weight: 1,
      at: 0,
    }));
    const evidence = learnt(easy);
    const prior = createEvidence(OPTIONS, []).quality(MODELS[0]!, 'math', null, 0).quality;
    const math = evidence.quality(MODELS[0]!, 'math', null, 0).quality;
    expect(math).toBeGreaterThan(prior);
    expect(math).toBeLessThan(prior + (1 - prior) * 0.51);
  });

  it('leaves a model that silently gets worse within 100 outcomes', () => {
    const evidence = learnt(
      Array.from({ length: 100 }, (_, nth) => ({
        tenant: 't1',
        task: 'math',
        model: 'c',
        good: 1,
        weight: 1,
        at: nth,
      })),
    );
    let count = 0;
    const best = () => evidence.quality(MODELS[2]!, 'math', 't1', 200).quality;
    const other = evidence.quality(MODELS[1]!, 'math', 't1', 200).quality;
    while (best() > other && count < 300) {
      evidence.observe({
        tenant: 't1',
        task: 'math',
        model: 'c',
        good: count % 5 < 3 ? 0 : 1,
        weight: 1,
        at: 200 + count,
      });
      count += 1;
    }
    expect(count).toBeLessThanOrEqual(100);
  });

  it('reports significant changes once, with before, after and why', () => {
    const evidence = createEvidence(OPTIONS, []);
    for (let nth = 0; nth < 10; nth += 1) {
      evidence.observe({ tenant: 't1', task: 'math', model: 'a', good: 0, weight: 1, at: nth }, MODELS[0]);
    }
    const changes = evidence.changes();
    expect(changes.length).toBeGreaterThan(0);
    expect(changes.length).toBeLessThan(10);
    expect(changes[0]).toMatchObject({ task: 'math', model: 'a', why: expect.stringContaining('worse') });
    for (const change of changes) expect(Math.abs(change.after - change.before)).toBeGreaterThanOrEqual(0.05);
    for (const [nth, change] of changes.entries()) if (nth > 0) expect(change.before).toBe(changes[nth - 1]!.after);
    expect(evidence.changes()).toEqual([]);
  });

  it('survives signals that make no sense', () => {
    const evidence = createEvidence(OPTIONS, []);
    const odd = { tenant: 't1', task: 'math', model: 'a', at: 0 };
    evidence.observe({ ...odd, good: Number.NaN, weight: Number.NaN });
    evidence.observe({ ...odd, good: 9, weight: -3 });
    evidence.observe({ ...odd, good: 1, weight: 1e9 });
    const { quality, samples } = evidence.quality(MODELS[0]!, 'math', 't1', 0);
    expect(quality).toBeGreaterThan(0);
    expect(quality).toBeLessThan(1);
    expect(samples).toBeLessThanOrEqual(5);
  });
});
