// What isn't HTTP, comes too slowly or has too long a head never becomes a request: it is answered here, in the same shape as every other error.
import { randomUUID } from 'node:crypto';
import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { QuorumError } from '../contract/index.ts';
import { fail } from './fail.ts';

const STATUS: Readonly<Record<string, readonly [status: number, message: string, code: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'The head of the request is too long.', 'headers_too_large'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'The chunk extensions are too long.', 'request_too_large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request did not come in time.', 'request_timeout'],
};
const MALFORMED = [400, 'This is not an HTTP request.', 'invalid_http'] as const;

/** For the server's `clientError`. */
export function refuseConnection(error: NodeJS.ErrnoException, socket: Duplex): void {
  // Node keeps the answer that is under way there: once its head is out, nothing can be said any more.
  const { _httpMessage: answer } = socket as { readonly _httpMessage?: { readonly headersSent: boolean } | null };
  if (!socket.writable || error.code === 'ECONNRESET' || answer?.headersSent === true) {
    socket.destroy();
    return;
  }
  const [status, message, code] = STATUS[error.code ?? ''] ?? MALFORMED;
  const body = JSON.stringify({ error: { message, type: 'invalid_request_error', param: null, code } });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: application/json; charset=utf-8\r\n` +
      `x-request-id: req_${randomUUID().replaceAll('-', '')}\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
}

/** For the server's `checkExpectation`: `100-continue` is all that can be expected. */
export function refuseExpectation(request: IncomingMessage, response: ServerResponse): void {
  const error = new QuorumError('expectation_failed', 'Only "100-continue" can be expected.');
  fail(response, error, `req_${randomUUID().replaceAll('-', '')}`);
  request.resume();
}
