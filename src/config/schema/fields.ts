// The kinds of values a config is made of. Each message says what was expected; the rest of the sentence is put around it.
import { z } from 'zod';
import { Secret } from '../../contract/index.ts';
import { DURATION, PRICE, SIZE, durationMs, priceFromText, sizeBytes } from '../units.ts';

export const text = () => z.string({ error: 'text' });
export const secret = () => text().transform((value) => new Secret(value));
/** A header carries it: what a mounted file or a shell leaves around it is no part of it. */
export const key = () => text().transform((value) => new Secret(value.trim()));
export const name = () => z.string({ error: 'a name' }).min(1, { error: 'a name that is not empty' });
export const names = (what: string) => z.array(z.string({ error: 'a name' }), { error: `a list of ${what}` });
export const flag = () => z.boolean({ error: 'true or false' });

export const url = (example: string) =>
  z
    .string({ error: `a URL such as ${example}` })
    .refine((value) => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol), {
      error: `a URL such as ${example}`,
    });

export const duration = () => {
  const error = 'a duration such as 250ms, 10s, 5m, 1h or 30d';
  return z.string({ error }).regex(DURATION, { error }).transform(durationMs);
};

export const size = () => {
  const error = 'a size such as 512kb, 20mb or 1gb';
  return z.string({ error }).regex(SIZE, { error }).transform(sizeBytes);
};

export function number(low: number, high: number, what = 'a number'): z.ZodNumber {
  const error = high === Infinity ? `${what}, ${low} or more` : `${what} from ${low} to ${high}`;
  const least = z.number({ error }).min(low, { error });
  return high === Infinity ? least : least.max(high, { error });
}

export function whole(low: number, high: number): z.ZodInt {
  const error =
    high === Number.MAX_SAFE_INTEGER ? `a whole number, ${low} or more` : `a whole number from ${low} to ${high}`;
  return z.int({ error }).min(low, { error }).max(high, { error });
}

export const count = (low = 0) => whole(low, Number.MAX_SAFE_INTEGER);
export const share = () => number(0, 1, 'a share');
export const usd = () => number(0, Infinity, 'USD');

export const oneOf = <const Values extends readonly [string, ...string[]]>(values: Values) =>
  z.enum(values, { error: `one of ${values.join(', ')}` });

/** A regular expression as text, without slashes; `(?i)` isn't needed, case never matters. */
export const pattern = () =>
  z.string({ error: 'a regular expression' }).transform((source, context) => {
    const compiled = compile(source);
    if (compiled instanceof RegExp) return compiled;
    context.addIssue({ code: 'custom', message: `a regular expression that compiles (${compiled})` });
    return z.NEVER;
  });

/** Without regard to case. Unicode mode makes that twelve times slower in V8, so only what needs it gets it: `\p{…}`, `\u{…}`. */
function compile(source: string): RegExp | string {
  try {
    return new RegExp(source, /\\(p|P|u)\{/.test(source) ? 'iu' : 'i');
  } catch (failure) {
    return (failure as Error).message.replace(/^Invalid regular expression: /, '');
  }
}

const priceRow = z.strictObject({
  input: usd().describe('Input tokens.'),
  output: usd().describe('Output tokens.'),
  cached_input: usd().optional().describe('Input read from the provider’s prompt cache. Default: as `input`.'),
  cache_write: usd().optional().describe('Input written to the provider’s prompt cache. Default: as `input`.'),
  reasoning: usd().optional().describe('Reasoning tokens. Default: as `output`.'),
  audio_input: usd().optional().describe('Audio tokens in. Default: as `input`.'),
  audio_output: usd().optional().describe('Audio tokens out. Default: as `output`.'),
  image_input: usd().optional().describe('Image tokens in. Default: as `input`.'),
  image_output: usd().optional().describe('Image tokens out. Default: as `output`.'),
  request: usd().optional().describe('Flat fee per request, in USD. Default: 0.'),
});

export const price = () =>
  z.union([z.string().regex(PRICE).transform(priceFromText), priceRow], {
    error: 'a price such as { input: 0.15, output: 0.60 }, 0.15/0.60 or free',
  });

export const timeouts = () =>
  z.union(
    [
      duration().transform((totalMs) => ({
        total: totalMs,
        first_token: totalMs,
        connect: undefined,
        idle: undefined,
      })),
      z.strictObject({
        connect: duration().optional().describe('Until the connection stands. Default: 5s.'),
        first_token: duration()
          .optional()
          .describe(
            'From the request sent to the first byte of the answer. Default: 10s; catalog models that think get longer.',
          ),
        idle: duration().optional().describe('Between two chunks of a stream. Default: 30s.'),
        total: duration()
          .optional()
          .describe('A whole call, retries not included. Default: 2m; catalog models that think get longer.'),
      }),
    ],
    { error: 'a duration such as 10s, or { connect, first_token, idle, total }' },
  );

export const body = (what: string) => z.record(z.string(), z.unknown(), { error: `a map of ${what}` });
export const table = <Row extends z.ZodType>(row: Row, what: string) =>
  z.record(z.string(), row, { error: `a map of ${what}` });
