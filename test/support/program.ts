// The whole program on a free port with a config of its own: in this process, or as a child process from dist.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request, type IncomingMessage, type RequestOptions } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OpenAI, type ClientOptions } from 'openai';
import { createLog, startProgram, type Program } from '../../src/compose.ts';
import type { Clock } from '../../src/contract/index.ts';
import { createLiveConfig, type LiveConfig, type ReloadResult } from '../../src/config/index.ts';
import { systemClock } from '../../src/main.ts';
import { startUpstream, type ScriptedUpstream } from './scripted-upstream.ts';

/** YAML text, or the same as an object. */
type ConfigSource = string | Readonly<Record<string, unknown>>;
type Environment = Readonly<Record<string, string | undefined>>;

export interface RunningQuorum {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  readonly program: Program;
  readonly config: LiveConfig;
  /** Everything that was logged so far, one JSON line each. */
  readonly logs: readonly string[];
  /** Puts another text into the config file and reads it. */
  reconfigure(config: ConfigSource): Promise<ReloadResult>;
  stop(graceMs?: number): Promise<void>;
}

interface StartOptions {
  readonly config?: ConfigSource;
  readonly env?: Environment;
  /** Of a program in this process; default: the system's. */
  readonly clock?: Clock;
}

const textOf = (config: ConfigSource): string => (typeof config === 'string' ? config : JSON.stringify(config));

function folderWith(config: ConfigSource): { readonly folder: string; readonly file: string } {
  const folder = mkdtempSync(join(tmpdir(), 'quorum-'));
  const file = join(folder, 'quorum.yaml');
  writeFileSync(file, textOf(config));
  return { folder, file };
}

/** Storage in the folder, any free port; the config's own words for either win. */
const settled = (config: ConfigSource, folder: string): ConfigSource =>
  typeof config === 'string'
    ? config.replaceAll('{folder}', folder)
    : { storage: { url: `sqlite:${join(folder, 'quorum.db')}` }, ...config };

/** In this process; nothing is probed, nothing is watched. A config as text says `sqlite:{folder}/quorum.db` itself. */
export async function startQuorum({
  config = {},
  env = {},
  clock = systemClock,
}: StartOptions = {}): Promise<RunningQuorum> {
  const { folder, file } = folderWith('');
  writeFileSync(file, textOf(settled(config, folder)));
  const logs: string[] = [];
  const live = await createLiveConfig({
    file,
    env,
    overrides: { port: 0 },
    watch: false,
    probeEveryMs: 0,
    probe: () => Promise.resolve({ kind: 'silent', reason: 'not asked in tests', ms: 0 }),
  });
  const log = createLog({
    level: live.server.logLevel,
    format: 'json',
    write: (text) => logs.push(...text.split('\n').filter((line) => line !== '')),
    clock,
  });
  const program = await startProgram({ config: live, clock, random: Math.random, log, version: '0.0.0' });
  let stopped: Promise<void> | null = null;
  return {
    url: program.url,
    program,
    config: live,
    get logs() {
      log.flush();
      return logs;
    },
    reconfigure(next) {
      writeFileSync(file, textOf(settled(next, folder)));
      return live.reload();
    },
    stop(graceMs = 0) {
      stopped ??= program.stop(graceMs).then(() => {
        log.close();
        rmSync(folder, { recursive: true, force: true });
      });
      return stopped;
    },
  };
}

