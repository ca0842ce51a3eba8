// Renders a failure in OpenAI's shape, with the headers that SDKs obey.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { asQuorumError, formatUsd, type QuorumError } from '../contract/index.ts';
import { JSON_TYPE, type HeaderList } from './headers.ts';

export function fail(response: ServerResponse, thrown: unknown, requestId: string): QuorumError {
  const error = asQuorumError(thrown);
  if (response.headersSent) {
    response.destroy();
    return error;
  }
  const { passedOn } = error.extra;
  const body = passedOn && passedOn.body.byteLength > 0 ? passedOn.body : JSON.stringify(error.toBody());
  const type = passedOn && passedOn.body.byteLength > 0 ? passedOn.contentType : JSON_TYPE;
  const { req: request } = response;
  const isSending = stillSends(request);
  response.writeHead(error.status, [
    'content-type',
    type,
    'content-length',
    String(Buffer.byteLength(body)),
    'x-request-id',
    requestId,
    ...retryHeaders(error),
    ...requestHeaders(error),
    ...(isSending ? ['connection', 'close'] : []),
  ]);
  const said = request.method === 'HEAD' ? '' : body;
  if (isSending) sayGoodbye(response, said);
  else response.end(said);
  dropRest(request);
  return error;
}

/** Node does so when the answer is out. One that waits for its turn would keep the connection from being read, and a client that leaves from being noticed. */
export function dropRest(request: IncomingMessage): void {
  if (!request.complete) request.resume();
}

function retryHeaders({ extra }: QuorumError): HeaderList {
  const list: HeaderList = [];
  if (extra.retryAfterMs !== undefined) {
    list.push(
      'retry-after',
      String(Math.ceil(extra.retryAfterMs / 1000)),
      'retry-after-ms',
      String(Math.ceil(extra.retryAfterMs)),
    );
  }
  if (extra.shouldRetry !== undefined) list.push('x-should-retry', String(extra.shouldRetry));
  for (const [name, value] of Object.entries(extra.headers ?? {})) list.push(name, value);
  return list;
}

/** As far as the request came; in a header's letters only. */
function requestHeaders({ extra: { request } }: QuorumError): HeaderList {
  if (request === undefined) return [];
  const { cache, strategy, task, tier, cost, attempts, overheadMs } = request;
  const told = { strategy, task, tier };
  return [
    'x-quorum-cache',
    cache,
    ...Object.entries(told).flatMap(([name, value]) => (value === null ? [] : [`x-quorum-${name}`, encodeURI(value)])),
    'x-quorum-cost-usd',
    formatUsd(cost),
    'x-quorum-attempts',
    String(attempts),
    'x-quorum-overhead-ms',
    String(overheadMs),
  ];
}

/** Node reads and drops what nobody read of a body; that is worth a connection only where it is short. */
const MOST_DROPPED_BYTES = 64 * 1024;

function stillSends({ complete, headers }: IncomingMessage): boolean {
  const told = headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : Infinity;
  return !complete && told > MOST_DROPPED_BYTES;
}

const MOST_HEARD_BYTES = 64 * 1024 * 1024;
const SILENT_MS = 1_000;

/**
 * Most clients send all of their request before they read, and on a closed connection that is answered by a reset, which takes the
 * answer with it. So it is read on, and thrown away, until they have sent it, leave, fall silent, or were given time enough.
 */
function sayGoodbye(response: ServerResponse, body: string | Uint8Array): void {
  const { req: request } = response;
  const close = (): void => void response.end();
  let bytes = 0;
  response.write(body);
  request.setTimeout(SILENT_MS, close);
  request.on('end', close);
  request.on('close', close);
  request.on('data', (part: Buffer) => {
    bytes += part.length;
    if (bytes > MOST_HEARD_BYTES) close();
  });
}
