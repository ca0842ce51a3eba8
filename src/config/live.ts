// The settings in force: read at start, read again when the file changes, asked again who is there once a minute.
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { CurrentSettings, Options, OtlpSettings, Settings } from '../contract/index.ts';
import { askAround } from './facts.ts';
import { digestOf, loadConfig } from './load.ts';
import type { LoadOptions, LoadedConfig } from './load.ts';
import { withOptions } from './options.ts';
import { otlpFrom } from './otlp.ts';
import { probeProvider } from './probe.ts';
import type { Probe } from './probe.ts';
import { ConfigError, problemText } from './problem.ts';
import type { Problem } from './problem.ts';
import { resolve } from './resolve/index.ts';
import type { Facts, Resolved } from './resolve/index.ts';
import { resolveParts } from './resolve/parts.ts';
import type { Parts, ServerSettings } from './resolve/parts.ts';
import { watchPath } from './watch.ts';

export type ReloadResult =
  | {
      readonly ok: true;
      readonly changed: boolean;
      readonly warnings: readonly string[];
      /** Keys that changed and are taken up at the next start only. */
      readonly needsRestart: readonly string[];
    }
  | { readonly ok: false; readonly problems: readonly Problem[]; readonly message: string };

export interface LiveOptions extends LoadOptions {
  readonly probe?: Probe;
  /** Told of warnings, changes and refusals, one sentence each. */
  readonly log?: (level: 'info' | 'warn' | 'error', message: string) => void;
  /** Whether the file is watched. Default: true. */
  readonly watch?: boolean;
  /** Quiet time after a change before the file is read. Default: 100. */
  readonly debounceMs?: number;
  /** How often local servers are asked again. Default: a minute. 0: never. */
  readonly probeEveryMs?: number;
}

export interface LiveConfig {
  readonly current: CurrentSettings;
  /** As it was at start; what changes here needs a restart. */
  readonly server: ServerSettings;
  /** Storage, limits, budgets, experiments, sandbox: as they are now. */
  parts(): Parts;
  /** Why each model that can't be asked can't. */
  reasons(): ReadonlyMap<string, string>;
  warnings(): readonly string[];
  /** From OpenTelemetry's variables; null: nothing is sent. */
  readonly otlp: OtlpSettings | null;
  readonly file: string;
  reload(): Promise<ReloadResult>;
  /** Lays what the administration set over the config, at once; it stays over every later reading. */
  setOptions(options: Options): void;
  /** Called after each change with the new settings; the returned function ends that. */
  onChange(listener: (settings: Settings, parts: Parts) => void): () => void;
  close(): void;
}

const AT_START_ONLY = [
  'host',
  'port',
  'adminKey',
  'metricsKey',
  'bodyLimitBytes',
  'requestTimeoutMs',
  'logLevel',
] as const;
const KEY_OF = {
  host: 'host',
  port: 'port',
  adminKey: 'admin_key',
  metricsKey: 'metrics_key',
  bodyLimitBytes: 'body_limit',
  requestTimeoutMs: 'request_timeout',
  logLevel: 'log_level',
} as const;

