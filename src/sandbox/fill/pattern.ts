// A string that matches a regular expression, for schemas with `pattern`. Covers classes, groups, alternatives and counts.

type Reader = { readonly source: string; at: number; readonly extra: number; budget: number };

const PRINTABLE = 'a1A-_. bcdefghijklmnopqrstuvwxyz023456789BCDEFGHIJKLMNOPQRSTUVWXYZ@#:/';
const ESCAPES: Readonly<Record<string, string>> = {
  d: '1',
  w: 'a',
  s: ' ',
  D: 'a',
  W: '-',
  S: 'a',
  n: '\n',
  t: '\t',
  b: '',
  B: '',
};

function classAt(reader: Reader): string {
  const end = reader.source.slice(reader.at).search(/(?<!\\)\]/) + reader.at;
  if (end < reader.at) return '';
  const body = reader.source.slice(reader.at - 1, end + 1);
  reader.at = end + 1;
  const only = new RegExp(body, 'u');
  return (
    Array.from(PRINTABLE).find((sign) => only.test(sign)) ?? Array.from(body).find((sign) => only.test(sign)) ?? ''
  );
}

function atomAt(reader: Reader): string {
  const sign = reader.source[reader.at++]!;
  if (sign === '[') return classAt(reader);
  if (sign === '.') return 'a';
  if (sign === '^' || sign === '$') return '';
  if (sign === '(') return groupAt(reader);
  if (sign !== '\\') return sign;
  const escaped = reader.source[reader.at++] ?? '';
  const property = escaped === 'p' || escaped === 'P' ? /^\{[^}]*\}/.exec(reader.source.slice(reader.at)) : null;
  if (property) reader.at += property[0].length;
  return property
    ? /L[lu]?\b|Letter/.test(property[0])
      ? /Lu/.test(property[0])
        ? 'A'
        : 'a'
      : '1'
    : (ESCAPES[escaped] ?? escaped);
}

function groupAt(reader: Reader): string {
  const prefix = /^\?(?::|<?[=!]|<\w+>)/.exec(reader.source.slice(reader.at))?.[0] ?? '';
  reader.at += prefix.length;
  const inner = alternativesAt(reader);
  reader.at++;
  return /[=!]$/.test(prefix) ? '' : inner;
}

function countAt(reader: Reader): number {
  const quantifier = /^(?:[*+?]|\{(\d+)(,?)(\d*)\})\??/.exec(reader.source.slice(reader.at));
  if (quantifier === null) return 1;
  reader.at += quantifier[0].length;
  const sign = quantifier[0][0]!;
  if (sign === '?') return reader.extra > 0 ? 1 : 0;
  if (sign === '*') return reader.extra;
  if (sign === '+') return 1 + reader.extra;
  const least = Number(quantifier[1]);
  if (quantifier[2] === '') return least;
  return Math.min(least + reader.extra, quantifier[3] === '' ? Infinity : Number(quantifier[3]));
}

function alternativesAt(reader: Reader): string {
  let [text, first] = ['', null as string | null];
  while (reader.at < reader.source.length && reader.source[reader.at] !== ')') {
    if (reader.source[reader.at] === '|') {
      first ??= text;
      text = '';
      reader.at++;
      continue;
    }
    const atom = atomAt(reader);
    const count = Math.min(countAt(reader), 5000);
    reader.budget -= atom.length * count;
    if (reader.budget < 0) throw new RangeError('The pattern asks for too long a text.');
    text += atom.repeat(count);
  }
  return first ?? text;
}

/** Patterns such as `(a+)+` can take forever on a text that doesn't match; those are never tried. */
export const isTame = (pattern: string): boolean =>
  pattern.length < 500 && !/[+*}]\)*\)[+*{]/.test(pattern) && !/\([^)]*\|[^)]*\)[+*{]/.test(pattern);

/** null when no matching text of that length was found. */
export function matching(pattern: string, minLength = 0, maxLength = 10_000): string | null {
  try {
    const tests = isTame(pattern) ? new RegExp(pattern, 'u') : null;
    for (const extra of [0, 1, 2, 3, 5, 8, 13, 32, 100, minLength]) {
      const text = alternativesAt({ source: pattern, at: 0, extra, budget: 20_000 });
      const fits = text.length >= minLength && text.length <= maxLength;
      if (fits && (tests === null || tests.test(text))) return text;
    }
  } catch {
    // Not a pattern that can be read: the caller goes on without.
  }
  return null;
}
