// Bytes that come in pieces and are wanted whole: however small the pieces, they take hardly more memory than they have bytes.

/** A piece of its own costs some two hundred bytes; and a small one keeps alive what it was cut from. */
const MOST_LOOSE = 1024;

/**
 * After each push. Those before `packed` were packed together already, what it gives is the next `packed`: each byte is copied
 * once, and only where pieces are many.
 */
export function packPieces(pieces: Uint8Array[], packed: number): number {
  if (pieces.length - packed < MOST_LOOSE) return packed;
  pieces.push(Buffer.concat(pieces.splice(packed)));
  return pieces.length;
}
