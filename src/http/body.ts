// Reads a request's body, whole and within the limit.
import type { IncomingMessage } from 'node:http';
import { QuorumError } from '../contract/index.ts';
import { packPieces } from '../wire/index.ts';

/** Past the limit the rest is read and thrown away, up to this much, so that the client gets to read the error. */
const DRAIN_BYTES = 64 * 1024 * 1024;

/** `setBy`: what may raise the limit, empty where nothing does. Rejects with `request_too_large`, or `client_closed` when the client leaves first. */
export function readBody(
  request: IncomingMessage,
  limitBytes: number,
  setBy = ' (server.body_limit in the config)',
): Promise<Uint8Array> {
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    request.resume();
    return Promise.reject(
      new QuorumError(
        'invalid_value',
        `Send the body without content-encoding; "${encoding.slice(0, 40)}" is not understood.`,
        { param: 'content-encoding' },
      ),
    );
  }
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    const told = Number(request.headers['content-length']);
    let bytes = 0;
    let packed = 0;
    const onData = (part: Buffer): void => {
      bytes += part.length;
      if (bytes <= limitBytes) {
        parts.push(part);
        packed = packPieces(parts, packed);
      } else if (bytes > limitBytes + DRAIN_BYTES) request.destroy();
      // It is all there: the stream's own end comes two turns later.
      if (bytes === told) onEnd();
    };
    const onEnd = (): void => {
      leave();
      if (bytes > limitBytes) reject(tooLarge(limitBytes, setBy));
      else resolve(parts.length === 1 ? parts[0]! : Buffer.concat(parts, bytes));
    };
    const onClose = (): void => {
      leave();
      reject(
        bytes > limitBytes
          ? tooLarge(limitBytes, setBy)
          : new QuorumError('client_closed', 'The client left before its request was there.'),
      );
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
const tooLarge = (limitBytes: number, setBy: string): QuorumError =>
  new QuorumError('request_too_large', `The body is larger than ${limitBytes} bytes${setBy}.`, { shouldRetry: false });
