// /admin/v1/requests and /review: what was asked and how it went, for all tenants; no prompts, as everywhere.
import type { Request } from 'express';
import {
  QuorumError,
  usdOf,
  type Clock,
  type RequestFilter,
  type RequestLog,
  type RequestRecord,
} from '../../contract/index.ts';
import { shown } from '../../pipeline/shown.ts';
import {
  cursorOf,
  idOf,
  limitOf,
  momentShown,
  pageShown,
  queryOf,
  route,
  sendLines,
  type AdminRoute,
} from './answer.ts';
import { exportLines, type ExportRows } from './export.ts';
import { listForReview } from './review.ts';
import { pointOf } from './spend.ts';

export interface RequestParts {
  readonly requests: RequestLog;
  readonly clock: Clock;
}

export function requestRoutes({ requests, clock }: RequestParts): readonly AdminRoute[] {
  const page = route('get', '/requests', async (request) => {
    const { rows, cursor } = await requests.list(filterOf(request, clock.now()), limitOf(request), cursorOf(request));
    return pageShown(rows.map(summaryOf), cursor);
  });
  return [
    {
      ...page,
      handle(request, response, visit) {
        const format = queryOf(request, 'format') ?? 'json';
        if (format === 'json') return page.handle(request, response, visit);
        if (format === 'jsonl')
          return sendLines(response, visit, exportLines(requests, filterOf(request, clock.now()), rowsOf(request)));
        throw new QuorumError('invalid_value', "'format' is json or jsonl.", { param: 'format' });
      },
    },
    route('get', '/requests/:id', async (request) => {
      const record = await requests.find(idOf(request), null);
      if (record === null) throw new QuorumError('not_found', `There is no request "${idOf(request).slice(0, 80)}".`);
      return shown(record);
    }),
    route('get', '/review', async (request) => {
      const { flag: _, ...filter } = filterOf(request, clock.now());
      const { rows, cursor } = await listForReview(requests, filter, limitOf(request), cursorOf(request));
      return pageShown(
        rows.map((record) => ({ ...summaryOf(record), merge: shown(record.merge) })),
        cursor,
      );
    }),
  ];
}

function rowsOf(request: Request): ExportRows {
  const rows = queryOf(request, 'rows') ?? 'requests';
  if (rows === 'requests' || rows === 'attempts') return rows;
  throw new QuorumError('invalid_value', "'rows' is requests or attempts.", { param: 'rows' });
}

function filterOf(request: Request, now: number): RequestFilter {
  const since = pointOf(request, 'since', now);
  const until = pointOf(request, 'until', now);
  const status = queryOf(request, 'status');
  if (status !== undefined && !/^[1-5]\d\d$/.test(status))
    throw new QuorumError('invalid_value', "'status' is an HTTP status such as 200.", { param: 'status' });
  const texts = { task: 'task', model: 'model', flag: 'flag', strategy: 'strategy', key: 'tenant', tenant: 'tenant' };
  const given = Object.entries(texts).flatMap(([name, field]) => {
    const value = queryOf(request, name);
    return value === undefined ? [] : [[field, value] as const];
  });
  return {
    ...Object.fromEntries(given),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
    ...(status !== undefined && { status: Number(status) }),
  };
}

function summaryOf(record: RequestRecord): Record<string, unknown> {
  const { id, tenant, at, endpoint, requestedModel, stream, status, errorCode, cache, strategy, models } = record;
  const { confidence, flags, cost, timings, tags, session, attempts, decision, merge } = record;
  return {
    id,
    object: 'request',
    tenant,
    at: momentShown(at),
    endpoint,
    requested_model: requestedModel,
    stream,
    status,
    error_code: errorCode,
    cache,
    task: decision?.classification.task ?? null,
    tier: decision?.tier ?? null,
    strategy,
    models,
    attempts: attempts.length,
    agreement: merge?.agreement ?? null,
    confidence,
    flags,
    cost_usd: usdOf(cost),
    total_ms: timings.totalMs,
    tags,
    session,
  };
}
