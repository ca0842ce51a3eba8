// Changes to keys, teams and budgets: checked, audited, effective at once here and within half a second elsewhere.
import {
  QuorumError,
  type Act,
  type Balance,
  type Budget,
  type Clock,
  type Grants,
  type KeySecret,
  type Ledger,
  type Nano,
  type RateLimits,
  type RegistryStore,
  type StrategyChoice,
  type Team,
  type VirtualKey,
} from '../contract/index.ts';
import { budgetOf, type BudgetInput, type Budgets } from './budget.ts';
import { checkBudget, checkGrants, checkLimits, checkMoment, checkName } from './checks.ts';
import { NO_GRANTS } from './grants.ts';
import { checkNameFree, keyCalled } from './key-name.ts';
import type { Keyring } from './keyring.ts';
import { displayOf, hashKey, mintKey } from './key-text.ts';

/** What can be said of a key when it is made and changed later; what is left out stays, or is not restricted. */
export interface KeyInput {
  readonly name?: string;
  readonly team?: string | null;
  readonly user?: string | null;
  readonly tags?: readonly string[];
  readonly grants?: Partial<Grants>;
  readonly limits?: Partial<RateLimits>;
  readonly tier?: string | null;
  readonly strategy?: StrategyChoice | null;
  readonly disabled?: boolean;
  readonly logContent?: boolean;
  readonly expiresAt?: number | null;
}

interface TeamInput {
  readonly name?: string;
  readonly grants?: Partial<Grants>;
  readonly limits?: Partial<RateLimits>;
  readonly disabled?: boolean;
}

/** `secret` is shown this once and kept nowhere. */
export interface NewSecret {
  readonly key: VirtualKey;
  readonly secret: string;
}

/** Everything throws `not_found` for an unknown id and `invalid_value` for what makes no sense; `actor` goes into the audit. */
export interface Administration {
  /** Makes its team too where there is none of that id. `budgets` are the key's own. */
  createKey(input: KeyInput, actor: string, budgets?: readonly Omit<BudgetInput, 'scope' | 'subject'>[]): NewSecret;
  updateKey(id: string, input: KeyInput, actor: string): VirtualKey;
  /** A new secret; the old one works for `overlapMs` more. Limits, budgets and spending stay. */
  rotateKey(id: string, overlapMs: number, actor: string): NewSecret;
  /** For good: its secrets are forgotten, its spending stays in the ledger. */
  revokeKey(id: string, actor: string): VirtualKey;
  saveTeam(id: string, input: TeamInput, actor: string): Team;
  createBudget(input: BudgetInput, actor: string): Budget;
  /** Counts on with what was spent. The config's budgets can't be changed here. */
  updateBudget(id: string, input: Partial<Omit<BudgetInput, 'scope' | 'subject'>>, actor: string): Budget;
  deleteBudget(id: string, actor: string): void;
  /** For the present period of one subject. */
  topUp(budgetId: string, subject: string | null, amount: Nano, actor: string): Promise<Balance>;
  reset(budgetId: string, subject: string | null, actor: string): Promise<Balance>;
}

interface AdministrationOptions {
  readonly store: RegistryStore;
  readonly keyring: Keyring;
  readonly budgets: Budgets;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly randomBytes: (size: number) => Uint8Array;
}

