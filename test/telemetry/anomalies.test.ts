// A model that is not as it used to be at this time of day is told once; what is usual for it is not.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HourRow, Nano, PerformanceStore } from '../../src/contract/index.ts';
import { oddities, type HourFigures } from '../../src/telemetry/anomalies.ts';
import { createAnomalyWatch, type Anomaly } from '../../src/telemetry/index.ts';
import { createTally, hourOf } from '../../src/telemetry/tally.ts';
import { attemptOf, recordOf, START } from '../store/fixtures.ts';
import { simulatedClock } from '../support/simulated-clock.ts';

const HOUR = 3_600_000;
const NOW = hourOf(START) + 14 * 24 + 9;
const steady: HourFigures = { calls: 200, latency: 800, error_rate: 0.02, cost: 0.001, agreement: 0.9 };

/** Two weeks, each hour made by `of`. */
const past = (of: (hour: number) => HourFigures): ReadonlyMap<number, HourFigures> =>
  new Map(Array.from({ length: 14 * 24 }, (_, nth) => [NOW - 14 * 24 + nth, of(NOW - 14 * 24 + nth)] as const));
const found = (now: Partial<HourFigures>, before: ReadonlyMap<number, HourFigures>): readonly string[] =>
  oddities({ ...steady, ...now }, NOW, before).odd.map(({ measure }) => measure);

describe('what is odd', () => {
  it('is what is far from its own hours before, with the figure and the expectation', () => {
    const before = past(() => steady);
    expect(found({}, before)).toEqual([]);
    expect(found({ latency: 1_600 }, before)).toEqual(['latency']);
    expect(found({ error_rate: 0.2 }, before)).toEqual(['error_rate']);
    expect(found({ cost: 0.002 }, before)).toEqual(['cost']);
    expect(found({ agreement: 0.6 }, before)).toEqual(['agreement']);
    expect(oddities({ ...steady, latency: 1_600 }, NOW, before).odd[0]).toMatchObject({ value: 1_600, expected: 800 });
  });

  it('better than usual is not odd, and a hair is none where all was steady', () => {
    const before = past(() => steady);
    expect(found({ latency: 10, error_rate: 0, cost: 0.0001, agreement: 1 }, before)).toEqual([]);
    expect(found({ latency: 840, error_rate: 0.03, cost: 0.0011, agreement: 0.87 }, before)).toEqual([]);
  });

  it('knows the time of day: what is slow every morning is usual in the morning, and odd at night', () => {
    const busyNow = past((hour) => ({
      ...steady,
      latency: (((hour - NOW) % 24) + 24) % 24 === 0 || Math.abs((hour - NOW) % 24) % 22 <= 1 ? 3_000 : 500,
    }));
    expect(found({ latency: 3_100 }, busyNow)).toEqual([]);
    const quietNow = past((hour) => ({
      ...steady,
      latency: [0, 1, 23].includes((((hour - NOW) % 24) + 24) % 24) ? 500 : 3_000,
    }));
    expect(found({ latency: 3_100 }, quietNow)).toEqual(['latency']);
  });

  it('needs to know enough of before and of now', () => {
    expect(found({ latency: 9_000 }, new Map([[NOW - 1, steady]]))).toEqual([]);
    expect(
      found(
        { latency: null, error_rate: null, cost: null, agreement: null },
        past(() => steady),
      ),
    ).toEqual([]);
  });

  it('is never what is less than half as much again as usual', () => {
    const jitter = fc.array(fc.double({ min: 0.85, max: 1.2, noNaN: true }), { minLength: 337, maxLength: 337 });
    fc.assert(
      fc.property(jitter, (factors) => {
        const before = past((hour) => ({
          ...steady,
          latency: 800 * factors[hour - NOW + 14 * 24]!,
          cost: 0.001 * factors[NOW - hour]!,
        }));
        expect(found({ latency: 800 * factors[336]!, cost: 0.001 * factors[0]! }, before)).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});

function storeOf(rows: ReadonlyMap<number, readonly HourRow[]>, read: number[] = []): PerformanceStore {
  return {
    keep: () => undefined,
    forget: () => undefined,
    hours: (from, to) => [...rows.keys()].filter((hour) => hour >= from && hour <= to),
    ofHour: (hour) => {
      read.push(hour);
      return rows.get(hour) ?? [];
    },
  };
}

/** An hour of 40 calls that took about `ms`. */
function hourRows(at: number, ms: number): readonly HourRow[] {
  const tally = createTally();
  for (let nth = 0; nth < 40; nth += 1)
    tally.observe(
      recordOf(`r${nth}`, { at, attempts: [attemptOf('a', { startedMs: 0, endedMs: ms + nth, cost: 5_000 as Nano })] }),
    );
  return tally.take(Number.POSITIVE_INFINITY);
}

it('says it once, also over many looks, and once when it is over; history is read once', async () => {
  const clock = simulatedClock();
  const first = hourOf(clock.now());
  const rows = new Map(
    Array.from({ length: 30 }, (_, nth) => [first - 30 + nth, hourRows((first - 30 + nth) * HOUR, 500)]),
  );
  const told: Anomaly[] = [];
  const read: number[] = [];
  const watch = createAnomalyWatch({
    store: storeOf(rows, read),
    clock,
    isOn: () => true,
    tell: (anomaly) => told.push(anomaly),
    onTrouble: (error) => {
      throw error;
    },
  });
  rows.set(first, hourRows(clock.now(), 2_500));
  await clock.advance(10 * 60_000);
  expect(told).toMatchObject([{ model: 'a', measure: 'latency', ended: null }]);
  expect(watch.list()).toHaveLength(1);
  expect(told[0]!.value).toBeGreaterThan(2_400);
  expect(told[0]!.expected).toBeLessThan(600);
  expect(read.filter((hour) => hour === first - 1)).toHaveLength(1);

  rows.set(first, hourRows(clock.now(), 510));
  await clock.advance(2 * 60_000);
  expect(told).toHaveLength(2);
  expect(told[1]!.ended).not.toBeNull();
  expect(watch.list()[0]!.ended).not.toBeNull();
  watch.stop();
});
