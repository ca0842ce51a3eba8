// The HTTP server: Express behind node:http, with the limits that a slow or hostile client meets.
import { createServer, IncomingMessage, ServerResponse, type Server } from 'node:http';
import type { Express } from 'express';

const HEADERS_TIMEOUT_MS = 15_000;
const REQUEST_TIMEOUT_MS = 300_000;
const KEEP_ALIVE_MS = 72_000;

/**
 * Express swaps the prototypes of every request and response it handles, which makes V8 forget what it has learnt about them.
 * Born with the app's own prototypes they stay as they are, and the swap does nothing.
 */
export function createHttpServer(app: Express): Server {
  function BornRequest(this: unknown, ...given: unknown[]): IncomingMessage {
    return Reflect.construct(IncomingMessage, given, BornRequest) as IncomingMessage;
  }
  function BornResponse(this: unknown, ...given: unknown[]): ServerResponse {
    return Reflect.construct(ServerResponse, given, BornResponse) as ServerResponse;
  }
  BornRequest.prototype = app.request;
  BornResponse.prototype = app.response;
  return createServer(
    {
      IncomingMessage: BornRequest as unknown as typeof IncomingMessage,
      ServerResponse: BornResponse as unknown as typeof ServerResponse,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      noDelay: true,
      insecureHTTPParser: false,
    },
    app,
  );
}
