// Where events begin and end in the bytes of an event stream, and what data one carries.
// Lines end with LF, CR or CRLF; a blank line ends an event (WHATWG HTML, "Server-sent events").

import { packPieces } from './packed.ts';

const LF = 0x0a;
const CR = 0x0d;

const MUCH_LARGER = 4;

interface EventCutter {
  /** The whole events that are in so far and not yet given out: `chunk` itself when it is just that. Null when no event ends in it. */
  push(chunk: Uint8Array): Uint8Array | null;
  /** What is left of an event that didn't end. */
  rest(): Uint8Array;
}

/** Holds half events back. Throws when one grows beyond `maxBytes`; each byte is looked at once, however it is cut. */
export function createEventCutter(maxBytes: number): EventCutter {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  let packed = 0;
  /** Of what is held; a line end where an event starts. */
  let lastByte = LF;

  const hold = (part: Uint8Array): void => {
    if (part.length === 0) return;
    heldBytes += part.length;
    if (heldBytes > maxBytes) throw new Error(`An event of the stream is longer than ${maxBytes} bytes.`);
    // A small rest would keep the whole chunk that it is a piece of.
    held.push(part.length * MUCH_LARGER < part.buffer.byteLength ? Uint8Array.from(part) : part);
    packed = packPieces(held, packed);
    lastByte = part[part.length - 1]!;
  };
  const release = (part: Uint8Array): Uint8Array => {
    if (heldBytes === 0) return part;
    const whole = Buffer.concat([...held, part]);
    held = [];
    heldBytes = 0;
    packed = 0;
    lastByte = LF;
    return whole;
  };

  return {
    push(chunk) {
      const end = lastEventEnd(chunk, lastByte);
      if (end === chunk.length && end > 0) return release(chunk);
      if (end === 0) {
        hold(chunk);
        return null;
      }
      const events = release(chunk.subarray(0, end));
      hold(chunk.subarray(end));
      return events;
    },
    rest: () => release(new Uint8Array()),
  };
}

/**
 * The index after the last blank line of `chunk`, or 0 when none ends in it. `byteBefore` is what the chunk follows on: a line end
 * at the start of an event. A CR that an LF may yet follow counts as ended: that LF then is a blank line, which says nothing.
 */
function lastEventEnd(chunk: Uint8Array, byteBefore: number): number {
  const at = (index: number): number | undefined => (index === -1 ? byteBefore : chunk[index]);
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
  const line = onlyDataLine(bytes);
  if (line !== null) return line;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    .toString('utf8')
    .replace(/^\ufeff/, '');
  const lines = text.split(/\r\n|\n|\r/).filter((line) => line === 'data' || line.startsWith('data:'));
  if (lines.length === 0) return null;
  return lines.map((line) => line.slice(line[5] === ' ' ? 6 : 5)).join('\n');
}

const DATA = Buffer.from('data:');
const SPACE = 0x20;

/** The rule: one line of data and nothing else. null: look closer. */
function onlyDataLine(bytes: Uint8Array): string | null {
  for (let at = 0; at < DATA.length; at++) if (bytes[at] !== DATA[at]) return null;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = buffer.indexOf(LF);
  if (end < 0 || end < buffer.length - 2 || (buffer[end + 1] ?? LF) !== LF) return null;
  const text = buffer.toString('utf8', bytes[DATA.length] === SPACE ? DATA.length + 1 : DATA.length, end);
  return text.includes('\r') ? null : text;
}

function isLineEnd(byte: number | undefined): boolean {
  return byte === LF || byte === CR;
}

function lastLineEnd(chunk: Uint8Array, from: number): number {
  for (let at = from; at >= 0; at--) if (isLineEnd(chunk[at])) return at;
  return -1;
}