export interface ChildQuorum {
  readonly url: string;
  readonly process: ChildProcess;
  readonly config: string;
  readonly folder: string;
  output(): string;
  /** Resolves when the output holds the text. */
  says(text: string): Promise<void>;
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** Ends it if it still runs, and removes its folder unless it is wanted again. */
  clear(): Promise<void>;
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** As a user starts it: `node dist/cli.js`. `folder` continues with the files of an earlier one. */
export async function startChild({
  config = {},
  env = {},
  folder: earlier,
  port = 0,
}: StartOptions & { readonly folder?: string; readonly port?: number } = {}): Promise<ChildQuorum> {
  ensureBuilt();
  const folder = earlier ?? mkdtempSync(join(tmpdir(), 'quorum-child-'));
  const file = join(folder, 'quorum.yaml');
  writeFileSync(file, textOf(settled(config, folder)));
  const flags = ['--config', file, '--port', String(port), '--json'];
  const child = spawn(process.execPath, [join(ROOT, 'dist/cli.js'), ...flags], {
    cwd: folder,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  const watchers = new Set<() => void>();
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? code ?? -1));
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      for (const look of watchers) look();
    });
  }
  const says = (wanted: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!text.includes(wanted)) return;
        watchers.delete(look);
        resolve();
      };
      watchers.add(look);
      look();
      void ended.then((how) => reject(new Error(`It ended (${how}) without saying "${wanted}":\n${text}`)));
    });
  await says('is ready').catch((failure: unknown) => {
    if (earlier === undefined) rmSync(folder, { recursive: true, force: true });
    throw failure;
  });
  const url = /listening on (http:\/\/[^\s"]+)/.exec(text)?.[1];
  if (url === undefined) throw new Error(`It doesn't say where it listens:\n${text}`);
  return {
    url,
    process: child,
    config: file,
    folder,
    output: () => text,
    says,
    ended,
    async clear() {
      child.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

let built = false;

/** `npm test` has built it already; a single test that is run by hand builds what is older than the source. */
export function ensureBuilt(): void {
  if (built) return;
  built = true;
  const stamp = join(ROOT, 'dist/.built');
  if (existsSync(stamp) && statSync(stamp).mtimeMs >= newest(join(ROOT, 'src'))) return;
  const { status, stdout } = spawnSync(process.execPath, [join(ROOT, 'scripts/build.mjs')], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`The build fails:\n${stdout}`);
}

function newest(folder: string): number {
  return Math.max(
    ...readdirSync(folder, { withFileTypes: true, recursive: true }).map(
      (entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs,
    ),
  );
}

/** The key that providers are called with: no client may ever see it. */
export const UPSTREAM_KEY = 'sk-upstream-0123456789abcdef0123456789abcdef';

const ALL = ['tools', 'json_object', 'json_schema', 'vision', 'audio', 'streaming', 'logprobs', 'reasoning', 'n'];

export interface ScriptedModels {
  readonly names?: readonly string[];
  /** Fields of the provider's row. */
  readonly provider?: Readonly<Record<string, unknown>>;
  /** Fields of every model's row. */
  readonly model?: Readonly<Record<string, unknown>>;
  /** Sections of the config besides. */
  readonly more?: Readonly<Record<string, unknown>>;
}

/** Models that can do everything at one scripted upstream, all in every tier, the first the best; no retries, no exploring, no cache. */
export function scriptedConfig(
  upstream: Pick<ScriptedUpstream, 'url'>,
  { names = ['alpha', 'beta', 'gamma'], provider = {}, model = {}, more = {} }: ScriptedModels = {},
): Readonly<Record<string, unknown>> {
  const row = (name: string, place: number): unknown => ({
    provider: 'scripted',
    price: { input: 1, output: 2 },
    quality: 8 - place,
    speed: 'fast',
    capabilities: ALL,
    family: name,
    ...model,
  });
  const tier = { models: names, chairman: names[0] };
  return {
    providers: { scripted: { base_url: upstream.url, api_key: UPSTREAM_KEY, max_retries: 0, ...provider } },
    models: Object.fromEntries(names.map((name, place) => [name, row(name, place)])),
    tiers: { balanced: tier, speed: tier, cost: tier, premium: tier },
    default_provider: 'scripted',
    routing: { explore: 0 },
    cache: false,
    ...more,
  };
}

export interface Scene {
  readonly upstream: ScriptedUpstream;
  readonly quorum: RunningQuorum;
  readonly url: string;
  close(): Promise<void>;
}

/** A scripted upstream with a Quorum before it. */
export async function startScene(models: ScriptedModels = {}): Promise<Scene> {
  const upstream = await startUpstream();
  const quorum = await startQuorum({ config: scriptedConfig(upstream, models) });
  return {
    upstream,
    quorum,
    url: quorum.url,
    async close() {
      await quorum.stop();
      await upstream.close();
    },
  };
}

/** The official client, without retries unless told. */
export const openaiAt = (url: string, more: ClientOptions = {}): OpenAI =>
  new OpenAI({ baseURL: `${url}/v1`, apiKey: 'sk-client-secret', maxRetries: 0, ...more });

export type Fields = Readonly<Record<string, unknown>>;

/** What tests look into in the API's bodies; each body has some of it. */
export interface Body extends Fields {
  readonly id: string;
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string;
    readonly attempts: readonly Fields[];
  };
  readonly choices: readonly {
    readonly message: { readonly content: string };
    readonly delta: { readonly content?: string };
    readonly finish_reason: string | null;
  }[];
  readonly data: readonly { readonly id: string }[];
  readonly decision: { readonly prospects: readonly Fields[]; readonly plan: { readonly call: Fields } };
  readonly attempts: readonly Fields[];
  readonly quorum: Fields;
}

export interface Heard {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  json(): Body;
}

/** One request on a connection of its own, with exactly these headers and this body. */
export function send(
  url: string,
  {
    body,
    ...options
  }: Omit<RequestOptions, 'headers'> & {
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: unknown;
  } = {},
): Promise<Heard> {
  return open(url, { body, ...options }).then(async (answer) => {
    const parts: Buffer[] = [];
    for await (const part of answer) parts.push(part as Buffer);
    const text = Buffer.concat(parts).toString('utf8');
    return { status: answer.statusCode!, headers: answer.headers, text, json: () => JSON.parse(text) as Body };
  });
}

/** Resolves with the answer's head; its body is left to the caller. */
export function open(
  url: string,
  {
    body,
    headers = {},
    ...options
  }: Omit<RequestOptions, 'headers'> & {
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: unknown;
  } = {},
): Promise<IncomingMessage> {
  const bytes =
    body === undefined || typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const outgoing = request(url, {
      agent: false,
      method: bytes === undefined ? 'GET' : 'POST',
      headers: {
        ...(bytes !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(bytes) }),
        ...headers,
      },
      ...options,
    });
    outgoing.on('response', resolve);
    outgoing.on('error', reject);
    outgoing.end(bytes);
  });
}

/** A chat request with one user's message. */
export const chat = (url: string, body: object, headers: Readonly<Record<string, string>> = {}): Promise<Heard> =>
  send(`${url}/v1/chat/completions`, {
    body: { model: 'alpha', messages: [{ role: 'user', content: 'Is it so?' }], ...body },
    headers,
  });

/** Data of each event, in order; comments and names are left out. */
export const dataOf = (text: string): readonly string[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('data: '))
    .map((line) => line.slice(6));

/** Quorum's comments in a stream, parsed. */
export const commentsOf = (text: string): readonly Fields[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith(': quorum {'))
    .map((line) => JSON.parse(line.slice(': quorum '.length)) as Fields);
