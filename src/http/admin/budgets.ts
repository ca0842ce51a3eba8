// /admin/v1/budgets: limits made here, and the config file's for reading; how they stand, top-ups and resets.
import { z } from 'zod';
import { keyCalled, type Administration, type BudgetInput, type Budgets, type Keyring } from '../../accounts/index.ts';
import {
  BUDGET_PERIODS,
  NO_MONEY,
  ON_EXCEED,
  QuorumError,
  SCOPES,
  usdOf,
  type Balance,
  type Budget,
  type Clock,
  type Ledger,
  type Nano,
} from '../../contract/index.ts';
import { idOf, momentShown, pageOf, queryOf, route, type AdminRoute } from './answer.ts';
import { amountOf, oneOf, readInput, signedUsd, text, usd } from './input.ts';

export interface BudgetParts {
  readonly administration: Administration;
  readonly budgets: Budgets;
  readonly keyring: Keyring;
  readonly ledger: Ledger;
  readonly clock: Clock;
}

export const ACTOR = 'admin';

const share = z
  .number({ error: 'shares above 0, at most 1' })
  .gt(0, { error: 'shares above 0, at most 1' })
  .max(1, { error: 'shares above 0, at most 1' });

const change = {
  limit_usd: usd().optional(),
  period: oneOf(BUDGET_PERIODS).optional(),
  time_zone: text().optional(),
  soft_at: z
    .array(share, { error: 'a list of shares such as [0.5, 0.8]' })
    .max(20, { error: 'at most 20 shares' })
    .optional(),
  on_exceed: oneOf(ON_EXCEED).optional(),
  unpriced: oneOf(['refuse', 'estimate']).optional(),
};
export const budgetChange = z.strictObject(change);

export const newBudget = z.strictObject({
  ...change,
  scope: oneOf(SCOPES),
  subject: text().nullish(),
  limit_usd: usd(),
});

export const toppedUp = z.strictObject({ amount_usd: signedUsd(), subject: text().nullish() });
export const whoseBudget = z.strictObject({ subject: text().nullish() });

const BUDGET_TEXT = 'an amount such as "50/month", a number of USD in all, or { limit_usd, period, … }';

/** A key's own budget, in the short form or the long one. */
export const ownBudget = z
  .union([z.string(), z.number(), z.strictObject({ ...change, limit_usd: usd() })], { error: BUDGET_TEXT })
  .transform((given, context): Omit<BudgetInput, 'scope' | 'subject'> => {
    if (typeof given === 'object') return { ...changed(given), limit: given.limit_usd };
    const amount = amountOf(String(given));
    if (amount !== null) return amount;
    context.addIssue({ code: 'custom', message: BUDGET_TEXT });
    return z.NEVER;
  });

function changed(given: z.output<typeof budgetChange>): Partial<Omit<BudgetInput, 'scope' | 'subject'>> {
  return {
    ...(given.limit_usd !== undefined && { limit: given.limit_usd }),
    ...(given.period !== undefined && { period: given.period }),
    ...(given.time_zone !== undefined && { timeZone: given.time_zone }),
    ...(given.soft_at !== undefined && { softAt: given.soft_at }),
    ...(given.on_exceed !== undefined && { onExceed: given.on_exceed }),
    ...(given.unpriced !== undefined && { unpriced: given.unpriced }),
  };
}

