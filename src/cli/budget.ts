// `quorum budget`: budgets made, raised, topped up and looked at, and charges that have to be put right. The same code stands behind /admin/v1/budgets.
import { isTimeZone, keyCalled, spendCsv, type BudgetInput } from '../accounts/index.ts';
import {
  formatUsd,
  nearest,
  ON_EXCEED,
  parseDuration,
  SCOPES,
  SPEND_GROUPS,
  type Balance,
  type Budget,
  type Registry,
} from '../contract/index.ts';
import { balanceShown, budgetShown } from '../http/admin/budgets.ts';
import { entryShown, monthStart, spendShown } from '../http/admin/spend.ts';
import { given, listOf, parseLimit, parseUsd, wrong, type AccountsDeps } from './accounts-arguments.ts';
import { orSentence, readWords } from './words.ts';

export const BUDGET_HELP = `quorum budget list                      all budgets and how they stand
quorum budget set --scope team --id data --limit 50/month   a new one, or the limit of the one there is
quorum budget set ID --limit 80         counts on with what was spent
quorum budget remove ID
quorum budget top-up ID AMOUNT          once, for the present period
quorum budget reset ID                  counts from nothing again in this period; history stays
quorum budget spend [--by key,model] [--since 7d] [--csv]   this month, unless told
quorum budget unreconciled              charges posted at their reserve after a crash
quorum budget correct NUMBER AMOUNT     what such a charge truly cost

--scope global | team | key | user | tag     --id NAME    without it: one for each of that kind
--on-exceed reject | downgrade | warn        --soft-at 0.5,0.8    --time-zone Europe/Berlin
--unpriced refuse | estimate                 --for NAME   whose, for top-up and reset of a budget for each
--json   --config FILE
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
  by: { type: 'string' },
  since: { type: 'string' },
  csv: { type: 'boolean' },
  json: { type: 'boolean' },
} as const;

type Values = ReturnType<typeof read>['values'];
const read = (args: readonly string[]) => readWords({ name: 'budget', options: OPTIONS, mostWords: 3 }, args);

/** 0 when it was done; 1 with a sentence when not. */
export const runBudget = (args: readonly string[], deps: AccountsDeps): Promise<number> =>
  orSentence(deps.write, () => {
    const { values, positionals } = read(args);
    return carryOut(positionals, values, deps);
  });

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
  const printBudget = (budget: Budget): number => print(budgetShown(budget, undefined), lineOf(budget, null));
  const printBalance = (balance: Balance): number => print(balanceShown(balance), stateOf(balance));
  const whose = values.for ?? null;
  switch (verb) {
    case 'list':
      return print(...listOfBudgets(await standings(deps)));
    case 'set':
    case 'create':
    case 'update':
      return printBudget(save(verb, id, values, deps));
    case 'remove':
    case 'delete':
      administration.deleteBudget(id, actor);
      return print({ deleted: id }, `${id} is deleted; what was spent stays in the ledger.`);
    case 'top-up':
    case 'topup':
      return printBalance(await administration.topUp(id, whose, parseUsd(amount, 'AMOUNT'), actor));
    case 'reset':
      return printBalance(await administration.reset(id, whose, actor));
    case 'spend':
      write(await spendText(values, deps));
      return 0;
    case 'unreconciled': {
      const entries = await ledger.unreconciled(1_000);
      const lines = entries.map(
        ({ seq, at, model, amount: cost, call }) =>
          `${seq}  ${new Date(at).toISOString()}  $${formatUsd(cost)}  ${model}  ${call}`,
      );
      return print(entries.map(entryShown), lines.join('\n') || 'Every charge is reconciled.');
    }
    case 'correct': {
      const done = await ledger.correct(Number(id), parseUsd(amount, 'AMOUNT'), { at: deps.now(), actor });
      if (!done) wrong('NUMBER', `there is no unreconciled charge "${id}"`);
      return print({ corrected: Number(id) }, `Charge ${id} is corrected to $${amount}.`);
    }
    default: {
      const near = nearest(verb, VERBS);
      write(
        `There is no "quorum budget ${verb}".${near === null ? '' : ` Did you mean "quorum budget ${near}"?`} (quorum budget --help tells what there is)\n`,
      );
      return 1;
    }
  }
}

const VERBS = ['list', 'set', 'remove', 'top-up', 'reset', 'spend', 'unreconciled', 'correct'];

/** `set` changes the budget it names, or the one there is for the same, and makes one otherwise. */
function save(verb: string, id: string, values: Values, { administration, keyring, actor }: AccountsDeps): Budget {
  if (verb === 'update' || (verb === 'set' && id !== ''))
    return administration.updateBudget(id, { ...changesOf(values), ...limitOf(values) }, actor);
  const input = ofKnownKey(newBudget(values), keyring.registry());
  const same = keyring
    .registry()
    .budgets.find(
      ({ scope, subject, period }) =>
        scope === input.scope && subject === (input.subject ?? null) && period === (input.period ?? 'month'),
    );
  if (verb === 'create' || same === undefined) return administration.createBudget(input, actor);
  return administration.updateBudget(same.id, { ...changesOf(values), limit: input.limit }, actor);
}

/** A key may be called by its name; budgets count by its id. */
function ofKnownKey(input: BudgetInput, registry: Registry): BudgetInput {
  const { scope, subject } = input;
  if (scope !== 'key' || subject === null || subject === undefined) return input;
  return { ...input, subject: keyCalled(registry, subject)?.id ?? wrong('--id', `there is no key "${subject}"`) };
}

type Standing = { readonly budget: Budget; readonly balance: Balance | null };

const listOfBudgets = (rows: readonly Standing[]): [unknown, string] => [
  rows.map(({ budget, balance }) => budgetShown(budget, balance ?? undefined)),
  rows.map(({ budget, balance }) => lineOf(budget, balance)).join('\n') || 'There are no budgets yet.',
];

async function spendText({ by, since, csv, json }: Values, { ledger, now }: AccountsDeps): Promise<string> {
  const groupBy = (listOf(by) ?? ['key']).map(
    (name) => SPEND_GROUPS.find((group) => group === name) ?? wrong('--by', `some of ${SPEND_GROUPS.join(', ')}`),
  );
  const at = now();
  const span = since === undefined ? null : (parseDuration(since) ?? wrong('--since', 'a duration such as 7d'));
  const query = { groupBy, since: span === null ? monthStart(at) : at - span, until: at + 1 };
  const rows = await ledger.spend(query);
  if (csv === true) return spendCsv(groupBy, rows);
  if (json === true) {
    const total = await ledger.spend({ ...query, groupBy: [] });
    return `${JSON.stringify(spendShown(query, rows, total), null, 2)}\n`;
  }
  const lines = rows.map(
    ({ group, cost, calls, inputTokens, outputTokens }) =>
      `${group.map((value) => value ?? '-').join('  ')}  $${formatUsd(cost)}  ${calls} calls  ${inputTokens} + ${outputTokens} tokens\n`,
  );
  return lines.join('') || 'Nothing was spent.\n';
}

/** Budgets for each of a kind have no one balance. */
async function standings({ budgets, ledger, now }: AccountsDeps): Promise<Standing[]> {
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

/** `80` leaves the period as it is, `80/week` changes it too. */
function limitOf({ limit }: Values): Partial<Pick<BudgetInput, 'limit' | 'period'>> {
  if (limit === undefined) return {};
  return limit.includes('/') ? parseLimit(limit) : { limit: parseUsd(limit, '--limit') };
}

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
