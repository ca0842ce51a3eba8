// Looking every day must fool nobody: seeded simulations of what bench/experiments runs at full size.
import { describe, expect, it } from 'vitest';
import { resultsOf, sumsOf } from '../../src/experiment/index.ts';
import { logGamma, below } from '../../src/experiment/gamma.ts';
import { reach, samplesFor, shareInterval } from '../../src/experiment/sequence.ts';
import { sampleRatio } from '../../src/experiment/sample-ratio.ts';
import { chancesOf } from '../../src/experiment/chances.ts';
import { liftOf } from '../../src/experiment/lift.ts';
import { experiment, seeded, simulate } from './simulated.ts';

const RUNS = 200;

describe('an A/A test looked at after every hundred requests', () => {
  it('names a winner or a loser in at most 5 % of runs', () => {
    let wrong = 0;
    for (let seed = 1; seed <= RUNS; seed += 1) {
      simulate({ seed, truth: { one: 0.85, triple: 0.85 }, looks: 20 }, ({ decision }) => {
        const decided = decision.state === 'winner' || decision.state === 'harmful';
        if (decided) wrong += 1;
        return decided;
      });
    }
    expect(wrong / RUNS).toBeLessThanOrEqual(0.05);
  });

  it('would name one far more often with intervals that hold for one look only', () => {
    let wrong = 0;
    for (let seed = 1; seed <= RUNS; seed += 1) {
      const random = seeded(seed);
      const seen = { one: { n: 0, sum: 0 }, two: { n: 0, sum: 0 } };
      for (let nth = 1; nth <= 2_000; nth += 1) {
        const arm = random() < 0.5 ? seen.one : seen.two;
        arm.n += 1;
        arm.sum += random() < 0.85 ? 1 : 0;
        if (nth % 100 !== 0) continue;
        const [a, b] = [seen.one.sum / seen.one.n, seen.two.sum / seen.two.n];
        if (Math.abs(a - b) <= 1.96 * Math.sqrt((a * (1 - a)) / seen.one.n + (b * (1 - b)) / seen.two.n)) continue;
        wrong += 1;
        break;
      }
    }
    expect(wrong / RUNS).toBeGreaterThan(0.1);
  });
});

describe('an A/B test with a known lift', () => {
  it('finds it, and its interval covers it at every look in at least 95 % of runs', () => {
    let [found, covered] = [0, 0];
    const runs = 60;
    for (let seed = 1; seed <= runs; seed += 1) {
      let covers = true;
      let winner: string | null = null;
      simulate({ seed, truth: { one: 0.7, triple: 0.8 }, looks: 25 }, ({ arms, decision }) => {
        const { low, high } = arms[1]!.lifts.quality!;
        covers &&= low <= 0.1 && high >= 0.1;
        if (decision.state === 'winner') winner ??= decision.arm;
        return false;
      });
      if (covers) covered += 1;
      if (winner === 'triple') found += 1;
    }
    expect(found / runs).toBeGreaterThan(0.95);
    expect(covered / runs).toBeGreaterThanOrEqual(0.95);
  });

  it('says that an arm does harm, and that there is no difference worth having', () => {
    const states = new Set<string>();
    simulate({ seed: 3, truth: { one: 0.8, triple: 0.5 }, looks: 20 }, ({ decision }) => {
      states.add(decision.state);
      return decision.state !== 'collecting';
    });
    expect([...states].at(-1)).toBe('harmful');
    let last = '';
    simulate({ seed: 4, truth: { one: 0.8, triple: 0.8 }, looks: 60, input: { min_effect: 0.1 } }, ({ decision }) => {
      last = decision.state;
      return last !== 'collecting';
    });
    expect(last).toBe('no_difference');
  });

  it('tells about how many more requests it takes', () => {
    let told: number | null = null;
    let took = 0;
    simulate({ seed: 5, truth: { one: 0.7, triple: 0.8 }, looks: 60 }, ({ decision, samplesNeeded }, nth) => {
      if (nth === 4) told = samplesNeeded;
      took = nth * 100;
      return decision.state !== 'collecting';
    });
    expect(told).toBeGreaterThan(0);
    expect(told! + 400).toBeGreaterThan(took / 4);
    expect(told! + 400).toBeLessThan(took * 4);
  });
});

