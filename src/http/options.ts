// The caller's wishes: headers first, then the same names under the request's `metadata`, which are taken out before it goes upstream.
import type { IncomingHttpHeaders } from 'node:http';
import {
  NO_WISHES,
  nanoOf,
  parseDuration,
  QuorumError,
  STRATEGIES,
  type Nano,
  type StrategyChoice,
  type Wishes,
  type Written,
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
/** What was given, and where: a header, or a field of the metadata. */
interface Wish {
  readonly text: string;
  readonly param: string;
}
type Given = Partial<Record<Name, Wish>>;

const HEADERS = NAMES.map((name) => [name, `x-quorum-${name}`] as const);
const METADATA_PREFIX = 'quorum_';
const MAX_LIST = 32;
const MAX_WORD = 128;

export interface Options<Body> {
  /** Without Quorum's own metadata. */
  readonly request: Body;
  readonly wishes: Wishes;
  readonly directive: CacheDirective;
  readonly tags: readonly string[];
  readonly session: string | null;
  readonly experiment: string | null;
  readonly role: string | null;
  readonly events: boolean;
  readonly debug: boolean;
}

const DEFAULT_DIRECTIVE = parseDirective(null);

/** Throws `invalid_value`, naming the header or field. */
export function readOptions<Body extends { readonly metadata?: unknown }>(
  headers: IncomingHttpHeaders,
  body: Body,
): Options<Body> {
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
  const { strategy, tier, task, models, tags, session, experiment, role, timeout, cache, events, debug } = given;
  const maxCost = given['max-cost'];
  return {
    request,
    wishes: {
      strategy: strategy === undefined ? null : strategyOf(strategy),
      tier: tier?.text ?? null,
      task: task?.text ?? null,
      models: models === undefined ? null : list(models),
      maxCost: maxCost === undefined ? null : usd(maxCost),
      deadlineMs: timeout === undefined ? null : duration(timeout),
    },
    directive: cache === undefined ? DEFAULT_DIRECTIVE : parseDirective(cache.text, cache.param),
    tags: tags === undefined ? [] : list(tags),
    session: session?.text.slice(0, MAX_WORD) ?? null,
    experiment: experiment?.text ?? null,
    role: role?.text.slice(0, MAX_WORD) ?? null,
    events: events !== undefined && flag(events),
    debug: debug !== undefined && flag(debug),
  };
}

function gather<Body extends { readonly metadata?: unknown }>(
  headers: IncomingHttpHeaders,
  body: Body,
): { given: Given | null; request: Body } {
  let given: Given | null = null;
  const { metadata } = body;
  let request = body;
  if (isFields(metadata)) {
    const own = Object.keys(metadata).filter((name) => name.startsWith(METADATA_PREFIX));
    if (own.length > 0) {
      given = fromMetadata(metadata, own);
      const rest = Object.fromEntries(Object.entries(metadata).filter(([name]) => !own.includes(name)));
      const { metadata: _, ...others } = body;
      request = (Object.keys(rest).length === 0 ? others : { ...others, metadata: rest }) as Body;
    }
  }
  for (const [name, header] of HEADERS) {
    const value = headers[header];
    if (typeof value === 'string' && value.trim() !== '') (given ??= {})[name] = { text: value.trim(), param: header };
  }
  return { given, request };
}

const isFields = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A refusal of a wish names it as the caller gave it; whoever refuses it further in knows the header only. */
export function asGiven(thrown: unknown, headers: IncomingHttpHeaders, fields: Written['fields']): unknown {
  if (!(thrown instanceof QuorumError)) return thrown;
  const { code, message, extra } = thrown;
  const param = extra.param ?? '';
  if (!param.startsWith('x-quorum-') || String(headers[param] ?? '').trim() !== '') return thrown;
  const field = Object.keys(fields['metadata'] ?? {}).find((name) => `x-${name.replaceAll('_', '-')}` === param);
  if (field === undefined) return thrown;
  const given = `metadata.${field}`;
  return new QuorumError(code, message.replaceAll(param, given), { ...extra, param: given });
}

/** Text, as OpenAI's own metadata is; numbers, flags and lists of texts as clients write them too. What is null or empty isn't given. */
function fromMetadata(metadata: Readonly<Record<string, unknown>>, own: readonly string[]): Given {
  const given: Given = {};
  for (const field of own) {
    const name = known(field);
    const param = `metadata.${field}`;
    const value = metadata[field];
    const words = (Array.isArray(value) ? (value as readonly unknown[]) : [value]).filter((word) => word !== null);
    if (words.some((word) => typeof word === 'object')) throw wrong(param, 'expected a text');
    const text = words.map(String).join(',').trim();
    if (text !== '') given[name] = { text, param };
  }
  return given;
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

function strategyOf({ text, param }: Wish): StrategyChoice {
  const found = (['adaptive', ...STRATEGIES] as const).find((each) => each === text.toLowerCase());
  if (found === undefined) throw wrong(param, `expected one of adaptive, ${STRATEGIES.join(', ')}`);
  return found;
}

function list({ text, param }: Wish): readonly string[] {
  const words = [...new Set(text.split(',').map((word) => word.trim()))].filter((word) => word !== '');
  if (words.length === 0 || words.length > MAX_LIST || words.some((word) => word.length > MAX_WORD)) {
    throw wrong(param, `expected 1 to ${MAX_LIST} names separated by commas, each of at most ${MAX_WORD} characters`);
  }
  return words;
}

function usd({ text, param }: Wish): Nano {
  const amount = Number(/^\$?(\d{1,9}(?:\.\d{1,20})?(?:e-?\d{1,2})?)$/i.exec(text)?.[1]);
  if (!(amount > 0 && amount < 1e9)) throw wrong(param, 'expected an amount in USD above 0, such as 0.05');
  return nanoOf(amount);
}

function duration({ text, param }: Wish): number {
  const ms = parseDuration(text);
  if (ms === null || ms < 1) throw wrong(param, 'expected a duration such as 500ms, 10s or 2m');
  return ms;
}

/** Python's clients write `True`. */
function flag({ text, param }: Wish): boolean {
  const word = text.toLowerCase();
  if (word === 'false' || word === '0') return false;
  if (word === 'true' || word === '1') return true;
  throw wrong(param, 'expected true or false');
}

const wrong = (param: string, what: string): QuorumError =>
  new QuorumError('invalid_value', `Invalid value for '${param}': ${what}.`, { param });
