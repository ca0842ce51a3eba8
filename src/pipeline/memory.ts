// Whether an answer is known already, on its way for somebody else, or has to be made; and what is kept of a new one.
import type { AbortWatch, CacheState, Completion, Flag, QuorumError, Settings, Wishes } from '../contract/index.ts';
import { fingerprint, worthKeeping, type Cache, type CacheEntry, type Flight, type Flights } from '../cache/index.ts';
import { ENDS_WELL, inexactNumbers } from '../wire/index.ts';
import type { Inbound } from './exchange.ts';

/** An answer that has to be made. */
export interface Fresh {
  readonly kind: 'fresh';
  readonly state: CacheState;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortWatch;
  /** Somebody may want the bytes later. */
  readonly keeps: boolean;
  /** Hands the answer to those who wait and keeps it if it is worth it. `completion` null: it is a stream, complete as far as it could be watched; `finishReason` null: one that said nothing. */
  remember(entry: CacheEntry, completion: Completion | null, finishReason: string | null): void;
  /** It is complete but its bytes were not kept: those who wait make it themselves. */
  fail(error: QuorumError): void;
}

type Recalled =
  | { readonly kind: 'known'; readonly state: CacheState; readonly ageMs: number; readonly entry: CacheEntry }
  | { readonly kind: 'shared'; readonly state: CacheState; readonly ageMs: null; wait(): Promise<CacheEntry> }
  | { readonly kind: 'none'; readonly state: CacheState }
  | Fresh;

export interface Memory {
  recall(inbound: Inbound, wishes: Wishes, settings: Settings): Recalled;
  /** What `recall` would find, without joining anything. */
  peek(inbound: Inbound, wishes: Wishes, settings: Settings): { readonly key: string; readonly state: CacheState };
}

export function createMemory(cache: Cache, flights: Flights<CacheEntry>, now: () => number): Memory {
  const keyOf = (inbound: Inbound, wishes: Wishes, settings: Settings): string =>
    fingerprint(inbound.request, saltOf(inbound, wishes, settings));

  function fresh(
    { directive, gone }: Inbound,
    settings: Settings,
    key: string,
    state: CacheState,
    flight: Flight<CacheEntry> | null,
  ): Fresh {
    if (flight !== null) gone.addEventListener('abort', () => flight.leave(), { once: true });
    return {
      kind: 'fresh',
      state,
      signal: flight?.signal ?? gone,
      keeps: flight !== null || directive.write,
      remember(entry, completion, finishReason) {
        const worth =
          completion === null
            ? endsWell(entry.flags, finishReason)
            : worthKeeping({ status: 200, completion, flags: entry.flags });
        if (directive.write && worth) cache.put(key, entry, directive.ttlMs ?? settings.cache.ttlMs);
        flight?.settle(entry);
      },
      fail: (error) => flight?.fail(error),
    };
  }

  return {
    recall(inbound, wishes, settings) {
      const { directive, gone } = inbound;
      if (!settings.cache.enabled || (!directive.read && !directive.write)) {
        if (directive.only) return { kind: 'none', state: 'miss' };
        return { kind: 'fresh', state: 'bypass', signal: gone, keeps: false, remember: () => {}, fail: () => {} };
      }
      const key = keyOf(inbound, wishes, settings);
      if (!directive.read) return fresh(inbound, settings, key, 'bypass', null);
      const entry = cache.get(key, directive.ttlMs);
      if (entry !== null) return { kind: 'known', state: 'hit', ageMs: now() - entry.storedAt, entry };
      if (directive.only) return { kind: 'none', state: 'miss' };
      if (!directive.write) return fresh(inbound, settings, key, 'miss', null);
      const { leader, flight } = flights.join(key);
      if (leader) return fresh(inbound, settings, key, 'miss', flight);
      return { kind: 'shared', state: 'coalesced', ageMs: null, wait: () => flight.wait(gone) };
    },
    peek(inbound, wishes, settings) {
      const key = keyOf(inbound, wishes, settings);
      if (!settings.cache.enabled || !inbound.directive.read) return { key, state: 'bypass' };
      return { key, state: cache.peek(key, inbound.directive.ttlMs) === null ? 'miss' : 'hit' };
    },
  };
}

/** A stream isn't parsed to be kept; how its choices ended was seen as it passed. */
function endsWell(flags: readonly Flag[], finishReason: string | null): boolean {
  return (
    !flags.includes('degraded') && !flags.includes('disputed') && finishReason !== null && ENDS_WELL.has(finishReason)
  );
}

/** Who may share an answer, and what besides the request decides what it is. */
function saltOf({ principal, permissions, role, written }: Inbound, wishes: Wishes, settings: Settings): string {
  // Whoever may not ask every model doesn't get others' answers either.
  const scope = permissions.anyModel ? settings.cache.scope : 'key';
  const owner =
    scope === 'global'
      ? ''
      : scope === 'team' && principal.team !== null
        ? `team:${principal.team}`
        : `key:${principal.tenant}`;
  const { strategy, tier, task, models } = wishes;
  const ownModel = role != null && settings.roles.has(role) ? role : null;
  return JSON.stringify([
    owner,
    settings.version,
    strategy,
    tier,
    task,
    models,
    ownModel,
    written && inexactNumbers(written),
  ]);
}
