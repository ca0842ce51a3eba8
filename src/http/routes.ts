// The table of routes: what there is, and who may use it.
import type { Request, Response } from 'express';
import type { CurrentSettings, RequestLog } from '../contract/index.ts';
import { adminRoutes, type AdminParts } from './admin/index.ts';
import type { AdminRoute } from './admin/answer.ts';
import { checkQuery } from './admin/query.ts';
import { learningRoutes, type LearningParts } from './admin/learning.ts';
import { recommend, showCapabilities } from './capabilities.ts';
import { answerChat, explainRoute, type ChatParts, type Visit } from './chat.ts';
import { sendJson } from './json.ts';
import { giveFeedback } from './feedback.ts';
import { findModel, listModels } from './models.ts';
import { DESCRIPTIONS, openApiDocument } from './openapi/index.ts';
import { estimateSpend, showSpend, type SpendParts } from './spend.ts';
import { followRecord, showRecord } from './records.ts';

export interface RouteParts extends ChatParts, SpendParts, AdminParts, LearningParts {
  readonly evidence: LearningParts['evidence'];
  readonly requests: RequestLog;
  readonly settings: CurrentSettings;
  readonly draining: () => boolean;
  readonly version: string;
  readonly metrics: { render(): Promise<string>; readonly contentType: string };
}

/** open: anybody; metrics: who may scrape; caller: who may chat; admin: who holds the admin key. */
export type Access = 'open' | 'metrics' | 'caller' | 'admin';

export interface Route {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  readonly path: string;
  readonly access: Access;
  handle(request: Request, response: Response, visit: Visit): Promise<void> | void;
}

export function routesOf(parts: RouteParts): readonly Route[] {
  const id = (request: Request): string => String(request.params['id']);
  const named = (request: Request): string => [request.params['name']].flat().join('/');
  const caller = (method: Route['method'], path: string, handle: Route['handle']): Route => ({
    method,
    path,
    access: 'caller',
    handle,
  });
  const open = (path: string, handle: Route['handle']): Route => ({ method: 'get', path, access: 'open', handle });
  let described: object | null = null;
  const routes: Route[] = [
    caller('post', '/v1/chat/completions', (request, response, visit) => answerChat(parts, request, response, visit)),
    caller('post', '/v1/route', (request, response, visit) => explainRoute(parts, request, response, visit)),
    caller('get', '/v1/models', (_, response, visit) =>
      sendJson(response, listModels(parts.settings(), visit.visitor.permissions), ['x-request-id', visit.id]),
    ),
    caller('get', '/v1/models/*name', (request, response, visit) =>
      sendJson(response, findModel(named(request), parts.settings(), visit.visitor.permissions), [
        'x-request-id',
        visit.id,
      ]),
    ),
    caller('get', '/v1/requests/:id', (request, response, visit) => showRecord(parts, id(request), response, visit)),
    caller('get', '/v1/requests/:id/events', (request, response, visit) =>
      followRecord(parts, id(request), response, visit),
    ),
    caller('get', '/v1/spend', (_, response, visit) => showSpend(parts, response, visit)),
    caller('post', '/v1/estimate', (request, response, visit) => estimateSpend(parts, request, response, visit)),
    caller('post', '/v1/feedback', (request, response, visit) => giveFeedback(parts, request, response, visit)),
    caller('get', '/v1/capabilities', (_, response, visit) => showCapabilities(parts, response, visit)),
    caller('get', '/v1/recommendations/:task', (request, response, visit) =>
      recommend(parts, String(request.params['task']), response, visit),
    ),
    ...[...adminRoutes(parts), ...learningRoutes(parts)].map(ofAdmin),
    open('/livez', (_, response, { id: own }) => sendJson(response, { status: 'ok' }, ['x-request-id', own])),
    open('/readyz', (_, response, { id: own }) => {
      const draining = parts.draining();
      sendJson(response, { status: draining ? 'draining' : 'ready' }, ['x-request-id', own], draining ? 503 : 200);
    }),
    {
      method: 'get',
      path: '/metrics',
      access: 'metrics',
      async handle(_, response, { id: own }) {
        const text = await parts.metrics.render();
        response.writeHead(200, ['content-type', parts.metrics.contentType, 'x-request-id', own]);
        response.end(text);
      },
    },
    open('/openapi.json', (_, response, { id: own }) => {
      described ??= openApiDocument(routes, parts.version);
      sendJson(response, described, ['x-request-id', own]);
    }),
  ];
  return routes;
}

/** What is described of a question is all that it takes. */
function ofAdmin(route: AdminRoute): Route {
  const described = DESCRIPTIONS[`${route.method.toUpperCase()} ${route.path}`];
  if (route.method !== 'get' || described === undefined) return { ...route, access: 'admin' };
  const known = described.query?.shape ?? {};
  return {
    ...route,
    access: 'admin',
    handle(request, response, visit) {
      checkQuery(request, known);
      return route.handle(request, response, visit);
    },
  };
}
