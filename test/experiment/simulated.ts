// Seeded experiments in memory: arms with a known truth, looked at after every hundred requests.
import { experimentSchema, type Experiment, type ExperimentInput, type Sums } from '../../src/contract/index.ts';
import { designOf, plus, resultsOf, sumsOf, type Results } from '../../src/experiment/index.ts';

/** Mulberry32. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function experiment(input: Partial<ExperimentInput> = {}, name = 'trial'): Experiment {
  const arms = { one: {}, triple: { strategy: 'triple' as const } };
  return designOf(name, experimentSchema.parse({ sticky: 'request', arms, ...input }), {}, 'config');
}

interface Simulation {
  readonly seed: number;
  /** Share of right answers by arm. */
  readonly truth: Readonly<Record<string, number>>;
  readonly looks: number;
  readonly input?: Partial<ExperimentInput>;
}

const PER_LOOK = 100;

/** Calls `look` with the results after every hundred requests; stops when it says so. */
export function simulate(
  { seed, truth, looks, input = {} }: Simulation,
  look: (results: Results, nth: number) => boolean,
): void {
  const random = seeded(seed);
  const design = experiment(input);
  const sums = new Map<string, Sums>();
  const arms = design.arms.map(({ name }) => name);
  for (let nth = 1; nth <= looks; nth += 1) {
    const right = new Map(arms.map((arm) => [arm, [0, 0]]));
    for (let request = 0; request < PER_LOOK; request += 1) {
      const arm = arms[Math.floor(random() * arms.length)]!;
      right.get(arm)![random() < truth[arm]! ? 1 : 0]! += 1;
    }
    for (const [arm, counts] of right)
      for (const [quality, count] of counts.entries()) {
        const shown = { ...sumsOf({ quality }, null), requests: 1, exposures: 1, units: 1 };
        const all = Object.entries(shown).map(([name, value]): [string, number] => [name, value * count]);
        sums.set(arm, plus(sums.get(arm) ?? {}, Object.fromEntries(all)));
      }
    if (look(resultsOf(design, sums), nth)) return;
  }
}
