// Answers are data. What in them speaks to the judge or the chairman is left out before either sees it; the client's answer is never touched.
import { readingsOf } from './reading.ts';
import { givesAway, isSuspect } from './rules.ts';

const NOTE = '[left out: it spoke to the judges]';
const CUT = '\n[the rest was left out]';
/** Longer pieces are looked at in slices. */
const SLICE = 400;
const SLICES = /[^]{1,400}/g;
/** Pieces this short may be one sentence in several lines. */
const SHORT = 40;
const WINDOW = 160;
const EDGE = 100;
const REACH = 4;
/** More sentences than this are not shown. */
const MOST_PIECES = 2_000;

const UNSEEN = /[\u00ad\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e01ef}]/gu;
/** After a sentence, a value of a list, or a line. */
const SEAM = /(?<=[.!?…]["')\]]?\s)|(?<=[。！？\n])|(?<=[,{[])(?=\s?(?:\{|"[^"\n]{2}))/;

function piecesOf(text: string): readonly string[] {
  return text
    .split(SEAM, MOST_PIECES + 1)
    .flatMap((piece) => (piece.length <= SLICE ? [piece] : (piece.match(SLICES) ?? [])));
}

const hasWords = (text: string): boolean => /[\p{L}\p{N}\p{So}<[]/u.test(text);
const speaks = (text: string): boolean => hasWords(text) && readingsOf(text).some(givesAway);

/** At most `limit` characters; sentences that address the judges are left out, everything else stays to the letter. */
export function defuse(text: string, limit: number): string {
  const seen = text.slice(0, limit).replace(UNSEEN, '');
  const pieces = piecesOf(seen);
  const isCut = text.length > limit || pieces.length > MOST_PIECES;
  const out = new Set<number>();
  for (const [index, piece] of pieces.entries()) if (speaks(piece)) out.add(index);
  for (const member of spreadOver(pieces, out)) out.add(member);
  for (const index of new Set(out)) shun(pieces, index, out);
  const shown = pieces
    .slice(0, MOST_PIECES)
    .map((piece, index) => (!out.has(index) ? piece : out.has(index - 1) ? '' : NOTE + ending(piece)))
    .join('');
  return isCut || shown.length > limit ? shown.slice(0, limit) + CUT : shown;
}

const ending = (piece: string): string => (piece.endsWith('\n') ? '\n' : ' ');

/** Pieces that only give themselves away together. Windows over short ones overlap by half. */
function* spreadOver(pieces: readonly string[], out: ReadonlySet<number>): Generator<number> {
  let offset = 0;
  let dueAt = 0;
  for (const [index, piece] of pieces.entries()) {
    const isShort = piece.length <= SHORT && (pieces[index + 1]?.length ?? 0) <= SHORT;
    if (!isShort || offset >= dueAt) {
      const together = spread(pieces, index, out);
      yield* together;
      dueAt = isShort && together.length === 0 && !out.has(index) ? offset + WINDOW / 2 : 0;
    }
    offset += piece.length;
  }
}

/** The pieces from `start` on that only together give themselves away: a sentence over a line's end, or one word a line. */
function spread(pieces: readonly string[], from: number, out: ReadonlySet<number>): readonly number[] {
  let start = from;
  if (out.has(start) || out.has(start + 1) || start + 1 >= pieces.length) return [];
  const [here, next] = [pieces[start]!, pieces[start + 1]!];
  if (here.length > SHORT || next.length > SHORT)
    return speaks(here.slice(-EDGE) + next.slice(0, EDGE)) ? [start, start + 1] : [];
  let end = start;
  let length = 0;
  while (end < pieces.length && !out.has(end) && pieces[end]!.length <= SHORT && length < WINDOW)
    length += pieces[end++]!.length;
  const together = (first: number, past: number): string =>
    pieces
      .slice(first, past)
      .map((piece) => piece.trim())
      .join(' ');
  if (!speaks(together(start, end))) return [];
  while (end - start > 2 && speaks(together(start + 1, end))) start += 1;
  while (end - start > 2 && speaks(together(start, end - 1))) end -= 1;
  return Array.from({ length: end - start }, (_, offset) => start + offset);
}

/** What stands beside it is of a kind with it while it sounds so, within bounds. */
function shun(pieces: readonly string[], index: number, out: Set<number>): void {
  for (const step of [1, -1])
    for (let at = index + step; pieces[at] !== undefined && !out.has(at) && Math.abs(at - index) <= REACH; at += step) {
      if (!hasWords(pieces[at]!)) continue;
      if (!readingsOf(pieces[at]!).some(isSuspect)) break;
      out.add(at);
    }
}
