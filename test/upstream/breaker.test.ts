// A model that fails is left alone, probed by one call, and comes back slowly.
import { describe, expect, it } from 'vitest';
import { Breaker, FAILURES_IN_ROW } from '../../src/upstream/breaker.ts';

const fail = (breaker: Breaker, times: number, now = 0): boolean[] =>
  Array.from({ length: times }, () => breaker.ended('bad', now, now));

describe('a breaker', () => {
  it('is due after five failures in a row, and a good call starts the count anew', () => {
    const breaker = new Breaker();
    expect(fail(breaker, FAILURES_IN_ROW - 1)).toEqual([false, false, false, false]);
    breaker.ended('good', 0, 0);
    expect(fail(breaker, FAILURES_IN_ROW)).toEqual([false, false, false, false, true]);
  });

  it('lets one probe through when the time is over, and closes when it went well', () => {
    const breaker = new Breaker();
    breaker.eject(0);
    expect(breaker.stateAt(29_999)).toBe('open');
    expect(breaker.isProbeFree(29_999)).toBe(false);
    expect(breaker.stateAt(30_000)).toBe('half_open');
    expect(breaker.isProbeFree(30_000)).toBe(true);
    breaker.claimProbe(30_000);
    expect(breaker.isProbeFree(30_001)).toBe(false);
    breaker.ended('good', 30_000, 30_100);
    expect(breaker.stateAt(30_100)).toBe('closed');
  });

  it('is ejected for twice as long each time its probe fails, at most 300 s', () => {
    const breaker = new Breaker();
    breaker.eject(0);
    const lengths: number[] = [];
    for (let turn = 0; turn < 6; turn++) {
      const at = breaker.ejectedUntil!;
      breaker.claimProbe(at);
      breaker.ended('bad', at, at);
      lengths.push(breaker.ejectedUntil! - at);
    }
    expect(lengths).toEqual([60_000, 120_000, 240_000, 300_000, 300_000, 300_000]);
  });

  it('learns nothing from calls that began before it was ejected', () => {
    const breaker = new Breaker();
    breaker.eject(1_000);
    breaker.ended('good', 500, 2_000);
    expect(breaker.isOpen).toBe(true);
  });

  it('gives the probe back when it was given up', () => {
    const breaker = new Breaker();
    breaker.eject(0);
    breaker.claimProbe(30_000);
    breaker.ended('neither', 30_000, 30_010);
    expect(breaker.isProbeFree(30_010)).toBe(true);
  });

  it('does not wait for ever for a probe that never tells', () => {
    const breaker = new Breaker();
    breaker.eject(0);
    breaker.claimProbe(30_000);
    expect(breaker.isProbeFree(59_999)).toBe(false);
    expect(breaker.isProbeFree(60_000)).toBe(true);
  });

  it('comes back slowly', () => {
    const breaker = new Breaker();
    breaker.eject(0);
    breaker.ended('good', 30_000, 30_000);
    expect([30_000, 45_000, 60_000].map((at) => breaker.shareAt(at))).toEqual([0.1, 0.5, 1]);
  });

  it('forgets what is older than its windows', () => {
    const breaker = new Breaker();
    fail(breaker, 3, 0);
    expect(breaker.tally(10_000)).toEqual({ calls: 3, failures: 3 });
    expect(breaker.tally(16_000)).toEqual({ calls: 3, failures: 3 });
    expect(breaker.tally(46_000)).toEqual({ calls: 0, failures: 0 });
  });
});