describe('requests of one user', () => {
  const crowd = (unit: (nth: number) => string | null) => {
    const random = seeded(11);
    const quality = new Map<string, number>();
    const sums: Record<string, number> = {};
    for (let nth = 0; nth < 4_000; nth += 1) {
      const user = `user ${nth % 200}`;
      if (!quality.has(user)) quality.set(user, random() < 0.5 ? 1 : 0);
      for (const [name, value] of Object.entries(sumsOf({ quality: quality.get(user)! }, unit(nth))))
        sums[name] = (sums[name] ?? 0) + value;
    }
    return sums;
  };

  it('that are alike count for fewer: the interval is as wide as that of the users', () => {
    const byRequest = crowd(() => null);
    const byUser = crowd((nth) => ((nth % 200) * 7919).toString(16).padStart(12, '0'));
    const width = (sums: Record<string, number>): number => {
      const { low, high } = liftOf(sums, sums, 'quality', 0.05, null)!;
      return high - low;
    };
    expect(width(byUser)).toBeGreaterThan(3 * width(byRequest));
  });

  it('of fewer users than can be judged decide nothing', () => {
    const few = {
      ...sumsOf({ quality: 1 }, '000000000001'),
      'quality.n': 500,
      'quality.sum': 500,
      'quality.squares': 500,
    };
    const none = { ...few, 'quality.sum': 0, 'quality.squares': 0 };
    expect(liftOf(few, none, 'quality', 0.05, null)?.standing).toBe('open');
  });
});

describe('the split', () => {
  it('that is right is never suspected, and one that is wrong is', () => {
    const random = seeded(7);
    const counts = [0, 0];
    let suspected = 0;
    for (let nth = 1; nth <= 20_000; nth += 1) {
      counts[random() < 0.5 ? 0 : 1]! += 1;
      if (nth % 100 === 0 && !sampleRatio(counts, [1, 1]).ok) suspected += 1;
    }
    expect(suspected).toBe(0);
    expect(sampleRatio([5_300, 4_700], [1, 1]).ok).toBe(false);
    expect(sampleRatio([9_010, 990], [9, 1]).ok).toBe(true);
  });

  it('that is wrong keeps the decision open', () => {
    const sums = (units: number, mean: number) => ({
      units,
      'quality.n': units,
      'quality.sum': units * mean,
      'quality.squares': units * mean,
    });
    const { decision } = resultsOf(
      experiment(),
      new Map([
        ['one', sums(6_000, 0.5)],
        ['triple', sums(4_000, 0.9)],
      ]),
    );
    expect(decision).toMatchObject({ state: 'collecting', because: expect.stringContaining('did not fall') as string });
  });
});

describe('the mathematics', () => {
  it('agrees with tables', () => {
    expect(logGamma(10)).toBeCloseTo(Math.log(362_880), 9);
    expect(logGamma(0.5)).toBeCloseTo(Math.log(Math.sqrt(Math.PI)), 9);
    expect(below(1.959964)).toBeCloseTo(0.975, 6);
    expect(below(-5)).toBeCloseTo(2.866516e-7, 12);
  });
  it('reaches less far the more was seen, and as far as it says', () => {
    expect(reach(0.5, 1_000, 0.05)).toBeLessThan(reach(0.5, 100, 0.05));
    const needed = samplesFor(0.5, 0.02, 0.05);
    expect(reach(0.5, needed, 0.05)).toBeLessThanOrEqual(0.02);
    expect(reach(0.5, needed * 0.95, 0.05)).toBeGreaterThan(0.02);
  });
  it('bounds a share at any number of samples', () => {
    expect(shareInterval(0, 0, 0.05)).toEqual({ low: 0, high: 1 });
    expect(shareInterval(0, 50, 0.05)).toMatchObject({ low: 0 });
    expect(shareInterval(0, 50, 0.05).high).toBeLessThan(0.2);
    const { low, high } = shareInterval(30, 100, 0.05);
    expect(low).toBeGreaterThan(0.1);
    expect(low).toBeLessThan(0.3);
    expect(high).toBeGreaterThan(0.3);
  });
  it('tells who is probably the best', () => {
    const even = chancesOf([
      { mean: 0.5, variance: 0.01 },
      { mean: 0.5, variance: 0.01 },
    ]);
    expect(even[0]!.best).toBeCloseTo(0.5, 6);
    expect(even[0]!.loss).toBeCloseTo(Math.sqrt(0.02) / Math.sqrt(2 * Math.PI), 4);
    const clear = chancesOf([
      { mean: 0.5, variance: 1e-6 },
      { mean: 0.9, variance: 1e-6 },
      { mean: 0.1, variance: 4 },
    ]);
    expect(clear[1]!.best).toBeGreaterThan(0.6);
    expect(clear[0]!.best).toBeLessThan(0.01);
  });
});
