// Requests don't stand in each other's way: many at once take as long as one alone, in simulated time over the whole path.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { testPath } from '../support/path.ts';

const MOST = 1.2;
const NAMES = ['aster-nano', 'birch-mini', 'cedar-flash', 'dahlia-pro', 'elm-large', 'fern-deep'];
const modelsOf = (latencyMs: number) => Object.fromEntries(NAMES.map((name) => [name, { latencyMs }]));

describe('side by side', () => {
  it('Π2 with up to 100 at once no request takes more than 120 % of what it takes alone', async () => {
    const strategy = fc.constantFrom('single' as const, 'dual' as const, 'triple' as const, 'council' as const);
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          { weight: 19, arbitrary: fc.integer({ min: 1, max: 12 }) },
          { weight: 1, arbitrary: fc.constant(100) },
        ),
        strategy,
        fc.boolean(),
        fc.integer({ min: 1, max: 3_000 }),
        async (count, wanted, stream, latencyMs) => {
          const models = modelsOf(latencyMs);
          const took = async (many: number): Promise<number[]> => {
            const path = testPath(models);
            const begun = Array.from({ length: many }, (_, nth) =>
              path.begin(
                { messages: [{ role: 'user', content: `Question ${nth}` }], stream },
                { wishes: { strategy: wanted }, cache: 'off', tenant: `t${nth % 7}` },
              ),
            );
            await path.clock.runUntil(Promise.all(begun));
            return path.records.map(({ timings }) => timings.totalMs);
          };
          const [alone] = await took(1);
          const together = await took(count);
          expect(together).toHaveLength(count);
          expect(Math.max(...together)).toBeLessThanOrEqual(MOST * alone!);
        },
      ),
      {
        numRuns: 100,
        examples: [
          [100, 'dual', false, 700],
          [100, 'single', true, 700],
        ],
      },
    );
  }, 60_000);

  it('Π6 a request takes what its model takes, and nothing is added', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 5_000 }),
        fc.integer({ min: 1, max: 20 }),
        async (latencyMs, count) => {
          const path = testPath(modelsOf(latencyMs));
          const wishes = { strategy: 'single' as const };
          const begun = Array.from({ length: count }, (_, nth) =>
            path.begin({ messages: [{ role: 'user', content: `Question ${nth}` }] }, { wishes, cache: 'off' }),
          );
          await path.clock.runUntil(Promise.all(begun));
          for (const { attempts } of path.records) {
            expect(attempts.map(({ startedMs, endedMs, queueMs }) => [startedMs, endedMs, queueMs])).toEqual([
              [0, latencyMs, undefined],
            ]);
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});
