// Answers in memory, the least recently used leaving first, bounded by number, bytes and age.
import { LRUCache } from 'lru-cache';
import { type CacheSettings, type Clock, type Nano, NO_MONEY } from '../contract/index.ts';
import type { CacheEntry } from './entry.ts';

/** Every condition that is given must hold; none at all matches nothing. */
export interface Invalidation {
  /** A fingerprint. */
  readonly key?: string;
  /** One of the models whose answer was used. */
  readonly model?: string;
  readonly tag?: string;
  readonly tenant?: string;
  readonly all?: true;
}

interface CacheStats {
  readonly entries: number;
  readonly bytes: number;
  readonly hits: number;
  readonly misses: number;
  readonly stored: number;
  /** Gone for want of room. */
  readonly evicted: number;
  readonly saved: Nano;
}

export interface Cache {
  /** Counts as a hit or a miss. `maxAgeMs`: an older one isn't wanted this time, but stays for others. */
  get(key: string, maxAgeMs?: number | null): CacheEntry | null;
  /** What `get` would give, without being a use of it. */
  peek(key: string, maxAgeMs?: number | null): CacheEntry | null;
  /** False when it isn't kept: the cache is off, the entry too large, the time to live not above zero. */
  put(key: string, entry: Omit<CacheEntry, 'storedAt'>, ttlMs: number): boolean;
  /** How many entries went. */
  invalidate(filter: Invalidation): number;
  stats(): CacheStats;
}

interface Slot {
  readonly entry: CacheEntry;
  readonly expiresAt: number;
}

/** An entry's share of the books besides its bytes. */
const ENTRY_BYTES = 1_024;

/** `limits` is asked at each use: a change takes effect at once and keeps what still fits. */
export function createCache({ clock, limits }: { readonly clock: Clock; readonly limits: () => CacheSettings }): Cache {
  const counts = { hits: 0, misses: 0, stored: 0, evicted: 0, saved: 0 };
  let slots = slotsFor(limits(), counts);

  function fit(now: CacheSettings): void {
    if (slots.max === entriesOf(now) && slots.maxSize === bytesOf(now)) return;
    const old = slots;
    slots = slotsFor(now, counts);
    for (const [key, slot] of [...old.entries()].reverse()) slots.set(key, slot);
  }

  function wanted(slot: Slot | undefined, maxAgeMs: number | null): CacheEntry | null {
    const now = clock.now();
    if (slot === undefined || slot.expiresAt <= now) return null;
    return maxAgeMs !== null && now - slot.entry.storedAt > maxAgeMs ? null : slot.entry;
  }

  function get(key: string, maxAgeMs: number | null = null): CacheEntry | null {
    const now = limits();
    fit(now);
    const slot = now.enabled ? slots.get(key) : undefined;
    const entry = wanted(slot, maxAgeMs);
    if (entry !== null) {
      counts.hits += 1;
      counts.saved += entry.costSaved;
      return entry;
    }
    if (slot !== undefined && slot.expiresAt <= clock.now()) slots.delete(key);
    counts.misses += 1;
    return null;
  }

  const peek = (key: string, maxAgeMs: number | null = null): CacheEntry | null =>
    limits().enabled ? wanted(slots.peek(key), maxAgeMs) : null;

  function put(key: string, entry: Omit<CacheEntry, 'storedAt'>, ttlMs: number): boolean {
    const now = limits();
    fit(now);
    if (!now.enabled || !(ttlMs > 0)) return false;
    if (now.maxEntries < 1 || entry.bytes.byteLength + ENTRY_BYTES > now.maxBytes) return false;
    const storedAt = clock.now();
    // A copy, so that a small answer doesn't keep the large buffer alive that it was cut from.
    const kept: CacheEntry = { ...entry, bytes: new Uint8Array(entry.bytes), storedAt };
    slots.set(key, { entry: kept, expiresAt: storedAt + ttlMs });
    counts.stored += 1;
    return true;
  }

  function invalidate(filter: Invalidation): number {
    const doomed = [...slots.entries()].filter(([key, slot]) => matches(key, slot.entry, filter));
    for (const [key] of doomed) slots.delete(key);
    return doomed.length;
  }

  return {
    get,
    peek,
    put,
    invalidate,
    stats: () => ({
      ...counts,
      saved: (counts.saved || NO_MONEY) as Nano,
      entries: slots.size,
      bytes: slots.calculatedSize,
    }),
  };
}

const entriesOf = (limits: CacheSettings): number => Math.max(1, limits.maxEntries);
const bytesOf = (limits: CacheSettings): number => Math.max(1, limits.maxBytes);

function slotsFor(limits: CacheSettings, counts: { evicted: number }): LRUCache<string, Slot> {
  return new LRUCache<string, Slot>({
    max: entriesOf(limits),
    maxSize: bytesOf(limits),
    sizeCalculation: ({ entry }) => entry.bytes.byteLength + ENTRY_BYTES,
    dispose: (_slot, _key, reason) => {
      if (reason === 'evict') counts.evicted += 1;
    },
  });
}

function matches(key: string, entry: CacheEntry, filter: Invalidation): boolean {
  const given = Object.values(filter).some((value) => value !== undefined);
  return (
    given &&
    (filter.key === undefined || filter.key === key) &&
    (filter.model === undefined || entry.models.includes(filter.model)) &&
    (filter.tag === undefined || entry.tags.includes(filter.tag)) &&
    (filter.tenant === undefined || filter.tenant === entry.tenant)
  );
}
