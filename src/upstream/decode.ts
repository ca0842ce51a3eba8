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

/** Decodes as bytes come; null for an encoding that nobody knows. */
export const openDecoder = (encoding: string, first: Buffer): Transform | null =>
  decodingOf(encoding, first)?.stream() ?? null;
