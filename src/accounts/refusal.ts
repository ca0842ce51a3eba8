// What a client is told when its money isn't enough.
import { formatUsd, QuorumError, type Balance, type Nano, type Refused } from '../contract/index.ts';

const RETRY_HELD_MS = 1_000;

/** With `details {scope,id,period,limit_usd,spent_usd,held_usd,resets_at}`; only what is in flight is worth a retry. */
export function refusalOf({ code, balance }: Refused, amount: Nano): QuorumError {
  const details = detailsOf(balance);
  const whose = `${PERIODS[balance.period]} budget of ${nameOf(balance)} ($${formatUsd(balance.limit)})`;
  switch (code) {
    case 'budget_exceeded':
      return new QuorumError(code, `The ${whose} ${leftOf(balance, amount)}${whenAnew(balance)}.`, {
        details,
        shouldRetry: false,
      });
    case 'budget_held':
      return new QuorumError(
        code,
        `What is left of the ${whose} is held by requests in flight ($${formatUsd(balance.held)}); try again in a moment.`,
        { details, retryAfterMs: RETRY_HELD_MS, shouldRetry: true },
      );
    case 'request_exceeds_budget':
      return new QuorumError(
        code,
        `This request alone could cost $${formatUsd(amount)}, more than the whole ${whose}. Ask for fewer tokens or a cheaper model.`,
        { details, shouldRetry: false },
      );
    default:
      return code satisfies never;
  }
}

/** For a request that can't be done under its own `x-quorum-max-cost`. */
export function overCeiling(ceiling: Nano, amount: Nano): QuorumError {
  return new QuorumError(
    'request_exceeds_budget',
    `This request could cost $${formatUsd(amount)}, more than its own limit of $${formatUsd(ceiling)} (x-quorum-max-cost).`,
    {
      param: 'x-quorum-max-cost',
      shouldRetry: false,
      details: {
        scope: 'request',
        id: null,
        period: null,
        limit_usd: usd(ceiling),
        spent_usd: 0,
        held_usd: 0,
        resets_at: null,
      },
    },
  );
}

export function unpriced(model: string, balance: { readonly budget: string }): QuorumError {
  return new QuorumError(
    'model_unpriced',
    `The model "${model}" has no price, and the budget "${balance.budget}" counts what it costs. Give it a price, or set the budget's "unpriced" to "estimate".`,
    { param: 'model', shouldRetry: false },
  );
}

/** For what costs more than its request shows: a batch, a training, a run with tools. */
export function boundless(what: string, balance: { readonly budget: string }): QuorumError {
  return new QuorumError(
    'model_unpriced',
    `What ${what} costs can't be told beforehand, and the budget "${balance.budget}" counts it. Use a key without a budget, or set the budget's "unpriced" to "estimate", which lets it pass uncounted.`,
    { shouldRetry: false },
  );
}

/** A balance as the API shows it. */
export function detailsOf(balance: Balance): Readonly<Record<string, unknown>> {
  return {
    scope: balance.scope,
    id: balance.subject ?? 'global',
    period: balance.period,
    limit_usd: usd(balance.limit),
    spent_usd: usd(balance.spent),
    held_usd: usd(balance.held),
    resets_at: balance.resetsAt === null ? null : new Date(balance.resetsAt).toISOString(),
    budget: balance.budget,
  };
}

const usd = (amount: Nano): number => Number(formatUsd(amount));
const PERIODS = { hour: 'hourly', day: 'daily', week: 'weekly', month: 'monthly', total: 'total' } as const;
const nameOf = ({ scope, subject }: Balance): string =>
  scope === 'global' ? 'all together' : `the ${scope} "${subject}"`;
const leftOf = ({ limit, spent }: Balance, amount: Nano): string =>
  spent >= limit
    ? `is used up: $${formatUsd(spent)} spent`
    : `has $${formatUsd((limit - spent) as Nano)} left, too little for this request, which could cost $${formatUsd(amount)}`;
const whenAnew = ({ resetsAt }: Balance): string =>
  resetsAt === null ? '' : `; it begins anew at ${new Date(resetsAt).toISOString()}`;
