// The table of routes, and what stands before every one of them: an id, the door, and one way to fail.
import { randomUUID } from 'node:crypto';
import express, { type Express, type Request, type Response } from 'express';
import { QuorumError, type Clock, type CurrentSettings, type RequestLog } from '../contract/index.ts';
import type { Pipeline } from '../pipeline.ts';
import { answerChat, explainRoute, type Visit } from './chat.ts';
import type { Door } from './door.ts';
import { fail } from './fail.ts';
import { sendJson } from './json.ts';
import { findModel, listModels } from './models.ts';
import { createPassthrough, unknownRoute } from './passthrough.ts';
import { followRecord, showRecord } from './records.ts';
import type { Visits } from './visits.ts';

export interface HttpParts {
  readonly pipeline: Pipeline;
  readonly requests: RequestLog;
  readonly settings: CurrentSettings;
  readonly clock: Clock;
  readonly door: Door;
  readonly bodyLimitBytes: () => number;
  readonly draining: () => boolean;
  readonly ready: () => boolean;
  readonly metrics: { render(): Promise<string>; readonly contentType: string };
  /** Told of what nobody foresaw. */
  readonly onFault: (error: QuorumError, requestId: string) => void;
  readonly visits: Visits;
}

/** open: anybody; caller: who may chat; admin: who holds the admin key. */
export type Access = 'open' | 'caller' | 'admin';

export interface Route {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  readonly path: string;
  readonly access: Access;
  handle(request: Request, response: Response, visit: Visit): Promise<void> | void;
}

export function routesOf(parts: HttpParts): readonly Route[] {
  const id = (request: Request): string => String(request.params['id']);
  const named = (request: Request): string => [request.params['name']].flat().join('/');
  return [
    {
      method: 'post',
      path: '/v1/chat/completions',
      access: 'caller',
      handle: (request, response, visit) => answerChat(parts, request, response, visit),
    },
    {
      method: 'post',
      path: '/v1/route',
      access: 'caller',
      handle: (request, response, visit) => explainRoute(parts, request, response, visit),
    },
    {
      method: 'get',
      path: '/v1/models',
      access: 'caller',
      handle: (_, response, visit) => sendJson(response, listModels(parts.settings()), ['x-request-id', visit.id]),
    },
    {
      method: 'get',
      path: '/v1/models/*name',
      access: 'caller',
      handle: (request, response, visit) =>
        sendJson(response, findModel(named(request), parts.settings()), ['x-request-id', visit.id]),
    },
    {
      method: 'get',
      path: '/v1/requests/:id',
      access: 'caller',
      handle: (request, response, visit) => showRecord(parts, id(request), response, visit),
    },
    {
      method: 'get',
      path: '/v1/requests/:id/events',
      access: 'caller',
      handle: (request, response, visit) => followRecord(parts, id(request), response, visit),
    },
    { method: 'get', path: '/livez', access: 'open', handle: (_, response) => sendJson(response, { status: 'ok' }) },
    { method: 'get', path: '/readyz', access: 'open', handle: (_, response) => readiness(parts, response) },
    { method: 'get', path: '/metrics', access: 'open', handle: (_, response) => showMetrics(parts, response) },
  ];
}

export function createApp(parts: HttpParts): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  const routes = routesOf(parts);
  for (const route of routes)
    app[route.method](route.path, (request, response) =>
      visit(parts, request, response, route.access, (visit) => route.handle(request, response, visit)),
    );
  for (const path of new Set(routes.map((route) => route.path))) {
    const allowed = routes.filter((route) => route.path === path).map((route) => route.method.toUpperCase());
    app.all(path, (request, response) => visit(parts, request, response, 'open', () => refuseMethod(request, allowed)));
  }
  const passthrough = createPassthrough(parts);
  app.all('/v1/*rest', (request, response) =>
    visit(parts, request, response, 'caller', (visit) => passthrough(request, response, visit)),
  );
  app.use((request, response) => {
    fail(response, unknownRoute(request.method, request.path), newId());
  });
  app.use((thrown: unknown, request: Request, response: Response, _next: unknown) => {
    // Express itself rejects a path that can't be decoded.
    const ours = (thrown as { status?: number }).status === 400 ? unknownRoute(request.method, request.path) : thrown;
    report(parts, fail(response, ours, newId()), '');
  });
  return app;
}

const newId = (): string => `req_${randomUUID().replaceAll('-', '')}`;

async function visit(
  parts: HttpParts,
  request: Request,
  response: Response,
  access: Access,
  handle: (visit: Visit) => Promise<void> | void,
): Promise<void> {
  const id = newId();
  try {
    const principal =
      access === 'open' ? { tenant: '', team: null, keyId: null, admin: false } : parts.door[access](request);
    if (access !== 'open') {
      if (parts.draining())
        throw new QuorumError('shutting_down', 'This instance is shutting down; send the request again.', {
          retryAfterMs: 1000,
        });
    }
    await handle({ id, principal, gone: parts.visits.enter(response) });
  } catch (thrown) {
    report(parts, fail(response, thrown, id), id);
  }
}

function report(parts: HttpParts, error: QuorumError, id: string): void {
  if (error.code === 'internal_error') parts.onFault(error, id);
}

function refuseMethod(request: Request, allowed: readonly string[]): never {
  throw new QuorumError(
    'method_not_allowed',
    `${request.method} is not possible on ${request.path}; use ${allowed.join(' or ')}.`,
    { headers: { allow: allowed.join(', ') } },
  );
}

function readiness(parts: HttpParts, response: Response): void {
  const ready = parts.ready() && !parts.draining();
  sendJson(response, { status: ready ? 'ready' : parts.draining() ? 'draining' : 'starting' }, [], ready ? 200 : 503);
}

async function showMetrics(parts: HttpParts, response: Response): Promise<void> {
  const text = await parts.metrics.render();
  response.writeHead(200, ['content-type', parts.metrics.contentType]);
  response.end(text);
}
