// GET /v1/requests/{id} and its events: what happened to one's own request, while it happens and afterwards.
import type { ServerResponse } from 'node:http';
import { QuorumError, type ProgressEvent, type RequestLog } from '../contract/index.ts';
import type { Pipeline } from '../pipeline.ts';
import { shown } from '../pipeline/shown.ts';
import { sseEvent, SSE_DONE } from '../wire/index.ts';
import type { Visit } from './chat.ts';
import { STREAM_HEADERS } from './headers.ts';
import { sendJson } from './json.ts';

interface RecordParts {
  readonly pipeline: Pipeline;
  readonly requests: RequestLog;
}

const notFound = (id: string): QuorumError =>
  new QuorumError('not_found', `There is no request "${id.slice(0, 80)}" of yours.`, { param: 'id' });
const tenantOf = ({ visitor: { caller } }: Visit): string | null => (caller.admin ? null : caller.tenant);

export async function showRecord(
  { pipeline, requests }: RecordParts,
  id: string,
  response: ServerResponse,
  visit: Visit,
): Promise<void> {
  const running = pipeline.running(id);
  if (running !== undefined && mayRead(visit, running.inbound.principal.tenant)) {
    sendJson(
      response,
      shown({
        id,
        status: null,
        state: 'running',
        decision: running.decision,
        attempts: running.attempts,
        events: running.events,
      }),
      ['x-request-id', visit.id],
    );
    return;
  }
  const record = await requests.find(id, tenantOf(visit));
  if (record === null) throw notFound(id);
  sendJson(response, shown({ ...record, state: 'done' }), ['x-request-id', visit.id]);
}

const mayRead = ({ visitor: { caller } }: Visit, tenant: string): boolean => caller.admin || caller.tenant === tenant;

/** As server-sent events: what was, then what comes, until the request ends. */
export async function followRecord(
  { pipeline, requests }: RecordParts,
  id: string,
  response: ServerResponse,
  visit: Visit,
): Promise<void> {
  const running = pipeline.running(id);
  const live = running !== undefined && mayRead(visit, running.inbound.principal.tenant);
  const past = live ? [...running.events] : (await requests.find(id, tenantOf(visit)))?.events;
  if (past === undefined) throw notFound(id);
  response.writeHead(200, [...STREAM_HEADERS, 'x-request-id', visit.id]);
  const send = (event: ProgressEvent): void => {
    if (!response.destroyed) response.write(sseEvent('quorum.progress', shown(event)));
  };
  for (const event of past) send(event);
  if (live) {
    await new Promise<void>((resolve) => {
      const stop = running.follow((event) => (event === null ? resolve() : send(event)));
      response.on('close', () => {
        stop();
        resolve();
      });
    });
  }
  if (!response.destroyed) response.end(SSE_DONE);
}
