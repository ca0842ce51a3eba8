// The caller's wishes: headers first, then the same names under the request's `metadata`, which are taken out before it goes upstream.
import type { IncomingHttpHeaders } from 'node:http';
import {
  nanoOf,
  parseDuration,
  QuorumError,
  STRATEGIES,
  type ChatRequest,
  type Nano,
  type StrategyChoice,
  type Wishes,
} from '../contract/index.ts';
import { parseDirective, type CacheDirective } from '../cache/index.ts';

const NAMES = [
  'strategy',
  'tier',
  'task',
  'models',
  'max-cost',
  'timeout',
  'cache',
  'tags',
  'session',
  'experiment',
  'events',
  'debug',
  'role',
] as const;
type Name = (typeof NAMES)[number];
type Given = Partial<Record<Name, string>>;

const HEADERS = NAMES.map((name) => [name, `x-quorum-${name}`] as const);
const METADATA_PREFIX = 'quorum_';
const MAX_LIST = 32;
const MAX_WORD = 128;

export interface Options {
  /** Without Quorum's own metadata. */
  readonly request: ChatRequest;
  readonly wishes: Wishes;
  readonly directive: CacheDirective;
  readonly tags: readonly string[];
  readonly session: string | null;
  readonly experiment: string | null;
  readonly role: string | null;
  readonly events: boolean;
  readonly debug: boolean;
}

const NO_WISHES: Wishes = { strategy: null, tier: null, task: null, models: null, maxCost: null, deadlineMs: null };
const DEFAULT_DIRECTIVE = parseDirective(null);

/** Throws `invalid_value`, naming the header or field. */
export function readOptions(headers: IncomingHttpHeaders, body: ChatRequest): Options {
  const { given, request } = gather(headers, body);
  if (given === null)
    return {
      request,
      wishes: NO_WISHES,
      directive: DEFAULT_DIRECTIVE,
      tags: [],
      session: null,
      experiment: null,
      role: null,
      events: false,
      debug: false,
    };
  return {
    request,
    wishes: {
      strategy: strategyOf(given.strategy),
      tier: given.tier ?? null,
      task: given.task ?? null,
      models: given.models === undefined ? null : list('models', given.models),
      maxCost: given['max-cost'] === undefined ? null : usd(given['max-cost']),
      deadlineMs: given.timeout === undefined ? null : duration(given.timeout),
    },
    directive: given.cache === undefined ? DEFAULT_DIRECTIVE : parseDirective(given.cache),
    tags: given.tags === undefined ? [] : list('tags', given.tags),
    session: given.session?.slice(0, MAX_WORD) ?? null,
    experiment: given.experiment ?? null,
    role: given.role?.slice(0, MAX_WORD) ?? null,
    events: flag('events', given.events),
    debug: flag('debug', given.debug),
  };
}

function gather(headers: IncomingHttpHeaders, body: ChatRequest): { given: Given | null; request: ChatRequest } {
  let given: Given | null = null;
  const { metadata } = body;
  let request = body;
  if (metadata !== undefined && metadata !== null) {
    const own = Object.keys(metadata).filter((name) => name.startsWith(METADATA_PREFIX));
    if (own.length > 0) {
      given = Object.fromEntries(own.map((name) => [known(name), String(metadata[name]).trim()]));
      const rest = Object.fromEntries(Object.entries(metadata).filter(([name]) => !own.includes(name)));
      const { metadata: _, ...others } = body;
      request = Object.keys(rest).length === 0 ? others : { ...others, metadata: rest };
    }
  }
  for (const [name, header] of HEADERS) {
    const value = headers[header];
    if (typeof value === 'string' && value.trim() !== '') (given ??= {})[name] = value.trim();
  }
  return { given, request };
}

function known(field: string): Name {
  const name = field.slice(METADATA_PREFIX.length).replaceAll('_', '-');
  const found = NAMES.find((each) => each === name);
  if (found === undefined)
    throw wrong(
      `metadata.${field}`,
      `there is no such option; known are ${NAMES.map((each) => METADATA_PREFIX + each.replaceAll('-', '_')).join(', ')}`,
    );
  return found;
}

function strategyOf(given: string | undefined): StrategyChoice | null {
  if (given === undefined) return null;
  const found = (['adaptive', ...STRATEGIES] as const).find((each) => each === given.toLowerCase());
  if (found === undefined) throw wrong('strategy', `expected one of adaptive, ${STRATEGIES.join(', ')}`);
  return found;
}

function list(name: Name, given: string): readonly string[] {
  const words = [...new Set(given.split(',').map((word) => word.trim()))].filter((word) => word !== '');
  if (words.length === 0 || words.length > MAX_LIST || words.some((word) => word.length > MAX_WORD)) {
    throw wrong(name, `expected 1 to ${MAX_LIST} names separated by commas, each of at most ${MAX_WORD} characters`);
  }
  return words;
}

function usd(given: string): Nano {
  const amount = /^\$?(\d{1,9}(?:\.\d{1,12})?)$/.exec(given)?.[1];
  if (amount === undefined || Number(amount) <= 0)
    throw wrong('max-cost', 'expected an amount in USD above 0, such as 0.05');
  return nanoOf(Number(amount));
}

function duration(given: string): number {
  const ms = parseDuration(given);
  if (ms === null || ms < 1) throw wrong('timeout', 'expected a duration such as 500ms, 10s or 2m');
  return ms;
}

function flag(name: Name, given: string | undefined): boolean {
  if (given === undefined || given === 'false' || given === '0') return false;
  if (given === 'true' || given === '1') return true;
  throw wrong(name, 'expected true or false');
}

function wrong(name: string, what: string): QuorumError {
  const param = name.includes('.') ? name : `x-quorum-${name}`;
  return new QuorumError('invalid_value', `Invalid value for '${param}': ${what}.`, { param });
}
