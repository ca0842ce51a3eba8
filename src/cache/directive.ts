// What a caller wishes of the cache: the header x-quorum-cache, or quorum_cache in the metadata.
import { QuorumError } from '../contract/index.ts';

export interface CacheDirective {
  readonly read: boolean;
  readonly write: boolean;
  /** A hit or an error: no model is asked. */
  readonly only: boolean;
  /** null: as configured. */
  readonly ttlMs: number | null;
}

const DEFAULT: CacheDirective = { read: true, write: true, only: false, ttlMs: null };

const WORDS: ReadonlyMap<string, Partial<CacheDirective>> = new Map<string, Partial<CacheDirective>>([
  ['default', {}],
  ['no-cache', { read: false }],
  ['no-store', { write: false }],
  ['off', { read: false, write: false }],
  ['refresh', { read: false }],
  ['only', { only: true }],
]);

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `refresh; ttl=60s`; words may be joined as in `no-cache, no-store`. Throws `invalid_value` for what it doesn't know. */
export function parseDirective(header: string | null, param = 'x-quorum-cache'): CacheDirective {
  if (header === null || header.trim() === '') return DEFAULT;
  let directive = DEFAULT;
  for (const part of header.toLowerCase().split(/[;,]/)) {
    const word = part.trim();
    if (word === '') continue;
    const change = WORDS.get(word) ?? ttlIn(word);
    if (change === null)
      throw invalid(param, `"${word.slice(0, 40)}" is none of ${[...WORDS.keys()].join(', ')}, ttl=60s.`);
    directive = { ...directive, ...change };
  }
  if (directive.only && !directive.read) throw invalid(param, '"only" needs the cache to be read.');
  return directive;
}

function ttlIn(word: string): Partial<CacheDirective> | null {
  const [, amount, unit] = /^ttl\s*=\s*(\d{1,12}(?:\.\d{1,6})?)(ms|s|m|h|d)$/.exec(word) ?? [];
  return amount === undefined || unit === undefined ? null : { ttlMs: Number(amount) * UNIT_MS[unit]! };
}

const invalid = (param: string, reason: string): QuorumError =>
  new QuorumError('invalid_value', `Invalid value for '${param}': ${reason}`, { param });
