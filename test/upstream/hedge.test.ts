// When a silent stream gets a rival: past the 95th percentile of its model, at most one in twenty.
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { createHedges } from '../../src/upstream/index.ts';

it('knows the 95th percentile of a model once it has seen enough of it', () => {
  const hedges = createHedges();
  for (let ms = 1; ms < 20; ms++) hedges.saw('a', ms);
  expect(hedges.afterMs('a')).toBeNull();
  hedges.saw('a', 20);
  expect(hedges.afterMs('a')).toBe(20);
  for (let ms = 21; ms <= 100; ms++) hedges.saw('a', ms);
  expect(hedges.afterMs('a')).toBe(96);
  expect(hedges.afterMs('b')).toBeNull();
});

it('forgets how a model was long ago', () => {
  const hedges = createHedges();
  for (let turn = 0; turn < 128; turn++) hedges.saw('a', 1_000);
  for (let turn = 0; turn < 128; turn++) hedges.saw('a', 10);
  expect(hedges.afterMs('a')).toBe(10);
});

it('never sends more than one in twenty, whatever the order', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 500 }), (steps) => {
      const hedges = createHedges();
      let [streams, sent] = [0, 0];
      for (const isStream of steps) {
        if (isStream) {
          hedges.saw('a', 5);
          streams++;
        } else if (hedges.take()) sent++;
        expect(sent).toBeLessThanOrEqual(streams * 0.05 + 1e-9);
      }
    }),
    { numRuns: 200 },
  );
});
