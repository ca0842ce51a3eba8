// Requests for the same thing at the same time: one leads and does it, the others wait for what it brings.
import { Abort, Roster, type AbortWatch } from '../contract/index.ts';

/** One participant's share in a flight. */
export interface Flight<Value> {
  /** For followers: what the leader brings. Rejects with the leader's error, or with the signal's reason; that leaves, too. */
  wait(signal: AbortWatch): Promise<Value>;
  /** For the leader: hands `value` to everyone who waits and ends the flight. Only the first end counts. */
  settle(value: Value): void;
  fail(error: unknown): void;
  /** This participant's client is gone. Idempotent; nothing happens to the others. */
  leave(): void;
  /** For the leader's work: aborts when all participants, the leader too, have left before the end. */
  readonly signal: AbortWatch;
}

export interface Flights<Value> {
  join(key: string): { readonly leader: boolean; readonly flight: Flight<Value> };
  /** How many are in the air. */
  readonly size: () => number;
}

interface Waiter<Value> {
  readonly resolve: (value: Value) => void;
  readonly reject: (error: unknown) => void;
}

type Outcome<Value> =
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'error'; readonly error: unknown };

class Air<Value> {
  participants = 0;
  outcome: Outcome<Value> | null = null;
  #abort: Abort | null = null;
  #gone: DOMException | null = null;
  readonly waiters = new Set<Waiter<Value>>();
  readonly #onEnd: () => void;

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  /** Made when it is asked for: most participants never do, and it costs more than all the rest. */
  get signal(): AbortWatch {
    this.#abort ??= new Abort();
    if (this.#gone !== null) this.#abort.abort(this.#gone);
    return this.#abort;
  }

  end(outcome: Outcome<Value>): void {
    if (this.outcome !== null) return;
    this.outcome = outcome;
    this.#onEnd();
    for (const waiter of this.waiters) give(outcome, waiter);
    this.waiters.clear();
  }

  depart(): void {
    this.participants -= 1;
    if (this.participants > 0 || this.outcome !== null) return;
    const gone = new DOMException('Everyone who waited for it has left.', 'AbortError');
    this.end({ kind: 'error', error: gone });
    this.#gone = gone;
    this.#abort?.abort(gone);
  }
}

export function createFlights<Value>(): Flights<Value> {
  const inTheAir = new Roster<Air<Value>>();
  return {
    join(key) {
      const there = inTheAir.get(key);
      const air = there ?? new Air<Value>(() => inTheAir.delete(key));
      if (there === undefined) inTheAir.set(key, air);
      return { leader: there === undefined, flight: board(air) };
    },
    size: () => inTheAir.size,
  };
}

function board<Value>(air: Air<Value>): Flight<Value> {
  let aboard = true;
  air.participants += 1;
  const leave = (): void => {
    if (!aboard) return;
    aboard = false;
    air.depart();
  };
  return {
    leave,
    get signal() {
      return air.signal;
    },
    settle: (value) => air.end({ kind: 'value', value }),
    fail: (error) => air.end({ kind: 'error', error }),
    wait: (signal) => waitFor(air, signal, leave),
  };
}

function waitFor<Value>(air: Air<Value>, signal: AbortWatch, leave: () => void): Promise<Value> {
  return new Promise<Value>((resolve, reject) => {
    if (air.outcome !== null) {
      give(air.outcome, { resolve, reject });
      return;
    }
    const onAbort = (): void => {
      air.waiters.delete(waiter);
      reject(signal.reason);
      leave();
    };
    const done = (): void => signal.removeEventListener('abort', onAbort);
    const waiter: Waiter<Value> = {
      resolve: (value) => {
        done();
        resolve(value);
      },
      reject: (error) => {
        done();
        reject(error);
      },
    };
    if (signal.aborted) {
      onAbort();
      return;
    }
    air.waiters.add(waiter);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

function give<Value>(outcome: Outcome<Value>, waiter: Waiter<Value>): void {
  switch (outcome.kind) {
    case 'value':
      waiter.resolve(outcome.value);
      break;
    case 'error':
      waiter.reject(outcome.error);
      break;
    default:
      outcome satisfies never;
  }
}