export function createAdministration(options: AdministrationOptions): Administration {
  const { store, keyring, budgets, ledger, clock } = options;
  const act = (actor: string): Act => ({ at: clock.now(), actor });
  const identify = (prefix: string): string => `${prefix}_${Buffer.from(options.randomBytes(9)).toString('hex')}`;
  const registry = (): ReturnType<Keyring['registry']> => {
    keyring.refresh();
    return keyring.registry();
  };
  const keyOf = (id: string): VirtualKey => keyCalled(registry(), id) ?? missing('key', id);
  const secretsOf = (id: string): readonly KeySecret[] => registry().secrets.filter(({ keyId }) => keyId === id);
  const saveKey = (key: VirtualKey, secrets: readonly KeySecret[], action: string, actor: string): VirtualKey => {
    store.saveKey(key, secrets, { ...act(actor), action });
    keyring.refresh();
    return key;
  };
  const saveBudget = (budget: Budget, action: string, actor: string): Budget => {
    checkBudget(budget);
    store.saveBudget(budget, { ...act(actor), action });
    keyring.refresh();
    return budget;
  };
  const own = (id: string): Budget => {
    const found = registry().budgets.find((budget) => budget.id === id);
    if (found !== undefined) return found;
    if (budgets.find(id) === null) return missing('budget', id);
    throw new QuorumError('invalid_value', `The budget "${id}" stands in the config file; change it there.`);
  };
  const allowanceOf = (id: string, subject: string | null): ReturnType<Budgets['allowance']> => {
    keyring.refresh();
    const budget = budgets.find(id) ?? missing('budget', id);
    const whose = budget.subject ?? subject;
    if (whose === null && budget.scope !== 'global')
      throw new QuorumError('invalid_value', `The budget "${id}" is for each ${budget.scope}: say which.`, {
        param: 'subject',
      });
    return budgets.allowance(budget, budget.scope === 'global' ? null : whose, clock.now());
  };
  const saveTeam = (id: string, input: TeamInput, actor: string): Team => {
    checkName(id, 'team');
    const known = registry().teams.find((team) => team.id === id);
    const team: Team = {
      id,
      name: input.name ?? known?.name ?? id,
      grants: { ...NO_GRANTS, ...known?.grants, ...input.grants },
      limits: { ...NO_LIMITS, ...known?.limits, ...input.limits },
      disabled: input.disabled ?? known?.disabled ?? false,
      createdAt: known?.createdAt ?? clock.now(),
      createdBy: known?.createdBy ?? actor,
    };
    checkGrants(team.grants);
    checkLimits(team.limits);
    store.saveTeam(team, { ...act(actor), action: known === undefined ? 'team.create' : 'team.update' });
    keyring.refresh();
    return team;
  };
  const ensureTeam = (id: string | null | undefined, actor: string): void => {
    if (typeof id === 'string' && !registry().teams.some((team) => team.id === id)) saveTeam(id, {}, actor);
  };

  return {
    createKey: (input, actor, ownBudgets = []) => {
      const secret = mintKey(options.randomBytes);
      const id = identify('key');
      const key = changed(blankKey(id, displayOf(secret), act(actor)), input);
      const limits = ownBudgets.map((budget) =>
        budgetOf(identify('budget'), { ...budget, scope: 'key', subject: id }, 'admin'),
      );
      limits.forEach(checkBudget);
      checkNameFree(registry(), key);
      ensureTeam(input.team, actor);
      // The budget first: a key must not exist for a moment without its limit.
      for (const budget of limits) saveBudget(budget, 'budget.create', actor);
      saveKey(key, [{ keyId: id, hash: hashKey(secret), until: null }], 'key.create', actor);
      return { key, secret };
    },
    updateKey: (id, input, actor) => {
      const key = keyOf(id);
      const next = changed(key, input);
      if (next.name !== key.name || next.team !== key.team) checkNameFree(registry(), next);
      ensureTeam(input.team, actor);
      return saveKey(next, secretsOf(key.id), actionOf(key, next), actor);
    },
    rotateKey: (id, overlapMs, actor) => {
      const key = keyOf(id);
      if (!(overlapMs >= 0)) throw new QuorumError('invalid_value', 'The overlap is a duration.', { param: 'overlap' });
      const secret = mintKey(options.randomBytes);
      const until = clock.now() + overlapMs;
      const old = secretsOf(key.id)
        .filter((one) => one.until === null || one.until > clock.now())
        .map((one) => ({ ...one, until: Math.min(one.until ?? until, until) }));
      const secrets = [...(overlapMs > 0 ? old : []), { keyId: key.id, hash: hashKey(secret), until: null }];
      return { key: saveKey({ ...key, display: displayOf(secret) }, secrets, 'key.rotate', actor), secret };
    },
    revokeKey: (id, actor) => saveKey({ ...keyOf(id), disabled: true }, [], 'key.revoke', actor),
    saveTeam,
    createBudget: (input, actor) => saveBudget(budgetOf(identify('budget'), input, 'admin'), 'budget.create', actor),
    updateBudget: (id, input, actor) => {
      const { scope, subject } = own(id);
      return saveBudget(budgetOf(id, { ...own(id), ...input, scope, subject }, 'admin'), 'budget.update', actor);
    },
    deleteBudget: (id, actor) => {
      store.deleteBudget(own(id).id, act(actor));
      keyring.refresh();
    },
    topUp: async (budgetId, subject, amount, actor) => {
      if (!Number.isSafeInteger(amount))
        throw new QuorumError('invalid_value', 'The amount is no sum of money.', { param: 'amount_usd' });
      return await ledger.topUp(allowanceOf(budgetId, subject), amount, act(actor));
    },
    reset: async (budgetId, subject, actor) => await ledger.reset(allowanceOf(budgetId, subject), act(actor)),
  };
}

const NO_LIMITS: RateLimits = { rpm: null, tpm: null, parallel: null };

function blankKey(id: string, display: string, { at, actor }: Act): VirtualKey {
  return {
    id,
    display,
    name: id,
    team: null,
    user: null,
    tags: [],
    grants: NO_GRANTS,
    limits: NO_LIMITS,
    tier: null,
    strategy: null,
    disabled: false,
    expiresAt: null,
    createdAt: at,
    createdBy: actor,
    lastUsedAt: null,
  };
}

function changed(key: VirtualKey, input: KeyInput): VirtualKey {
  const { grants, limits, ...plain } = input;
  const next = { ...key, ...plain, grants: { ...key.grants, ...grants }, limits: { ...key.limits, ...limits } };
  checkName(next.name, 'name');
  checkGrants(next.grants);
  checkLimits(next.limits);
  checkMoment(next.expiresAt, 'expires_at');
  return next;
}

function actionOf(before: VirtualKey, after: VirtualKey): string {
  if (before.disabled === after.disabled) return 'key.update';
  return after.disabled ? 'key.disable' : 'key.enable';
}

function missing(what: string, id: string): never {
  throw new QuorumError('not_found', `There is no ${what} "${id}".`);
}
