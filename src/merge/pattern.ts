// Regular expressions of callers, run so that no text can make them slow.

export interface Pattern {
  test(text: string): boolean;
}

const MAX_TEXT = 2_000;
const MAX_PATTERN = 1_000;

/** Where matching could take longer than linear in the text: a repeated group that itself repeats or offers alternatives. */
function isRisky(source: string): boolean {
  const plain = source.replace(/\\[^]/g, 'x').replace(/\[[^\]]*\]/g, 'x');
  if (/\\\d|\\k</.test(source)) return true;
  const repeats = plain.match(/[*+]|\{\d+,\d*\}/g)?.length ?? 0;
  return /\)(?:[*+]|\{\d)/.test(plain) && repeats > 1 ? true : repeats > 4;
}

export const safePattern = Object.assign(
  (source: string, flags: string): Pattern => {
    const regex = new RegExp(source.slice(0, MAX_PATTERN), flags);
    if (isRisky(source)) return { test: (text) => text.length > 24 || regex.test(text) };
    return { test: (text) => text.length > MAX_TEXT || regex.test(text) };
  },
  { code: 'safePattern' },
);
