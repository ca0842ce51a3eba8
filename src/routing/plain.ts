// A text as patterns see it: its ends, in lower case, with single spaces, without emphasis, heading and quotation marks.
import { DIGIT, KIND, LETTER, MARK, SPACE } from './alphabet.ts';

const HEAD_UNITS = 768;
const TAIL_UNITS = 256;
/** What has to be taken out: runs of spaces, unusual ones, marks, and signs at the beginning of a line. */
const UNTIDY = /\s{2}|[\t\r\f\v\u00a0\u2000-\u200f\u3000*_~`\u00ad\ufeff]|^[\s#>•-]|\n[#>•-]/;

const buffer = new Uint16Array(HEAD_UNITS + TAIL_UNITS + 1);
const bytes = Buffer.from(buffer.buffer);

/** Of `text` up to `to`; at most 1,025 units. */
export function plainOf(text: string, to: number): string {
  const whole = to <= HEAD_UNITS + TAIL_UNITS;
  const taken = whole ? text.slice(0, to) : `${text.slice(0, HEAD_UNITS)}\n${text.slice(to - TAIL_UNITS, to)}`;
  return (UNTIDY.test(taken) ? tidy(taken) : taken).toLowerCase();
}

const NEWLINE = 0x0a;
/** A heading's, a quotation's, or with a space behind it a list's: `-1` is a number. */
const isSign = (text: string, at: number, code: number): boolean =>
  code === 0x23 || code === 0x3e || code === 0x2022 || (code === 0x2d && KIND[text.charCodeAt(at + 1)] === SPACE);

function tidy(text: string): string {
  let length = 0;
  let lineStart = true;
  let spaced = true;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    const kind = KIND[code]!;
    if (kind === SPACE) {
      if (!spaced) buffer[length++] = 0x20;
      if (code === NEWLINE) {
        lineStart = true;
        if (length > 0) buffer[length - 1] = NEWLINE;
      }
      spaced = true;
      continue;
    }
    if (kind === MARK ? isEmphasis(text, at) : lineStart && isSign(text, at, code)) continue;
    buffer[length++] = code;
    lineStart = false;
    spaced = false;
  }
  return bytes.toString('utf16le', 0, length * 2);
}

/** A mark between two words or two spaces is itself (`3 * 4`, `snake_case`), and so is a fence; any other is formatting. */
function isEmphasis(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  if (code > 0x7f) return true;
  if (code === 0x60)
    return !text.startsWith('```', at) && !text.startsWith('```', at - 1) && !text.startsWith('```', at - 2);
  const before = at === 0 ? SPACE : KIND[text.charCodeAt(at - 1)];
  const after = at + 1 === text.length ? SPACE : KIND[text.charCodeAt(at + 1)];
  if (before === SPACE) return after !== SPACE;
  return !(isWord(before) && isWord(after));
}

const isWord = (kind: number | undefined): boolean => kind === LETTER || kind === DIGIT;
