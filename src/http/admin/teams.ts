// /admin/v1/teams: what a group of keys may do together.
import { z } from 'zod';
import { QuorumError, type Team } from '../../contract/index.ts';
import { idOf, momentShown, pageOf, route, type AdminRoute } from './answer.ts';
import { ACTOR, balancesOf, budgetShown, type BudgetParts } from './budgets.ts';
import { readInput, text } from './input.ts';
import { grantFields, grantsOf } from './keys.ts';

export const teamChange = z.strictObject({ ...grantFields, name: text().optional() });
export const newTeam = z.strictObject({ ...grantFields, id: text(), name: text().optional() });

/** PUT says the whole team: what it leaves out isn't restricted. */
const BLANK = {
  grants: { models: [], tiers: [], strategies: [], endpoints: [], networks: [] },
  limits: { rpm: null, tpm: null, parallel: null },
  disabled: false,
};

export function teamRoutes(parts: BudgetParts): readonly AdminRoute[] {
  const { administration, keyring } = parts;
  const named = (id: string): Team => {
    keyring.refresh();
    const found = keyring.registry().teams.find((team) => team.id === id);
    if (found === undefined) throw new QuorumError('not_found', `There is no team "${id}".`);
    return found;
  };
  const save = (id: string, { name, ...input }: z.output<typeof teamChange>) => {
    const more = grantsOf(input);
    return teamStanding(parts, administration.saveTeam(id, { ...(name !== undefined && { name }), ...more }, ACTOR));
  };
  const replace = (id: string, { name = id, ...input }: z.output<typeof teamChange>) => {
    const { grants, limits, disabled = BLANK.disabled } = grantsOf(input);
    const whole = { name, grants: { ...BLANK.grants, ...grants }, limits: { ...BLANK.limits, ...limits }, disabled };
    return teamStanding(parts, administration.saveTeam(id, whole, ACTOR));
  };
  return [
    route('get', '/teams', (request) => {
      keyring.refresh();
      return pageOf(request, keyring.registry().teams, teamShown);
    }),
    route(
      'post',
      '/teams',
      async (request) => {
        const { id, ...input } = await readInput(request, newTeam);
        keyring.refresh();
        if (keyring.registry().teams.some((team) => team.id === id))
          throw new QuorumError('invalid_value', `There is a team "${id}" already; change it with PATCH.`, {
            param: 'id',
          });
        return save(id, input);
      },
      201,
    ),
    route('get', '/teams/:id', (request) => teamStanding(parts, named(idOf(request)))),
    route('put', '/teams/:id', async (request) => replace(idOf(request), await readInput(request, teamChange))),
    route('patch', '/teams/:id', async (request) =>
      save(named(idOf(request)).id, await readInput(request, teamChange)),
    ),
  ];
}

async function teamStanding(parts: BudgetParts, team: Team): Promise<unknown> {
  const own = parts.budgets
    .list()
    .filter((budget) => budget.scope === 'team' && (budget.subject ?? team.id) === team.id);
  const balances = await balancesOf(parts, own, team.id);
  const keys = parts.keyring.registry().keys.filter((key) => key.team === team.id);
  return {
    ...teamShown(team),
    keys: keys.map(({ id, name, display, disabled }) => ({ id, name, display, disabled })),
    budgets: own.map((budget) => budgetShown(budget, balances.get(budget.id))),
  };
}

function teamShown({ id, name, grants, limits, disabled, createdAt, createdBy }: Team): Record<string, unknown> {
  return {
    id,
    object: 'team',
    name,
    ...grants,
    ...limits,
    disabled,
    created_at: momentShown(createdAt),
    created_by: createdBy,
  };
}
