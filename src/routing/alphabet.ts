// What each UTF-16 unit is to the classifier, and its folded form: case, accents and width don't matter.

export const LETTER = 1;
export const DIGIT = 2;
/** Scripts written without spaces: Han, kana, Hangul, Thai. Read in pairs of characters. */
export const DENSE = 3;
export const SPACE = 4;
/** Markdown's emphasis and what can't be seen: never ends a word. */
export const MARK = 5;

/** Below it letters have case and accents; above it nothing is folded but full-width forms. */
const FOLDED_BELOW = 0x530;

export const KIND = new Uint8Array(0x10000);
/** Lower case without accents. */
export const FOLD = new Uint16Array(0x10000);
/** Lower case. */
const LOWER = new Uint16Array(0x10000);

const within = (from: number, to: number, kind: number): void => void KIND.fill(kind, from, to + 1);

within(0x0590, 0x0dff, LETTER);
within(0x0e00, 0x0eff, DENSE);
within(0x10a0, 0x10ff, LETTER);
within(0x1e00, 0x1fff, LETTER);
within(0x3041, 0x3096, DENSE);
within(0x30a1, 0x30fa, DENSE);
within(0x30fc, 0x30fc, DENSE);
within(0x3400, 0x4dbf, DENSE);
within(0x3005, 0x3005, DENSE);
within(0x4e00, 0x9fff, DENSE);
within(0xac00, 0xd7a3, DENSE);
within(0xf900, 0xfaff, DENSE);
within(0x0300, 0x036f, MARK);
within(0x200b, 0x200f, MARK);
within(0x2060, 0x2064, MARK);
within(0xfe00, 0xfe0f, MARK);
for (const code of [0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x20, 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000])
  KIND[code] = SPACE;
within(0x2000, 0x200a, SPACE);
for (const mark of ['*', '_', '~', '`', '\u00ad', '\ufeff']) KIND[mark.charCodeAt(0)] = MARK;

for (let code = 0; code < 0x10000; code += 1) FOLD[code] = LOWER[code] = code;
for (let code = 0; code < FOLDED_BELOW; code += 1) foldUnit(code, String.fromCharCode(code));
for (let code = 0xff01; code <= 0xff5e; code += 1) foldUnit(code, String.fromCharCode(code - 0xfee0));
within(0xff66, 0xff9d, DENSE);

function foldUnit(code: number, character: string): void {
  const lower = character.toLowerCase();
  LOWER[code] = lower.length === 1 ? lower.charCodeAt(0) : code;
  FOLD[code] = lower.normalize('NFKD').charCodeAt(0);
  if (/\p{L}/u.test(character)) KIND[code] = LETTER;
  else if (/[0-9]/.test(character)) KIND[code] = DIGIT;
}
