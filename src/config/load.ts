// Reads the config: flags over environment over file over defaults, checked whole, with all problems at once.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { z } from 'zod';
import { readCatalog } from './catalog.ts';
import type { Catalog } from './catalog.ts';
import { readDocument } from './document.ts';
import type { ConfigDocument, Place } from './document.ts';
import { explain, faultsOf } from './explain.ts';
import { configJsonSchema } from './json-schema.ts';
import { ConfigError, didYouMean, pathText } from './problem.ts';
import type { Path, Problem } from './problem.ts';
import { referenceProblems, referenceWarnings } from './references.ts';
import { configSchema } from './schema/index.ts';
import type { Config } from './schema/index.ts';
import { shipped } from './shipped.ts';
import type { Environment, Substituted } from './substitute.ts';

interface Overrides {
  readonly host?: string | undefined;
  readonly port?: string | number | undefined;
  readonly logLevel?: string | undefined;
}

export interface LoadOptions {
  /** `--config`. Without it QUORUM_CONFIG, then config/quorum.yaml here, then the one that ships with the program. */
  readonly file?: string | undefined;
  readonly env: Environment;
  /** From the command line. */
  readonly overrides?: Overrides | undefined;
  /** Saves reading the shipped one again. */
  readonly catalog?: Catalog | undefined;
}

export interface LoadedConfig {
  /** Absolute path. */
  readonly file: string;
  /** Changes with the file's text. */
  readonly digest: string;
  readonly config: Config;
  readonly catalog: Catalog;
  /** The environment variable behind a provider's `api_key` in this file. */
  readonly keyVariables: ReadonlyMap<string, string>;
  readonly tier: { readonly name: string; readonly asked: string };
  readonly warnings: readonly Problem[];
}

const SHIPPED = fileURLToPath(shipped('config/quorum.yaml'));

/** Throws ConfigError with every problem there is. */
export function loadConfig(options: LoadOptions): LoadedConfig {
  const file = configFile(options);
  const text = readText(file);
  const document = layered(readDocument(text, shown(file), options.env), options);
  const catalog = options.catalog ?? readCatalog(options.env);
  const { config, problems } = parseConfig(document);
  const all = dedupe([...document.problems, ...problems, ...referenceProblems(document, catalog.rows)]);
  if (config === null || all.length > 0) throw new ConfigError(sorted(all));
  const unsafe = openToTheWorld(config, document);
  if (unsafe !== null) throw new ConfigError([unsafe]);
  const { tier, warnings } = chooseTier(config, catalog, document, options.env);
  return {
    file,
    digest: digestOf(text),
    config,
    catalog,
    keyVariables: keyVariables(document),
    tier,
    warnings: [...warnings, ...referenceWarnings(document, catalog.rows)],
  };
}

export const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12);

function configFile({ file, env }: LoadOptions): string {
  const asked = file ?? (env['QUORUM_CONFIG'] === '' ? undefined : env['QUORUM_CONFIG']);
  if (asked !== undefined) return resolve(asked);
  const here = resolve('config/quorum.yaml');
  return existsSync(here) ? here : SHIPPED;
}

function readText(file: string): string {
  const bytes = readBytes(file);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    const before = bytes.toString('utf8').split('\uFFFD', 1)[0]!.split('\n');
    throw new ConfigError([
      {
        source: shown(file),
        line: before.length,
        column: before.at(-1)!.length + 1,
        path: '',
        message: 'this is no text in UTF-8; save the file in that encoding',
      },
    ]);
  }
}

function readBytes(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (failure) {
    const { code, message } = failure as NodeJS.ErrnoException;
    const why =
      code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'this is a folder, not a file' : message;
    throw new ConfigError([
      {
        source: shown(file),
        line: null,
        column: null,
        path: '',
        message: `${why}; name the config with --config FILE or QUORUM_CONFIG`,
      },
    ]);
  }
}

/** Short where it is below the working directory. */
function shown(file: string): string {
  const short = relative('', file);
  return short === '' || short.startsWith('..') ? file : short;
}

const FROM_ENVIRONMENT = {
  QUORUM_HOST: 'host',
  QUORUM_PORT: 'port',
  QUORUM_LOG_LEVEL: 'log_level',
  QUORUM_ADMIN_KEY: 'admin_key',
} as const;

