// Does this stretch of a stream hold anything worth parsing? One pass that skips most bytes, for every chunk of every stream.

/** A key whose value is null says nothing. `[DONE]` always does, and so does `"error"` as a value (vLLM's `"object":"error"`). */
const NEEDLES = ['"usage"', '"finish_reason"', '"error"', '[DONE]'].map((text) => Buffer.from(text));
const ERROR = NEEDLES[2];
const WINDOW = Math.min(...NEEDLES.map((needle) => needle.length));
const LOWER_N = 0x6e;
const QUOTE = 0x22;
const COLON = 0x3a;
const COMMA = 0x2c;
const CLOSE_LIST = 0x5d;
const CLOSE_OBJECT = 0x7d;

/** Horspool's rule for several needles at once, on the last WINDOW bytes of each: how far the window may move past this last byte. */
const SHIFT = new Uint8Array(256).fill(WINDOW);
for (const needle of NEEDLES) {
  const tail = needle.subarray(needle.length - WINDOW);
  for (let at = 0; at < WINDOW - 1; at++) SHIFT[tail[at]!] = Math.min(SHIFT[tail[at]!]!, WINDOW - 1 - at);
}

/** Whether one of the needles stands in `bytes` between `from` and `to` with a value that says something. */
export function hasNeedle(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from + WINDOW - 1; at < to;) {
    const byte = bytes[at]!;
    if (byte === QUOTE || byte === CLOSE_LIST) {
      for (const needle of NEEDLES) {
        if (endsAt(bytes, from, at, needle) && speaks(bytes, at + 1, to, needle)) return true;
      }
    }
    at += SHIFT[byte]!;
  }
  return false;
}

function endsAt(bytes: Uint8Array, from: number, last: number, needle: Uint8Array): boolean {
  const start = last - needle.length + 1;
  if (start < from) return false;
  for (let at = needle.length - 1; at >= 0; at--) if (bytes[start + at] !== needle[at]) return false;
  return true;
}

/** False when what follows the needle is `: null`, `: ""`, or shows that it is a value and not a key. */
function speaks(bytes: Uint8Array, after: number, to: number, needle: Uint8Array): boolean {
  if (needle[0] !== QUOTE) return true;
  let at = pastBlanks(bytes, after, to);
  const next = bytes[at];
  if (next === COMMA || next === CLOSE_OBJECT || next === CLOSE_LIST) return needle === ERROR;
  if (next !== COLON) return true;
  at = pastBlanks(bytes, at + 1, to);
  return !(bytes[at] === LOWER_N || (bytes[at] === QUOTE && bytes[at + 1] === QUOTE));
}

function pastBlanks(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && (bytes[at] === 0x20 || bytes[at] === 0x09)) at++;
  return at;
}
