// Percentiles within the stated precision, however the sample was cut into parts.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createHistogram, type Histogram, RELATIVE_ERROR } from '../../src/telemetry/index.ts';

const sample = fc.array(
  fc.oneof(
    fc.double({ min: 1e-6, max: 1e7, noNaN: true }),
    fc.integer({ min: 0, max: 20_000 }),
    fc.constantFrom(0, 1, 1, 1, 1_000),
  ),
  { minLength: 1, maxLength: 400 },
);
const quantiles = fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 0.5, 0.9, 0.95, 0.99, 1));

/** The definition: the smallest value that at least `q` of all don't exceed. */
function exact(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil(q * sorted.length)) - 1]!;
}

function histogramOf(values: readonly number[]): Histogram {
  const histogram = createHistogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

describe('histogram', () => {
  it('Π13 percentiles equal the definition within 1 %', () => {
    fc.assert(
      fc.property(sample, quantiles, (values, q) => {
        const [found, wanted] = [histogramOf(values).quantile(q)!, exact(values, q)];
        expect(Math.abs(found - wanted)).toBeLessThanOrEqual(RELATIVE_ERROR * wanted * (1 + 1e-9));
      }),
      { numRuns: 1_000 },
    );
  });

  it('Π13 parts merged, also by way of JSON, are the whole', () => {
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1, maxLength: 4 }), quantiles, (parts, q) => {
        const merged = createHistogram();
        for (const part of parts)
          merged.merge(
            createHistogram(JSON.parse(JSON.stringify(histogramOf(part))) as ReturnType<Histogram['toJSON']>),
          );
        const whole = histogramOf(parts.flat());
        expect(merged.quantile(q)).toBe(whole.quantile(q));
        expect([merged.count(), merged.min(), merged.max()]).toEqual([whole.count(), whole.min(), whole.max()]);
        expect(merged.sum()).toBeCloseTo(whole.sum(), -3);
      }),
      { numRuns: 200 },
    );
  });

  it('is empty at first, takes negatives for zero, and leaves out what is no number', () => {
    const histogram = createHistogram();
    expect([histogram.quantile(0.5), histogram.min(), histogram.max(), histogram.count()]).toEqual([
      null,
      null,
      null,
      0,
    ]);
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, -5, 1e-9]) histogram.record(value);
    expect([histogram.quantile(0.5), histogram.count(), histogram.sum()]).toEqual([0, 2, 0]);
    const merged = createHistogram(createHistogram().toJSON());
    expect(merged.quantile(1)).toBeNull();
  });

  it('stays small: ten decades fit into some hundred buckets', () => {
    const histogram = createHistogram();
    for (let value = 1e-3; value < 1e7; value *= 1.003) histogram.record(value);
    expect(histogram.count()).toBeGreaterThan(7_000);
    expect(histogram.toJSON().buckets.length).toBeLessThan(1_200);
  });
});
