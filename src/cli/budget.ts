// `quorum budget`: budgets made, raised, topped up and looked at, and charges that have to be put right. The same code stands behind /admin/v1/budgets.
import { parseArgs } from 'node:util';
import { isTimeZone, type BudgetInput } from '../accounts/index.ts';
import { formatUsd, ON_EXCEED, QuorumError, SCOPES, type Balance, type Budget, type Nano } from '../contract/index.ts';
import { given, listOf, parseLimit, parseUsd, wrong, type AccountsDeps } from './accounts-arguments.ts';

export const BUDGET_HELP = `quorum budget list                      all budgets and how they stand
quorum budget create --scope team --id data --limit 50/month
quorum budget update ID --limit 80      counts on with what was spent
quorum budget delete ID
quorum budget topup ID AMOUNT           once, for the present period
quorum budget reset ID                  counts from nothing again in this period; history stays
quorum budget unreconciled              charges posted at their reserve after a crash
quorum budget correct NUMBER AMOUNT     what such a charge truly cost

--scope global | team | key | user | tag     --id NAME    without it: one for each of that kind
--on-exceed reject | downgrade | warn        --soft-at 0.5,0.8    --time-zone Europe/Berlin
--unpriced refuse | estimate                 --for NAME   whose, for topup and reset of a budget for each
--json
`;

const OPTIONS = {
  scope: { type: 'string' },
  id: { type: 'string' },
  limit: { type: 'string' },
  'on-exceed': { type: 'string' },
  'soft-at': { type: 'string' },
  'time-zone': { type: 'string' },
  unpriced: { type: 'string' },
  for: { type: 'string' },
  json: { type: 'boolean' },
} as const;

type Values = ReturnType<typeof read>['values'];
const read = (args: readonly string[]) => parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });

/** 0 when it was done; 1 with a sentence when not. */
export async function runBudget(args: readonly string[], deps: AccountsDeps): Promise<number> {
  try {
    const { values, positionals } = read(args);
    return await carryOut(positionals, values, deps);
  } catch (error) {
    if (!(error instanceof QuorumError) && !(error instanceof TypeError)) throw error;
    deps.write(`${error.message}\n`);
    return 1;
  }
}

async function carryOut(
  [verb = 'list', id = '', amount = '']: readonly string[],
  values: Values,
  deps: AccountsDeps,
): Promise<number> {
  const { administration, actor, ledger, write } = deps;
  const print = (value: unknown, text: string): number => {
    write(values.json ? `${JSON.stringify(value, null, 2)}\n` : `${text}\n`);
    return 0;
  };
  const whose = values.for ?? null;
  switch (verb) {
    case 'list': {
      const rows = await standings(deps);
      return print(
        rows,
        rows.map(({ budget, balance }) => lineOf(budget, balance)).join('\n') || 'There are no budgets yet.',
      );
    }
    case 'create': {
      const budget = administration.createBudget(newBudget(values), actor);
      return print(budget, lineOf(budget, null));
    }
    case 'update': {
      const budget = administration.updateBudget(
        id,
        { ...changesOf(values), ...given({ limit: limitOf(values) }) },
        actor,
      );
      return print(budget, lineOf(budget, null));
    }
    case 'delete':
      administration.deleteBudget(id, actor);
      return print({ deleted: id }, `${id} is deleted; what was spent stays in the ledger.`);
    case 'topup': {
      const balance = await administration.topUp(id, whose, parseUsd(amount, 'AMOUNT'), actor);
      return print(balance, stateOf(balance));
    }
    case 'reset': {
      const balance = await administration.reset(id, whose, actor);
      return print(balance, stateOf(balance));
    }
    case 'unreconciled': {
      const entries = await ledger.unreconciled(1_000);
      const lines = entries.map(
        ({ seq, at, model, amount: cost, call }) =>
          `${seq}  ${new Date(at).toISOString()}  $${formatUsd(cost)}  ${model}  ${call}`,
      );
      return print(entries, lines.join('\n') || 'Every charge is reconciled.');
    }
    case 'correct': {
      const done = await ledger.correct(Number(id), parseUsd(amount, 'AMOUNT'), { at: deps.now(), actor });
      if (!done) wrong('NUMBER', `there is no unreconciled charge "${id}"`);
      return print({ corrected: Number(id) }, `Charge ${id} is corrected to $${amount}.`);
    }
    default:
      write(`There is no "quorum budget ${verb}".\n\n${BUDGET_HELP}`);
      return 1;
  }
}

/** Budgets for each of a kind have no one balance. */
async function standings({
  budgets,
  ledger,
  now,
}: AccountsDeps): Promise<{ budget: Budget; balance: Balance | null }[]> {
  return await Promise.all(
    budgets.list().map(async (budget) => {
      if (budget.scope !== 'global' && budget.subject === null) return { budget, balance: null };
      const [balance = null] = await ledger.balances([budgets.allowance(budget, budget.subject, now())]);
      return { budget, balance };
    }),
  );
}

function newBudget(values: Values): BudgetInput {
  const scope =
    SCOPES.find((one) => one === (values.scope ?? 'global')) ?? wrong('--scope', `it is one of ${SCOPES.join(', ')}`);
  if (values.limit === undefined) return wrong('--limit', 'say how much, such as 50/month');
  const { limit, period } = parseLimit(values.limit);
  return {
    scope,
    subject: values.id ?? null,
    ...given({ period }),
    ...changesOf(values),
    limit,
  };
}

const limitOf = ({ limit }: Values): Nano | undefined => (limit === undefined ? undefined : parseUsd(limit, '--limit'));

function changesOf(values: Values): Partial<Omit<BudgetInput, 'scope' | 'subject' | 'limit'>> {
  const { 'on-exceed': onExceed, 'soft-at': softAt, 'time-zone': timeZone, unpriced } = values;
  if (timeZone !== undefined && !isTimeZone(timeZone))
    wrong('--time-zone', `"${timeZone}" is no time zone such as Europe/Berlin`);
  if (unpriced !== undefined && unpriced !== 'refuse' && unpriced !== 'estimate')
    return wrong('--unpriced', 'it is refuse or estimate');
  return {
    ...given({
      softAt: listOf(softAt)?.map(Number),
      timeZone,
      unpriced,
      onExceed:
        onExceed === undefined
          ? undefined
          : (ON_EXCEED.find((one) => one === onExceed) ?? wrong('--on-exceed', `it is one of ${ON_EXCEED.join(', ')}`)),
    }),
  };
}

function lineOf({ id, scope, subject, period, limit, onExceed }: Budget, balance: Balance | null): string {
  const state = balance === null ? `$${formatUsd(limit)}` : stateOf(balance);
  const whom = scope === 'global' ? 'global' : `${scope} ${subject ?? '(each)'}`;
  return [id, whom, `per ${period}`, state, onExceed].join('  ');
}

const stateOf = ({ spent, held, limit }: Balance): string =>
  `$${formatUsd(spent)} of $${formatUsd(limit)} spent${held > 0 ? `, $${formatUsd(held)} held` : ''}`;