/** The document with environment and flags laid over `server`; their problems name the variable or the flag. */
function layered(document: ConfigDocument, { env, overrides = {} }: LoadOptions): ConfigDocument {
  const flags = { host: overrides.host, port: overrides.port, log_level: overrides.logLevel };
  const over = new Map<
    string,
    { readonly value: unknown; readonly source: string; readonly variables: readonly string[] }
  >();
  for (const [variable, field] of Object.entries(FROM_ENVIRONMENT)) {
    const value = env[variable];
    if (value !== undefined && value !== '') {
      over.set(`server.${field}`, { value, source: `environment ${variable}`, variables: [variable] });
    }
  }
  for (const [field, value] of Object.entries(flags)) {
    if (value !== undefined)
      over.set(`server.${field}`, { value, source: `flag --${field.replace('_', '-')}`, variables: [] });
  }
  if (over.size === 0) return document;
  const server = document.data['server'] ?? {};
  if (typeof server !== 'object' || Array.isArray(server)) return document;
  const fields = [...over].map(([path, { value }]) => [path.slice('server.'.length), value]);
  return {
    ...document,
    data: { ...document.data, server: { ...server, ...Object.fromEntries(fields) } },
    placeOf: (path, what): Place => {
      const found = over.get(pathText(path));
      return found === undefined ? document.placeOf(path, what) : { source: found.source, line: null, column: null };
    },
    substitutedAt: (path): Substituted | undefined => {
      const found = over.get(pathText(path));
      if (found === undefined) return document.substitutedAt(path);
      return { value: String(found.value), variables: [], missing: [], whole: true, fault: null };
    },
  };
}

function parseConfig(document: ConfigDocument): {
  readonly config: Config | null;
  readonly problems: readonly Problem[];
} {
  const first = configSchema.safeParse(document.data);
  if (first.success) return { config: first.data, problems: [] };
  const faults = faultsOf(first.error.issues);
  const retyped = retype(
    document,
    faults.map(({ path }) => path),
  );
  const second = retyped === null ? first : configSchema.safeParse(retyped);
  if (second.success) return { config: second.data, problems: [] };
  return { config: null, problems: problemsOf(second.error, document) };
}

const problemsOf = (error: z.ZodError, document: ConfigDocument): readonly Problem[] =>
  faultsOf(error.issues).flatMap((fault) => explain(fault, document, configJsonSchema));

/** What came whole from the environment is text; where the schema wants a number or a flag, read it as one. Empty: not given. */
function retype(document: ConfigDocument, paths: readonly Path[]): Record<string, unknown> | null {
  const fromEnvironment = paths.filter((path) => document.substitutedAt(path)?.whole === true);
  if (fromEnvironment.length === 0) return null;
  const copy = structuredClone(document.data);
  for (const path of fromEnvironment) {
    const text = document.substitutedAt(path)!.value.trim();
    const parent = path
      .slice(0, -1)
      .reduce<unknown>((value, step) => (value as Record<string | number, unknown>)[step], copy);
    const holder = parent as Record<string | number, unknown>;
    const last = path.at(-1)!;
    if (text === '') delete holder[last];
    else if (text === 'true' || text === 'false') holder[last] = text === 'true';
    else if (/^-?\d+(\.\d+)?$/.test(text)) holder[last] = Number(text);
  }
  return copy;
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i;

function openToTheWorld({ server }: Config, document: ConfigDocument): Problem | null {
  if (LOOPBACK.test(server.host) || server.admin_key.reveal() !== '') return null;
  return {
    ...document.placeOf(['server', 'host']),
    path: 'server.host',
    message: `listening on ${server.host} lets others in, and there is no admin key; set QUORUM_ADMIN_KEY (or server.admin_key), or listen on 127.0.0.1`,
  };
}

/** An unknown tier is no reason not to serve. */
function chooseTier(
  config: Config,
  catalog: Catalog,
  document: ConfigDocument,
  env: Environment,
): Pick<LoadedConfig, 'tier' | 'warnings'> {
  const variable = env['MODEL_TIER'];
  const fromEnvironment = variable !== undefined && variable !== '';
  const asked = fromEnvironment ? variable : config.default_tier;
  const known = [...Object.keys(catalog.rows.tiers), ...Object.keys(config.tiers)];
  if (known.includes(asked)) return { tier: { name: asked, asked }, warnings: [] };
  const place = fromEnvironment
    ? { source: 'environment MODEL_TIER', line: null, column: null, path: '' }
    : { ...document.placeOf(['default_tier']), path: 'default_tier' };
  const message = `there is no tier "${asked}"; using "balanced"${didYouMean(asked, known) || ` (known: ${[...new Set(known)].join(', ')})`}`;
  return { tier: { name: 'balanced', asked }, warnings: [{ ...place, message }] };
}

function keyVariables(document: ConfigDocument): ReadonlyMap<string, string> {
  const rows = document.data['providers'];
  const names = typeof rows === 'object' && rows !== null ? Object.keys(rows) : [];
  return new Map(
    names.flatMap((name): [string, string][] => {
      const variable = document.substitutedAt(['providers', name, 'api_key'])?.variables[0];
      return variable === undefined ? [] : [[name, variable]];
    }),
  );
}

function dedupe(problems: readonly Problem[]): readonly Problem[] {
  const seen = new Set<string>();
  return problems.filter(({ path, line, message }) => {
    const key = path === '' ? `${line} ${message}` : path;
    return seen.has(key) ? false : Boolean(seen.add(key));
  });
}

const sorted = (problems: readonly Problem[]): readonly Problem[] =>
  problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
