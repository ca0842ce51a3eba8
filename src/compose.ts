// The one file that knows every part, and puts them together.
import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createCache, createFlights } from './cache/index.ts';
import {
  createAdministration,
  createAdmission,
  createAlerts,
  createBudgets,
  createIdempotency,
  createKeyring,
  createOutputHistory,
  createRateLimiter,
  createWebhook,
  sameSecret,
  type Keyring,
} from './accounts/index.ts';
import type { LiveConfig } from './config/index.ts';
import {
  QuorumError,
  Secret,
  type Budget,
  type Clock,
  type Price,
  type Provider,
  type Random,
  type Settings,
} from './contract/index.ts';
import {
  createApp,
  createDoor,
  createHttpServer,
  createVisits,
  refuseConnection,
  refuseExpectation,
} from './http/index.ts';
import { evidenceAt } from './learning/index.ts';
import { createMerger } from './merge/index.ts';
import { createCapacity, leftAlone, slotLimit } from './pipeline/capacity.ts';
import { createMemory } from './pipeline/memory.ts';
import { createPipeline, type Pipeline, type PipelineParts } from './pipeline.ts';
import type { Sandbox } from './sandbox/index.ts';
import { createSqliteAccounts, openDatabase, openStore, pathOf, type SqliteStore } from './store/index.ts';
import { createLagMeter, type Log } from './telemetry/index.ts';
import { createAfterwork } from './compose/afterwork.ts';
import { listening, openExperiments } from './compose/experiments.ts';
import { addGauges } from './compose/gauges.ts';
import { learntFrom } from './compose/learnt.ts';
import { followOptions } from './compose/options.ts';
import { post } from './compose/post.ts';
import { openWatch } from './compose/watch.ts';
import {
  createHealth,
  createHedges,
  createOrigins,
  createPaces,
  createSlots,
  createUpstream,
  guarded,
  type ModelHealth,
  type ModelPace,
  type SlotUse,
} from './upstream/index.ts';

export { createLog, type Log } from './telemetry/index.ts';

export interface ComposeOptions {
  readonly config: LiveConfig;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly version: string;
}

export interface Program {
  /** `http://host:port`, once it listens. */
  readonly url: string;
  readonly settings: () => Settings;
  /** Whoever comes needs no key at the moment. */
  readonly isOpen: () => boolean;
  /** How providers and models are: circuits, rate limits, slots. */
  readonly health: () => Health;
  /** No new requests, those under way finish within `graceMs`, the rest are told; then everything is saved and closed. */
  stop(graceMs: number): Promise<void>;
}

export interface Health {
  readonly models: readonly ModelHealth[];
  readonly paces: readonly ModelPace[];
  readonly slots: readonly SlotUse[];
  /** How late the process is. */
  readonly lagMs: number;
}

/** A twentieth of the lateness at which requests are refused: then there is no time for what runs beside. */
const SPARE_SHARE = 20;
/** What a request that is ended by force gets to write its last words. */
const LAST_WORDS_MS = 1_000;

