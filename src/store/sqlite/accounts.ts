// Everything the accounts keep in one SQLite file, under one process's name.
import type { AlertStore, IdempotencyStore, Ledger, RegistryStore } from '../../contract/index.ts';
import { createSqliteAlerts } from './alerts.ts';
import type { Db } from './database.ts';
import { createSqliteIdempotency } from './idempotency.ts';
import { createSqliteRegistry } from './keys.ts';
import { createSqliteLedger, type SqliteLedgerOptions } from './ledger.ts';
import { ownerLookup, thisProcess } from './ledger-recovery.ts';

interface SqliteAccounts {
  readonly ledger: Ledger;
  readonly registry: RegistryStore;
  readonly idempotency: IdempotencyStore;
  readonly alerts: AlertStore;
}

/** `db` is migrated. Give it a connection of its own with a `busyMs` of some 100 ms: what is refused then is tried again. */
export function createSqliteAccounts(db: Db, options: SqliteLedgerOptions): SqliteAccounts {
  const owner = options.owner ?? thisProcess();
  return {
    ledger: createSqliteLedger(db, { ...options, owner }),
    registry: createSqliteRegistry(db),
    idempotency: createSqliteIdempotency(db, { owner: owner.id, isOwnerAlive: ownerLookup(db, owner, options.clock) }),
    alerts: createSqliteAlerts(db),
  };
}
