// Answers are data. What in them speaks to the judge or the chairman is left out before either sees it; the client's answer is never touched.
import { readingsOf } from './reading.ts';
import { givesAway, isSuspect } from './rules.ts';

const NOTE = '[left out: it spoke to the judges]';
const CUT = '\n[the rest was left out]';
/** Longer pieces are looked at in slices. */
const SLICE = 400;
/** Pieces this short may be one sentence in several lines. */
const SHORT = 40;
const WINDOW = 160;
const EDGE = 100;
/** Beyond it an answer is chopped into slices rather than sentences. */
const MOST_PIECES = 1_500;

const UNSEEN = /[\u00ad\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e01ef}]/gu;
/** After a sentence, a value of a list, or a line. */
const SEAM = /(?<=[.!?…]["')\]]?\s)|(?<=[。！？\n])|(?<=[,{[])(?=\s?["{[])/;

function piecesOf(text: string): readonly string[] {
  const sentences = text.split(SEAM);
  const rough = sentences.length > MOST_PIECES ? [text] : sentences;
  return rough.flatMap((piece) =>
    piece.length <= SLICE ? [piece] : (piece.match(new RegExp(`[^]{1,${SLICE}}`, 'g')) ?? []),
  );
}

const hasWords = (text: string): boolean => /[\p{L}\p{N}<[]/u.test(text);
const speaks = (text: string): boolean => hasWords(text) && readingsOf(text).some(givesAway);

/** At most `limit` characters; sentences that address the judges are left out, everything else stays to the letter. */
export function defuse(text: string, limit: number): string {
  const pieces = piecesOf(text.slice(0, limit).replace(UNSEEN, ''));
  const out = new Set<number>();
  for (const [index, piece] of pieces.entries()) if (speaks(piece)) out.add(index);
  for (const index of pieces.keys()) for (const member of spread(pieces, index, out)) out.add(member);
  for (const index of new Set(out)) shun(pieces, index, out);
  const shown = pieces
    .map((piece, index) => (!out.has(index) ? piece : out.has(index - 1) ? '' : NOTE + ending(piece)))
    .join('');
  return shown.length > limit || text.length > limit ? shown.slice(0, limit) + CUT : shown;
}

const ending = (piece: string): string => (piece.endsWith('\n') ? '\n' : ' ');

/** The pieces from `start` on that only together give themselves away: a sentence over a line's end, or one word a line. */
function spread(pieces: readonly string[], start: number, out: ReadonlySet<number>): readonly number[] {
  if (out.has(start) || out.has(start + 1) || start + 1 >= pieces.length) return [];
  const [here, next] = [pieces[start]!, pieces[start + 1]!];
  if (here.length > SHORT || next.length > SHORT)
    return speaks(`${here.slice(-EDGE).trim()} ${next.slice(0, EDGE)}`) ? [start, start + 1] : [];
  let joined = here.trim();
  let end = start + 1;
  while (end < pieces.length && !out.has(end) && pieces[end]!.length <= SHORT && joined.length < WINDOW)
    joined += ` ${pieces[end++]!.trim()}`;
  return speaks(joined) ? Array.from({ length: end - start }, (_, offset) => start + offset) : [];
}

/** What stands beside it is of a kind with it while it sounds so. */
function shun(pieces: readonly string[], index: number, out: Set<number>): void {
  for (const step of [1, -1])
    for (let at = index + step; pieces[at] !== undefined && !out.has(at); at += step) {
      if (!hasWords(pieces[at]!)) continue;
      if (!readingsOf(pieces[at]!).some(isSuspect)) break;
      out.add(at);
    }
}
