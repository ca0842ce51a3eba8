// When the next request may go out, as a model's last answers allow it: nothing is sent too early, and nothing waits that needn't.
import type { AbortWatch, Clock } from '../contract/index.ts';
import { allowancesOf, type Allowance } from './pacing-headers.ts';
import { createFairLine } from './slots-line.ts';
import type { Headers } from './status.ts';

/** One limit as it is known: renewed by each answer, counted down by each request. */
interface Known {
  readonly counts: Allowance['counts'];
  remaining: number;
  limit: number | null;
  /** null: not before an answer tells more, or nobody is left who could bring one. */
  resetAt: number | null;
}

/** The limits of one model at one provider. Pure: time is given. */
export class Pace {
  readonly #known = new Map<string, Known>();
  readonly #underWay = new Set<number>();
  #sent = 0;
  #newest = 0;
  #closedUntil = 0;

  /** Nothing is known that could hold anybody up. */
  get isFree(): boolean {
    return this.#known.size === 0 && this.#closedUntil === 0;
  }

  /** When a request of about so many tokens may go out: `now` or earlier means at once, Infinity: not before another answer. */
  allowedAt(tokens: number, now: number): number {
    if (this.isFree) return now;
    let at = now;
    if (this.#closedUntil > now) at = this.#closedUntil;
    else this.#closedUntil = 0;
    for (const [name, known] of this.#known) {
      this.#renew(name, known, now);
      // More than the whole limit never fits; the provider shall say so.
      const needed = known.counts === 'requests' ? 1 : Math.max(1, Math.min(tokens, known.limit ?? tokens));
      if (known.remaining >= needed) continue;
      if (known.resetAt !== null) at = Math.max(at, known.resetAt);
      else if (this.#underWay.size > 0) at = Infinity;
    }
    return at;
  }

  /** Counts a request that goes out now; the number names it in `heard` and `over`. */
  send(tokens: number): number {
    for (const known of this.#known.values()) known.remaining -= known.counts === 'requests' ? 1 : tokens;
    this.#underWay.add(++this.#sent);
    return this.#sent;
  }

  /** An answer's head. What it doesn't count yet, since it was sent later, is taken off. */
  heard(number: number, status: number, headers: Headers, now: number): void {
    if (status === 429 || status === 503 || status === 529) this.#closeUntil(headers, now);
    const told = allowancesOf(headers, now);
    if (told.length === 0) {
      if (status < 300) this.#forget();
      return;
    }
    let later = 0;
    for (const other of this.#underWay) if (other > number) later++;
    const isNewest = number >= this.#newest;
    if (isNewest) this.#newest = number;
    for (const allowance of told) this.#learn(allowance, later, isNewest, now);
  }

  over(number: number): void {
    this.#underWay.delete(number);
  }

  snapshot(): readonly { name: string; remaining: number; limit: number | null; resetAt: number | null }[] {
    return [...this.#known].map(([name, { remaining, limit, resetAt }]) => ({ name, remaining, limit, resetAt }));
  }

  /** It tells no limits any more: nothing of an earlier period holds. */
  #forget(): void {
    if (this.#known.size === 0) return;
    for (const [name, { resetAt }] of this.#known) if (resetAt === null) this.#known.delete(name);
  }

  #learn({ name, counts, remaining, limit, resetAt }: Allowance, later: number, isNewest: boolean, now: number): void {
    const left = counts === 'requests' ? remaining - later : remaining;
    const before = this.#known.get(name);
    // An answer that was overtaken may only tighten what the newer one said.
    if (!isNewest && before !== undefined && before.remaining <= left) return;
    if (resetAt === null) this.#known.delete(name);
    // It speaks of a period that is over; what holds now isn't known from it.
    else if (resetAt > now) this.#known.set(name, { counts, remaining: left, limit, resetAt });
  }

  #renew(name: string, known: Known, now: number): void {
    const isOver = known.resetAt === null ? this.#underWay.size === 0 : known.resetAt <= now;
    if (!isOver) return;
    known.resetAt = null;
    // As many as the limit has may go; what comes after them waits for what their answers say.
    if (known.limit === null) this.#known.delete(name);
    else known.remaining = known.limit;
  }

  #closeUntil(headers: Headers, now: number): void {
    const exact = Number(headers['retry-after-ms'] ?? Number.NaN);
    const value = headers['retry-after'];
    const seconds = typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
    const date = typeof value === 'string' && Number.isNaN(seconds) ? Date.parse(value) : Number.NaN;
    const at = exact >= 0 ? now + exact : seconds >= 0 ? now + seconds * 1_000 : date;
    if (at > now) this.#closedUntil = Math.max(this.#closedUntil, at);
  }
}

/** What a call wants of its model's pace. */
export interface Pacer {
  readonly tokens: number;
  readonly tenant: string;
  readonly signal: AbortWatch;
  /** Longer isn't waited for. */
  readonly mostMs: number;
}

/** Number of the request, or how long it would have had to wait. */
export type Turn = number | { readonly waitMs: number };

export interface PaceLine {
  readonly pace: Pace;
  /** Nobody waits and nothing holds up. */
  readonly isFree: boolean;
  /** Resolves exactly when the request may go out; at once with the wait when that is too long. Rejects when the signal aborts. */
  turn(wish: Pacer): Turn | Promise<Turn>;
  /** A request goes out that nothing holds up. */
  send(): number;
  heard(number: number, status: number, headers: Headers): void;
  over(number: number): void;
  /** Until the next small request may go out. */
  waitMs(): number;
}

interface Waiter {
  readonly tokens: number;
  readonly enter: () => void;
}

/** Node's timers go off at once beyond it. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** While only an answer can tell more, it is looked at again this often. */
const LOOK_AGAIN_MS = 1_000;

export function createPaceLine(clock: Clock): PaceLine {
  const pace = new Pace();
  const line = createFairLine<Waiter>();
  let cancelTimer: (() => void) | null = null;

  function serve(): void {
    cancelTimer?.();
    cancelTimer = null;
    if (line.size === 0) return;
    let soonest = Infinity;
    line.serve(({ tokens, enter }) => {
      const now = clock.now();
      const at = pace.allowedAt(tokens, now);
      soonest = Math.min(soonest, at);
      if (at > now) return false;
      enter();
      return true;
    });
    if (line.size === 0) return;
    const waitMs = soonest === Infinity ? LOOK_AGAIN_MS : Math.max(0, soonest - clock.now());
    cancelTimer = clock.after(Math.min(Math.ceil(waitMs), LONGEST_TIMER_MS), serve);
  }

  function wait({ tokens, tenant, signal, mostMs }: Pacer): Promise<Turn> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        cancelLimit();
        signal.removeEventListener('abort', onAbort);
      };
      const onAbort = (): void => {
        leave();
        stop();
        reject(signal.reason);
      };
      const cancelLimit = clock.after(Math.min(mostMs, LONGEST_TIMER_MS), () => {
        leave();
        stop();
        resolve({ waitMs: pace.allowedAt(tokens, clock.now()) - clock.now() });
      });
      const leave = line.add(tenant, {
        tokens,
        enter: () => {
          stop();
          resolve(pace.send(tokens));
        },
      });
      signal.addEventListener('abort', onAbort, { once: true });
      if (signal.aborted) onAbort();
      serve();
    });
  }

  return {
    pace,
    get isFree() {
      return line.size === 0 && pace.isFree;
    },
    turn(wish) {
      const now = clock.now();
      const at = pace.allowedAt(wish.tokens, now);
      if (line.size === 0 && at <= now) return pace.send(wish.tokens);
      if (at !== Infinity && at - now > wish.mostMs) return { waitMs: at - now };
      if (wish.mostMs <= 0) return { waitMs: 1 };
      return wait(wish);
    },
    send: () => pace.send(0),
    heard(number, status, headers) {
      pace.heard(number, status, headers, clock.now());
      if (line.size > 0) serve();
    },
    over(number) {
      pace.over(number);
      if (line.size > 0) serve();
    },
    waitMs: () => Math.max(0, pace.allowedAt(1, clock.now()) - clock.now()),
  };
}
