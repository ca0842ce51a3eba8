// Everything else under /v1 goes to the provider of the named model, streamed both ways, through http-proxy-middleware.
import type { Agent, ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import type { RequestHandler } from 'http-proxy-middleware';
import { demand, type RateLimiter } from '../accounts/index.ts';
import { QuorumError, type CurrentSettings, type Provider, type Settings } from '../contract/index.ts';
import { via } from './hops.ts';
import { openAgent, settled } from './agents.ts';
import { limitsOf, limitsOfModel, type Visit } from './chat.ts';
import { destination, type Destination } from './destination.ts';
import { fail } from './fail.ts';
import { costsBoundlessly, familyOf, isKnown, MODEL_FREE, pathOf, takesMethod } from './families.ts';
import { openPassage, type Passage, type PassageParts } from './passage.ts';
import { openToll, spenderOf, type Toll, type TollParts } from './toll.ts';

const REQUEST_HEADERS: ReadonlySet<string> = new Set([
  'accept',
  'content-type',
  'content-length',
  'transfer-encoding',
  'openai-beta',
  'range',
  'if-none-match',
]);
const RESPONSE_HEADERS =
  /^(content-(type|length|encoding|disposition|range)|cache-control|etag|last-modified|accept-ranges|retry-after(-ms)?|x-should-retry|openai-(processing-ms|version|model)|x-ratelimit-[a-z-]+)$/;
const TIMEOUT_MS = 600_000;
/** Bytes of English a token stands for. */
const TOKEN_BYTES = 4;

export interface PassthroughParts extends TollParts, PassageParts {
  readonly settings: CurrentSettings;
  readonly limiter: RateLimiter;
  readonly bodyLimitBytes: () => number;
  /** Whether a socket may be opened to this origin. */
  readonly mayConnect: (origin: string) => boolean;
}

/** What the proxy needs to know of one request; kept beside it, since the middleware sees only the request. */
interface Passing {
  readonly visit: Visit;
  readonly provider: Provider;
  readonly body: Uint8Array | null;
  /** null: it costs nothing that could be told. */
  readonly toll: Toll | null;
  /** The caller's own limits. */
  readonly limits: Readonly<Record<string, string>>;
  readonly onUsed: (tokens: number) => void;
  readonly passage: Passage;
}

interface Found extends Destination {
  readonly settings: Settings;
  readonly path: string;
  readonly family: string;
  readonly limitBytes: number;
  readonly passage: Passage;
}

/** The way to one provider. */
interface Proxy {
  readonly agent: Agent;
  readonly pass: RequestHandler;
}

export type Passthrough = (request: IncomingMessage, response: ServerResponse, visit: Visit) => Promise<void>;

export function createPassthrough(parts: PassthroughParts): Passthrough {
  const passing = new WeakMap<IncomingMessage, Passing>();
  const proxies = new WeakMap<Provider, Proxy>();

  return async (request, response, visit) => {
    const settings = parts.settings();
    const path = pathOf(request);
    const family = familyOf(request);
    if (!isKnown(path, family)) throw unknownRoute(request.method ?? 'GET', path);
    if (!takesMethod(path, request.method)) throw wrongMethod(request.method ?? 'GET', path, ['POST']);
    const limitBytes = parts.bodyLimitBytes();
    const found = await destination(request, settings, limitBytes);
    const passage = openPassage(parts, request, response, visit, found);
    try {
      await passOn(request, response, visit, { ...found, settings, path, family, limitBytes, passage });
    } catch (thrown) {
      passage.failed(thrown);
      throw thrown;
    }
  };

  async function passOn(
    request: IncomingMessage,
    response: ServerResponse,
    visit: Visit,
    { settings, path, family, limitBytes, passage, ...found }: Found,
  ): Promise<void> {
    allow(visit, request.method, family, found);
    const length = found.body?.byteLength ?? Number(request.headers['content-length'] ?? limitBytes);
    const { headers: limits, onUsed } = enter(parts, request, response, visit, found, length);
    const { provider, model, fields } = found;
    const isBoundless = request.method === 'POST' && costsBoundlessly(path, model);
    if (isBoundless)
      parts.admission.demandNoBudget(
        spenderOf({ visit, headers: request.headers, fields }),
        parts.clock.now(),
        `POST ${path}`,
      );
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
          headers: request.headers,
          bytes: found.body,
          length,
          fields,
          written: found.written,
        })
      : null;
    const body = toll === null ? found.body : toll.body;
    request.headers = onlyAllowed(request, provider, body, visit.hops, passage.traceParent);
    passing.set(request, { visit, provider, body, toll, limits, onUsed, passage });
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

/** The library is loaded by the first request that needs it: most programs never do. */
async function proxyTo(
  provider: Provider,
  passing: WeakMap<IncomingMessage, Passing>,
  mayConnect: PassthroughParts['mayConnect'],
): Promise<Proxy> {
  const { createProxyMiddleware } = await import('http-proxy-middleware');
  const base = new URL(provider.baseUrl);
  const agent = openAgent(base.protocol, mayConnect);
  const pass = createProxyMiddleware({
    target: base.origin,
    changeOrigin: true,
    followRedirects: false,
    ws: false,
    xfwd: false,
    proxyTimeout: TIMEOUT_MS,
    agent,
    pathRewrite: (path) => {
      const [route, query] = path.split('?', 2);
      const own = [base.search.slice(1), query].filter(Boolean).join('&');
      return base.pathname.replace(/\/$/, '') + route!.slice('/v1'.length) + (own && `?${own}`);
    },
    on: {
      proxyReq(outgoing: ClientRequest, incoming: IncomingMessage, response) {
        const { body, visit, toll, passage } = passing.get(incoming)!;
        // Of a client that leaves before the answer the middleware says nothing, and its money would stay held.
        let isAnswered = false;
        outgoing.once('response', () => (isAnswered = true));
        outgoing.once('close', () => {
          if (!isAnswered) toll?.failed();
          passage.over();
        });
        if (body) outgoing.write(body);
        visit.gone.addEventListener('abort', () => {
          const { reason } = visit.gone;
          if (reason instanceof QuorumError) {
            passage.failed(reason);
            breakOff(response, reason, visit.id);
          }
          outgoing.destroy();
        });
        response.on('close', () => {
          if (!response.writableFinished) outgoing.destroy();
        });
      },
      proxyRes(answer: IncomingMessage, incoming: IncomingMessage, response) {
        const { visit, provider: from, toll, limits, onUsed, passage } = passing.get(incoming)!;
        toll?.watch(answer, onUsed);
        passage.answered(answer);
        // The middleware would leave the client waiting for the rest.
        answer.on('close', () => {
          const error = new QuorumError('upstream_error', `The answer of the provider "${from.name}" broke off.`);
          if (answer.complete) return;
          if (!response.destroyed) passage.failed(error);
          breakOff(response, error, visit.id);
        });
        const status = answer.statusCode ?? 502;
        // A redirect is never followed nor passed on: where we connect is the config's to say.
        if (status >= 300 && status < 400 && status !== 304) answer.statusCode = 502;
        answer.headers = {
          ...Object.fromEntries(Object.entries(answer.headers).filter(([name]) => RESPONSE_HEADERS.test(name))),
          'x-request-id': visit.id,
          'x-quorum-provider': from.name,
          ...limits,
          ...(toll?.clamped && { 'x-quorum-flags': 'clamped' }),
          ...(String(answer.headers['content-type']).startsWith('text/event-stream') && {
            'cache-control': 'no-cache, no-transform',
            'x-accel-buffering': 'no',
          }),
        };
      },
      error(thrown, incoming, response) {
        const known = passing.get(incoming);
        known?.toll?.failed();
        if (!('headersSent' in response) || response.writableEnded) {
          known?.passage.over();
          return;
        }
        const timeout = /timeout|ETIMEDOUT|ESOCKETTIMEDOUT/i.test(
          (thrown as NodeJS.ErrnoException).code ?? thrown.message,
        );
        const error = timeout
          ? new QuorumError('upstream_timeout', `The provider "${provider.name}" did not answer in time.`)
          : new QuorumError('upstream_error', `The provider "${provider.name}" could not be reached.`, {
              cause: thrown,
            });
        known?.passage.failed(error);
        fail(response, error, known?.visit.id ?? '');
        known?.passage.over();
      },
    },
  });
  return { agent, pass };
}

/** Never silently: a stream gets a last event that says so, an answer that hasn't begun is the error, any other is cut. */
function breakOff(response: ServerResponse, error: QuorumError, requestId: string): void {
  if (response.writableEnded) return;
  if (response.headersSent && String(response.getHeader('content-type')).startsWith('text/event-stream'))
    response.end(`\n\ndata: ${JSON.stringify(error.toBody())}\n\n`);
  else fail(response, error, requestId);
}

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
