// Tells, once a period, that a budget passes a threshold, is used up, or will be before its period ends.
import {
  formatUsd,
  type AlertStore,
  type Balance,
  type Budget,
  type BudgetAlert,
  type Clock,
} from '../contract/index.ts';

/** A projection needs this share of the period and of the limit behind it. */
const PROJECT_AFTER = 0.05;
const PROJECT_FROM = 0.2;
/** Longer than all retries of a delivery: what is still open then was left by a process that died. */
const REDELIVER_AFTER_MS = 20 * 60_000;
const REMEMBERED = 20_000;

interface AlertsOptions {
  readonly store: AlertStore;
  readonly clock: Clock;
  readonly budget: (id: string) => Budget | null;
  /** Resolves when the receiver has it; null: nobody wants them. */
  readonly deliver: ((alert: BudgetAlert) => Promise<void>) | null;
  readonly log: (message: string, alert: BudgetAlert) => void;
  readonly onTrouble?: (error: unknown) => void;
}

interface Alerts {
  /** Give it to `ledger.onPosted`. Never throws. */
  look(balances: readonly Balance[]): void;
  /** Sends what a process that died had left; once, after the start. */
  resume(): void;
}

export function createAlerts(options: AlertsOptions): Alerts {
  const { store, clock, budget, deliver, log } = options;
  const told = new Set<string>();

  const send = (alert: BudgetAlert): void => {
    if (deliver === null) return;
    deliver(alert).then(
      () => store.delivered(alert.id, clock.now()),
      (error: unknown) => options.onTrouble?.(error),
    );
  };
  const tell = (alert: BudgetAlert): void => {
    if (told.has(alert.id)) return;
    try {
      if (store.claim(alert)) {
        log(sentenceOf(alert), alert);
        send(alert);
      }
      if (told.size >= REMEMBERED) told.clear();
      told.add(alert.id);
    } catch (error) {
      options.onTrouble?.(error);
    }
  };

  return {
    look: (balances) => {
      const now = clock.now();
      for (const balance of balances)
        for (const alert of alertsOf(balance, budget(balance.budget)?.softAt ?? [], now)) tell(alert);
    },
    resume: () => {
      if (deliver !== null) for (const alert of store.undelivered(clock.now() - REDELIVER_AFTER_MS)) send(alert);
    },
  };
}

/** Pure. Raising the limit makes new alerts of it. */
function alertsOf(balance: Balance, softAt: readonly number[], at: number): readonly BudgetAlert[] {
  const { spent, limit } = balance;
  if (limit <= 0) return [];
  const used = spent / limit;
  const exhaustsAt = used < 1 ? projectionOf(balance, at) : null;
  const make = (type: BudgetAlert['type'], threshold: number): BudgetAlert => ({
    id: [balance.allowance, limit, type, threshold].join('|'),
    type,
    at,
    balance,
    threshold,
    exhaustsAt,
  });
  return [
    ...softAt
      .filter((threshold) => threshold < 1 && used >= threshold)
      .map((threshold) => make('threshold', threshold)),
    ...(used >= 1 ? [make('exhausted', 1)] : []),
    ...(exhaustsAt === null ? [] : [make('projected', 1)]),
  ];
}

/** When the money is gone at the mean rate of this period so far; null: not before its end, or too early to tell. */
function projectionOf({ spent, limit, startsAt, resetsAt }: Balance, at: number): number | null {
  if (resetsAt === null || spent < limit * PROJECT_FROM) return null;
  const elapsedMs = at - startsAt;
  if (elapsedMs < (resetsAt - startsAt) * PROJECT_AFTER) return null;
  const exhaustsAt = Math.round(at + (limit - spent) / (spent / elapsedMs));
  return exhaustsAt < resetsAt ? exhaustsAt : null;
}

function sentenceOf({ type, balance, threshold, exhaustsAt }: BudgetAlert): string {
  const whose = `the ${balance.period} budget of ${balance.subject === null ? 'all together' : `${balance.scope} "${balance.subject}"`}`;
  const state = `$${formatUsd(balance.spent)} of $${formatUsd(balance.limit)} spent`;
  switch (type) {
    case 'threshold':
      return `${Math.round(threshold * 100)} % of ${whose} is used: ${state}.`;
    case 'exhausted':
      return `All of ${whose} is used: ${state}.`;
    case 'projected':
      return `At the present rate ${whose} is used up by ${new Date(exhaustsAt ?? 0).toISOString()}: ${state}.`;
    default:
      return type satisfies never;
  }
}
