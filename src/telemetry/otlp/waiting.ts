// Spans that wait to be sent, as bytes: texts that were put together and are held on to keep the garbage collector busy, bytes don't.

interface Waiting {
  /** Texts of spans; false when there is no more room. */
  add(spans: string): boolean;
  /** The oldest that fit into one body, separated by commas; null: none. */
  take(): Uint8Array | null;
  /** There is a full body. */
  readonly isFull: boolean;
}

const BODY_BYTES = 512 * 1024;
const MOST_BODIES = 16;
const COMMA = 44;

export function createWaiting(): Waiting {
  const full: Uint8Array[] = [];
  let open = Buffer.allocUnsafeSlow(BODY_BYTES);
  let length = 0;

  function seal(): void {
    // A copy: `open` is used again, and a body lives until it is sent.
    full.push(Uint8Array.prototype.slice.call(open, 0, length));
    length = 0;
  }

  return {
    get isFull() {
      return full.length > 0;
    },
    add(spans) {
      // No character takes more than three bytes for each of its units.
      const most = spans.length * 3 + 1;
      if (most > BODY_BYTES) return false;
      if (length + most > BODY_BYTES) {
        if (full.length >= MOST_BODIES) return false;
        seal();
      }
      if (length > 0) open[length++] = COMMA;
      length += open.write(spans, length);
      return true;
    },
    take() {
      if (full.length === 0 && length > 0) seal();
      return full.shift() ?? null;
    },
  };
}
