// Whether one more voice is asked, and whose, by what it would change and what it takes.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nanoOf, type Prospect } from '../../src/contract/index.ts';
import { campsRight, gainsOf, jointOf } from '../../src/learning/together.ts';
import { furtherVoice } from '../../src/routing/index.ts';

const voice = (quality: number, camp: number) => ({ model: `m${quality}`, quality, camp });
const prospect = (model: string, quality: number, usd: number): Prospect => ({
  model,
  quality,
  samples: 100,
  cost: nanoOf(usd),
  latencyMs: 1_000,
  utility: quality,
  excluded: null,
});
const forecast = { panel: jointOf, gains: gainsOf };
const next = (voices: readonly ReturnType<typeof voice>[], others: readonly Prospect[], perUsd = 1) =>
  furtherVoice({ voices, others, climb: { perUsd, perSecond: 0, mostVoices: 4 }, forecast })?.model ?? null;

describe('a further voice', () => {
  const cheap = prospect('cheap', 0.75, 0.0001);
  const strong = prospect('strong', 0.9, 0.003);

  it('is asked where two differ, and the price decides whose', () => {
    const differ = [voice(0.8, 0), voice(0.78, 1)];
    expect(next(differ, [cheap, strong])).toBe('strong');
    expect(next(differ, [cheap, strong], 100)).toBe('cheap');
    expect(next(differ, [cheap, strong], 10_000)).toBeNull();
  });

  it('is not asked where those who agree could not be outvoted, nor past the most', () => {
    expect(next([voice(0.85, 0), voice(0.85, 0)], [cheap, strong])).toBeNull();
    expect(next([voice(0.4, 0), voice(0.4, 0)], [prospect('sure', 0.98, 0)])).toBe('sure');
    expect(
      next(
        [0, 1, 2, 3].map((camp) => voice(0.8, camp)),
        [cheap, strong],
      ),
    ).toBeNull();
  });

  it('never makes the answer less likely, and never likelier than certain', () => {
    const quality = fc.double({ min: 0.03, max: 0.98, noNaN: true });
    const voices = fc.array(fc.tuple(quality, fc.nat(2)), { minLength: 1, maxLength: 4 }).map((drawn) => {
      const places = [...new Set(drawn.map(([, camp]) => camp))];
      return drawn.map(([each, camp]) => voice(each, places.indexOf(camp)));
    });
    fc.assert(
      fc.property(voices, quality, (heard, other) => {
        const [gain] = gainsOf(heard, [{ model: 'x', quality: other }]);
        expect(gain).toBeGreaterThanOrEqual(0);
        expect(Math.max(...campsRight({ voices: heard })) + gain!).toBeLessThanOrEqual(1 + 1e-9);
      }),
    );
  });

  it('one voice alone is as right as is expected of it, and so is the better of two that nobody decides between', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.02, max: 0.99, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (quality, share) => {
          expect(campsRight({ voices: [voice(quality, 0)] })[0]).toBeCloseTo(quality, 3);
          expect(jointOf(voice(quality, 0), voice(quality * share, 0), null).quality).toBeCloseTo(quality, 3);
        },
      ),
    );
  });
});
