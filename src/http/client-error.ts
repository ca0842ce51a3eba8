// What isn't HTTP, comes too slowly or has too long a head never becomes a request: it is answered here, in the same shape as every other error.
import { randomUUID } from 'node:crypto';
import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { QuorumError } from '../contract/index.ts';
import { fail } from './fail.ts';

const STATUS: Readonly<Record<string, readonly [status: number, message: string, code: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'The head of the request is too long.', 'headers_too_large'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'The chunk extensions are too long.', 'request_too_large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request did not come in time.', 'request_timeout'],
};
const MALFORMED = [400, 'This is not an HTTP request.', 'invalid_http'] as const;

/** Who reads nothing and doesn't hang up either. */
const FAREWELL_MS = 1_000;
const refused = new WeakSet<Duplex>();

/** For the server's `clientError`. What was asked before on the same connection gets its answer first: one out of turn would be taken for it. */
export function refuseConnection(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  // Each further piece of what isn't HTTP is told, too.
  if (refused.has(socket)) return;
  refused.add(socket);
  inTurn(socket as Socket, () => sayWhy(error, socket as Socket));
}

/** Node keeps the answer whose turn it is there, and puts the next one in its place. */
function inTurn(socket: Socket, then: () => void): void {
  const { _httpMessage: answer } = socket as { readonly _httpMessage?: ServerResponse | null };
  if (!socket.writable) return;
  // What ends in the middle of a request ends for those before it, too, as between two requests.
  if (answer?.req.complete === true && socket.readableEnded) socket.destroy();
  else if (answer?.req.complete === true) answer.once('close', () => inTurn(socket, then));
  // It is that one's own body that is no HTTP: once its answer has begun, nothing can be said any more.
  else if (answer?.headersSent === true) socket.destroy();
  else then();
}

function sayWhy({ code: reason }: NodeJS.ErrnoException, socket: Socket): void {
  const [status, message, code] = STATUS[reason ?? ''] ?? MALFORMED;
  const body = JSON.stringify({ error: { message, type: 'invalid_request_error', param: null, code } });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: application/json; charset=utf-8\r\n` +
      `x-request-id: req_${randomUUID().replaceAll('-', '')}\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  socket.pause();
  socket.setTimeout(FAREWELL_MS, () => socket.destroy());
}

/** For the server's `checkExpectation`: `100-continue` is all that can be expected. */
export function refuseExpectation(request: IncomingMessage, response: ServerResponse): void {
  const error = new QuorumError('expectation_failed', 'Only "100-continue" can be expected.');
  fail(response, error, `req_${randomUUID().replaceAll('-', '')}`);
  request.resume();
}
