// Calendar periods: they tile time without gap or overlap, whatever the zone does with its clocks.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { periodAt } from '../../src/accounts/period.ts';
import { BUDGET_PERIODS } from '../../src/contract/index.ts';

const iso = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());
const span = (period: (typeof BUDGET_PERIODS)[number], at: string, zone: string): (string | null)[] => {
  const { startsAt, endsAt } = periodAt(period, Date.parse(at), zone);
  return [iso(startsAt), iso(endsAt)];
};

describe('periods', () => {
  it('are the calendar of the zone, also on the days when its clocks change', () => {
    expect(span('day', '2025-03-30T12:00:00Z', 'Europe/Berlin')).toEqual([
      '2025-03-29T23:00:00.000Z',
      '2025-03-30T22:00:00.000Z',
    ]);
    expect(span('day', '2025-10-26T12:00:00Z', 'Europe/Berlin')).toEqual([
      '2025-10-25T22:00:00.000Z',
      '2025-10-26T23:00:00.000Z',
    ]);
    expect(span('week', '2025-10-26T12:00:00Z', 'Europe/Berlin')).toEqual([
      '2025-10-19T22:00:00.000Z',
      '2025-10-26T23:00:00.000Z',
    ]);
    expect(span('month', '2025-03-31T23:30:00Z', 'America/New_York')).toEqual([
      '2025-03-01T05:00:00.000Z',
      '2025-04-01T04:00:00.000Z',
    ]);
    expect(span('month', '2025-12-31T20:00:00Z', 'Asia/Kolkata')).toEqual([
      '2025-12-31T18:30:00.000Z',
      '2026-01-31T18:30:00.000Z',
    ]);
    expect(span('hour', '2025-06-01T10:45:00Z', 'Asia/Kolkata')).toEqual([
      '2025-06-01T10:30:00.000Z',
      '2025-06-01T11:30:00.000Z',
    ]);
    expect(span('total', '2025-06-01T10:45:00Z', 'UTC')).toEqual(['1970-01-01T00:00:00.000Z', null]);
  });

  it('begin with the jump where a zone skips midnight', () => {
    expect(span('day', '2025-04-25T12:00:00Z', 'Africa/Cairo')).toEqual([
      '2025-04-24T22:00:00.000Z',
      '2025-04-25T21:00:00.000Z',
    ]);
  });

  it('count the hour that autumn repeats twice', () => {
    const one = span('hour', '2025-10-26T00:30:00Z', 'Europe/Berlin');
    const two = span('hour', '2025-10-26T01:30:00Z', 'Europe/Berlin');
    expect(one[1]).toBe(two[0]);
  });

  it('tile time', () => {
    const zones = [
      'UTC',
      'Europe/Berlin',
      'America/New_York',
      'America/Havana',
      'Asia/Kolkata',
      'Africa/Cairo',
      'Pacific/Auckland',
      'America/Santiago',
    ];
    const moments = fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2035, 0, 1) });
    fc.assert(
      fc.property(
        moments,
        fc.constantFrom(...zones),
        fc.constantFrom('hour', 'day', 'week', 'month'),
        (at, zone, period) => {
          const { startsAt, endsAt } = periodAt(period, at, zone);
          expect(startsAt).toBeLessThanOrEqual(at);
          expect(endsAt).toBeGreaterThan(at);
          expect(periodAt(period, startsAt, zone)).toEqual({ startsAt, endsAt });
          expect(periodAt(period, endsAt! - 1, zone)).toEqual({ startsAt, endsAt });
          expect(periodAt(period, endsAt!, zone).startsAt).toBe(endsAt);
        },
      ),
      { numRuns: 120 },
    );
  });
});