/** Throws ConfigError when the config is bad at start; later the old settings stay. */
export async function createLiveConfig(options: LiveOptions): Promise<LiveConfig> {
  const { probe = probeProvider, log = () => undefined, debounceMs = 100, probeEveryMs = 60_000 } = options;
  const productionMode = options.env['NODE_ENV'] === 'production';
  const gather = (config: LoadedConfig): Promise<Facts> => askAround(config, probe, productionMode);
  const listeners = new Set<(settings: Settings, parts: Parts) => void>();
  let loaded = loadConfig(options);
  let parts = resolveParts(loaded.config);
  const atStart = parts;
  let chosen: Options = {};
  /** `loaded` with the chosen options over it. */
  let laid = loaded;
  let facts = await gather(loaded);
  let resolved = resolve(loaded, facts);
  let lastTried: string | null = loaded.digest;
  let turn: Promise<unknown> = Promise.resolve();
  for (const warning of warningsOf(loaded, resolved)) log('warn', warning);

  /** One after the other, so that an older reading never overtakes a newer one. */
  function inTurn<Result>(task: () => Promise<Result>): Promise<Result> {
    const result = turn.then(task);
    turn = result.catch(() => undefined);
    return result;
  }

  /** One listener's failure is not the others'. */
  function tellAll(): void {
    for (const listener of listeners) {
      try {
        listener(resolved.settings, parts);
      } catch (failure) {
        log('error', `Something failed to take up the new config: ${String(failure)}`);
      }
    }
  }

  async function take(next: LoadedConfig): Promise<boolean> {
    facts = await gather(next);
    return settle(next);
  }

  /** Puts the config with the administration's options in force; true when anything changed by it. */
  function settle(next: LoadedConfig): boolean {
    const before = { version: resolved.settings.version, parts };
    const nextLaid = withOptions(next, chosen);
    resolved = resolve(nextLaid, facts);
    loaded = next;
    laid = nextLaid;
    const nextParts = resolveParts(laid.config);
    parts = {
      ...nextParts,
      server: { ...nextParts.server, ...pick(atStart.server) },
      storageUrl: atStart.storageUrl,
    };
    const changed = before.version !== resolved.settings.version || !isDeepStrictEqual(before.parts, parts);
    if (changed) tellAll();
    return changed;
  }

  async function reload(): Promise<ReloadResult> {
    try {
      await untilWritten(loaded.file, debounceMs);
      const next = loadConfig({ ...options, file: loaded.file, catalog: loaded.catalog });
      lastTried = next.digest;
      const changed = await take(next);
      const needsRestart = restartKeys(atStart, resolveParts(next.config));
      const warnings = warningsOf(laid, resolved);
      for (const warning of warnings) log('warn', warning);
      if (needsRestart.length > 0) log('warn', `Restart to take up ${needsRestart.join(', ')}.`);
      if (changed) log('info', `The config was read again (${resolved.settings.version}).`);
      return { ok: true, changed, warnings, needsRestart };
    } catch (failure) {
      if (!(failure instanceof ConfigError)) throw failure;
      log('error', `The config has problems; the old settings stay.\n${failure.message}`);
      return { ok: false, problems: failure.problems, message: failure.message };
    }
  }

  async function askAgain(): Promise<void> {
    const before = resolved.settings.version;
    await take(loaded);
    if (resolved.settings.version === before) return;
    log('info', `Local servers changed: ${resolved.settings.usable.size} models can be used.`);
  }

  /** Nobody waits for these; what goes wrong is told all the same. */
  const unasked = (task: () => Promise<unknown>): void => {
    inTurn(task).catch((failure: unknown) =>
      log('error', `The config isn't taken up; the old settings stay: ${String(failure)}`),
    );
  };

  const onFile = (): void => {
    const digest = currentDigest(loaded.file);
    if (digest === lastTried) return;
    lastTried = digest;
    if (digest !== null) unasked(reload);
  };
  const stopWatching = options.watch === false ? () => undefined : watchPath(loaded.file, debounceMs, onFile);
  const timer = probeEveryMs > 0 ? setInterval(() => unasked(askAgain), probeEveryMs).unref() : undefined;

  return {
    current: () => resolved.settings,
    server: atStart.server,
    parts: () => parts,
    reasons: () => resolved.reasons,
    warnings: () => warningsOf(laid, resolved),
    otlp: otlpFrom(options.env),
    file: loaded.file,
    reload: () => inTurn(reload),
    setOptions(options) {
      chosen = options;
      settle(loaded);
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      stopWatching();
      clearInterval(timer);
      listeners.clear();
    },
  };
}

const pick = (server: ServerSettings): Partial<ServerSettings> =>
  Object.fromEntries(AT_START_ONLY.map((field) => [field, server[field]]));

function restartKeys(before: Parts, after: Parts): readonly string[] {
  const keys = AT_START_ONLY.filter((field) => plain(before.server[field]) !== plain(after.server[field])).map(
    (field) => `server.${KEY_OF[field]}`,
  );
  if (before.storageUrl !== after.storageUrl) keys.push('storage.url');
  return keys;
}

const plain = (value: ServerSettings[(typeof AT_START_ONLY)[number]]): string | number | null =>
  typeof value === 'object' ? (value?.reveal() ?? null) : value;

const warningsOf = ({ warnings }: LoadedConfig, { warnings: more }: Resolved): readonly string[] => [
  ...warnings.map(problemText),
  ...more,
];

function currentDigest(file: string): string | null {
  try {
    return digestOf(readFileSync(file, 'utf8').replace(/^\uFEFF/, ''));
  } catch {
    return null;
  }
}

/** An editor empties a file before it writes it: an empty one is looked at twice. */
async function untilWritten(file: string, afterMs: number): Promise<void> {
  const isEmpty = currentDigest(file) === digestOf('');
  if (isEmpty) await new Promise((resume) => setTimeout(resume, afterMs));
}