export function budgetRoutes(parts: BudgetParts): readonly AdminRoute[] {
  const { administration, budgets } = parts;
  return [
    route('get', '/budgets', async (request) => {
      parts.keyring.refresh();
      const scope = queryOf(request, 'scope');
      const subject = queryOf(request, 'subject');
      const rows = budgets
        .list()
        .filter((budget) => scope === undefined || budget.scope === scope)
        .filter((budget) => subject === undefined || budget.subject === null || budget.subject === subject);
      const balances = await balancesOf(parts, rows, subject ?? null);
      return pageOf(request, rows, (budget) => budgetShown(budget, balances.get(budget.id)));
    }),
    route(
      'post',
      '/budgets',
      async (request) => {
        const given = await readInput(request, newBudget);
        const input = {
          ...changed(given),
          scope: given.scope,
          subject: subjectOf(parts, given),
          limit: given.limit_usd,
        };
        return standing(parts, administration.createBudget(input, ACTOR));
      },
      201,
    ),
    route('get', '/budgets/:id', (request) =>
      standing(parts, budgetNamed(parts, idOf(request)), queryOf(request, 'subject')),
    ),
    route('patch', '/budgets/:id', async (request) => {
      const given = await readInput(request, budgetChange);
      return standing(parts, administration.updateBudget(idOf(request), changed(given), ACTOR));
    }),
    route('delete', '/budgets/:id', (request) => {
      administration.deleteBudget(idOf(request), ACTOR);
      return { id: idOf(request), object: 'budget', deleted: true };
    }),
    route('post', '/budgets/:id/top-up', async (request) => {
      const { amount_usd: amount, subject } = await readInput(request, toppedUp);
      return balanceShown(await administration.topUp(idOf(request), subject ?? null, amount, ACTOR));
    }),
    route('post', '/budgets/:id/reset', async (request) => {
      const { subject } = await readInput(request, whoseBudget);
      return balanceShown(await administration.reset(idOf(request), subject ?? null, ACTOR));
    }),
  ];
}

/** A key may be named by its name; budgets count by its id. */
function subjectOf({ keyring }: BudgetParts, given: z.output<typeof newBudget>): string | null {
  if (given.scope !== 'key' || typeof given.subject !== 'string') return given.subject ?? null;
  keyring.refresh();
  const found = keyCalled(keyring.registry(), given.subject, 'subject');
  if (found === null)
    throw new QuorumError('invalid_value', `There is no key "${given.subject}".`, { param: 'subject' });
  return found.id;
}

function budgetNamed({ keyring, budgets }: BudgetParts, id: string): Budget {
  keyring.refresh();
  const budget = budgets.find(id);
  if (budget === null) throw new QuorumError('not_found', `There is no budget "${id}".`);
  return budget;
}

async function standing(parts: BudgetParts, budget: Budget, subject?: string): Promise<unknown> {
  const balances = await balancesOf(parts, [budget], subject ?? null);
  return budgetShown(budget, balances.get(budget.id));
}

/** How each stands now; of a budget for each subject only when one is named. */
export async function balancesOf(
  { budgets, ledger, clock }: Pick<BudgetParts, 'budgets' | 'ledger'> & { readonly clock: Pick<Clock, 'now'> },
  rows: readonly Budget[],
  subject: string | null,
): Promise<ReadonlyMap<string, Balance>> {
  const asked = rows.flatMap((budget) => {
    const whose = budget.scope === 'global' ? null : (budget.subject ?? subject);
    if (whose === null && budget.scope !== 'global') return [];
    return [budgets.allowance(budget, whose, clock.now())];
  });
  const balances = await ledger.balances(asked);
  return new Map(balances.map((balance) => [balance.budget, balance]));
}

export function budgetShown(budget: Budget, balance: Balance | undefined) {
  const { id, scope, subject, period, limit, timeZone, softAt, onExceed, unpriced, source } = budget;
  return {
    id,
    object: 'budget',
    scope,
    subject,
    period,
    limit_usd: usdOf(limit),
    time_zone: timeZone,
    soft_at: softAt,
    on_exceed: onExceed,
    unpriced,
    source,
    balance: balance === undefined ? null : balanceShown(balance),
  };
}

export function balanceShown(balance: Balance) {
  const { budget, scope, subject, period, startsAt, resetsAt, limit, spent, held } = balance;
  return {
    budget,
    scope,
    id: subject ?? 'global',
    period,
    starts_at: momentShown(startsAt),
    resets_at: momentShown(resetsAt),
    limit_usd: usdOf(limit),
    spent_usd: usdOf(spent),
    held_usd: usdOf(held),
    left_usd: usdOf(leftOf(balance)),
  };
}

const leftOf = ({ limit, spent, held }: Balance): Nano => Math.max(NO_MONEY, limit - spent - held) as Nano;
