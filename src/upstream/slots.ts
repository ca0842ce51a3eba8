// How much happens at the same time: slots by name, taken all at once or not at all, so that nobody holds one while waiting for another.
import { type AbortWatch, QuorumError, type Clock } from '../contract/index.ts';
import { createFairLine } from './slots-line.ts';

export interface Lease {
  readonly waitedMs: number;
  /** Idempotent. */
  release(): void;
}

export interface SlotUse {
  readonly name: string;
  readonly limit: number;
  readonly used: number;
  readonly waiting: number;
}

export interface Slots {
  /**
   * A slot under each of the names that have a limit. At once where there is room; else in line, at most for the longest wait,
   * then it rejects with `overload_throttled`. Throws that at once when the line is too long to be served in time.
   */
  take(names: readonly string[], tenant: string, signal: AbortWatch): Lease | Promise<Lease>;
  /** Throws what `take` would throw at once. */
  check(names: readonly string[], tenant: string): void;
  /** Of those names that were ever used. */
  use(): readonly SlotUse[];
}

interface SlotOptions {
  readonly clock: Clock;
  /** May change at any time; undefined: no limit. */
  readonly limitOf: (name: string) => number | undefined;
  readonly maxWaitMs: () => number;
}

export const FREE: Lease = { waitedMs: 0, release: () => undefined };

/** A line this short is never called too long. */
const SHORT_LINE = 8;
/** Waits are guessed by mean holding times; what comes close to the longest wait would often be refused after it. */
const GUESS = 0.8;
/** Weight of the latest holding time. */
const FRESHNESS = 0.1;
const MOST_WAITING = 10_000;

interface Slot {
  used: number;
  waiting: number;
  /** Mean time that one is held. */
  heldMs: number | null;
}

interface Waiter {
  readonly names: readonly string[];
  readonly enter: () => void;
}

export function createSlots({ clock, limitOf, maxWaitMs }: SlotOptions): Slots {
  const slots = new Map<string, Slot>();
  const line = createFairLine<Waiter>();

  const slotOf = (name: string): Slot => {
    const known = slots.get(name);
    if (known !== undefined) return known;
    const slot = { used: 0, waiting: 0, heldMs: null };
    slots.set(name, slot);
    return slot;
  };
  const isFree = (name: string): boolean => slotOf(name).used < (limitOf(name) ?? Infinity);

  function occupy(names: readonly string[], since: number): Lease {
    for (const name of names) slotOf(name).used++;
    const at = clock.now();
    let isHeld = true;
    return {
      waitedMs: at - since,
      release() {
        if (!isHeld) return;
        isHeld = false;
        const heldMs = clock.now() - at;
        for (const name of names) {
          const slot = slotOf(name);
          slot.used--;
          slot.heldMs = slot.heldMs === null ? heldMs : slot.heldMs + FRESHNESS * (heldMs - slot.heldMs);
        }
        next();
      },
    };
  }

  function next(): void {
    if (line.size === 0) return;
    line.serve(({ names, enter }) => {
      if (!names.every(isFree)) return false;
      enter();
      return true;
    });
  }

  /** Milliseconds until one that comes now would be served. */
  const expectedMs = (name: string, tenant: string): number => {
    const { waiting, heldMs } = slotOf(name);
    const before = Math.min(waiting, line.before(tenant));
    return heldMs === null ? 0 : ((before + 1) * heldMs) / (limitOf(name) ?? Infinity);
  };

  const isTooLong = (name: string, tenant: string): boolean => {
    const { waiting } = slotOf(name);
    if (isFree(name) || waiting < Math.max(SHORT_LINE, limitOf(name) ?? 0)) return false;
    return waiting >= MOST_WAITING || expectedMs(name, tenant) > GUESS * maxWaitMs();
  };

  function throttled(names: readonly string[], tenant: string, waitedMs: number): QuorumError {
    const full = names.filter((name) => !isFree(name));
    const retryAfterMs = Math.max(1_000, ...full.map((name) => expectedMs(name, tenant)));
    const where = (full.length > 0 ? full : names).join(' and ');
    const what = waitedMs > 0 ? `none came free within ${Math.round(waitedMs)} ms` : 'the line is too long';
    return new QuorumError('overload_throttled', `All slots of ${where} are taken, and ${what}. Try again later.`, {
      retryAfterMs,
    });
  }

  function wait(names: readonly string[], tenant: string, signal: AbortWatch): Promise<Lease> {
    const since = clock.now();
    return new Promise((resolve, reject) => {
      const count = (change: number): void => {
        for (const name of names) slotOf(name).waiting += change;
      };
      const stop = (): void => {
        cancelTimer();
        signal.removeEventListener('abort', onAbort);
        count(-1);
      };
      const leave = (reason: unknown): void => {
        removeFromLine();
        stop();
        reject(reason);
      };
      const onAbort = (): void =>
        leave(new QuorumError('client_closed', 'The request ended while it waited.', { cause: signal.reason }));
      const cancelTimer = clock.after(maxWaitMs(), () => leave(throttled(names, tenant, clock.now() - since)));
      const removeFromLine = line.add(tenant, {
        names,
        enter: () => {
          stop();
          resolve(occupy(names, since));
        },
      });
      count(1);
      signal.addEventListener('abort', onAbort, { once: true });
      if (signal.aborted) onAbort();
    });
  }

  function check(names: readonly string[], tenant: string): void {
    if (names.some((name) => limitOf(name) !== undefined && isTooLong(name, tenant))) throw throttled(names, tenant, 0);
  }

  return {
    check,
    take(wanted, tenant, signal) {
      const names = wanted.filter((name) => limitOf(name) !== undefined);
      if (names.length === 0) return FREE;
      // Raised limits are seen by whoever comes next.
      next();
      if (names.every(isFree)) return occupy(names, clock.now());
      check(names, tenant);
      return wait(names, tenant, signal);
    },
    use: () =>
      [...slots].flatMap(([name, { used, waiting }]) => {
        const limit = limitOf(name);
        return limit === undefined ? [] : [{ name, limit, used, waiting }];
      }),
  };
}
