// However small the pieces that bytes come in, there are few of them to hold.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { packPieces } from '../../src/wire/index.ts';

test('Π pieces keep their bytes in order, and hardly more of them are held than kilobytes', () => {
  const sizes = fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 1, max: 900 })), { maxLength: 12 });
  fc.assert(
    fc.property(sizes, (runs) => {
      const pieces: Uint8Array[] = [];
      const all: number[] = [];
      let packed = 0;
      for (const [size, times] of runs) {
        for (let nth = 0; nth < times; nth += 1) {
          const piece = Uint8Array.from({ length: size }, () => all.length % 251);
          all.push(...piece);
          pieces.push(piece);
          packed = packPieces(pieces, packed);
        }
      }
      // Of ten thousand at the most.
      expect(pieces.length).toBeLessThan(1_024 + 12);
      expect(Buffer.concat(pieces).equals(Buffer.from(all))).toBe(true);
    }),
    { numRuns: 100 },
  );
});
