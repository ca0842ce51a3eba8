// Reads a request's body, whole and within the limit.
import type { IncomingMessage } from 'node:http';
import { QuorumError } from '../contract/index.ts';
import { packPieces } from '../wire/index.ts';

const BY_CONFIG = ' (server.body_limit in the config)';

/** `setBy`: what may raise the limit, empty where nothing does. Rejects with `request_too_large`, or `client_closed` when the client leaves first. */
export function readBody(request: IncomingMessage, limitBytes: number, setBy = BY_CONFIG): Promise<Uint8Array> {
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    return Promise.reject(
      new QuorumError(
        'invalid_value',
        `Send the body without content-encoding; "${encoding.slice(0, 40)}" is not understood.`,
        { param: 'content-encoding' },
      ),
    );
  }
  const told = Number(request.headers['content-length']);
  if (told > limitBytes) return Promise.reject(tooLarge(limitBytes, setBy));
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    let packed = 0;
    const onData = (part: Buffer): void => {
      bytes += part.length;
      parts.push(part);
      packed = packPieces(parts, packed);
      if (bytes > limitBytes) {
        leave();
        reject(tooLarge(limitBytes, setBy));
      }
      // It is all there: the stream's own end comes two turns later.
      else if (bytes === told) onEnd();
    };
    const onEnd = (): void => {
      leave();
      resolve(parts.length === 1 ? parts[0]! : Buffer.concat(parts, bytes));
    };
    const onClose = (): void => {
      leave();
      reject(new QuorumError('client_closed', 'The client left before its request was there.'));
    };
    // The request lives as long as its answer goes on, and would hold all of this.
    const leave = (): void => {
      request.off('data', onData);
      request.off('end', onEnd);
      request.off('close', onClose);
    };
    request.on('data', onData);
    request.on('end', onEnd);
    request.on('close', onClose);
    request.on('error', ignore);
  });
}

const ignore = (): void => {};
export const tooLarge = (limitBytes: number, setBy = BY_CONFIG): QuorumError =>
  new QuorumError('request_too_large', `The body is larger than ${limitBytes} bytes${setBy}.`, { shouldRetry: false });
