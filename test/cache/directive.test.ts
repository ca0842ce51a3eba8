// What callers may wish of the cache.
import { describe, expect, it } from 'vitest';
import { parseDirective } from '../../src/cache/index.ts';
import { QuorumError } from '../../src/contract/index.ts';

const usual = { read: true, write: true, only: false, ttlMs: null };

describe('parseDirective', () => {
  it.each([
    [null, usual],
    ['', usual],
    ['default', usual],
    ['no-cache', { ...usual, read: false }],
    ['no-store', { ...usual, write: false }],
    ['off', { ...usual, read: false, write: false }],
    ['refresh', { ...usual, read: false }],
    ['only', { ...usual, only: true }],
    [' No-Cache , no-store ', { ...usual, read: false, write: false }],
    ['refresh; ttl=60s', { ...usual, read: false, ttlMs: 60_000 }],
    ['ttl=1.5h', { ...usual, ttlMs: 5_400_000 }],
    ['default;ttl = 250ms;', { ...usual, ttlMs: 250 }],
    ['ttl=30d', { ...usual, ttlMs: 2_592_000_000 }],
    ['ttl=0s', { ...usual, ttlMs: 0 }],
  ])('%j', (header, expected) => {
    expect(parseDirective(header)).toEqual(expected);
  });

  it.each(['always', 'ttl', 'ttl=60', 'ttl=-1s', 'ttl=1e3s', 'ttl=1w', 'only, off', 'only; refresh', 'constructor'])(
    'refuses %j',
    (header) => {
      const parse = (): unknown => parseDirective(header);
      expect(parse).toThrow(QuorumError);
      expect(parse).toThrow(
        expect.objectContaining({ code: 'invalid_value', extra: expect.objectContaining({ param: 'x-quorum-cache' }) }),
      );
    },
  );
});
