// A text in pieces that read well while they arrive: a word at a time, more at a time when there is much.

const MAX_PIECES = 200;
/** How far a piece may grow beyond its share in search of the end of a word. */
const MAX_STRETCH = 24;

export interface Piece {
  readonly text: string;
  readonly tokens: readonly { readonly token: string; readonly logprob: number }[];
}

/** At most 200 pieces that make up the text again; cut after blanks where there are any, never inside a surrogate pair. */
export function piecesOf(text: string | null | undefined): string[] {
  if (!text) return [];
  const share = Math.ceil(text.length / MAX_PIECES);
  const pieces: string[] = [];
  for (let start = 0; start < text.length;) {
    const end = cutAfter(text, start + share);
    pieces.push(text.slice(start, end));
    start = end;
  }
  return pieces;
}

/** The same along the answer's tokens, each piece with its own; all tokens with the whole text when they don't spell it. */
export function tokenPieces(text: string, tokens: Piece['tokens']): Piece[] {
  if (tokens.map(({ token }) => token).join('') !== text) return [{ text, tokens }];
  const share = Math.max(1, Math.ceil(tokens.length / MAX_PIECES));
  const pieces: Piece[] = [];
  for (let start = 0; start < tokens.length; start += share) {
    const own = tokens.slice(start, start + share);
    pieces.push({ text: own.map(({ token }) => token).join(''), tokens: own });
  }
  return pieces.length === 0 ? [{ text, tokens }] : pieces;
}

function cutAfter(text: string, wanted: number): number {
  const limit = Math.min(text.length, wanted + MAX_STRETCH);
  for (let end = wanted; end < limit; end++) {
    if (isBlank(text, end - 1) && !isBlank(text, end)) return end;
  }
  const splitsPair = limit < text.length && (text.charCodeAt(limit) & 0xfc00) === 0xdc00;
  return splitsPair ? limit + 1 : limit;
}

function isBlank(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}
