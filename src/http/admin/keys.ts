// /admin/v1/keys: made, shown, changed, rotated, disabled, revoked. The secret is told once, when it is made.
import { z } from 'zod';
import { keyCalled, type KeyInput, type NewSecret } from '../../accounts/index.ts';
import {
  QuorumError,
  STRATEGIES,
  type Budget,
  type Clock,
  type Registry,
  type VirtualKey,
} from '../../contract/index.ts';
import { idOf, momentShown, pageOf, queryOf, route, type AdminRoute } from './answer.ts';
import { ACTOR, balancesOf, budgetShown, ownBudget, type BudgetParts } from './budgets.ts';
import { duration, flag, limit, moment, oneOf, readInput, text, texts } from './input.ts';

/** After a rotation the old secret works for so long, unless told otherwise. */
const USUAL_OVERLAP_MS = 86_400_000;

export const grantFields = {
  models: texts('model names or patterns').optional(),
  tiers: texts('tiers').optional(),
  strategies: texts('strategies').optional(),
  endpoints: texts('paths').optional(),
  networks: texts('addresses or blocks').optional(),
  rpm: limit().optional(),
  tpm: limit().optional(),
  parallel: limit().optional(),
  disabled: flag().optional(),
};

const fields = {
  ...grantFields,
  name: text().optional(),
  team: text().nullish(),
  user: text().nullish(),
  tags: texts('tags').optional(),
  tier: text().nullish(),
  strategy: oneOf(['adaptive', ...STRATEGIES]).nullish(),
  log_content: flag().optional(),
  expires_at: moment().nullish(),
  expires_in: duration().optional(),
};
export const keyChange = z.strictObject(fields);
export const newKey = z.strictObject({
  ...fields,
  budget: ownBudget.optional(),
  budgets: z.array(ownBudget, { error: 'a list of budgets' }).max(20, { error: 'at most 20 budgets' }).optional(),
});

export const rotation = z.strictObject({ overlap: duration().optional() });

type GrantFields = z.output<z.ZodObject<typeof grantFields>>;

/** The fields that keys and teams share, as the accounts call them. */
export function grantsOf({
  models,
  tiers,
  strategies,
  endpoints,
  networks,
  rpm,
  tpm,
  parallel,
  disabled,
}: GrantFields) {
  return {
    grants: given({ models, tiers, strategies, endpoints, networks }),
    limits: given({ rpm, tpm, parallel }),
    ...(disabled !== undefined && { disabled }),
  };
}

type Given<Fields> = { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> };

const given = <Fields extends object>(fields: Fields): Given<Fields> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Given<Fields>;

function keyInputOf(input: z.output<typeof keyChange>, now: number): KeyInput {
  const { name, team, user, tags, tier, strategy, expires_at: expiresAt, expires_in: expiresIn } = input;
  if (expiresAt !== undefined && expiresIn !== undefined)
    throw new QuorumError('invalid_value', 'Say either expires_at or expires_in.', { param: 'expires_in' });
  return {
    ...given({ name, team, user, tags, tier, strategy }),
    ...grantsOf(input),
    ...(input.log_content !== undefined && { logContent: input.log_content }),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(expiresIn !== undefined && { expiresAt: now + expiresIn }),
  };
}

export function keyRoutes(parts: BudgetParts): readonly AdminRoute[] {
  const { administration, clock } = parts;
  const show = (key: VirtualKey): Promise<KeyShown> => keyStanding(parts, key);
  const switched = (disabled: boolean) => (request: { params: unknown }) => {
    const { id } = livingKey(parts, idOf(request as never));
    return show(administration.updateKey(id, { disabled }, ACTOR));
  };
  return [
    route('get', '/keys', (request) => {
      const team = queryOf(request, 'team');
      const { keys, secrets, budgets } = freshRegistry(parts);
      const rows = keys.filter((key) => team === undefined || key.team === team);
      const opened = openedBy(secrets);
      const uses = parts.keyring.lastUses();
      return pageOf(request, rows, (key) =>
        keyShown(usedAt(key, uses), opened.has(key.id), ofKey(budgets, key.id), clock.now()),
      );
    }),
    route(
      'post',
      '/keys',
      async (request) => {
        const { budget, budgets = [], ...input } = await readInput(request, newKey);
        const own = budget === undefined ? budgets : [budget, ...budgets];
        return secretShown(parts, administration.createKey(keyInputOf(input, clock.now()), ACTOR, own));
      },
      201,
    ),
    route('get', '/keys/:id', (request) => show(keyNamed(parts, idOf(request)))),
    route('patch', '/keys/:id', async (request) => {
      const input = keyInputOf(await readInput(request, keyChange), clock.now());
      return show(administration.updateKey(livingKey(parts, idOf(request)).id, input, ACTOR));
    }),
    route('post', '/keys/:id/rotate', async (request) => {
      const { overlap = USUAL_OVERLAP_MS } = await readInput(request, rotation);
      return secretShown(parts, administration.rotateKey(livingKey(parts, idOf(request)).id, overlap, ACTOR));
    }),
    route('post', '/keys/:id/disable', switched(true)),
    route('post', '/keys/:id/enable', switched(false)),
    route('delete', '/keys/:id', (request) => show(administration.revokeKey(keyNamed(parts, idOf(request)).id, ACTOR))),
  ];
}

