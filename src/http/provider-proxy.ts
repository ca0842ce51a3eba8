// The way to one provider, streamed both ways through http-proxy-middleware: what goes out, what comes back, and what fails on the way.
import type { Agent, ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import type { RequestHandler } from 'http-proxy-middleware';
import { QuorumError, type Provider } from '../contract/index.ts';
import { createEventCutter } from '../wire/index.ts';
import { openAgent } from './agents.ts';
import type { Visit } from './chat.ts';
import { tooLarge } from './body.ts';
import { dropRest, fail } from './fail.ts';
import type { Passage } from './passage.ts';
import type { Toll } from './toll.ts';

const RESPONSE_HEADERS =
  /^(content-(type|length|encoding|disposition|range)|cache-control|etag|last-modified|accept-ranges|retry-after(-ms)?|x-should-retry|openai-(processing-ms|version|model)|x-ratelimit-[a-z-]+)$/;
const TIMEOUT_MS = 600_000;
/** Answers of the 1xx kind before the real one, as many as a provider may send. */
const MOST_HINTS = 20;
/** What the proxy needs to know of one request; kept beside it, since the middleware sees only the request. */
export interface Passing {
  readonly visit: Visit;
  readonly provider: Provider;
  readonly body: Uint8Array | null;
  /** null: it costs nothing that could be told. */
  readonly toll: Toll | null;
  /** The caller's own limits. */
  readonly limits: Readonly<Record<string, string>>;
  readonly onUsed: (tokens: number) => void;
  readonly passage: Passage;
  /** Of what is streamed to the provider, its length untold. */
  readonly limitBytes: number;
  /** When the caller's time is up; what it gives takes that back. null: it named none. */
  readonly late: ((then: () => void) => () => void) | null;
}

/** The way to one provider. */
export interface ProviderProxy {
  readonly agent: Agent;
  readonly pass: RequestHandler;
}

/** The library is loaded by the first request that needs it: most programs never do. */
export async function proxyTo(
  provider: Provider,
  passing: WeakMap<IncomingMessage, Passing>,
  mayConnect: (origin: string) => boolean,
): Promise<ProviderProxy> {
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
    selfHandleResponse: true,
    agent,
    pathRewrite: (path) => pathAt(base, path),
    on: {
      proxyReq: (outgoing, incoming, response) => goesOut(passing.get(incoming)!, outgoing, incoming, response),
      proxyRes: (answer, incoming, response) => comesBack(passing.get(incoming)!, answer, response),
      error: (thrown, incoming, response) => {
        const known = passing.get(incoming);
        known?.toll?.failed();
        // Who has an answer hears of it there, or is being told why there is none; the middleware stopped reading what they send.
        if (!('headersSent' in response) || response.headersSent) {
          dropRest(incoming);
          known?.passage.over();
          return;
        }
        const error = errorOf(thrown, provider);
        known?.passage.failed(error);
        fail(response, error, known?.visit.id ?? '');
        known?.passage.over();
      },
    },
  });
  return { agent, pass };
}

function pathAt(base: URL, path: string): string {
  const [route, query] = path.split('?', 2);
  const own = [base.search.slice(1), query].filter(Boolean).join('&');
  return base.pathname.replace(/\/$/, '') + route!.slice('/v1'.length) + (own && `?${own}`);
}

function goesOut(
  { body, visit, provider, toll, passage, limitBytes, late }: Passing,
  outgoing: ClientRequest,
  incoming: IncomingMessage,
  response: ServerResponse,
): void {
  // Of a client that leaves before the answer the middleware says nothing, and its money would stay held.
  let isAnswered = false;
  outgoing.once('response', () => (isAnswered = true));
  outgoing.once('close', () => {
    if (!isAnswered) toll?.failed();
    // Of one that switches to another protocol nothing is said either.
    if (!isAnswered && !response.headersSent && !response.destroyed) {
      const error = new QuorumError('upstream_error', `The provider "${provider.name}" gave no answer.`);
      passage.failed(error);
      fail(response, error, visit.id);
    }
    passage.over();
  });
  let hints = 0;
  outgoing.on('information', () => {
    if (++hints > MOST_HINTS) outgoing.destroy(new Error('hints without end'));
  });
  if (body) outgoing.write(body);
  else bound(incoming, limitBytes, (error) => outgoing.destroy(error));
  const end = (reason: unknown): void => {
    if (reason instanceof QuorumError) {
      passage.failed(reason);
      breakOff(response, reason, visit.id);
    }
    outgoing.destroy();
  };
  visit.gone.addEventListener('abort', () => end(visit.gone.reason));
  const inTime = late?.(() => {
    if (!isAnswered) toll?.failed(true);
    end(new QuorumError('upstream_timeout', `The provider "${provider.name}" was not done in time.`));
  });
  response.on('close', () => {
    inTime?.();
    if (!response.writableFinished) outgoing.destroy();
  });
}

