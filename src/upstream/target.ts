// Where a model's calls go, and with which headers; worked out once per provider and model.
import { readFileSync } from 'node:fs';
import type { Model, Provider } from '../contract/index.ts';
import { CHAT_PATH, chatShapeOf, type ChatShape } from './dialect/openai.ts';

export interface Target {
  readonly provider: Provider;
  readonly model: Model;
  readonly origin: string;
  readonly path: string;
  /** Name, value, name, value … */
  readonly wholeHeaders: readonly string[];
  readonly streamHeaders: readonly string[];
  readonly shape: ChatShape;
}

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};

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

function headersOf(provider: Provider, accept: string): string[] {
  const headers = new Map([
    ['content-type', 'application/json'],
    ['accept', accept],
    ['accept-encoding', 'identity'],
    ['user-agent', `quorum/${version}`],
  ]);
  const key = provider.apiKey?.reveal().trim();
  if (key) headers.set(provider.authHeader.toLowerCase(), `${provider.authPrefix}${key}`);
  for (const [name, value] of Object.entries(provider.headers)) headers.set(name.toLowerCase(), value);
  return [...headers].filter(([name]) => !HOP_BY_HOP.has(name)).flat();
}

/** Slashes, and the path itself where someone pasted the whole address. */
const PATH_END = /(\/chat\/completions)?\/*$/;

function makeTarget(provider: Provider, model: Model): Target {
  const base = new URL(provider.baseUrl);
  return {
    provider,
    model,
    origin: base.origin,
    path: `${base.pathname.replace(PATH_END, '')}${CHAT_PATH}${base.search}`,
    wholeHeaders: headersOf(provider, 'application/json'),
    streamHeaders: headersOf(provider, 'text/event-stream'),
    shape: chatShapeOf(provider, model),
  };
}

/** Remembers targets for as long as the settings they come from live. */
export function createTargets(): (provider: Provider, model: Model) => Target {
  const known = new WeakMap<Model, Target>();
  return (provider, model) => {
    const found = known.get(model);
    if (found !== undefined && found.provider === provider) return found;
    const target = makeTarget(provider, model);
    known.set(model, target);
    return target;
  };
}