type KeyParts = Pick<BudgetParts, 'keyring' | 'budgets' | 'ledger'> & { readonly clock: Pick<Clock, 'now'> };

function freshRegistry({ keyring }: Pick<KeyParts, 'keyring'>): Registry {
  keyring.refresh();
  return keyring.registry();
}

const openedBy = (secrets: Registry['secrets']): ReadonlySet<string> => new Set(secrets.map(({ keyId }) => keyId));
const ofKey = (budgets: readonly Budget[], id: string): readonly Budget[] =>
  budgets.filter((budget) => budget.scope === 'key' && budget.subject === id);

/** By id or name; throws `not_found`. */
function keyNamed(parts: Pick<KeyParts, 'keyring'>, id: string): VirtualKey {
  const found = keyCalled(freshRegistry(parts), id);
  if (found === null) throw new QuorumError('not_found', `There is no key "${id}".`);
  return found;
}

/** One that can still be changed: what is revoked stays so. */
export function livingKey(parts: Pick<KeyParts, 'keyring'>, id: string): VirtualKey {
  const key = keyNamed(parts, id);
  if (openedBy(parts.keyring.registry().secrets).has(key.id)) return key;
  throw new QuorumError('invalid_value', `The key "${id}" was revoked; make a new one.`, { param: 'id' });
}

/** With how its own budgets stand. */
export async function keyStanding(parts: KeyParts, key: VirtualKey): Promise<KeyShown> {
  const { secrets } = freshRegistry(parts);
  const own = parts.budgets.list().filter((budget) => budget.scope === 'key' && (budget.subject ?? key.id) === key.id);
  const balances = await balancesOf(parts, own, key.id);
  const shown = keyShown(usedAt(key, parts.keyring.lastUses()), openedBy(secrets).has(key.id), [], parts.clock.now());
  return { ...shown, budgets: own.map((budget) => budgetShown(budget, balances.get(budget.id))) };
}

/** `key` and `secret` are the same: what the client sends. */
export async function secretShown(
  parts: KeyParts,
  { key, secret }: NewSecret,
): Promise<KeyShown & { key: string; secret: string }> {
  return { ...(await keyStanding(parts, key)), key: secret, secret };
}

const usedAt = (key: VirtualKey, uses: ReadonlyMap<string, number>): VirtualKey => ({
  ...key,
  lastUsedAt: uses.get(key.id) ?? key.lastUsedAt,
});

function keyShown(key: VirtualKey, opens: boolean, budgets: readonly Budget[], now: number) {
  const { id, name, display, team, user, tags, grants, limits, tier, strategy, disabled, createdBy } = key;
  return {
    id,
    object: 'key' as const,
    name,
    display,
    state: stateOf(key, opens, now),
    team,
    user,
    tags,
    ...grants,
    ...limits,
    tier,
    strategy,
    disabled,
    log_content: key.logContent === true,
    expires_at: momentShown(key.expiresAt),
    created_at: momentShown(key.createdAt),
    created_by: createdBy,
    last_used_at: momentShown(key.lastUsedAt),
    budgets: budgets.map((budget) => budgetShown(budget, undefined)),
  };
}

export type KeyShown = Readonly<ReturnType<typeof keyShown>>;

function stateOf({ disabled, expiresAt }: VirtualKey, opens: boolean, now: number): string {
  if (!opens) return 'revoked';
  if (disabled) return 'disabled';
  return expiresAt !== null && now >= expiresAt ? 'expired' : 'active';
}