/** Its length was looked at where it was told. */
function bound(incoming: IncomingMessage, limitBytes: number, isTooLong: (error: QuorumError) => void): void {
  let bytes = 0;
  incoming.on('data', (part: Buffer) => {
    bytes += part.length;
    if (bytes > limitBytes && bytes - part.length <= limitBytes) isTooLong(tooLarge(limitBytes));
  });
}

function comesBack(
  { visit, provider, toll, limits, onUsed, passage }: Passing,
  answer: IncomingMessage,
  response: ServerResponse,
): void {
  const status = answer.statusCode ?? 502;
  if (status >= 400) hideKey(answer, provider);
  toll?.watch(answer, onUsed);
  passage.answered(answer);
  // The middleware would leave the client waiting for the rest.
  answer.on('close', () => {
    const error = new QuorumError('upstream_error', `The answer of the provider "${provider.name}" broke off.`);
    if (answer.complete) return;
    if (!response.destroyed) passage.failed(error);
    breakOff(response, error, visit.id);
  });
  // A redirect is never followed nor passed on: where we connect is the config's to say.
  const isRedirect = status >= 300 && status < 400 && status !== 304;
  if (isRedirect || status < 200 || status > 599) {
    const words = `The provider "${provider.name}" answered ${status}, ${isRedirect ? 'a redirect that is not followed' : 'which is no status'}.`;
    const error = new QuorumError('upstream_error', words);
    passage.failed(error);
    fail(response, error, visit.id);
    answer.resume();
    return;
  }
  const { 'content-type': type, 'content-encoding': encoding } = answer.headers;
  const headers: IncomingMessage['headers'] = {
    ...Object.fromEntries(Object.entries(answer.headers).filter(([name]) => RESPONSE_HEADERS.test(name))),
    'x-request-id': visit.id,
    'x-quorum-provider': provider.name,
    ...limits,
    ...(toll?.clamped && { 'x-quorum-flags': 'clamped' }),
    ...(isStream(type) && { 'cache-control': 'no-cache, no-transform', 'x-accel-buffering': 'no' }),
  };
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) response.setHeader(name, value);
  // In our own words: Node throws for a character that may not be in them.
  response.writeHead(status);
  // Of what came compressed nobody sees where an event ends.
  if (isStream(type) && encoding === undefined) passEvents(answer, response);
  else answer.pipe(response);
}

const isStream = (type: unknown): boolean => String(type).startsWith('text/event-stream');

const MOST_HELD_BYTES = 64 * 1024 * 1024;

/** Whole events only: half of one would swallow the error that comes after it. */
function passEvents(answer: IncomingMessage, response: ServerResponse): void {
  const cutter = createEventCutter(MOST_HELD_BYTES);
  const write = (bytes: Uint8Array | null): void => {
    if (bytes === null || response.writableEnded || response.write(bytes)) return;
    answer.pause();
    response.once('drain', () => answer.resume());
  };
  answer.on('data', (part: Buffer) => {
    try {
      write(cutter.push(part));
    } catch {
      answer.destroy();
    }
  });
  answer.on('end', () => {
    if (!response.writableEnded) response.end(cutter.rest());
  });
}

/** A provider may repeat our key in its error. Whoever listens after this hears it without, in as many bytes. */
function hideKey(answer: IncomingMessage, { apiKey }: Provider): void {
  const key = apiKey?.reveal() ?? '';
  if (key === '') return;
  answer.on('data', (part: Buffer) => {
    for (let at = part.indexOf(key); at !== -1; at = part.indexOf(key, at)) part.fill('*', at, at + key.length);
  });
}

function errorOf(thrown: Error, { name }: Provider): QuorumError {
  if (thrown instanceof QuorumError) return thrown;
  const isTimeout = /timeout|ETIMEDOUT|ESOCKETTIMEDOUT/i.test((thrown as NodeJS.ErrnoException).code ?? thrown.message);
  return isTimeout
    ? new QuorumError('upstream_timeout', `The provider "${name}" did not answer in time.`)
    : new QuorumError('upstream_error', `The provider "${name}" could not be reached.`, { cause: thrown });
}

/** Never silently: a stream gets a last event that says so, an answer that hasn't begun is the error, any other is cut. */
function breakOff(response: ServerResponse, error: QuorumError, requestId: string): void {
  if (response.writableEnded) return;
  if (response.headersSent && isStream(response.getHeader('content-type')) && !response.hasHeader('content-encoding'))
    response.end(`data: ${JSON.stringify(error.toBody())}\n\n`);
  else fail(response, error, requestId);
}
