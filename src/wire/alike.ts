// Most events of a stream are the one before them with another text: those needn't be read to be understood.

export interface Alike {
  /** Bytes of the text, where `event` is the one that was remembered but for its text; else -1. */
  textBytesOf(event: Uint8Array): number;
  /** Of an event that was read: `text` is all that matters in it. */
  remember(event: Uint8Array, text: string): void;
}

/** Where a text may stand, as servers write it. */
const BEFORE_TEXT = ['content', 'reasoning_content', 'reasoning'].flatMap((name) => [`"${name}":"`, `"${name}": "`]);
/** No two events of some streams are alike: after so many nobody looks any more. */
const MOST_IN_VAIN = 8;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;

export function createAlike(): Alike {
  let head: Uint8Array | null = null;
  let tail = new Uint8Array();
  let inVain = 0;
  return {
    textBytesOf(event) {
      if (head === null) return -1;
      const end = event.length - tail.length;
      if (end < head.length) return -1;
      for (let at = 0; at < head.length; at++) if (event[at] !== head[at]) return -1;
      for (let at = 0; at < tail.length; at++) if (event[end + at] !== tail[at]) return -1;
      // An escape would have to be read, and anything below a space is no JSON.
      for (let at = head.length; at < end; at++) {
        const byte = event[at]!;
        if (byte === QUOTE || byte === BACKSLASH || byte < SPACE) return -1;
      }
      inVain = 0;
      return end - head.length;
    },
    remember(event, text) {
      if (inVain >= MOST_IN_VAIN || JSON.stringify(text).length !== text.length + 2) return;
      inVain += 1;
      const bytes = Buffer.from(event.buffer, event.byteOffset, event.byteLength);
      for (const before of BEFORE_TEXT) {
        const found = bytes.indexOf(`${before}${text}"`);
        if (found < 0) continue;
        const from = found + before.length;
        head = Uint8Array.from(event.subarray(0, from));
        tail = Uint8Array.from(event.subarray(from + Buffer.byteLength(text)));
        return;
      }
    },
  };
}
