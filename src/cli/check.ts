// `quorum check`: what is configured, what is reachable, what is missing, what is in the way. Never prints a key.
import { withoutCredentials, type Provider, type Settings } from '../contract/index.ts';
import { ConfigError, askAround, loadConfig, probeProvider, problemText, resolve } from '../config/index.ts';
import type { LoadedConfig, Probe, ProbeResult, Problem } from '../config/index.ts';
import { groundLines, lookAtAddress, lookAtDatabase, type AddressReport, type DatabaseReport } from './ground.ts';

interface CheckOptions {
  /** `--config`. */
  readonly config?: string | undefined;
  /** As `start` would take them. */
  readonly port?: string | undefined;
  readonly host?: string | undefined;
  readonly logLevel?: string | undefined;
  readonly json?: boolean | undefined;
  readonly write?: ((text: string) => void) | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly probe?: Probe | undefined;
}

type Status = 'reachable' | 'refused' | 'unreachable' | 'missing_key' | 'simulated';

interface ProviderReport {
  readonly name: string;
  readonly base_url: string;
  readonly key: 'set' | 'missing' | 'none';
  readonly key_variable: string | null;
  readonly local: boolean;
  /** The config file names it. */
  readonly in_config: boolean;
  readonly status: Status;
  readonly detail: string;
  readonly ms: number | null;
  readonly models: number;
}

interface Report {
  readonly ok: boolean;
  readonly file: string | null;
  readonly problems: readonly Problem[];
  readonly warnings: readonly string[];
  /** null where the config is bad. */
  readonly database: DatabaseReport | null;
  readonly address: AddressReport | null;
  readonly providers: readonly ProviderReport[];
  readonly tiers: readonly {
    readonly name: string;
    readonly default: boolean;
    readonly models: readonly string[];
    readonly chairman: string | null;
    readonly gaps: readonly string[];
  }[];
  readonly models: { readonly known: number; readonly usable: number };
}

const TIMEOUT_MS = 2_000;

/** 0 only when the config is valid, its database and address can be had, and at least one model can be used; else 1. */
export async function runCheck(options: CheckOptions): Promise<number> {
  const write = options.write ?? ((text: string) => void process.stdout.write(text));
  const report = await check(options);
  write(options.json === true ? `${JSON.stringify(report, null, 2)}\n` : asText(report));
  return report.ok ? 0 : 1;
}

async function check(options: CheckOptions): Promise<Report> {
  const { config, env, probe = probeProvider, port, host, logLevel } = options;
  let loaded: LoadedConfig;
  try {
    loaded = loadConfig({ file: config, env, overrides: { port, host, logLevel } });
  } catch (failure) {
    if (!(failure instanceof ConfigError)) throw failure;
    return {
      ok: false,
      file: null,
      problems: failure.problems,
      warnings: [],
      database: null,
      address: null,
      providers: [],
      tiers: [],
      models: { known: 0, usable: 0 },
    };
  }
  const { server, storage } = loaded.config;
  const database = lookAtDatabase(storage.url);
  const address = await lookAtAddress(server.host, server.port);
  const { settings, warnings } = resolve(loaded, await askAround(loaded, probe, env['NODE_ENV'] === 'production'));
  const providers = await Promise.all(
    [...settings.providers.values()].map(async (provider) => ({
      ...(await askProvider(provider, settings, probe)),
      in_config: Object.hasOwn(loaded.config.providers, provider.name),
    })),
  );
  const answering = new Set(
    providers.filter(({ status }) => status === 'reachable' || status === 'simulated').map(({ name }) => name),
  );
  const usable = [...settings.usable].filter((name) => answering.has(settings.models.get(name)!.provider));
  return {
    ok: usable.length > 0 && database.status !== 'unusable' && address.status !== 'taken',
    file: loaded.file,
    problems: [],
    warnings: [...loaded.warnings.map(problemText), ...warnings],
    database,
    address,
    providers,
    tiers: [...settings.tiers.values()].map(({ name, models, chairman, gaps }) => ({
      name,
      default: name === settings.defaultTier,
      models,
      chairman,
      gaps,
    })),
    models: { known: settings.models.size, usable: usable.length },
  };
}

