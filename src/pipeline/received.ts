// How much of a stream came, for one that ends without telling its usage.

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
/** Ends of the names of every field that carries generated text; `content` is also the end of `reasoning_content`. */
const FIELDS = ['content":', 'arguments":'].map((text) => Buffer.from(text));
/** A token of English, a short one at that. */
const BYTES_PER_TOKEN = 4;

export interface Received {
  push(bytes: Uint8Array): void;
  /** Tokens of output: as a rule a piece is one; where pieces are longer, their bytes are counted. */
  tokens(): number;
}

/** Looks for texts without parsing. A piece that is torn between two chunks may be missed: it is an estimate. */
export function createReceived(): Received {
  let pieces = 0;
  let textBytes = 0;
  return {
    push(chunk) {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      for (const field of FIELDS) {
        for (let at = bytes.indexOf(field); at >= 0; at = bytes.indexOf(field, at)) {
          const start = textStart(bytes, at + field.length);
          at = start < 0 ? at + field.length : textEnd(bytes, start);
          if (start < 0 || at === start) continue;
          pieces += 1;
          textBytes += at - start;
        }
      }
    },
    tokens: () => Math.max(pieces, Math.ceil(textBytes / BYTES_PER_TOKEN)),
  };
}

/** Below zero: no text stands there. */
function textStart(bytes: Buffer, at: number): number {
  const quote = bytes[at] === SPACE ? at + 1 : at;
  return bytes[quote] === QUOTE ? quote + 1 : -1;
}

function textEnd(bytes: Buffer, start: number): number {
  for (let at = start; at < bytes.length; at += 1) {
    if (bytes[at] === QUOTE) return at;
    if (bytes[at] === BACKSLASH) at += 1;
  }
  return bytes.length;
}
