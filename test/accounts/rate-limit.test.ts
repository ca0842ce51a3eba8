// Requests and tokens a minute, and at once: what passes, what is told, and that nothing is counted twice.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRateLimiter, type Limited } from '../../src/accounts/index.ts';
import { durationOf, take, type Bucket } from '../../src/accounts/rate-limit.ts';

const limited = (more: Partial<Limited['limits']>, name = 'the key'): Limited => ({
  name,
  limits: { rpm: null, tpm: null, parallel: null, ...more },
});

describe('a bucket', () => {
  it('never lets more pass in any minute than a full bucket and its refill, and never less than it says', () => {
    const arrivals = fc.array(
      fc.record({ afterMs: fc.integer({ min: 0, max: 20_000 }), amount: fc.integer({ min: 1, max: 5 }) }),
      { minLength: 1, maxLength: 60 },
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), arrivals, (perMinute, all) => {
        let bucket: Bucket = { fullAt: 0 };
        let at = 1_000_000;
        let passed = 0;
        const began = at;
        for (const { afterMs, amount } of all) {
          at += afterMs;
          const before = take(bucket, perMinute, 1, at);
          const verdict = take(bucket, perMinute, amount, at);
          if (verdict.allowed) passed += Math.min(amount, perMinute);
          else {
            expect(take(bucket, perMinute, amount, at + verdict.retryMs).allowed).toBe(true);
            expect(take(bucket, perMinute, amount, at + verdict.retryMs - 1).allowed).toBe(false);
          }
          expect(before.allowed || verdict.remaining === 0).toBe(true);
          expect(passed).toBeLessThanOrEqual(perMinute + ((at - began) * perMinute) / 60_000 + 0.01);
          bucket = verdict.bucket;
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the limiter', () => {
  it('refuses the fourth of three a minute, says when to come back, and is right about it', () => {
    const limiter = createRateLimiter();
    const enter = (at: number) => limiter.enter([limited({ rpm: 3 })], 0, at);
    expect([0, 0, 0].map((at) => enter(at).headers['x-ratelimit-remaining-requests'])).toEqual(['2', '1', '0']);
    expect(() => enter(0)).toThrow(
      expect.objectContaining({
        code: 'rate_limit_exceeded',
        status: 429,
        extra: expect.objectContaining({
          retryAfterMs: 20_000,
          headers: {
            'x-ratelimit-limit-requests': '3',
            'x-ratelimit-remaining-requests': '0',
            'x-ratelimit-reset-requests': '1m0s',
          },
        }),
      }),
    );
    expect(() => enter(19_999)).toThrow();
    expect(enter(20_000).headers['x-ratelimit-remaining-requests']).toBe('0');
  });

  it('counts tokens as estimated, and puts them right when they are known', () => {
    const limiter = createRateLimiter();
    const subjects = [limited({ tpm: 1_000 })];
    const first = limiter.enter(subjects, 900, 0);
    expect(first.headers).toMatchObject({ 'x-ratelimit-limit-tokens': '1000', 'x-ratelimit-remaining-tokens': '100' });
    expect(() => limiter.enter(subjects, 200, 0)).toThrow(/tokens/);
    first.leave(0, 300);
    first.leave(0, 0);
    expect(limiter.enter(subjects, 200, 0).headers['x-ratelimit-remaining-tokens']).toBe('500');
    // One that is larger than the limit can pass when nothing else is counted.
    expect(createRateLimiter().enter(subjects, 5_000, 0).headers['x-ratelimit-remaining-tokens']).toBe('0');
  });

  it('counts those at once until they leave', () => {
    const limiter = createRateLimiter();
    const subjects = [limited({ parallel: 2 })];
    const first = limiter.enter(subjects, 0, 0);
    limiter.enter(subjects, 0, 0);
    expect(() => limiter.enter(subjects, 0, 0)).toThrow(/at once/);
    first.leave(0, null);
    first.leave(0, null);
    limiter.enter(subjects, 0, 0);
    expect(() => limiter.enter(subjects, 0, 0)).toThrow(/at once/);
  });

  it('counts for all subjects or none, and tells of the tightest', () => {
    const limiter = createRateLimiter();
    const team = limited({ rpm: 2 }, 'the team');
    const key = limited({ rpm: 60, parallel: 1 }, 'the key');
    const entered = limiter.enter([key, team], 0, 0);
    expect(entered.headers).toMatchObject({ 'x-ratelimit-limit-requests': '2', 'x-ratelimit-remaining-requests': '1' });
    expect(() => limiter.enter([key, team], 0, 0)).toThrow(/at once/);
    entered.leave(0, null);
    expect(limiter.enter([key, team], 0, 0).headers['x-ratelimit-remaining-requests']).toBe('0');
    expect(limiter.enter([], 0, 0).headers).toEqual({});
  });

  it('remembers only buckets that aren’t full, give or take ten thousand', () => {
    const buckets = new Map<string, Bucket>();
    const limiter = createRateLimiter(buckets);
    const names = 120_000;
    for (let index = 0; index < names; index += 1)
      limiter.enter([limited({ rpm: 60, tpm: 60 }, `key ${index}`)], 1, index * 10).leave(index * 10, 1);
    // Each fills up again within a second, in which a hundred others come.
    expect(buckets.size).toBeGreaterThan(9_000);
    expect(buckets.size).toBeLessThan(10_500);
    expect(() => {
      for (let at = 0; at < 70; at += 1) limiter.enter([limited({ rpm: 60 }, 'busy')], 0, names * 10);
    }).toThrow(/busy may have 60 a minute/);
  });

  it('costs as much with many buckets as with few', () => {
    const costOf = (names: number): number => {
      const limiter = createRateLimiter();
      const enter = (index: number): unknown => limiter.enter([limited({ rpm: 1 }, `key ${index}`)], 0, index / names);
      for (let index = 0; index < names; index += 1) enter(index);
      const { user } = process.cpuUsage();
      for (let index = 0; index < 3_000; index += 1) enter(names + index);
      return process.cpuUsage().user - user;
    };
    costOf(1_000);
    // A look at each of them by each request would cost several hundred times as much.
    expect(costOf(40_000)).toBeLessThan(20 * costOf(1_000));
  });

  it('carries over what was used beyond the estimate, for an hour at the most', () => {
    const limiter = createRateLimiter();
    const subjects = [limited({ tpm: 1_000 })];
    const enter = (at: number) => limiter.enter(subjects, 1_000, at);
    enter(0).leave(0, 5_000);
    expect(() => enter(299_999)).toThrow();
    enter(300_000).leave(300_000, Number.MAX_SAFE_INTEGER);
    expect(() => enter(300_000 + 3_599_999)).toThrow();
    enter(300_000 + 3_600_000);
  });

  it('writes durations as OpenAI does', () => {
    expect([0, 17, 999.2, 1_000, 1_500, 60_000, 61_250, 360_000].map(durationOf)).toEqual([
      '0ms',
      '17ms',
      '1s',
      '1s',
      '1.5s',
      '1m0s',
      '1m1.25s',
      '6m0s',
    ]);
  });
});
