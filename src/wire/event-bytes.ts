// Where events begin and end in the bytes of an event stream, and what data one carries.
// Lines end with LF, CR or CRLF; a blank line ends an event (WHATWG HTML, "Server-sent events").

const LF = 0x0a;
const CR = 0x0d;

/** The two bytes before a chunk. A blank line at the very start ends an (empty) event, hence line ends to begin with. */
export interface Before {
  readonly last: number;
  readonly beforeLast: number;
}
export const EVENT_START: Before = { last: LF, beforeLast: LF };

/** The index after the last blank line of `chunk`, or 0 when none ends in it. A CR that an LF may yet follow counts as ended. */
export function lastEventEnd(chunk: Uint8Array, before: Before): number {
  const at = (index: number): number | undefined =>
    index >= 0 ? chunk[index] : index === -1 ? before.last : before.beforeLast;
  let last = lastLineEnd(chunk, chunk.length - 1);
  while (last >= 0) {
    const start = chunk[last] === LF && at(last - 1) === CR ? last - 1 : last;
    if (isLineEnd(at(start - 1))) return last + 1;
    last = lastLineEnd(chunk, start - 1);
  }
  return 0;
}

/** The index after the blank line that ends the event starting at `from`, or the end of the bytes. */
export function eventEnd(bytes: Uint8Array, from: number): number {
  let lineStart = from;
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte !== LF && byte !== CR) continue;
    const blank = at === lineStart;
    if (byte === CR && bytes[at + 1] === LF) at++;
    if (blank) return at + 1;
    lineStart = at + 1;
  }
  return bytes.length;
}

/** The data of one event, its lines joined; null when it has none (a comment, a blank line). */
export function eventData(bytes: Uint8Array): string | null {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    .toString('utf8')
    .replace(/^\ufeff/, '');
  const lines = text.split(/\r\n|\n|\r/).filter((line) => line === 'data' || line.startsWith('data:'));
  if (lines.length === 0) return null;
  return lines.map((line) => line.slice(line[5] === ' ' ? 6 : 5)).join('\n');
}

function isLineEnd(byte: number | undefined): boolean {
  return byte === LF || byte === CR;
}

function lastLineEnd(chunk: Uint8Array, from: number): number {
  for (let at = from; at >= 0; at--) if (isLineEnd(chunk[at])) return at;
  return -1;
}
