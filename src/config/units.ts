// Durations, sizes and prices as people write them, and as the program counts them.
import type { Price } from '../contract/index.ts';

const MS_OF = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const BYTES_OF = { b: 1, kb: 1_024, mb: 1_048_576, gb: 1_073_741_824 } as const;

export const DURATION = /^\d+(\.\d+)?(ms|s|m|h|d)$/;
export const SIZE = /^\d+(\.\d+)?(b|kb|mb|gb)$/i;
/** `input/output` in USD per million tokens. */
export const PRICE = /^(free|\d+(\.\d+)?\/\d+(\.\d+)?)$/;

/** Milliseconds. `text` matches DURATION. */
export function durationMs(text: string): number {
  const [, amount, unit] = /^([\d.]+)([a-z]+)$/.exec(text)!;
  return Math.round(Number(amount) * MS_OF[unit as keyof typeof MS_OF]);
}

/** Bytes; `kb` is 1,024. `text` matches SIZE. */
export function sizeBytes(text: string): number {
  const [, amount, unit] = /^([\d.]+)([a-z]+)$/.exec(text.toLowerCase())!;
  return Math.round(Number(amount) * BYTES_OF[unit as keyof typeof BYTES_OF]);
}

/** USD per million tokens; `request` is USD per request. */
interface PriceInUsd {
  readonly input: number;
  readonly output: number;
  readonly cached_input?: number | undefined;
  readonly cache_write?: number | undefined;
  readonly reasoning?: number | undefined;
  readonly audio_input?: number | undefined;
  readonly audio_output?: number | undefined;
  readonly image_input?: number | undefined;
  readonly image_output?: number | undefined;
  readonly request?: number | undefined;
}

const pico = (usdPerMillion: number): number => Math.round(usdPerMillion * 1e6);

/** What isn't given costs as much as plain input or output. */
export function priceOf(usd: PriceInUsd): Price {
  return {
    inputPico: pico(usd.input),
    cachedInputPico: pico(usd.cached_input ?? usd.input),
    cacheWritePico: pico(usd.cache_write ?? usd.input),
    outputPico: pico(usd.output),
    reasoningPico: pico(usd.reasoning ?? usd.output),
    audioInputPico: pico(usd.audio_input ?? usd.input),
    audioOutputPico: pico(usd.audio_output ?? usd.output),
    imageInputPico: pico(usd.image_input ?? usd.input),
    imageOutputPico: pico(usd.image_output ?? usd.output),
    requestPico: Math.round((usd.request ?? 0) * 1e12),
  };
}

export const FREE: Price = priceOf({ input: 0, output: 0 });

export function priceFromText(text: string): PriceInUsd {
  if (text === 'free') return { input: 0, output: 0 };
  const [input, output] = text.split('/').map(Number);
  return { input: input!, output: output! };
}
