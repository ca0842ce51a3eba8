// POST /v1/chat/completions and /v1/route: from bytes to the path and back.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock, Principal, Sink } from '../contract/index.ts';
import type { Inbound } from '../pipeline/exchange.ts';
import type { Pipeline } from '../pipeline.ts';
import { parseChatRequest, parseJsonBody } from '../wire/index.ts';
import { readBody } from './body.ts';
import { JSON_TYPE, STREAM_TYPE, toldHeaders } from './headers.ts';
import { readOptions } from './options.ts';

export interface ChatParts {
  readonly pipeline: Pipeline;
  readonly clock: Clock;
  readonly bodyLimitBytes: () => number;
}

export interface Visit {
  readonly id: string;
  readonly principal: Principal;
  /** Aborts when the client has gone, or with the error that ends the request. */
  readonly gone: AbortSignal;
}

export async function readInbound(parts: ChatParts, request: IncomingMessage, visit: Visit): Promise<Inbound> {
  const receivedAt = parts.clock.now();
  const body = parseChatRequest(parseJsonBody(await readBody(request, parts.bodyLimitBytes())));
  return {
    ...visit,
    ...readOptions(request.headers, body),
    allowed: null,
    receivedAt,
    endpoint: '/v1/chat/completions',
  };
}

export async function answerChat(
  parts: ChatParts,
  request: IncomingMessage,
  response: ServerResponse,
  visit: Visit,
): Promise<void> {
  const inbound = await readInbound(parts, request, visit);
  const answer = await parts.pipeline.answer(inbound);
  const told = toldHeaders(inbound.id, answer.told);
  if (answer.kind === 'whole') {
    response.writeHead(200, [...JSON_TYPE, 'content-length', String(answer.bytes.byteLength), ...told]);
    response.end(answer.bytes);
    return;
  }
  response.writeHead(200, [...STREAM_TYPE, ...told]);
  response.flushHeaders();
  await answer.write(sinkOf(response));
  response.end();
}

export async function explainRoute(
  parts: ChatParts,
  request: IncomingMessage,
  response: ServerResponse,
  visit: Visit,
): Promise<void> {
  const inbound = await readInbound(parts, request, visit);
  const body = JSON.stringify(parts.pipeline.explain(inbound));
  response.writeHead(200, [...JSON_TYPE, 'x-request-id', inbound.id]);
  response.end(body);
}

/** A client that has gone takes everything and says nothing: whoever writes finds out by the abort signal. */
function sinkOf(response: ServerResponse): Sink {
  return {
    write: (bytes) => response.destroyed || response.write(bytes),
    drained: () =>
      new Promise((resolve) => {
        if (response.destroyed || !response.writableNeedDrain) {
          resolve();
          return;
        }
        const done = (): void => {
          response.off('drain', done);
          response.off('close', done);
          resolve();
        };
        response.on('drain', done);
        response.on('close', done);
      }),
  };
}
