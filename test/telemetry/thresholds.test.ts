// A stage over its threshold is told once; nothing else is.
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { slowStages } from '../../src/telemetry/index.ts';

const THRESHOLDS = { members: 5_000, rankings: 5_000, synthesis: 7_000 };

const record = (stages: Record<string, number>, more = {}) => ({
  stream: false,
  strategy: 'council',
  timings: { totalMs: 0, firstByteMs: null, upstreamMs: 0, overheadMs: 0, stages },
  ...more,
});

it('Π12 a stage over its threshold gives exactly one warning, and no other does', () => {
  const ms = fc.oneof(fc.double({ min: 0, max: 20_000, noNaN: true }), fc.constantFrom(5_000, 7_000, 5_000.001));
  const stages = fc.dictionary(fc.constantFrom('route', 'members', 'rankings', 'synthesis'), ms);
  fc.assert(
    fc.property(stages, (spent) => {
      const expected = Object.entries(THRESHOLDS).filter(([stage, most]) => (spent[stage] ?? 0) > most);
      const told = slowStages(record(spent), THRESHOLDS);
      expect(told.map(({ stage }) => stage).sort()).toEqual(expected.map(([stage]) => stage).sort());
      for (const { stage, ms: took, thresholdMs } of told)
        expect([took > thresholdMs, took]).toEqual([true, spent[stage]]);
    }),
    { numRuns: 300 },
  );
});

it("a single model's stream is late when it begins late, not when it is long", () => {
  const streamed = { stream: true, strategy: 'single' };
  const timings = { totalMs: 60_000, firstByteMs: 400, upstreamMs: 0, overheadMs: 0, stages: { members: 60_000 } };
  expect(slowStages(record({}, { ...streamed, timings }), THRESHOLDS)).toEqual([]);
  expect(slowStages(record({}, { ...streamed, timings: { ...timings, firstByteMs: 6_000 } }), THRESHOLDS)).toHaveLength(
    1,
  );
});
