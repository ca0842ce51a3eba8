// One model's circuit: when it is ejected, when one call may try it again, and how it comes back. Pure.

/** How a call ended, as far as the model is to blame. */
export type CallEnd = 'good' | 'bad' | 'neither';

export const FAILURES_IN_ROW = 5;
const FIRST_EJECTION_MS = 30_000;
const LONGEST_EJECTION_MS = 300_000;
/** Well for as long as this, and the next ejection is a first one again. */
const FORGIVEN_AFTER_MS = 300_000;
/** A probe that hasn't told by then isn't waited for any longer. */
const PROBE_MS = 30_000;
const SLOW_START_MS = 30_000;
const LEAST_SHARE = 0.1;
/** Failure rates are looked at over one to two of these. */
const WINDOW_MS = 15_000;

export interface Ejections {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** Calls and failures of late. */
export interface Tally {
  readonly calls: number;
  readonly failures: number;
}

export class Breaker {
  failuresInRow = 0;
  /** Ejected until then, and from then on until one call went well; null: closed. */
  ejectedUntil: number | null = null;
  #ejectedAt = 0;
  #ejections = 0;
  #probeUntil = 0;
  #returnedAt: number | null = null;
  #windowAt = Number.NEGATIVE_INFINITY;
  #calls = 0;
  #failures = 0;
  #callsBefore = 0;
  #failuresBefore = 0;
  readonly #ejection: Ejections;

  constructor(ejection: Ejections = { firstMs: FIRST_EJECTION_MS, longestMs: LONGEST_EJECTION_MS }) {
    this.#ejection = ejection;
  }

  /** Ejected or, when the time is over, half-open. */
  get isOpen(): boolean {
    return this.ejectedUntil !== null;
  }

  /** It fails again and again, ejected or not. */
  get isSick(): boolean {
    return this.ejectedUntil !== null || this.failuresInRow >= FAILURES_IN_ROW;
  }

  stateAt(now: number): 'closed' | 'open' | 'half_open' {
    if (this.ejectedUntil === null) return 'closed';
    return now < this.ejectedUntil ? 'open' : 'half_open';
  }

  /** Whether this call is the one that may try. */
  isProbeFree(now: number): boolean {
    return this.ejectedUntil !== null && now >= this.ejectedUntil && now >= this.#probeUntil;
  }

  claimProbe(now: number): void {
    this.#probeUntil = now + PROBE_MS;
  }

  /** Of its usual share of calls, how much it gets: less for a while after it came back, 0 while it is ejected. */
  shareAt(now: number): number {
    if (this.ejectedUntil !== null) return this.isProbeFree(now) ? 1 : 0;
    if (this.#returnedAt === null) return 1;
    const share = (now - this.#returnedAt) / SLOW_START_MS;
    if (share >= 1) return 1;
    return Math.max(LEAST_SHARE, share);
  }

  /** Takes an ending in. True: it has failed often enough in a row to be ejected. `startedAt`: when the call began. */
  ended(end: CallEnd, startedAt: number, now: number): boolean {
    if (this.ejectedUntil !== null) {
      // What began before tells nothing of how it is now.
      if (startedAt >= this.#ejectedAt) this.#probed(end, now);
      return false;
    }
    if (end === 'neither') return false;
    this.#roll(now);
    this.#calls++;
    if (end === 'good') {
      this.failuresInRow = 0;
      return false;
    }
    this.#failures++;
    return ++this.failuresInRow >= FAILURES_IN_ROW;
  }

  eject(now: number): void {
    const isForgiven = this.#returnedAt === null || now - this.#returnedAt >= FORGIVEN_AFTER_MS;
    if (isForgiven) this.#ejections = 0;
    this.ejectedUntil = now + Math.min(this.#ejection.longestMs, this.#ejection.firstMs * 2 ** this.#ejections++);
    this.#ejectedAt = now;
    this.#probeUntil = 0;
  }

  tally(now: number): Tally {
    this.#roll(now);
    return { calls: this.#calls + this.#callsBefore, failures: this.#failures + this.#failuresBefore };
  }

  #probed(end: CallEnd, now: number): void {
    this.#probeUntil = 0;
    if (end === 'neither') return;
    if (end === 'good') {
      this.ejectedUntil = null;
      this.failuresInRow = 0;
      this.#returnedAt = now;
      this.#calls = this.#failures = this.#callsBefore = this.#failuresBefore = 0;
      return;
    }
    // A call that had no other model to go to says nothing new while the time isn't over.
    if (now < this.ejectedUntil!) return;
    this.#returnedAt ??= this.#ejectedAt;
    this.ejectedUntil = now + Math.min(this.#ejection.longestMs, this.#ejection.firstMs * 2 ** this.#ejections++);
    this.#ejectedAt = now;
  }

  #roll(now: number): void {
    const age = now - this.#windowAt;
    if (age < WINDOW_MS) return;
    const isNext = age < 2 * WINDOW_MS;
    this.#callsBefore = isNext ? this.#calls : 0;
    this.#failuresBefore = isNext ? this.#failures : 0;
    this.#calls = this.#failures = 0;
    this.#windowAt = now;
  }
}
