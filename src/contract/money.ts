// Money is a whole number of nano-dollars (1e-9 USD). A number holds up to 9 million dollars exactly.

export type Nano = number & { readonly unit: 'nano-dollars' };

export const NO_MONEY = 0 as Nano;

/**
 * Price of one token in whole pico-dollars (1e-12 USD): USD per million tokens × 1,000,000.
 * Tokens × price stays exact below 9e15, and is rounded up once, to nano-dollars, per call.
 */
export interface Price {
  readonly inputPico: number;
  readonly cachedInputPico: number;
  readonly cacheWritePico: number;
  readonly outputPico: number;
  readonly reasoningPico: number;
  readonly audioInputPico: number;
  readonly audioOutputPico: number;
  readonly imageInputPico: number;
  readonly imageOutputPico: number;
  /** Flat fee per request. */
  readonly requestPico: number;
}

export const FREE_PRICE: Price = {
  inputPico: 0,
  cachedInputPico: 0,
  cacheWritePico: 0,
  outputPico: 0,
  reasoningPico: 0,
  audioInputPico: 0,
  audioOutputPico: 0,
  imageInputPico: 0,
  imageOutputPico: 0,
  requestPico: 0,
};

export const usdOf = (nano: Nano): number => nano / 1e9;
export const nanoOf = (usd: number): Nano => Math.round(usd * 1e9) as Nano;

const NANO_DIGITS = 9;

/** Shortest exact decimal, without exponent: 0.00031. */
export function formatUsd(nano: Nano): string {
  const digits = String(Math.abs(nano)).padStart(NANO_DIGITS + 1, '0');
  const point = digits.length - NANO_DIGITS;
  let end = digits.length;
  while (end > point && digits.endsWith('0', end)) end -= 1;
  const whole = `${nano < 0 ? '-' : ''}${digits.slice(0, point)}`;
  return end === point ? whole : `${whole}.${digits.slice(point, end)}`;
}
