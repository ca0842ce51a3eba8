// What stands before and behind every route: an id, the door, the drain, and one way to fail.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import express, { type Express, type Request, type Response } from 'express';
import { Abort, QuorumError } from '../contract/index.ts';
import { NOBODY, type Visitor } from '../accounts/index.ts';
import type { Visit } from './chat.ts';
import type { Door } from './door.ts';
import { dropRest, fail } from './fail.ts';
import { hopsOf } from './hops.ts';
import { createPassthrough, unknownRoute, wrongMethod, type PassthroughParts } from './passthrough.ts';
import { routesOf, type Access, type Route, type RouteParts } from './routes.ts';
import type { Visits } from './visits.ts';

interface HttpParts extends RouteParts, Pick<PassthroughParts, 'passed'> {
  readonly door: Door;
  readonly visits: Visits;
  /** Whether a socket may be opened to this origin. */
  readonly mayConnect: (origin: string) => boolean;
  /** Told of what nobody foresaw. */
  readonly onFault: (error: QuorumError, requestId: string) => void;
}

type Handle = (visit: Visit) => Promise<void> | void;

export interface App {
  readonly express: Express;
  /** Answers what is asked for by a plain name; false: Express has to look at it. */
  readonly direct: (request: IncomingMessage, response: ServerResponse) => boolean;
  readonly bodyLimitBytes: () => number;
}

export function createApp(parts: HttpParts): App {
  const routes = routesOf(parts);
  return {
    express: createExpress(parts, routes),
    direct: createDirect(parts, routes),
    bodyLimitBytes: parts.bodyLimitBytes,
  };
}

/** Routes without parameters, found by their names: going through a table of patterns costs as much as all else here. */
function createDirect(parts: HttpParts, routes: readonly Route[]): App['direct'] {
  const plain = routes.filter(({ path }) => !/[:*]/.test(path));
  const byPath = new Map<string, ReadonlyMap<string, Route>>();
  for (const { path } of plain) {
    const same = plain.filter((route) => route.path === path);
    byPath.set(path, new Map(same.map((route) => [route.method.toUpperCase(), route])));
  }
  return (request, response) => {
    const route = byPath.get(request.url ?? '')?.get(request.method ?? '');
    if (route === undefined) return false;
    // They are born as Express's own.
    const [asked, answer] = [request as Request, response as Response];
    void admit(parts, asked, answer, route.access, (visit) => route.handle(asked, answer, visit));
    return true;
  };
}

function createExpress(parts: HttpParts, routes: readonly Route[]): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  // Express's routes forgive it, so what is passed through and what a key may use shall as well.
  app.use((request, _response, next) => {
    request.url = request.url.replace(LAST_SLASH, '$1');
    next();
  });
  for (const route of routes) {
    app[route.method](route.path, (request, response) =>
      admit(parts, request, response, route.access, (visit) => route.handle(request, response, visit)),
    );
  }
  for (const path of new Set(routes.map((route) => route.path))) {
    const methods = routes.filter((route) => route.path === path).map((route) => route.method.toUpperCase());
    const allowed = methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
    app.all(path, (request, response) =>
      admit(parts, request, response, 'open', () => {
        throw wrongMethod(request.method, request.path, allowed);
      }),
    );
  }
  const passthrough = createPassthrough(parts);
  app.all('/v1/*rest', (request, response) =>
    admit(parts, request, response, 'caller', (visit) => passthrough(request, response, visit)),
  );
  app.use((request, response) => {
    fail(response, unknownRoute(request.method, request.path), newId(parts));
  });
  app.use((thrown: unknown, request: Request, response: Response, _next: unknown) => {
    // Express itself rejects a path that can't be decoded.
    const ours = (thrown as { status?: number }).status === 400 ? unknownRoute(request.method, request.path) : thrown;
    report(parts, fail(response, ours, newId(parts)), '');
  });
  return app;
}

/** Ordered by time, so that the newest rows of the store lie together. */
const newId = ({ clock }: HttpParts): string => {
  const chance = randomUUID();
  const at = Math.floor(clock.now()).toString(16).padStart(12, '0');
  return `req_${at}${chance.slice(14, 18)}${chance.slice(19, 23)}${chance.slice(24)}`;
};

async function admit(
  parts: HttpParts,
  request: Request,
  response: Response,
  access: Access,
  handle: Handle,
): Promise<void> {
  const id = newId(parts);
  try {
    if (request.headers.host === undefined && request.httpVersionMinor > 0)
      throw new QuorumError('invalid_http', NO_HOST);
    const visitor = visitorOf(parts, request, access);
    const passes = access === 'open' || access === 'metrics';
    const draining = parts.draining();
    // Whoever hears that it stops needn't come back on this connection.
    if (draining) response.shouldKeepAlive = false;
    if (!passes && draining)
      throw new QuorumError('shutting_down', 'This instance is shutting down; send the request again.', {
        retryAfterMs: 1_000,
      });
    const gone = passes ? NEVER : parts.visits.enter(id, response);
    await handle({ id, visitor, gone, hops: access === 'caller' ? hopsOf(request) : 0 });
    dropRest(request);
  } catch (thrown) {
    report(parts, fail(response, thrown, id), id);
  }
}

const LAST_SLASH = /^(\/v1\/[^?]*[^/?])\/(?=\?|$)/;
const NO_HOST = 'An HTTP/1.1 request needs a Host header.';
const NEVER = new Abort();

function visitorOf({ door, clock }: HttpParts, request: Request, access: Access): Visitor {
  switch (access) {
    case 'open':
      return NOBODY;
    case 'metrics':
      door.metrics(request);
      return NOBODY;
    case 'caller':
      return door.caller(request, clock.now());
    case 'admin':
      return { ...NOBODY, caller: door.admin(request) };
    default:
      return access satisfies never;
  }
}

function report(parts: HttpParts, error: QuorumError, id: string): void {
  if (error.code === 'internal_error') parts.onFault(error, id);
}
