// Requests that wait a moment for money that others hold. First come, first served, as money comes back.
import type { AbortWatch, Allowance, Clock, HoldOutcome } from '../contract/index.ts';

const POLL_MS = 50;
/** Who has waited so long is no longer overtaken by those who want less: what comes back is saved up for it. */
const PATIENCE_MS = 500;
/** How many are tried in vain before the others are left for the next time. */
const TRY_AT_ONCE = 16;
const MOST_WAITING = 2_000;

interface Waiting {
  /** Tries (again, after `first`) until it is held, something else stands in the way, or the time is over. Gives the last outcome. */
  until(
    deadlineAt: number,
    first: HoldOutcome | null,
    allowances: readonly Allowance[],
    attempt: () => Promise<HoldOutcome>,
    signal?: AbortWatch,
  ): Promise<HoldOutcome>;
  /** Some money came back in this process. */
  wake(): void;
  /** Money of one of these is being saved up for somebody who came earlier. */
  isPromised(allowances: readonly Allowance[]): boolean;
}

interface Waiter {
  readonly allowances: readonly Allowance[];
  since: number;
  readonly attempt: () => Promise<HoldOutcome>;
  readonly done: (outcome: HoldOutcome) => void;
  readonly failed: (error: unknown) => void;
  deadlineAt: number;
  readonly signal: AbortWatch | undefined;
  last: HoldOutcome | null;
}

export function createWaiting(clock: Clock): Waiting {
  let waiters: Waiter[] = [];
  let busy = false;
  let again = false;
  let ticking = false;
  let seenAt = 0;

  const leave = (waiter: Waiter): void => {
    waiters = waiters.filter((one) => one !== waiter);
  };
  /** While this process stood still no money could come back either: such time isn't waiting. */
  const look = (): number => {
    const now = clock.now();
    const stoodStillMs = now - seenAt - 2 * POLL_MS;
    if (stoodStillMs > 0)
      for (const waiter of waiters) {
        waiter.deadlineAt += stoodStillMs;
        waiter.since += stoodStillMs;
      }
    seenAt = now;
    return now;
  };
  const isPatient = ({ since }: Waiter, now: number): boolean => now - since < PATIENCE_MS;
  const inTheWayOf = ({ last }: Waiter): string | null => (last?.kind === 'refused' ? last.balance.allowance : null);
  /** True: it waits no longer. */
  const tryOne = async (waiter: Waiter): Promise<boolean> => {
    const isOver = waiter.signal?.aborted === true || look() >= waiter.deadlineAt;
    try {
      if (waiter.last === null || waiter.signal?.aborted !== true) waiter.last = await waiter.attempt();
      if (!isOver && waiter.last.kind === 'refused' && waiter.last.code === 'budget_held') return false;
      leave(waiter);
      waiter.done(waiter.last);
    } catch (error) {
      leave(waiter);
      waiter.failed(error);
    }
    return true;
  };
  /** In the order in which they came. */
  const tryAll = async (): Promise<void> => {
    const promised = new Set<string>();
    let stuck = 0;
    for (const waiter of waiters.slice()) {
      const now = look();
      const isOver = waiter.signal?.aborted === true || now >= waiter.deadlineAt;
      const mayTry = stuck < TRY_AT_ONCE && !waiter.allowances.some(({ id }) => promised.has(id));
      if ((!mayTry && !isOver) || (await tryOne(waiter))) continue;
      stuck += 1;
      const wants = inTheWayOf(waiter);
      if (wants !== null && !isPatient(waiter, now)) promised.add(wants);
    }
  };
  const round = async (): Promise<void> => {
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    await tryAll();
    busy = false;
    if (!again) return;
    again = false;
    void round();
  };
  /** Other processes give money back as well, and time runs out. */
  const tick = (): void => {
    ticking = waiters.length > 0;
    if (!ticking) return;
    look();
    void round();
    clock.after(POLL_MS, tick);
  };

  return {
    until: (deadlineAt, first, allowances, attempt, signal) => {
      if (waiters.length >= MOST_WAITING || clock.now() >= deadlineAt)
        return first === null ? attempt() : Promise.resolve(first);
      return new Promise((done, failed) => {
        waiters.push({ allowances, since: clock.now(), attempt, done, failed, deadlineAt, signal, last: first });
        if (ticking) return;
        ticking = true;
        seenAt = clock.now();
        clock.after(POLL_MS, tick);
      });
    },
    wake: () => {
      if (waiters.length > 0) void round();
    },
    isPromised: (allowances) => {
      if (waiters.length === 0) return false;
      const now = clock.now();
      return waiters.some(
        (waiter) => !isPatient(waiter, now) && allowances.some(({ id }) => id === inTheWayOf(waiter)),
      );
    },
  };
}
