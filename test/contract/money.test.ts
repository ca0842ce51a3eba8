// Amounts as clients read them: exact, without exponents.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatUsd, type Nano } from '../../src/contract/index.ts';

describe('formatUsd', () => {
  it.each([
    [0, '0'],
    [1, '0.000000001'],
    [-1, '-0.000000001'],
    [310_000, '0.00031'],
    [1_000_000_000, '1'],
    [1_000_000_001, '1.000000001'],
    [-1_500_000_000, '-1.5'],
    [9_000_000_000_000_000, '9000000'],
  ])('writes %d nano-dollars as %s', (nano, text) => {
    expect(formatUsd(nano as Nano)).toBe(text);
  });

  it('writes the shortest decimal that is exactly the amount', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (nano) => {
        const text = formatUsd(nano as Nano);
        expect(text).toMatch(/^-?(?:0|[1-9]\d*)(?:\.\d{0,8}[1-9])?$/);
        const [whole = '', rest = ''] = text.split('.');
        expect(BigInt(whole + rest.padEnd(9, '0'))).toBe(BigInt(nano));
      }),
    );
  });
});
