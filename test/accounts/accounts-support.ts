// The whole of the accounts over an in-memory file and simulated time.
import { createHash } from 'node:crypto';
import {
  createAdministration,
  createAdmission,
  createBudgets,
  createKeyring,
  createOutputHistory,
  type BudgetInput,
  type PlannedCall,
} from '../../src/accounts/index.ts';
import {
  nanoOf,
  Secret,
  type Budget,
  type Charge,
  type Model,
  type Price,
  type Spender,
} from '../../src/contract/index.ts';
import { budgetOf } from '../../src/accounts/budget.ts';
import { createSqliteAccounts } from '../../src/store/sqlite/accounts.ts';
import { migrate, openDatabase } from '../../src/store/sqlite/database.ts';
import { MIGRATIONS } from '../../src/store/sqlite/migrations.ts';
import { testModel } from '../support/settings.ts';
import { simulatedClock } from '../support/simulated-clock.ts';

/** As the config file's are: the id stays when the limit changes. */
export const configBudget = (input: BudgetInput): Budget =>
  budgetOf(['config', input.scope, input.subject ?? '*', input.period ?? 'month'].join(':'), input, 'config');

/** The same bytes in every run, all different. */
export function seededBytes(seed = 'seed'): (size: number) => Uint8Array {
  let count = 0;
  return (size) =>
    Buffer.concat(
      Array.from({ length: Math.ceil(size / 32) }, () =>
        createHash('sha256')
          .update(`${seed}${(count += 1)}`)
          .digest(),
      ),
    ).subarray(0, size);
}

export const ADMIN_KEY = 'admin-secret';

export function openAccounts(
  options: {
    readonly budgets?: readonly BudgetInput[];
    readonly heldWaitMs?: number;
    readonly loopback?: boolean;
  } = {},
) {
  const db = openDatabase(':memory:');
  migrate(db, MIGRATIONS);
  const clock = simulatedClock();
  const store = createSqliteAccounts(db, { clock });
  const keyring = createKeyring({
    store: store.registry,
    clock,
    adminKey: () => new Secret(ADMIN_KEY),
    loopback: () => options.loopback ?? false,
  });
  const configured = (options.budgets ?? []).map(configBudget);
  let joined: { readonly registry: unknown; readonly budgets: readonly Budget[] } = { registry: null, budgets: [] };
  const budgets = createBudgets(() => {
    const registry = keyring.registry();
    if (joined.registry !== registry) joined = { registry, budgets: [...configured, ...registry.budgets] };
    return joined.budgets;
  });
  const history = createOutputHistory();
  const admission = createAdmission({
    ledger: store.ledger,
    budgets,
    history,
    clock,
    dearestPrice: () => priceOf(1e3, 1e3),
    heldWaitMs: () => options.heldWaitMs ?? 0,
  });
  const administration = createAdministration({
    store: store.registry,
    keyring,
    budgets,
    ledger: store.ledger,
    clock,
    randomBytes: seededBytes(),
  });
  return { ...store, db, clock, keyring, budgets, history, admission, administration };
}

/** USD per million tokens. */
export function priceOf(input: number, output: number): Price {
  const [inputPico, outputPico] = [input * 1e6, output * 1e6];
  return {
    inputPico,
    cachedInputPico: inputPico,
    cacheWritePico: inputPico,
    audioInputPico: inputPico,
    outputPico,
    reasoningPico: outputPico,
    audioOutputPico: outputPico,
    imageInputPico: inputPico,
    imageOutputPico: outputPico,
    requestPico: 0,
  };
}

/** Costs nothing to ask and $1 per thousand tokens of answer. */
export const dear = (more: Partial<Model> = {}): Model => ({
  ...testModel({ name: 'dear' }),
  price: priceOf(0, 1_000),
  maxOutput: 4_000,
  ...more,
});

export const call = (model: Model, outputAtMost: number | null, more: Partial<PlannedCall> = {}): PlannedCall => ({
  id: '0',
  model,
  sent: true,
  inputAtMost: 100,
  outputAtMost,
  choices: 1,
  ...more,
});

export const SPENDER: Spender = { tenant: 'key_1', keyId: 'key_1', team: 'data', user: null, tags: [] };

export const usd = nanoOf;

/** A call that cost this much and wrote this many tokens. */
export const charged = (dollars: number, tokens: number): Charge => ({
  at: 0,
  cost: usd(dollars),
  estimated: false,
  priceVersion: 'v1',
  usage: {
    prompt_tokens: 0,
    completion_tokens: tokens,
    total_tokens: tokens,
  },
});
