// Opens the configured store for the verbs that work on keys and budgets, beside a server that may be running on it.
import { randomBytes } from 'node:crypto';
import { userInfo } from 'node:os';
import { createAdministration, createBudgets, createKeyring } from '../accounts/index.ts';
import { loadConfig, resolveParts } from '../config/index.ts';
import { evidenceAt } from '../learning/index.ts';
import { systemClock } from '../main.ts';
import { createSqliteAccounts, openStore } from '../store/index.ts';
import type { AccountsDeps } from './accounts-arguments.ts';

interface AccountsOptions {
  readonly config?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly write: (text: string) => void;
}

export async function withAccounts(
  { config, env, write }: AccountsOptions,
  work: (deps: AccountsDeps) => Promise<number>,
): Promise<number> {
  const clock = systemClock;
  const parts = resolveParts(loadConfig({ file: config, env }).config);
  const store = await openStore(parts.storageUrl, clock, { decay: evidenceAt });
  const { registry, ledger } = createSqliteAccounts(store.database, { clock });
  const keyring = createKeyring({
    store: registry,
    clock,
    adminKey: () => parts.server.adminKey,
    loopback: () => true,
  });
  const budgets = createBudgets(() => [...parts.budgets, ...keyring.registry().budgets]);
  const administration = createAdministration({ store: registry, keyring, budgets, ledger, clock, randomBytes });
  try {
    return await work({
      administration,
      keyring,
      budgets,
      ledger,
      registry,
      write,
      now: () => clock.now(),
      actor: `cli:${userInfo().username}`,
    });
  } finally {
    keyring.stop();
    await ledger.flush();
    await ledger.stop();
    await store.close();
  }
}
