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

/** Shortest exact decimal, without exponent: 0.00031. */
export function formatUsd(nano: Nano): string {
  const whole = Math.trunc(nano / 1e9);
  const rest = String(Math.abs(nano % 1e9))
    .padStart(9, '0')
    .replace(/0+$/, '');
  const sign = nano < 0 && whole === 0 ? '-' : '';
  return rest === '' ? `${sign}${whole}` : `${sign}${whole}.${rest}`;
}
