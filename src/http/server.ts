// The HTTP server: Express behind node:http, with the limits that a slow or hostile client meets.
import { createServer, IncomingMessage, ServerResponse, type Server } from 'node:http';
import type { App } from './app.ts';

const HEADERS_TIMEOUT_MS = 15_000;
const KEEP_ALIVE_MS = 72_000;
/** How late a client that dawdles is found out at the most. */
const CHECK_EVERY_MS = 2_000;
/** What waits for a client that doesn't read; Node 22 would let four times as much. */
const WRITE_AHEAD_BYTES = 16 * 1024;

/**
 * Express swaps the prototypes of every request and response it handles, which makes V8 forget what it has learnt about them. Born as
 * the app's own they stay as they are, and the swap does nothing. Only a subclass makes room for all the fields that Node's
 * constructors set: called on another function's object they leave a response as a dictionary, slow to make (0.9 µs) and 3 kB large.
 */
export function createHttpServer({ express, direct, bodyLimitBytes }: App, requestTimeoutMs: number): Server {
  const Request = bornAs(IncomingMessage, express.request);
  const Response = bornAs(ServerResponse, express.response);
  Object.assign(express, { request: Request.prototype, response: Response.prototype });
  const take = (request: IncomingMessage, response: ServerResponse): void => {
    if (asksWithoutReading(request)) request.socket.destroy();
    else if (!direct(request, response)) express(request, response);
  };
  const server = createServer(
    {
      IncomingMessage: Request,
      ServerResponse: Response,
      headersTimeout: Math.min(HEADERS_TIMEOUT_MS, requestTimeoutMs),
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: Math.min(CHECK_EVERY_MS, requestTimeoutMs),
      noDelay: true,
      highWaterMark: WRITE_AHEAD_BYTES,
      insecureHTTPParser: false,
      // Node's own refusal has no body; ours says what is wrong.
      requireHostHeader: false,
    },
    take,
  );
  // Whoever asks first needn't send what is too long.
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (!(Number(request.headers['content-length']) > bodyLimitBytes())) response.writeContinue();
    take(request, response);
  });
  return server;
}

/**
 * It pipelines on while more than is written ahead waits for it: then Node stops reading the connection, and nobody would notice that
 * the client leaves. Who reads its answers is never met by it.
 */
const asksWithoutReading = ({ socket }: IncomingMessage): boolean => socket.isPaused();

function bornAs<Base extends typeof IncomingMessage | typeof ServerResponse>(base: Base, own: object): Base {
  const Born = class extends (base as new (...given: unknown[]) => object) {};
  Object.setPrototypeOf(Born.prototype, own);
  return Born as unknown as Base;
}
