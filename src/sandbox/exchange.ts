// One request and its answer on the socket: reading a bounded body, answering whole or event by event, noticing who leaves.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { QuorumError, sleep, type Clock } from '../contract/index.ts';

const MAX_BODY_BYTES = 25 * 1024 * 1024;

/** The client has gone, or the sandbox closes: nothing more is to be done. */
export class Gone extends Error {}

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly signal: AbortSignal;
  /** Simulated milliseconds, shortened by the speed-up. */
  pause(ms: number): Promise<void>;
  /** Resolves when the socket wants more. */
  write(text: string): Promise<void>;
}

export function createExchange(
  request: IncomingMessage,
  response: ServerResponse,
  clock: Clock,
  speedup: number,
  active: Set<AbortController>,
): Exchange {
  const leaving = new AbortController();
  const { signal } = leaving;
  active.add(leaving);
  const leave = (): void => {
    active.delete(leaving);
    leaving.abort(new Gone());
  };
  response.once('close', leave);
  // A reset in the middle is the client's way of leaving, not an error of ours.
  response.on('error', leave);
  request.on('error', leave);
  const pause = async (ms: number): Promise<void> => {
    signal.throwIfAborted();
    const waitMs = ms / speedup;
    if (waitMs > 0) await sleep(clock, waitMs, signal);
  };
  return { request, response, signal, pause, write: (text) => write(response, text, signal) };
}

function write(response: ServerResponse, text: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (response.write(text)) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      response.off('drain', settle);
      signal.removeEventListener('abort', settle);
      if (signal.aborted) reject(signal.reason as Error);
      else resolve();
    };
    response.on('drain', settle);
    signal.addEventListener('abort', settle, { once: true });
  });
}

/** The whole body. Too long a one is read to its end and thrown away, so that the client sees the 413. */
export function readBody({ request, signal }: Exchange): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= MAX_BODY_BYTES) chunks.push(chunk);
      else chunks.length = 0;
    });
    request.once('end', () => {
      if (size <= MAX_BODY_BYTES) resolve(Buffer.concat(chunks));
      else reject(new QuorumError('request_too_large', `The body has ${size} bytes; ${MAX_BODY_BYTES} are the limit.`));
    });
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}

export function sendJson(
  { response }: Exchange,
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const body = Buffer.from(JSON.stringify(value));
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length, ...headers });
  response.end(body);
}

export function openStream({ response }: Exchange): void {
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
  });
  response.flushHeaders();
}
