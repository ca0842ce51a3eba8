// Exact arithmetic on fractions, so that a right answer is right to the last digit.

export interface Fraction {
  readonly top: bigint;
  /** Above zero, and without a common divisor with `top`. */
  readonly bottom: bigint;
}

/** Longer numbers aren't read, … */
const MAX_DIGITS = 400;
/** … and larger results not worked out. */
const LARGEST = 10n ** 1000n;

function divisor(a: bigint, b: bigint): bigint {
  let [left, right] = [a < 0n ? -a : a, b];
  while (right !== 0n) [left, right] = [right, left % right];
  return left;
}

function fraction(top: bigint, bottom = 1n): Fraction | null {
  if (bottom === 0n || top > LARGEST || top < -LARGEST || bottom > LARGEST) return null;
  const sign = bottom < 0n ? -1n : 1n;
  const shared = divisor(top, bottom * sign) || 1n;
  return { top: (top * sign) / shared, bottom: (bottom * sign) / shared };
}

/** From decimal text such as `1,234.5`. */
export function parseFraction(text: string): Fraction | null {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text.replaceAll(',', ''));
  if (!match || text.length > MAX_DIGITS) return null;
  const decimals = match[3] ?? '';
  return fraction(BigInt(`${match[1]}${match[2]}${decimals}`), 10n ** BigInt(decimals.length));
}

export const add = (a: Fraction, b: Fraction): Fraction | null =>
  fraction(a.top * b.bottom + b.top * a.bottom, a.bottom * b.bottom);
export const subtract = (a: Fraction, b: Fraction): Fraction | null =>
  fraction(a.top * b.bottom - b.top * a.bottom, a.bottom * b.bottom);
export const multiply = (a: Fraction, b: Fraction): Fraction | null => fraction(a.top * b.top, a.bottom * b.bottom);
export const divide = (a: Fraction, b: Fraction): Fraction | null => fraction(a.top * b.bottom, a.bottom * b.top);

/** Remainder with the sign of the divisor, as in Python; whole numbers only. */
export function remainder(a: Fraction, b: Fraction): Fraction | null {
  if (a.bottom !== 1n || b.bottom !== 1n || b.top === 0n) return null;
  return fraction(((a.top % b.top) + b.top) % b.top);
}

export function power(base: Fraction, exponent: Fraction): Fraction | null {
  if (exponent.bottom !== 1n) return null;
  const size = exponent.top < 0n ? -exponent.top : exponent.top;
  if (size > 512n) return null;
  const digits = BigInt(base.top.toString().length + base.bottom.toString().length);
  if (digits * size > 1000n) return null;
  return exponent.top < 0n
    ? fraction(base.bottom ** size, base.top ** size)
    : fraction(base.top ** size, base.bottom ** size);
}

/** Shortest decimal text; at most six places, rounded half up. */
export function show(value: Fraction): string {
  const places = 1_000_000n;
  const size = value.top < 0n ? -value.top : value.top;
  const scaled = (size * places * 2n + value.bottom) / (value.bottom * 2n);
  const whole = (scaled / places).toString();
  const rest = (scaled % places).toString().padStart(6, '0').replace(/0+$/, '');
  const text = rest === '' ? whole : `${whole}.${rest}`;
  return value.top < 0n && text !== '0' ? `-${text}` : text;
}