export async function startProgram(options: ComposeOptions): Promise<Program> {
  const { config, clock, random, log } = options;
  const store = await openStore(config.parts().storageUrl, clock, {
    decay: evidenceAt,
    onTrouble: (trouble) => log.warn(`storage: ${JSON.stringify(trouble)}`),
  });
  const stopFollowing = followOptions(config, store.options, clock, (error) =>
    log.warn('the settings could not be read', { error }),
  );
  const sandbox = await openSandbox(options);
  const settings = withSandbox(config, sandbox);
  const care = openCare(options, settings);
  const { upstream } = care;
  const watch = await openWatch({ ...options, post }, store, settings);
  const { metrics } = watch;
  const { learner, evidence } = await learntFrom(store, settings, clock, (change) =>
    log.info('confidence changed', { ...change }),
  );
  const merger = createMerger();
  const experiments = openExperiments(options, store, {
    settings,
    merger,
    isBusy: () => care.lagMs() > config.parts().limits.maxLagMs / SPARE_SHARE,
    open: (own, teaches) => openBeside(own, teaches),
  });
  const accounts = openAccounts(options, store, settings, experiments.budgets);
  const cache = createCache({ clock, limits: () => settings().cache });
  addGauges(metrics, {
    ...accounts,
    settings,
    cache,
    store,
    clock,
    health: care.health,
    anomalies: watch.anomalies.list,
  });
  let besideCare: ReturnType<typeof openCare> | null = null;
  /** What runs beside has connections, circuits and slots of its own, and what it shows isn't learnt unless that is wished. */
  const openBeside = (own: Pick<PipelineParts, 'trials' | 'done'>, teaches: boolean): Pipeline =>
    createPipeline({
      clock,
      random,
      settings,
      upstream: (besideCare ??= openCare(options, settings)).upstream,
      learning: teaches ? learner : { ...learner, ended: () => undefined },
      admission: accounts.admission,
      merger,
      memory,
      ...own,
      onFault: (error, requestId) => log.error('a run in the shadow met a fault', { requestId, error }),
    });
  const memory = createMemory(cache, createFlights(), () => clock.now());
  const afterwork = createAfterwork();
  const pipeline = createPipeline({
    clock,
    random,
    settings,
    upstream,
    learning: learner,
    admission: accounts.admission,
    capacity: care.capacity,
    hedging: createHedges(),
    merger,
    memory,
    later: afterwork.later,
    trials: experiments.trials,
    done: (record) => {
      store.requests.append(record);
      watch.observe(record);
      experiments.observe(record);
    },
    onFault: (error, requestId) => log.error('an answered request met a fault', { requestId, error }),
  });
  const visits = createVisits((change) => metrics.inFlight(change));
  let draining = false;
  const app = createApp({
    ...accounts,
    learner: listening(learner, store.requests, experiments.tally),
    experiments: { ...experiments, store: store.experiments },
    lessons: store.learning,
    pipeline,
    limiter: createRateLimiter(),
    requests: store.requests,
    content: watch.content,
    trace: watch.trace,
    passed: (record) => {
      store.requests.append(record);
      watch.observe(record);
    },
    performance: watch.performance,
    anomalies: watch.anomalies,
    version: options.version,
    options: store.options,
    takeOptions: config.setOptions,
    settings,
    evidence,
    cache,
    whyUnusable: (model) => config.reasons().get(model) ?? null,
    health: care.health,
    configFile: { path: config.file, warnings: config.warnings, reload: config.reload },
    clock,
    door: createDoor({ ...accounts.keyring, mayScrape: scraping(config.server, accounts.keyring) }),
    mayConnect: care.origins.allows,
    bodyLimitBytes: () => config.server.bodyLimitBytes,
    draining: () => draining,
    metrics,
    visits,
    onFault: (error, requestId) => log.error('a request met a fault', { requestId, error: error.cause ?? error }),
  });
  const server = createHttpServer(app);
  server.on('clientError', refuseConnection);
  server.on('checkExpectation', refuseExpectation);
  const url = await listen(server, config.server.host, config.server.port);

  return {
    url,
    settings,
    isOpen: accounts.keyring.isOpen,
    health: care.health,
    async stop(graceMs) {
      draining = true;
      // It goes on listening while it drains: who asks is told so, and readiness fails rather than refuses.
      if (!(await within(clock, graceMs, visits.idle()))) {
        visits.end(new QuorumError('shutting_down', 'This instance is shutting down.', { retryAfterMs: 1_000 }));
        await within(clock, LAST_WORDS_MS, visits.idle());
      }
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      afterwork.flush();
      config.close();
      stopFollowing();
      care.stop();
      await watch.stop();
      experiments.close();
      besideCare?.stop();
      await besideCare?.upstream.close();
      await upstream.close();
      await sandbox?.close();
      await accounts.close();
      await store.close();
      log.flush();
    },
  };
}

