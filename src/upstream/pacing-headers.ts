// What an answer's headers say of rate limits, whoever's spelling it is. Pure.
import type { Headers } from './status.ts';

/** One limit as of one answer. */
export interface Allowance {
  /** The header's own name, without what it says: tells one limit from another. */
  readonly name: string;
  readonly counts: 'requests' | 'tokens';
  readonly remaining: number;
  /** null: not told. */
  readonly limit: number | null;
  /** Milliseconds since the epoch; null: not told. */
  readonly resetAt: number | null;
}

const UNITS_MS: Readonly<Record<string, number>> = {
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
  ms: 1,
  us: 1e-3,
  µs: 1e-3,
  ns: 1e-6,
};
const DURATION = /^(?:\d+(?:\.\d+)?(?:d|h|ms|m|s|us|µs|ns))+$/;
const PART = /(\d+(?:\.\d+)?)(ms|us|µs|ns|d|h|m|s)/g;
const NUMBER = /^\d+(?:\.\d+)?$/;
/** As seconds from now these would be decades; so they are points in time. */
const EPOCH_SECONDS = 1e9;
const EPOCH_MS = 1e11;

/** When a limit starts anew: seconds, `6m0s`, `250ms`, seconds or milliseconds since the epoch, RFC 3339 or an HTTP date. null: can't be read. */
export function resetAtOf(value: string, now: number): number | null {
  const text = value.trim();
  if (NUMBER.test(text)) {
    const number = Number(text);
    if (number >= EPOCH_MS) return number;
    return number >= EPOCH_SECONDS ? number * 1_000 : now + number * 1_000;
  }
  if (DURATION.test(text)) {
    let ms = 0;
    for (const [, amount, unit] of text.matchAll(PART)) ms += Number(amount) * UNITS_MS[unit!]!;
    return now + ms;
  }
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : at;
}

const first = (value: string | readonly string[] | undefined): string | null =>
  typeof value === 'string' ? value : (value?.[0] ?? null);

function countOf(value: string | readonly string[] | undefined): number | null {
  // `100, 100;w=60`: the IETF drafts' policy comes behind the number.
  const text = first(value)?.split(/[,;]/, 1)[0]!.trim();
  if (text === undefined || text === '') return null;
  const number = Number(text);
  return Number.isFinite(number) ? Math.max(0, number) : null;
}

const TOKENS = /token|bysize/;

/** Three headers that differ in one word: `…-remaining-…`, `…-limit-…`, `…-reset-…`. */
function tripleOf(headers: Headers, name: string, now: number): Allowance | null {
  const remaining = countOf(headers[name]);
  if (remaining === null) return null;
  const reset = first(headers[name.replace('remaining', 'reset')]);
  return {
    name: name.replace('remaining', ''),
    counts: TOKENS.test(name) ? 'tokens' : 'requests',
    remaining,
    limit: countOf(headers[name.replace('remaining', 'limit')]),
    resetAt: reset === null ? null : resetAtOf(reset, now),
  };
}

/** The IETF drafts: `limit=100, remaining=50, reset=30`, and `"default";r=50;t=30`. */
function combinedOf(value: string, now: number): Allowance | null {
  const field = (words: string): number | null => {
    const found = new RegExp(`(?:^|[;,\\s])(?:${words})=(\\d+)`).exec(value)?.[1];
    return found === undefined ? null : Number(found);
  };
  const remaining = field('remaining|r');
  if (remaining === null) return null;
  const seconds = field('reset|t');
  return {
    name: 'ratelimit',
    counts: 'requests',
    remaining,
    limit: field('limit|q'),
    resetAt: seconds === null ? null : now + seconds * 1_000,
  };
}

/** Every limit that the headers tell; empty when they tell none. */
export function allowancesOf(headers: Headers, now: number): readonly Allowance[] {
  let all: Allowance[] | null = null;
  for (const name in headers) {
    if (!name.includes('limit')) continue;
    const isTriple = name.includes('remaining') && /(rate|token|request)s?-?limit/.test(name);
    const combined = name === 'ratelimit' ? first(headers[name]) : null;
    const found = isTriple ? tripleOf(headers, name, now) : combined === null ? null : combinedOf(combined, now);
    if (found !== null) (all ??= []).push(found);
  }
  return all ?? NONE;
}
const NONE: readonly Allowance[] = [];