async function askProvider(
  provider: Provider,
  settings: Settings,
  probe: Probe,
): Promise<Omit<ProviderReport, 'in_config'>> {
  const { name, baseUrl, apiKey, keyMissing, keyVariable, local, simulated } = provider;
  const models = [...settings.models.values()].filter(
    (model) => model.provider === name && settings.usable.has(model.name),
  ).length;
  const about = {
    name,
    base_url: withoutCredentials(baseUrl),
    key: keyMissing ? ('missing' as const) : apiKey === null ? ('none' as const) : ('set' as const),
    key_variable: keyVariable,
    local,
    models,
  };
  if (simulated)
    return {
      ...about,
      status: 'simulated',
      detail: models > 0 ? 'answers while no real model can' : 'steps aside for real models',
      ms: null,
    };
  if (keyMissing) return { ...about, status: 'missing_key', detail: `set ${keyVariable ?? 'its api_key'}`, ms: null };
  const answer = await probe(provider, TIMEOUT_MS);
  return { ...about, ...verdict(answer), ms: answer.ms };
}

/** Servers without a list of models (404, 405) are there all the same. */
function verdict(answer: ProbeResult): { readonly status: Status; readonly detail: string } {
  switch (answer.kind) {
    case 'answered':
      return { status: 'reachable', detail: `lists ${answer.models.length} models` };
    case 'silent':
      return { status: 'unreachable', detail: answer.reason };
    case 'refused': {
      if (answer.status === 404 || answer.status === 405) return { status: 'reachable', detail: 'lists no models' };
      if (answer.status === 401 || answer.status === 403)
        return { status: 'refused', detail: `refuses the key (${answer.status})` };
      return {
        status: 'refused',
        detail: answer.status === null ? 'answers something else than a list of models' : `answers ${answer.status}`,
      };
    }
    default:
      return answer satisfies never;
  }
}

const MARK: Readonly<Record<Status, string>> = {
  reachable: 'ok',
  refused: '!!',
  unreachable: '!!',
  missing_key: '--',
  simulated: 'ok',
};

function asText({ ok, file, problems, warnings, database, address, providers, tiers, models }: Report): string {
  if (problems.length > 0) {
    const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
    return `The config has ${count}:\n${problems.map((problem) => `  ${problemText(problem)}\n`).join('')}`;
  }
  const width = Math.max(...providers.map(({ name }) => name.length));
  const lines = [
    `Config ${file} is valid.`,
    ...warnings.map((warning) => `  warning: ${warning}`),
    ...(database === null || address === null ? [] : ['', ...groundLines(database, address)]),
    '',
    'Providers',
    ...providers.filter(isWorthALine).map((provider) => providerLine(provider, width)),
    '',
    'Tiers',
    ...tiers.flatMap(({ name, default: isDefault, models, chairman, gaps }) => [
      `  ${name}${isDefault ? ' (default)' : ''}: ${models.join(', ') || 'no model'}${chairman === null ? '' : `; ${chairman} presides`}`,
      ...(isDefault ? gaps.map((gap) => `    ${gap}`) : []),
    ]),
    '',
    models.usable > 0 ? `${models.usable} of ${models.known} models can be used.` : withoutModels(providers),
    ...(models.usable > 0 && !ok ? ['It can’t start like this: see !! under “Here”.'] : []),
  ];
  return `${lines.join('\n')}\n`;
}

/** A key that is there and doesn't help is no reason to set one, nor a server that is named and doesn't answer. */
function withoutModels(providers: readonly ProviderReport[]): string {
  const failing = providers.filter(({ status, models }) => MARK[status] === '!!' && models > 0).map(({ name }) => name);
  return failing.length === 0
    ? 'No model can be used: set a provider’s key, start a local server, or switch the sandbox on.'
    : `No model can be used: see why not at ${failing.join(', ')} above.`;
}

/** Local servers that nobody runs or named are no news. */
const isWorthALine = ({ local, in_config, status, models }: ProviderReport): boolean =>
  !local || in_config || status === 'reachable' || models > 0;

function providerLine(
  { name, base_url, status, detail, ms, models, key_variable, key }: ProviderReport,
  width: number,
): string {
  const time = ms === null ? '' : ` in ${ms} ms`;
  const source = key === 'set' && key_variable !== null ? `, key from ${key_variable}` : '';
  const words =
    status === 'missing_key'
      ? `no key: ${detail}`
      : `${status}${time}: ${detail}${source}; ${models} ${models === 1 ? 'model' : 'models'} usable`;
  return `  ${MARK[status]} ${name.padEnd(width)}  ${words}${status === 'unreachable' || status === 'refused' ? ` (${base_url})` : ''}`;
}
