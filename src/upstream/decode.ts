// Bodies that came compressed although we asked for plain ones.
import { promisify } from 'node:util';
import {
  brotliDecompress,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  gunzip,
  inflate,
  inflateRaw,
} from 'node:zlib';
import type { Transform } from 'node:stream';
import type { Headers } from './status.ts';

type Whole = (bytes: Buffer, options: { readonly maxOutputLength: number }) => Promise<Buffer>;

interface Decoding {
  readonly whole: Whole;
  readonly stream: () => Transform;
}

const GZIP: Decoding = { whole: promisify(gunzip), stream: () => createGunzip() };
const BROTLI: Decoding = { whole: promisify(brotliDecompress), stream: () => createBrotliDecompress() };
const DEFLATE: Decoding = { whole: promisify(inflate), stream: () => createInflate() };
const RAW_DEFLATE: Decoding = { whole: promisify(inflateRaw), stream: () => createInflateRaw() };

/** `deflate` means zlib's wrapping, but some servers send it bare; its first byte tells. */
const deflateOf = (first: Buffer): Decoding => (((first[0] ?? 0) & 0x0f) === 8 ? DEFLATE : RAW_DEFLATE);

/** null: an encoding that nobody knows. */
function decodingOf(encoding: string, first: Buffer): Decoding | null {
  switch (encoding.trim().toLowerCase()) {
    case 'gzip':
    case 'x-gzip':
      return GZIP;
    case 'br':
      return BROTLI;
    case 'deflate':
      return deflateOf(first);
    default:
      return null;
  }
}

/** The `content-encoding` that has to be undone; null where there is none. */
export function encodingOf(headers: Headers): string | null {
  const encoding = headers['content-encoding'];
  if (encoding === undefined || encoding === '' || encoding === 'identity') return null;
  return typeof encoding === 'string' ? encoding : encoding.join(', ');
}

/** Rejects when it isn't what it says it is, or is longer than `limit` bytes. */
export async function decodeWhole(encoding: string, bytes: Buffer, limit: number): Promise<Buffer> {
  const decoding = decodingOf(encoding, bytes);
  if (decoding === null) throw new Error('unknown content-encoding');
  return decoding.whole(bytes, { maxOutputLength: limit });
}

/** A few bytes can unfold to gigabytes; no answer is that long. */
const MOST_UNFOLDED_BYTES = 256 * 1024 * 1024;

/** Who takes what was unfolded; exactly one of `end` and `fail` comes last, unless it was given up. */
interface Unfolded {
  data(decoded: Buffer): void;
  end(): void;
  /** `what` it does that it shouldn't. */
  fail(what: string): void;
  /** There is room again, after `feed` said no. */
  room(): void;
}

/** Decodes as bytes come, and no further while it is paused. */
export interface Unfolding {
  /** Has no more room than for this; goes on at `room`. */
  readonly isFull: boolean;
  feed(chunk: Buffer): void;
  end(): void;
  pause(): void;
  resume(): void;
  giveUp(): void;
}

/** null for an encoding that nobody knows; `first` only tells which it is. */
export function openUnfolding(encoding: string, first: Buffer, into: Unfolded): Unfolding | null {
  const decoder = decodingOf(encoding, first)?.stream();
  if (decoder === undefined) return null;
  let bytes = 0;
  decoder.on('data', (decoded: Buffer) => {
    bytes += decoded.length;
    if (bytes <= MOST_UNFOLDED_BYTES) into.data(decoded);
    else decoder.destroy(new Error('too long'));
  });
  decoder.on('end', () => into.end());
  decoder.on('error', () =>
    into.fail(bytes <= MOST_UNFOLDED_BYTES ? "can't be decompressed" : 'unfolds to far more than an answer'),
  );
  decoder.on('drain', () => into.room());
  return {
    get isFull() {
      return decoder.writableNeedDrain;
    },
    feed: (chunk) => void decoder.write(chunk),
    end: () => void decoder.end(),
    pause: () => void decoder.pause(),
    resume: () => void decoder.resume(),
    giveUp: () => void decoder.destroy(),
  };
}
