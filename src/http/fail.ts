// Renders a failure in OpenAI's shape, with the headers that SDKs obey.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { asQuorumError, type QuorumError } from '../contract/index.ts';
import { JSON_TYPE, type HeaderList } from './headers.ts';

export function fail(response: ServerResponse, thrown: unknown, requestId: string): QuorumError {
  const error = asQuorumError(thrown);
  if (response.headersSent) {
    response.destroy();
    return error;
  }
  const { passedOn } = error.extra;
  const body = passedOn && passedOn.body.byteLength > 0 ? passedOn.body : JSON.stringify(error.toBody());
  const type = passedOn && passedOn.body.byteLength > 0 ? ['content-type', passedOn.contentType] : JSON_TYPE;
  response.writeHead(error.status, [
    ...type,
    'x-request-id',
    requestId,
    ...retryHeaders(error),
    ...connection(response.req),
  ]);
  response.end(response.req.method === 'HEAD' ? undefined : body);
  return error;
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

/** A body that wasn't read to its end would be taken for the next request. */
const connection = (request: IncomingMessage): HeaderList => (request.complete ? [] : ['connection', 'close']);
