// How deep lists and objects lie in one another in JSON that somebody else wrote. The limit protects the stack of whoever walks through
// it; and V8 takes a second and half a gigabyte to find out that five million brackets are no JSON.

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** What an upstream says. Callers have less: theirs is walked through more often. */
const MOST_LEVELS = 1_000;

/** JSON.parse for what an upstream said; throws for more than a thousand levels, too. */
export function parseAnswer(text: string): unknown {
  if (text.length > MOST_LEVELS) refuseDeep(Buffer.from(text));
  return JSON.parse(text);
}

/** Throws where it lies deeper than an upstream's answer may. */
export function refuseDeep(bytes: Uint8Array): void {
  if (tooDeepAt(bytes, MOST_LEVELS) !== -1) throw new SyntaxError(`More than ${MOST_LEVELS} levels of JSON.`);
}

/** Byte at which the nesting first passes `most` levels, or -1. */
export function tooDeepAt(bytes: Uint8Array, most: number): number {
  const { length } = bytes;
  if (opensAtMost(most, bytes)) return -1;
  let depth = 0;
  for (let at = 0; at < length; at++) {
    const byte = bytes[at]!;
    if (byte === QUOTE) {
      for (at++; at < length && bytes[at] !== QUOTE; at++) if (bytes[at] === BACKSLASH) at++;
    } else if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
      if (++depth > most) return at;
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) depth--;
  }
  return -1;
}

/** Whether that few lists and objects begin, strings taken for more of them. Long texts are gone through at the speed of `memchr`. */
function opensAtMost(most: number, bytes: Uint8Array): boolean {
  if (bytes.length <= most) return true;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let left = most;
  for (const open of [OPEN_OBJECT, OPEN_LIST])
    for (let at = buffer.indexOf(open); at !== -1; at = buffer.indexOf(open, at + 1)) if (left-- === 0) return false;
  return true;
}
