// How figures of a replay are written in its tables.
export const share = (value: number): string => `${(value * 100).toFixed(2)} %`;
/** Of a thousand requests, from what one costs. */
export const usd = (value: number): string => `$${(value * 1_000).toFixed(3)}`;
export const seconds = (value: number): string => `${value.toFixed(2)} s`;
