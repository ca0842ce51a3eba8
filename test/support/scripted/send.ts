// Sends an answer the way its script wants: late, in crumbs, compressed, cut off, or not at all.
import type { ServerResponse } from 'node:http';
import { constants, createGzip } from 'node:zlib';
import type { Answer, Piece } from './answer.ts';
import type { Script } from './script.ts';

export interface Exit {
  /** Aborted when the client leaves. */
  readonly gone: AbortSignal;
  /** Told before the connection is cut from here, so that it isn't taken for a client that left. */
  readonly cutting: () => void;
}

/** Resolves when nothing more will be sent. */
export async function send(
  response: ServerResponse,
  answer: Answer,
  script: Script,
  { gone, cutting }: Exit,
): Promise<void> {
  const cutOff = (): void => {
    cutting();
    if (script.reset) response.socket?.resetAndDestroy();
    else response.socket?.destroy();
  };
  await waited(script.delayMs ?? 0, gone);
  if (gone.aborted || script.stall === true || script.stall === 'before-headers') return;
  if (script.cut === 'before-headers') {
    cutOff();
    return;
  }
  const pieces = crumbs(shortened(answer, script), script);
  response.writeHead(answer.status, headersOf(answer, script));
  response.flushHeaders();
  if (script.stall === 'after-headers') return;
  const write = script.gzip
    ? compressed(response)
    : (bytes: Uint8Array | null): Promise<void> => written(response, bytes);
  for (const { delayMs, bytes } of pieces) {
    await waited(delayMs, gone);
    if (gone.aborted) return;
    await write(bytes);
  }
  if (script.stall === 'mid-stream') return;
  if (script.cut !== undefined) cutOff();
  else if (script.gzip) await write(null);
  else response.end();
}

function headersOf({ streamed, headers, pieces }: Answer, script: Script): Record<string, string> {
  const length = pieces.reduce((sum, { bytes }) => sum + bytes.length, 0);
  return {
    ...headers,
    'x-request-id': 'req_scripted',
    ...(!streamed && !script.gzip && { 'content-length': String(length) }),
    ...(script.gzip && { 'content-encoding': 'gzip' }),
    ...script.headers,
  };
}

/** What is sent before a cut or a silence in the middle. */
function shortened({ pieces }: Answer, { cut, stall }: Script): readonly Piece[] {
  if (stall !== 'mid-stream' && cut === undefined) return pieces;
  const half = Math.floor(pieces.length / 2);
  if (stall === 'mid-stream') return pieces.slice(0, Math.max(1, half));
  const sizes = pieces.map(({ bytes }) => bytes.length);
  const before = sizes.slice(0, half).reduce((sum, size) => sum + size, 0);
  let left = typeof cut === 'number' ? cut : before + Math.floor((sizes[half] ?? 0) / 2);
  return pieces.flatMap(({ delayMs, bytes }) => {
    const part = bytes.subarray(0, left);
    left -= part.length;
    return part.length === 0 ? [] : [{ delayMs, bytes: part }];
  });
}

function crumbs(pieces: readonly Piece[], { trickle }: Script): readonly Piece[] {
  if (!trickle) return pieces;
  return pieces.flatMap(({ delayMs, bytes }) =>
    Array.from({ length: Math.ceil(bytes.length / trickle.bytes) }, (_, at) => ({
      delayMs: at === 0 ? Math.max(delayMs, trickle.everyMs) : trickle.everyMs,
      bytes: bytes.subarray(at * trickle.bytes, (at + 1) * trickle.bytes),
    })),
  );
}

/** Resolves when the bytes have left, or the client has. */
function written(response: ServerResponse, bytes: Uint8Array | null): Promise<void> {
  return new Promise((resolve) => {
    if (bytes === null || bytes.length === 0 || response.destroyed) resolve();
    else response.write(bytes, () => resolve());
  });
}

/** Each piece is flushed, so that a compressed stream still arrives piece by piece; null ends it. */
function compressed(response: ServerResponse): (bytes: Uint8Array | null) => Promise<void> {
  const gzip = createGzip({ flush: constants.Z_SYNC_FLUSH });
  gzip.pipe(response);
  return (bytes) =>
    new Promise((resolve) => {
      if (bytes === null) gzip.end(resolve);
      else gzip.write(bytes, () => gzip.flush(() => resolve()));
    });
}

/** Real time; over at once when the client leaves. */
function waited(ms: number, gone: AbortSignal): Promise<void> {
  if (ms <= 0 || gone.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const over = (): void => {
      clearTimeout(timer);
      gone.removeEventListener('abort', over);
      resolve();
    };
    const timer = setTimeout(over, ms);
    gone.addEventListener('abort', over);
  });
}
