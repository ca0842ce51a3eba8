// The cost of a call: exact, rounded up once, each kind of token at its own price.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { costOf, worstCaseCost } from '../../src/accounts/price.ts';
import type { Price, Usage } from '../../src/contract/index.ts';

const PRICE: Price = {
  inputPico: 150_000,
  cachedInputPico: 75_000,
  cacheWritePico: 187_500,
  outputPico: 600_000,
  reasoningPico: 900_000,
  audioInputPico: 10_000_000,
  audioOutputPico: 20_000_000,
  imageInputPico: 1_000_000,
  imageOutputPico: 40_000_000,
  requestPico: 5_000_000,
};

const usage = (prompt: number, completion: number, more: Partial<Usage> = {}): Usage => ({
  prompt_tokens: prompt,
  completion_tokens: completion,
  total_tokens: prompt + completion,
  ...more,
});

describe('costOf', () => {
  it('charges each kind of token at its own price', () => {
    const cost = costOf(
      PRICE,
      usage(1_000, 500, {
        prompt_tokens_details: { cached_tokens: 400, audio_tokens: 10, image_tokens: 90, cache_write_tokens: 100 },
        completion_tokens_details: { reasoning_tokens: 200, audio_tokens: 5, image_tokens: 95 },
      }),
    );
    const input = 400 * 150_000 + 400 * 75_000 + 100 * 187_500 + 10 * 10_000_000 + 90 * 1_000_000;
    const output = 200 * 600_000 + 200 * 900_000 + 5 * 20_000_000 + 95 * 40_000_000;
    expect(cost).toBe((input + output + 5_000_000) / 1_000);
  });

  it('knows the names other providers give to cached tokens', () => {
    const plain = costOf(PRICE, usage(1_000, 0));
    expect(costOf(PRICE, usage(1_000, 0, { prompt_cache_hit_tokens: 1_000 }))).toBe(plain - 75_000);
    expect(costOf(PRICE, usage(1_000, 0, { cache_read_input_tokens: 1_000 }))).toBe(plain - 75_000);
    expect(costOf(PRICE, usage(1_000, 0, { cache_creation_input_tokens: 1_000 }))).toBe(plain + 37_500);
  });

  it('rounds up once for the whole call, not once per part', () => {
    const price = { ...PRICE, inputPico: 1, outputPico: 1, requestPico: 0 };
    expect(costOf(price, usage(1, 1))).toBe(1);
    expect(costOf(price, usage(500, 500))).toBe(1);
    expect(costOf(price, usage(501, 500))).toBe(2);
    expect(costOf({ ...price, requestPico: 0 }, usage(0, 0))).toBe(0);
  });

  it('survives figures that make no sense', () => {
    const odd = { prompt_tokens: Number.NaN, completion_tokens: -5, total_tokens: 'x' } as unknown as Usage;
    expect(costOf(PRICE, odd)).toBe(5_000);
    expect(costOf(PRICE, usage(10, 10, { prompt_tokens_details: null, completion_tokens_details: null }))).toBe(12_500);
    expect(costOf(PRICE, usage(0, 10, { completion_tokens_details: { reasoning_tokens: 100 } }))).toBe(95_000);
  });

  it('Π14 is never below the exact rational value and less than one nano above it', () => {
    const tokens = fc.nat({ max: 200_000_000 });
    const pico = fc.nat({ max: 2_000_000_000 });
    fc.assert(
      fc.property(
        fc.tuple(tokens, tokens, tokens, tokens),
        fc.tuple(pico, pico, pico, pico, pico),
        (counts, prices) => {
          const [fresh, cached, answer, reasoning] = counts;
          const [inputPico, cachedInputPico, outputPico, reasoningPico, requestPico] = prices;
          const price = { ...PRICE, inputPico, cachedInputPico, outputPico, reasoningPico, requestPico };
          const cost = costOf(
            price,
            usage(fresh + cached, answer + reasoning, {
              prompt_tokens_details: { cached_tokens: cached },
              completion_tokens_details: { reasoning_tokens: reasoning },
            }),
          );
          const exact =
            BigInt(fresh) * BigInt(inputPico) +
            BigInt(cached) * BigInt(cachedInputPico) +
            BigInt(answer) * BigInt(outputPico) +
            BigInt(reasoning) * BigInt(reasoningPico) +
            BigInt(requestPico);
          const above = BigInt(cost) * 1_000n - exact;
          expect(above >= 0n && above < 1_000n).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('worstCaseCost', () => {
  it('Π14 covers every way in which the same tokens can be billed', () => {
    const part = fc.nat({ max: 10_000 });
    fc.assert(
      fc.property(fc.tuple(part, part, part, part, part), fc.tuple(part, part, part, part), (input, output) => {
        const [fresh, cached, written, heard, seen] = input;
        const [answer, reasoning, spoken, drawn] = output;
        const prompt = fresh + cached + written + heard + seen;
        const completion = answer + reasoning + spoken + drawn;
        const real = usage(prompt, completion, {
          prompt_tokens_details: {
            cached_tokens: cached,
            audio_tokens: heard,
            image_tokens: seen,
            cache_write_tokens: written,
          },
          completion_tokens_details: { reasoning_tokens: reasoning, audio_tokens: spoken, image_tokens: drawn },
        });
        expect(worstCaseCost(PRICE, prompt, completion)).toBeGreaterThanOrEqual(costOf(PRICE, real));
      }),
      { numRuns: 200 },
    );
  });
});