/** The way to the models, with an eye on how they are and how much happens at the same time. */
function openCare({ config, clock, random, version }: ComposeOptions, settings: () => Settings) {
  const now = (): number => clock.now();
  const limits = () => config.parts().limits;
  const health = createHealth({ now, random, poolSize: () => settings().usable.size });
  const paces = createPaces(clock, () => limits().maxWaitMs);
  const slots = createSlots({
    clock,
    maxWaitMs: () => limits().maxWaitMs,
    limitOf: (name) => slotLimit(limits(), name),
  });
  const lag = createLagMeter(clock);
  const origins = createOrigins();
  origins.learn(settings());
  config.onChange(() => origins.learn(settings()));
  return {
    upstream: guarded(
      createUpstream({ clock, random, paces, userAgent: `quorum/${version}`, mayConnect: origins.allows }),
      {
        clock,
        health,
        slots,
        isLimited: () => limits().providers.size > 0 || limits().models.size > 0,
      },
    ),
    capacity: createCapacity({
      slots,
      lagMs: lag.ms,
      maxLagMs: () => limits().maxLagMs,
      leftAlone: () => leftAlone(health.ailing(), paces.held()),
    }),
    health: (): Health => ({
      models: health.snapshot(),
      paces: paces.snapshot(),
      slots: slots.use(),
      lagMs: lag.ms(),
    }),
    origins,
    lagMs: lag.ms,
    stop: lag.stop,
  };
}

/** What a request waits at the most for money that others hold. */
const HELD_WAIT_MS = 2_000;

/** Keys, budgets and the ledger, on a connection of their own: a write of theirs never waits behind a batch of records. */
function openAccounts(
  { config, clock, log }: ComposeOptions,
  store: SqliteStore,
  settings: () => Settings,
  beside: () => readonly Budget[],
) {
  const path = pathOf(config.parts().storageUrl);
  const own = path === ':memory:' ? null : openDatabase(path, { busyMs: 50 });
  const onTrouble = (error: unknown): void => log.warn('accounts: the store makes trouble', { error });
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
      await ledger.flush().catch(onTrouble);
      await ledger.stop();
      own?.close();
    },
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

async function openSandbox({ config, clock, log }: ComposeOptions): Promise<Sandbox | null> {
  const { enabled, seed, models } = config.parts().sandbox;
  if (enabled === false) return null;
  // Most installations have none.
  const { startSandbox } = await import('./sandbox/index.ts');
  const sandbox = await startSandbox({ clock, seed: numberOf(seed), overrides: Object.fromEntries(models) });
  config.onChange((_, parts) => {
    try {
      sandbox.change(Object.fromEntries(parts.sandbox.models));
    } catch (error) {
      log.warn('the simulated models stay as they were', { error });
    }
  });
  return sandbox;
}

/** FNV-1a, so that any text can be a seed. */
const numberOf = (seed: string): number =>
  Array.from(seed).reduce((hash, letter) => Math.imul(hash ^ letter.codePointAt(0)!, 0x01000193) >>> 0, 0x811c9dc5);

/** The settings with the address and key that the sandbox has in this process. */
function withSandbox(config: LiveConfig, sandbox: Sandbox | null): () => Settings {
  if (sandbox === null) return config.current;
  const known = new WeakMap<Settings, Settings>();
  const apiKey = new Secret(sandbox.apiKey);
  const here = (provider: Provider): Provider =>
    provider.type === 'sandbox' ? { ...provider, baseUrl: sandbox.url, apiKey } : provider;
  return () => {
    const settings = config.current();
    let complete = known.get(settings);
    if (complete === undefined) {
      complete = {
        ...settings,
        providers: new Map([...settings.providers].map(([name, provider]) => [name, here(provider)])),
      };
      known.set(settings, complete);
    }
    return complete;
  };
}

/** On loopback the metrics are everybody's, unless they have a key of their own. */
function scraping({ host, metricsKey }: LiveConfig['server'], keyring: Pick<Keyring, 'isAdmin'>) {
  const isOpen = metricsKey === null && isLoopback(host);
  return (key: string | null): boolean =>
    isOpen || (key !== null && (keyring.isAdmin(key) || (metricsKey !== null && sameSecret(key, metricsKey.reveal()))));
}

const isLoopback = (host: string): boolean => /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i.test(host);

function listen(server: Server, host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new Error(
              `Port ${port} on ${host} is taken: stop what listens there, or choose another with --port or QUORUM_PORT.`,
            )
          : error,
      ),
    );
    server.listen(port, host, () => {
      const { address, port: actual, family } = server.address() as AddressInfo;
      resolve(`http://${family === 'IPv6' ? `[${address}]` : address}:${actual}`);
    });
  });
}

/** Whether it came true in time. */
function within(clock: Clock, ms: number, event: Promise<void>): Promise<boolean> {
  return new Promise((resolve) => {
    const cancel = clock.after(ms, () => resolve(false));
    void event.then(() => {
      cancel();
      resolve(true);
    });
  });
}
