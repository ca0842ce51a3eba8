// The process: start, take up signals, drain, stop.
import { closeSync, openSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setFlagsFromString } from 'node:v8';
import { createLiveConfig, type LoadOptions, type ServerSettings } from './config/index.ts';
import { formatUsd, type Clock, type Settings } from './contract/index.ts';
import { createLog, startProgram, type Log, type Program } from './compose.ts';

export const VERSION: string = (createRequire(import.meta.url)('../package.json') as { version: string }).version;

/** Monotonic within the process, and the time of day. */
export const systemClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  after(afterMs, task) {
    const timer = setTimeout(task, afterMs);
    return () => clearTimeout(timer);
  },
};

interface ServeOptions extends LoadOptions {
  /** Log lines as JSON even on a terminal. */
  readonly json?: boolean | undefined;
  readonly write: (text: string) => void;
}

/**
 * V8 makes what has lived long before right among the old; under load that is what a request holds, and each of those, dead, keeps alive
 * whatever it points to till the next full collection: in some processes a scavenge took twice as long, for as long as they lived.
 */
setFlagsFromString('--no-allocation-site-pretenuring');

/** Serves until a signal ends it; resolves to the exit code. Throws ConfigError or StoreError, in words, when it can't start. */
export async function serve(options: ServeOptions): Promise<number> {
  const terminalIsGone = followTerminal();
  const early: [level: 'info' | 'warn' | 'error', message: string][] = [];
  let tell = (level: 'info' | 'warn' | 'error', message: string): void => void early.push([level, message]);
  const config = await createLiveConfig({ ...options, log: (level, message) => tell(level, message) });
  const log = createLog({
    level: config.server.logLevel,
    format: options.json || !process.stdout.isTTY ? 'json' : 'pretty',
    write: options.write,
    clock: systemClock,
  });
  tell = (level, message) => log[level](message);
  for (const key of [config.server.adminKey, config.server.metricsKey]) if (key !== null) log.hide(key);
  for (const [level, message] of early) tell(level, message);
  watchFaults(log);
  const program = await startProgram({ config, clock: systemClock, random: Math.random, log, version: VERSION });
  announce(program, config.server, log, options.write);
  config.onChange((settings) => describeTier(settings, log));
  await signalled((end) => (terminalIsGone() ? end() : void config.reload()));
  log.info('draining: no new requests; those under way may finish', { grace_ms: config.server.shutdownGraceMs });
  const forced = signalled(() => {}).then(() => 'forced' as const);
  const ended = await Promise.race([program.stop(config.server.shutdownGraceMs).then(() => 'done' as const), forced]);
  log.info(ended === 'done' ? 'stopped' : 'stopped at once on a second signal');
  log.close();
  return ended === 'done' ? 0 : 130;
}

function announce(
  { url, settings, isOpen }: Program,
  { adminKey }: ServerSettings,
  log: Log,
  write: (text: string) => void,
): void {
  const { usable, models } = settings();
  describeTier(settings(), log);
  const simulated = [...usable].every((name) => models.get(name)?.simulated);
  log.info(`listening on ${url}`, { version: VERSION, models: usable.size });
  if (simulated)
    log.warn(
      'no provider key was found and no local server answers: simulated models reply; set OPENAI_API_KEY or another, see "quorum check"',
    );
  if (isOpen()) log.info('without a virtual key it is open to everybody on this machine');
  log.flush();
  write(`
Quorum ${VERSION} is ready${simulated ? ' with simulated models' : ''}. Try it${isOpen() ? '' : keyHint(adminKey !== null)}:

  ${curlLine(url, isOpen() ? null : adminKey !== null ? 'QUORUM_ADMIN_KEY' : 'QUORUM_KEY')}

`);
}

const keyHint = (hasAdminKey: boolean): string =>
  hasAdminKey
    ? ' with the admin key in QUORUM_ADMIN_KEY, or with a key from "quorum keys create --name NAME"'
    : ' with a key from "quorum keys create --name NAME" in QUORUM_KEY';

/** Works as it stands, in a shell on this machine that has the key in `variable`; null: none is needed. */
function curlLine(url: string, variable: string | null): string {
  const here = url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:');
  const key = variable === null ? '' : ` -H "authorization: Bearer $${variable}"`;
  const address = `${here}/v1/chat/completions`;
  // zsh takes brackets for a pattern.
  return `curl ${address.includes('[') ? `'${address}'` : address}${key} -H 'content-type: application/json' -d '{"model":"auto","messages":[{"role":"user","content":"What is 17 * 23?"}]}'`;
}

function describeTier(settings: Settings, log: Log): void {
  const tier = settings.tiers.get(settings.defaultTier);
  if (tier === undefined) return;
  log.info(`tier ${tier.name}: ${tier.models.join(', ')}`, {
    chairman: tier.chairman,
    usable: `${tier.configured.filter((name) => settings.usable.has(name)).length} of ${tier.configured.length}`,
    expected_latency_ms: tier.expectedLatencyMs,
    cost_per_query_usd: formatUsd(tier.costPerQuery),
  });
  for (const gap of tier.gaps) log.warn(`tier ${tier.name}: ${gap}`);
}

/** Resolves at the first SIGTERM or SIGINT, or when `onHangup` says so at a SIGHUP. */
function signalled(onHangup: (end: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const hangup = (): void => onHangup(end);
    const end = (): void => {
      process.off('SIGTERM', end);
      process.off('SIGINT', end);
      process.off('SIGHUP', hangup);
      resolve();
    };
    process.on('SIGTERM', end);
    process.on('SIGINT', end);
    process.on('SIGHUP', hangup);
  });
}

/** SIGHUP means to read the config again, unless the window was closed that it runs in: then nobody is left who could end it. */
function followTerminal(): () => boolean {
  const wasThere = process.stdout.isTTY && hasTerminal();
  return () => wasThere && !hasTerminal();
}

function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}

/** A fault that nobody caught is a defect, but no reason to drop everybody's requests. */
function watchFaults(log: Log): void {
  process.on('unhandledRejection', (reason) => log.error('unhandled rejection', { error: reason }));
  process.on('uncaughtException', (error) => log.error('uncaught exception', { error }));
}
