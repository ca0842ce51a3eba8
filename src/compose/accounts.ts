// Keys, budgets and the ledger, on a connection of their own: a write of theirs never waits behind a batch of records.
import { randomBytes } from 'node:crypto';
import {
  createAdministration,
  createAdmission,
  createAlerts,
  createBudgets,
  createIdempotency,
  createKeyring,
  createOutputHistory,
  createWebhook,
} from '../accounts/index.ts';
import type { LiveConfig } from '../config/index.ts';
import type { Budget, Clock, CurrentSettings, Price, Settings } from '../contract/index.ts';
import { createSqliteAccounts, openDatabase, pathOf, type SqliteStore } from '../store/index.ts';
import type { Log } from '../telemetry/index.ts';
import { isLoopback } from './listen.ts';
import { post } from './post.ts';

interface AccountsOptions {
  readonly config: LiveConfig;
  readonly clock: Clock;
  readonly log: Log;
}

/** What a request waits at the most for money that others hold. */
const HELD_WAIT_MS = 2_000;

/** `beside`: budgets that aren't the config's nor the registry's. */
export function openAccounts(
  { config, clock, log }: AccountsOptions,
  store: SqliteStore,
  settings: CurrentSettings,
  beside: () => readonly Budget[],
) {
  const path = pathOf(config.parts().storageUrl);
  const own = path === ':memory:' ? null : openDatabase(path, { busyMs: 50 });
  const onTrouble = seldom(clock, (error) => log.warn('accounts: the store makes trouble', { error }));
  const kept = createSqliteAccounts(own ?? store.database, {
    clock,
    onTrouble,
    onRecovered: ({ released, unreconciled }) => {
      if (released + unreconciled > 0)
        log.warn('calls of a process that died were settled', { released, unreconciled });
    },
  });
  const keyring = createKeyring({
    store: kept.registry,
    clock,
    adminKey: () => config.server.adminKey,
    loopback: () => isLoopback(config.server.host),
    onTrouble,
  });
  let lists: readonly (readonly Budget[])[] = [];
  let all: readonly Budget[] = [];
  const budgets = createBudgets(() => {
    const now = [config.parts().budgets, keyring.registry().budgets, beside()];
    if (now.some((list, at) => list !== lists[at])) [lists, all] = [now, now.flat()];
    return all;
  });
  const { ledger, registry } = kept;
  const alerts = createAlerts({
    store: kept.alerts,
    clock,
    budget: budgets.find,
    deliver: async (alert) => {
      const webhook = config.parts().alertWebhook;
      if (webhook !== null) await createWebhook({ ...webhook, clock, post })(alert);
    },
    log: (message, alert) => log.warn(message, { alert: alert.id }),
    onTrouble,
  });
  ledger.onPosted(alerts.look);
  alerts.resume();
  return {
    keyring,
    budgets,
    ledger,
    registry,
    admission: createAdmission({
      ledger,
      budgets,
      history: createOutputHistory(),
      clock,
      dearestPrice: () => dearest(settings()),
      heldWaitMs: () => HELD_WAIT_MS,
    }),
    administration: createAdministration({ store: registry, keyring, budgets, ledger, clock, randomBytes }),
    idempotency: createIdempotency(kept.idempotency, clock, onTrouble),
    async close() {
      keyring.stop();
      // What can't be written is told, and keeps nobody from stopping: others recover what is held.
      await ledger.flush().catch(onTrouble);
      await ledger.stop().catch(onTrouble);
      own?.close();
    },
  };
}

const SAME_TROUBLE_MS = 60_000;
const MOST_TROUBLES = 100;

/** While a file can't be written, every try fails for the same reason: told once a minute. */
function seldom(clock: Clock, tell: (error: unknown) => void): (error: unknown) => void {
  const told = new Map<string, number>();
  return (error) => {
    const words = String(error);
    const now = clock.now();
    if (now - (told.get(words) ?? Number.NEGATIVE_INFINITY) < SAME_TROUBLE_MS) return;
    if (told.size >= MOST_TROUBLES) told.clear();
    told.set(words, now);
    tell(error);
  };
}

/** The price that a model without one is counted at where a budget says `estimate`. */
function dearest({ models }: Settings): Price | null {
  const prices = [...models.values()].flatMap(({ price }) => (price === null ? [] : [price]));
  return prices.reduce<Price | null>(
    (most, price) => (most === null || price.outputPico > most.outputPico ? price : most),
    null,
  );
}
