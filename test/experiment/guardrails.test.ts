// Arms that do harm are found early, and those that do none are left alone.
import { expect, it } from 'vitest';
import type { Sums } from '../../src/contract/index.ts';
import { plus, sumsOf, tripped, type Shown } from '../../src/experiment/index.ts';
import { experiment, seeded } from './simulated.ts';

const many = (count: number, one: (random: () => number) => Shown, seed = 1): Sums => {
  const random = seeded(seed);
  let sums: Sums = {};
  for (let nth = 0; nth < count; nth += 1) sums = plus(sums, sumsOf(one(random), null));
  return sums;
};
const good = (random: () => number): Shown => ({
  errors: 0,
  cost: 0.001 * (0.5 + random()),
  latency: 500 + 500 * random(),
});

it('an arm that fails is stopped after a few dozen requests', () => {
  const bad = many(40, (random) => ({ ...good(random), errors: random() < 0.8 ? 1 : 0 }));
  const stopped = tripped(
    experiment(),
    new Map([
      ['one', many(40, good)],
      ['triple', bad],
    ]),
  );
  expect([...stopped.keys()]).toEqual(['triple']);
  expect(stopped.get('triple')).toMatch(/^errors: \d/);
});

it('an arm that costs or takes more than it may is stopped, where there is a limit', () => {
  const dear = many(80, (random) => ({ ...good(random), cost: 0.003 }));
  const slow = many(80, (random) => ({ ...good(random), latency: 4_000 }));
  const limited = experiment({ guardrails: { cost: 1, p95: 1 } });
  const control = many(80, good);
  expect(
    tripped(
      limited,
      new Map([
        ['one', control],
        ['triple', dear],
      ]),
    ).get('triple'),
  ).toMatch(/^cost/);
  expect(
    tripped(
      limited,
      new Map([
        ['one', control],
        ['triple', slow],
      ]),
    ).get('triple'),
  ).toMatch(/^p95/);
  expect(
    tripped(
      experiment(),
      new Map([
        ['one', control],
        ['triple', dear],
      ]),
    ).size,
  ).toBe(0);
});

it('one that is like the control goes on, however often one looks', () => {
  const limited = experiment({ guardrails: { error_rate: 0, cost: 0.1, p95: 0.1 } });
  const [one, two] = [seeded(5), seeded(6)];
  let [control, arm]: [Sums, Sums] = [{}, {}];
  for (let nth = 1; nth <= 3_000; nth += 1) {
    const like = (random: () => number): Shown => ({ ...good(random), errors: random() < 0.05 ? 1 : 0 });
    control = plus(control, sumsOf(like(one), null));
    arm = plus(arm, sumsOf(like(two), null));
    if (nth % 30 === 0)
      expect([
        ...tripped(
          limited,
          new Map([
            ['one', control],
            ['triple', arm],
          ]),
        ),
      ]).toEqual([]);
  }
});
