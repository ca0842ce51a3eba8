// The HTTP server: Express behind node:http, with the limits that a slow or hostile client meets.
import { createServer, IncomingMessage, ServerResponse, type Server } from 'node:http';
import type { App } from './app.ts';

const HEADERS_TIMEOUT_MS = 15_000;
const REQUEST_TIMEOUT_MS = 300_000;
const KEEP_ALIVE_MS = 72_000;
/** How late a client that dawdles is found out at the most. */
const CHECK_EVERY_MS = 2_000;

/**
 * Express swaps the prototypes of every request and response it handles, which makes V8 forget what it has learnt about them.
 * Born with the app's own prototypes they stay as they are, and the swap does nothing. Node's constructors are plain functions:
 * called on the new object they leave one hidden class for all, where `Reflect.construct` would give each its own.
 */
export function createHttpServer({ express, direct }: App): Server {
  const requestOf = IncomingMessage as unknown as (this: unknown, ...given: unknown[]) => void;
  const responseOf = ServerResponse as unknown as (this: unknown, ...given: unknown[]) => void;
  function BornRequest(this: unknown, socket: unknown): void {
    requestOf.call(this, socket);
  }
  function BornResponse(this: unknown, request: unknown, options: unknown): void {
    responseOf.call(this, request, options);
  }
  BornRequest.prototype = express.request;
  BornResponse.prototype = express.response;
  return createServer(
    {
      IncomingMessage: BornRequest as unknown as typeof IncomingMessage,
      ServerResponse: BornResponse as unknown as typeof ServerResponse,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: CHECK_EVERY_MS,
      noDelay: true,
      insecureHTTPParser: false,
      // Node's own refusal has no body; ours says what is wrong.
      requireHostHeader: false,
    },
    (request, response) => {
      if (!direct(request, response)) express(request, response);
    },
  );
}
