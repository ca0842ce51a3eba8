// Everything else under /v1 goes to the provider of the named model: who may pass, what it counts against, and what of it goes on.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { demand, type RateLimiter } from '../accounts/index.ts';
import { QuorumError, type CurrentSettings, type Provider, type Settings } from '../contract/index.ts';
import { via } from './hops.ts';
import { settled } from './agents.ts';
import { limitsOf, limitsOfModel, type Visit } from './chat.ts';
import { destination, type Destination } from './destination.ts';
import { costsBoundlessly, familyOf, isKnown, MODEL_FREE, pathOf, takesMethod } from './families.ts';
import { openPassage, type Passage, type PassageParts } from './passage.ts';
import { proxyTo, type Passing, type ProviderProxy } from './provider-proxy.ts';
import { asGiven } from './options.ts';
import { openToll, spenderOf, type TollParts } from './toll.ts';

const REQUEST_HEADERS: ReadonlySet<string> = new Set([
  'accept',
  'content-type',
  'content-length',
  'transfer-encoding',
  'openai-beta',
  'range',
  'if-none-match',
]);
/** Bytes of English a token stands for. */
const TOKEN_BYTES = 4;

export interface PassthroughParts extends TollParts, PassageParts {
  readonly settings: CurrentSettings;
  readonly limiter: RateLimiter;
  readonly bodyLimitBytes: () => number;
  /** Whether a socket may be opened to this origin. */
  readonly mayConnect: (origin: string) => boolean;
}

interface Found extends Destination {
  readonly settings: Settings;
  readonly path: string;
  readonly family: string;
  readonly limitBytes: number;
  readonly passage: Passage;
  readonly startedAt: number;
}

type Passthrough = (request: IncomingMessage, response: ServerResponse, visit: Visit) => Promise<void>;

export function createPassthrough(parts: PassthroughParts): Passthrough {
  const passing = new WeakMap<IncomingMessage, Passing>();
  const proxies = new WeakMap<Provider, ProviderProxy>();

  return async (request, response, visit) => {
    const settings = parts.settings();
    const path = pathOf(request);
    const family = familyOf(request);
    if (!isKnown(path, family)) throw unknownRoute(request.method ?? 'GET', path);
    if (!takesMethod(path, request.method)) throw wrongMethod(request.method ?? 'GET', path, ['POST']);
    const limitBytes = parts.bodyLimitBytes();
    const startedAt = parts.clock.now();
    const { headers } = request;
    const found = await destination(request, settings, limitBytes);
    const passage = openPassage(parts, request, response, visit, found);
    try {
      await passOn(request, response, visit, { ...found, settings, path, family, limitBytes, passage, startedAt });
    } catch (thrown) {
      passage.failed(thrown);
      throw asGiven(thrown, headers, found.written?.fields ?? {});
    }
  };

  async function passOn(
    request: IncomingMessage,
    response: ServerResponse,
    visit: Visit,
    { settings, path, family, limitBytes, passage, startedAt, ...found }: Found,
  ): Promise<void> {
    allow(visit, request.method, family, found);
    const length = found.body?.byteLength ?? Number(request.headers['content-length'] ?? limitBytes);
    const { headers: limits, onUsed } = enter(parts, request, response, visit, found, length);
    const { provider, model, options, fields } = found;
    const isBoundless = request.method === 'POST' && costsBoundlessly(path, model);
    if (isBoundless)
      parts.admission.demandNoBudget(spenderOf({ visit, options, fields }), parts.clock.now(), `POST ${path}`);
    const isPriced =
      model !== null &&
      request.method === 'POST' &&
      !isBoundless &&
      !(family === 'moderations' && model.price === null);
    const toll = isPriced
      ? await openToll(parts, {
          visit,
          settings,
          model,
          family,
          options,
          bytes: found.body,
          length,
          fields,
          written: found.written,
        })
      : null;
    const body = toll === null ? found.body : toll.body;
    request.headers = onlyAllowed(request, provider, body, visit.hops, passage.traceParent);
    const { deadlineMs } = options.wishes;
    const late =
      deadlineMs === null
        ? null
        : (then: () => void) => parts.clock.after(Math.max(0, startedAt + deadlineMs - parts.clock.now()), then);
    passing.set(request, { visit, provider, body, toll, limits, onUsed, passage, limitBytes, late });
    const proxy = proxies.get(provider) ?? (await proxyTo(provider, passing, parts.mayConnect));
    proxies.set(provider, proxy);
    await settled(proxy.agent);
    passage.sent(toll);
    await proxy.pass(request, response, () => undefined);
  }
}

/** A key that may use some models only must say which one it wants. */
function allow(
  { visitor: { permissions } }: Visit,
  method: string | undefined,
  family: string,
  { model }: Destination,
): void {
  if (model !== null) demand(permissions, { model: model.name });
  else if (method === 'POST' && !permissions.anyModel && !MODEL_FREE.has(family))
    throw new QuorumError('model_not_allowed', 'This key may use certain models only: name the model in the request.', {
      param: 'model',
    });
}

/** As for chat: limits are looked at before anything is done, what was used is told them afterwards. */
function enter(
  { limiter, clock }: PassthroughParts,
  { method }: IncomingMessage,
  response: ServerResponse,
  { visitor }: Visit,
  { body, model }: Destination,
  length: number,
): { headers: Readonly<Record<string, string>>; onUsed: (tokens: number) => void } {
  const subjects = method === 'POST' ? [...limitsOf(visitor), ...(model === null ? [] : limitsOfModel(model))] : [];
  if (subjects.length === 0) return { headers: {}, onUsed: () => undefined };
  const entered = limiter.enter(subjects, body === null ? 0 : Math.ceil(length / TOKEN_BYTES), clock.now());
  let used: number | null = null;
  response.on('close', () => entered.leave(clock.now(), used));
  return {
    headers: entered.headers,
    onUsed: (tokens) => {
      used = tokens;
    },
  };
}

export const unknownRoute = (method: string, path: string): QuorumError =>
  new QuorumError(
    'not_found',
    `There is no ${method} ${path.slice(0, 200)} here. The API lives under /v1; see /v1/models and /v1/chat/completions.`,
  );

export const wrongMethod = (method: string, path: string, allowed: readonly string[]): QuorumError =>
  new QuorumError('method_not_allowed', `${method} is not possible on ${path}; use ${allowed.join(' or ')}.`, {
    headers: { allow: allowed.join(', ') },
  });

/** Nothing of the client's credentials or hops goes on; the provider's key is put in here. */
function onlyAllowed(
  request: IncomingMessage,
  provider: Provider,
  body: Uint8Array | null,
  hops: number,
  traceParent: string | undefined,
): IncomingMessage['headers'] {
  const kept = Object.fromEntries(Object.entries(request.headers).filter(([name]) => REQUEST_HEADERS.has(name)));
  if (body !== null) {
    delete kept['transfer-encoding'];
    kept['content-length'] = String(body.byteLength);
  }
  return {
    ...kept,
    'accept-encoding': 'identity',
    'user-agent': 'quorum',
    ...provider.headers,
    via: via(hops),
    ...(traceParent !== undefined && { traceparent: traceParent }),
    ...(provider.apiKey !== null && { [provider.authHeader]: provider.authPrefix + provider.apiKey.reveal() }),
  };
}
