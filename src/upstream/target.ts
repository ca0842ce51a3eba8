// Where a model's calls go, and with which headers; worked out once per provider and model.
import type { Model, Provider } from '../contract/index.ts';
import { dialectOf, type Dialect, type Route } from './dialect/index.ts';

export interface Target {
  readonly provider: Provider;
  readonly model: Model;
  readonly dialect: Dialect;
  readonly route: Route;
  readonly origin: string;
  /** Name, value, name, value … */
  readonly wholeHeaders: readonly string[];
  readonly streamHeaders: readonly string[];
}

/** They belong to the connection; a provider's configured headers can't set them. */
const HOP_BY_HOP = new Set([
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'te',
  'transfer-encoding',
  'upgrade',
]);

/** Names each Quorum on a request's way, so that a circle of them ends (RFC 9110, 7.6.3). Stands last. */
const VIA = 'via';
const OURS = '1.1 quorum';

function headersOf(provider: Provider, route: Route, accept: string, userAgent: string): string[] {
  const headers = new Map([
    ['content-type', 'application/json'],
    ['accept', accept],
    ['accept-encoding', 'identity'],
    ['user-agent', userAgent],
    ...Object.entries(route.headers),
  ]);
  const key = provider.apiKey?.reveal();
  if (key && route.keyHeader !== undefined) headers.set(route.keyHeader, key);
  else if (key) headers.set(provider.authHeader.toLowerCase(), `${provider.authPrefix}${key}`);
  for (const [name, value] of Object.entries(provider.headers)) headers.set(name.toLowerCase(), value);
  headers.delete(VIA);
  return [...[...headers].filter(([name]) => !HOP_BY_HOP.has(name)).flat(), VIA, OURS];
}

/** For a request that came through others before. */
export const withHops = (headers: readonly string[], hops: number): readonly string[] => [
  ...headers.slice(0, -1),
  Array(hops + 1)
    .fill(OURS)
    .join(', '),
];

function makeTarget(provider: Provider, model: Model, userAgent: string): Target {
  const dialect = dialectOf(provider);
  const route = dialect.route(provider, model);
  return {
    provider,
    model,
    dialect,
    route,
    origin: new URL(provider.baseUrl).origin,
    wholeHeaders: headersOf(provider, route, 'application/json', userAgent),
    streamHeaders: headersOf(provider, route, 'text/event-stream', userAgent),
  };
}

/** Remembers targets for as long as the settings they come from live. */
export function createTargets(userAgent: string): (provider: Provider, model: Model) => Target {
  const known = new WeakMap<Model, Target>();
  return (provider, model) => {
    const found = known.get(model);
    if (found !== undefined && found.provider === provider) return found;
    const target = makeTarget(provider, model, userAgent);
    known.set(model, target);
    return target;
  };
}
