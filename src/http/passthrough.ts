// Everything else under /v1 goes to the provider of the named model, streamed both ways, through http-proxy-middleware.
import type { Agent, ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import type { RequestHandler } from 'http-proxy-middleware';
import { demand, type RateLimiter } from '../accounts/index.ts';
import {
  QuorumError,
  type CurrentSettings,
  type Model,
  type Provider,
  type Settings,
  type Written,
} from '../contract/index.ts';
import { jsonAsWritten, readJsonBody } from '../wire/index.ts';
import { via } from './hops.ts';
import { openAgent, settled } from './agents.ts';
import { readBody } from './body.ts';
import { limitsOf, type Visit } from './chat.ts';
import { fail } from './fail.ts';
import { openPassage, type Passage, type PassageParts } from './passage.ts';
import { defaultProvider, servedBy } from './served.ts';
import { openToll, spenderOf, type Toll, type TollParts } from './toll.ts';

/** The families of OpenAI's API besides chat; anything else is an unknown route. */
const FAMILIES: ReadonlySet<string> = new Set([
  'completions',
  'embeddings',
  'moderations',
  'images',
  'audio',
  'files',
  'uploads',
  'batches',
  'fine_tuning',
  'responses',
  'conversations',
  'vector_stores',
  'assistants',
  'threads',
  'evals',
  'containers',
  'videos',
  'rerank',
]);
const PLAIN_PATH = /^\/v1(?:\/[A-Za-z0-9_~:@-][A-Za-z0-9._~:@-]*)+$/;
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
const FORM = /^multipart\/form-data\b/i;
/** A form that asks no model may name one, for the sake of its provider, in its first piece. */
const FIRST_PIECE = 1;
/** What a form's `model` field takes at the most, head and all. */
const FIELD_BYTES = 1024;
const MODEL_FIELD = /name="model"\r\n(?:[^\r\n]+\r\n)*\r\n([^\r\n]{1,256})\r\n/;
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

/** Where a request goes, and what is known of it. */
interface Destination {
  readonly provider: Provider;
  /** null: it names none. */
  readonly model: Model | null;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly body: Uint8Array | null;
  /** What `fields` was read from. */
  readonly written?: Written;
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
    if (!PLAIN_PATH.test(path) || !FAMILIES.has(family)) throw unknownRoute(request.method ?? 'GET', path);
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

/** What goes on at the provider long after the request, or costs by the hour or the gigabyte. */
const BOUNDLESS =
  /^\/v1\/(?:(?:batches|fine_tuning|evals|containers|vector_stores|videos)(?:\/.*)?|threads\/(?:[^/]+\/)?runs(?:\/.*)?)$/;

/** What is paid by the model, and would be the provider's own choice where none is named. */
const MODEL_ASKED: ReadonlySet<string> = new Set([
  'completions',
  'embeddings',
  'images',
  'audio',
  'responses',
  'rerank',
]);

/** Costs that no price of a model bounds. A film at a price a request has one. */
const costsBoundlessly = (path: string, model: Model | null): boolean =>
  !path.endsWith('/cancel') &&
  ((BOUNDLESS.test(path) && !(path === '/v1/videos' && model !== null && model.price !== null)) ||
    (model === null && MODEL_ASKED.has(path.split('/')[2]!)));

const pathOf = ({ url = '' }: IncomingMessage): string => url.split('?', 1)[0]!;
const familyOf = (request: IncomingMessage): string => pathOf(request).split('/')[2] ?? '';

/** What keeps or describes data, but asks no model. */
const MODEL_FREE: ReadonlySet<string> = new Set(['files', 'uploads', 'containers', 'vector_stores', 'conversations']);

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
  { body }: Destination,
  length: number,
): { headers: Readonly<Record<string, string>>; onUsed: (tokens: number) => void } {
  const subjects = method === 'POST' ? limitsOf(visitor) : [];
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

async function destination(request: IncomingMessage, settings: Settings, limitBytes: number): Promise<Destination> {
  const type = request.headers['content-type'] ?? '';
  const length = Number(request.headers['content-length'] ?? 0);
  if (length > limitBytes)
    throw new QuorumError(
      'request_too_large',
      `The body is larger than ${limitBytes} bytes (server.body_limit in the config).`,
      { shouldRetry: false },
    );
  if (/^application\/json\b|\+json\b/i.test(type) && hasBody(request))
    return jsonDestination(await readBody(request, limitBytes), settings);
  // Whose model isn't known can't be charged: a form that asks one is read until it names it, its file first if need be.
  const { name, whole } = FORM.test(type)
    ? await peekModel(request, MODEL_ASKED.has(familyOf(request)) ? limitBytes : FIRST_PIECE)
    : { name: null, whole: null };
  if (name === null) return { provider: defaultProvider(settings), model: null, fields: {}, body: whole };
  const { provider, model } = servedBy(name, settings);
  // A form is streamed, never rewritten.
  if (model.upstreamModel !== name)
    throw new QuorumError(
      'invalid_value',
      `In a form, name the model as its provider does: "${model.upstreamModel}".`,
      {
        param: 'model',
      },
    );
  return { provider, model, fields: {}, body: null };
}

interface Peeked {
  readonly name: string | null;
  /** The form, when it ended without a name: nothing can be put back into what has ended. */
  readonly whole: Buffer | null;
}

function jsonDestination(raw: Uint8Array, settings: Settings): Destination {
  const { value: body, text } = readJsonBody(raw);
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new QuorumError('invalid_value', 'The body must be a JSON object.');
  const fields = body as Readonly<Record<string, unknown>>;
  const name = fields['model'];
  if (name === undefined || name === null)
    return { provider: defaultProvider(settings), model: null, fields, body: raw };
  if (typeof name !== 'string')
    throw new QuorumError('invalid_value', "Invalid type for 'model': expected a string.", { param: 'model' });
  const { provider, model } = servedBy(name, settings);
  const { upstreamModel } = model;
  const written = { text, fields };
  const renamed =
    upstreamModel === name ? raw : Buffer.from(jsonAsWritten({ ...fields, model: upstreamModel }, written));
  return { provider, model, fields, body: renamed, written };
}

const hasBody = (request: IncomingMessage): boolean =>
  request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined;

/** The `model` field of a form, however it comes in pieces, in about its first `mostBytes`; what was read is put back. */
function peekModel(request: IncomingMessage, mostBytes: number): Promise<Peeked> {
  return new Promise((resolve, reject) => {
    const read: Buffer[] = [];
    let [length, tail] = [0, ''];
    const found = (name: string | null, ended: boolean): void => {
      request.off('readable', look);
      const bytes = Buffer.concat(read, length);
      if (!ended) request.unshift(bytes);
      resolve({ name, whole: ended ? bytes : null });
    };
    const look = (): void => {
      let part: Buffer | null;
      while ((part = request.read() as Buffer | null) !== null) {
        read.push(part);
        length += part.length;
        const text = tail + part.toString('latin1');
        tail = text.slice(-FIELD_BYTES);
        const name = MODEL_FIELD.exec(text)?.[1];
        if (name !== undefined || length >= mostBytes) {
          found(name ?? null, false);
          return;
        }
      }
    };
    request.on('readable', look);
    request.once('end', () => found(null, true));
    request.once('error', reject);
    request.once('close', () =>
      reject(new QuorumError('client_closed', 'The client left before its request was there.')),
    );
  });
}
