// The one file that knows every part, and puts them together.
import { createRateLimiter, sameSecret, type Keyring } from './accounts/index.ts';
import { createCache, createFlights } from './cache/index.ts';
import { openAccounts } from './compose/accounts.ts';
import { createAfterwork } from './compose/afterwork.ts';
import { openCare, type Health } from './compose/care.ts';
import { listening, openExperiments } from './compose/experiments.ts';
import { addGauges } from './compose/gauges.ts';
import { learntFrom } from './compose/learnt.ts';
import { isLoopback, listen } from './compose/listen.ts';
import { followOptions } from './compose/options.ts';
import { poll } from './compose/poll.ts';
import { post } from './compose/post.ts';
import { openSandbox, withSandbox } from './compose/sandbox.ts';
import { openWatch } from './compose/watch.ts';
import type { LiveConfig } from './config/index.ts';
import { QuorumError, type Clock, type Random, type Settings } from './contract/index.ts';
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
import { createMemory } from './pipeline/memory.ts';
import { createPipeline, type Pipeline, type PipelineParts } from './pipeline.ts';
import { openStore } from './store/index.ts';
import type { Log } from './telemetry/index.ts';
import { createHedges } from './upstream/index.ts';

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

/** A twentieth of the lateness at which requests are refused: then there is no time for what runs beside. */
const SPARE_SHARE = 20;
/** What other processes on the same store learn is known here so soon. */
const OTHERS_EVERY_MS = 2_000;
/** What a request that is ended by force gets to write its last words. */
const LAST_WORDS_MS = 1_000;

export async function startProgram(options: ComposeOptions): Promise<Program> {
  const { config, clock, random, log } = options;
  const store = await openStore(config.parts().storageUrl, clock, {
    decay: evidenceAt,
    onTrouble: ({ error, waiting }) =>
      error === null
        ? log.info('storage: records are written again')
        : log.warn(`storage: records can't be written: ${error.message}`, { waiting }),
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
  const stopListening = poll(
    clock,
    OTHERS_EVERY_MS,
    () => {
      learner.hear(store.evidence.news());
      return learner.catchUp();
    },
    (error) => log.warn('what other processes learnt could not be read', { error }),
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
  const server = createHttpServer(app, config.server.requestTimeoutMs);
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
      stopListening();
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

/** On loopback the metrics are everybody's, unless they have a key of their own. */
function scraping({ host, metricsKey }: LiveConfig['server'], keyring: Pick<Keyring, 'isAdmin'>) {
  const isOpen = metricsKey === null && isLoopback(host);
  return (key: string | null): boolean =>
    isOpen || (key !== null && (keyring.isAdmin(key) || (metricsKey !== null && sameSecret(key, metricsKey.reveal()))));
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
