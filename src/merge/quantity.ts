// Numbers as people write them: separators, currency, percent, fractions, powers of ten, units.

export interface Quantity {
  /** In the canonical unit. */
  readonly value: number;
  /** As it stands, whatever the unit. */
  readonly plain: number;
  /** Canonical unit, or empty. Unknown words don't count as one. */
  readonly unit: string;
}

/** Unit spellings → canonical unit and factor to it. */
const UNITS: Readonly<Record<string, readonly [string, number]>> = {
  ...table('m', {
    mm: 1e-3,
    cm: 1e-2,
    m: 1,
    km: 1e3,
    millimeter: 1e-3,
    centimeter: 1e-2,
    meter: 1,
    metre: 1,
    kilometer: 1e3,
    kilometre: 1e3,
  }),
  ...table('mi', { mi: 1, mile: 1 }),
  ...table('kg', { mg: 1e-6, g: 1e-3, kg: 1, gram: 1e-3, kilogram: 1 }),
  ...table('s', {
    ms: 1e-3,
    s: 1,
    sec: 1,
    second: 1,
    min: 60,
    minute: 60,
    h: 3600,
    hr: 3600,
    hour: 3600,
    day: 86_400,
    week: 604_800,
  }),
  ...table('usd', { $: 1, usd: 1, dollar: 1, cent: 0.01, '¢': 0.01, us$: 1 }),
  ...table('eur', { '€': 1, eur: 1, euro: 1 }),
  ...table('gbp', { '£': 1, gbp: 1 }),
  ...table('jpy', { '¥': 1, jpy: 1, yen: 1 }),
  ...table('%', { '%': 1, percent: 1, 'per cent': 1 }),
};
const MAGNITUDES: Readonly<Record<string, number>> = {
  hundred: 100,
  thousand: 1e3,
  million: 1e6,
  billion: 1e9,
  trillion: 1e12,
};
const MAX_CHARS = 200;

function table(unit: string, spellings: Readonly<Record<string, number>>): Record<string, readonly [string, number]> {
  return Object.fromEntries(Object.entries(spellings).map(([name, factor]) => [name, [unit, factor] as const]));
}

function unitOf(text: string): readonly [string, number] | null {
  const word = text.trim().toLowerCase().replace(/\.$/, '');
  if (Object.hasOwn(UNITS, word)) return UNITS[word]!;
  const singular = word.replace(/s$/, '');
  return singular.length > 2 && Object.hasOwn(UNITS, singular) ? UNITS[singular]! : null;
}

/** Digits with separators of any country; null when they can't be separators. */
function plainNumber(digits: string): number | null {
  const text = digits.replace(/[\u00a0\u202f\u2009' ’_](?=\d{3})/g, '');
  if (/^\d+(?:\.\d+)?$|^\.\d+$/.test(text)) return Number(text);
  if (/^\d{1,3}(?:,\d{3})+(?:\.\d+)?$/.test(text)) return Number(text.replaceAll(',', ''));
  if (/^\d{1,3}(?:\.\d{3})+,\d+$|^\d{1,3}(?:\.\d{3}){2,}$/.test(text))
    return Number(text.replaceAll('.', '').replace(',', '.'));
  if (/^\d+,\d{1,2}$/.test(text)) return Number(text.replace(',', '.'));
  if (/^\d{1,2}(?:,\d{2})*,\d{3}(?:\.\d+)?$/.test(text)) return Number(text.replaceAll(',', ''));
  return /^\d+(?:,\d+)+(?:\.\d+)?$/.test(text) ? Number(text.replaceAll(',', '')) : null;
}

/** LaTeX and typographic spellings of a number in plain characters. */
function ironed(text: string): string {
  return text
    .slice(0, MAX_CHARS)
    .normalize('NFKC')
    .replace(/\\(?:text|mathrm|mathbf|operatorname|textbf)\s*\{([^{}]*)\}/g, ' $1')
    .replace(/(\d)\s*\\[dt]?frac\s*\{(\d+)\}\s*\{(\d+)\}/g, '$1 $2/$3')
    .replace(/\\[dt]?frac\s*\{\s*([-\d.,]+)\s*\}\s*\{\s*([-\d.,]+)\s*\}/g, '$1/$2')
    .replace(/\\[dt]?frac(\d)(\d)/g, '$1/$2')
    .replace(/\\[,!;: ]|\\(?:left|right|displaystyle|quad)\b|\{,\}/g, (found) => (found === '{,}' ? ',' : ' '))
    .replace(/\\([%$€£])/g, '$1')
    .replace(/[−–—]/g, '-')
    .replace(/\s*(?:\\times|\\cdot|[×x*·])\s*10\s*(?:\^|\*\*)\s*\{?\s*([-+]?\d+)\s*\}?/g, 'e$1')
    .replace(/\^?\s*\{?\\circ\}?/g, '°')
    .replace(/\*\*|__|`/g, '')
    .trim();
}

const SHAPE =
  /^(?<paren>\()?\s*(?<sign>[-+])?\s*(?:(?<front>us\$|[$€£¥]|usd|eur|gbp)\s*)?(?<sign2>[-+])?\s*(?<digits>\d[\d,. '’_\u00a0\u202f\u2009]*|\.\d+)(?:e(?<power>[-+]?\d{1,4}))?\s*(?:\/\s*(?<over>\d[\d,]*(?:\.\d+)?))?\s*(?<rest>[^\d]*)$/i;
const MIXED = /^(-?)(\d+)\s+(\d+)\s*\/\s*(\d+)\s*([^\d]*)$/;

function mixedOf(text: string): Quantity | null {
  const mixed = MIXED.exec(text);
  if (mixed === null || Number(mixed[4]) === 0) return null;
  const size = Number(mixed[2]) + Number(mixed[3]) / Number(mixed[4]);
  const plain = mixed[1] === '-' ? -size : size;
  const unit = unitOf(mixed[5]!);
  return { value: plain * (unit?.[1] ?? 1), plain, unit: unit?.[0] ?? '' };
}

/** The text as one number, with its unit if it has a known one; null when it is something else. */
export function quantityOf(text: string): Quantity | null {
  if (text.length > MAX_CHARS) return null;
  const flat = ironed(text)
    .replace(/^\$(.*[^\\])\$$/s, '$1')
    .replace(/^(?:[a-z]|\\?[a-z]+)\s*=\s*/i, '')
    .replace(/[.。,;!]+$/, '')
    .trim();
  const mixed = mixedOf(flat);
  if (mixed !== null) return mixed;
  const shape = SHAPE.exec(flat)?.groups;
  if (shape === undefined) return null;
  const digits = plainNumber(shape['digits']!.trim().replace(/[.,]$/, ''));
  const over = shape['over'] === undefined ? 1 : plainNumber(shape['over']);
  if (digits === null || over === null || over === 0) return null;
  const tail = tailOf(shape['rest']!.replace(/\)$/, '').trim());
  if (tail === null) return null;
  const front = unitOf(shape['front'] ?? '');
  const negative =
    shape['sign'] === '-' || shape['sign2'] === '-' || (shape['paren'] === '(' && shape['rest']!.trim() === ')');
  const size = (digits * 10 ** Number(shape['power'] ?? 0)) / over;
  const plain = (negative ? -size : size) * tail.magnitude;
  const value = plain * tail.factor * (front?.[1] ?? 1);
  return Number.isFinite(value) ? { value, plain, unit: front?.[0] ?? tail.unit } : null;
}

/** What stands after the digits: a magnitude, a unit, or a few words that say what is counted. */
function tailOf(text: string): { readonly magnitude: number; readonly factor: number; readonly unit: string } | null {
  if (text === '') return { magnitude: 1, factor: 1, unit: '' };
  const words = text.toLowerCase().split(/\s+/);
  const magnitude = Object.hasOwn(MAGNITUDES, words[0]!) ? MAGNITUDES[words[0]!]! : 1;
  const rest = magnitude === 1 ? words : words.slice(1);
  const unit = unitOf(rest.join(' ')) ?? unitOf(rest[0] ?? '');
  if (unit !== null) return { magnitude, factor: unit[1], unit: unit[0] };
  if (rest.length > 4 || /[=+*/^<>{}[\]\\:]/.test(text)) return null;
  return { magnitude, factor: 1, unit: '' };
}

/** Equal to rounding: in one unit, or as they stand where one of them names none. */
export function sameQuantity(left: Quantity, right: Quantity): boolean {
  if (left.unit === '' || right.unit === '')
    return near(left.plain, right.plain, 0, 1e-9) || isShareOf(left, right) || isShareOf(right, left);
  return left.unit === right.unit && near(left.value, right.value, 0, 1e-9);
}

/** `0.5` and `50 %`. */
const isShareOf = (share: Quantity, percent: Quantity): boolean =>
  share.unit === '' &&
  percent.unit === '%' &&
  Math.abs(share.plain) <= 1 &&
  near(share.plain * 100, percent.plain, 0, 1e-9);

export function near(left: number, right: number, absolute: number, relative: number): boolean {
  const distance = Math.abs(left - right);
  return distance <= absolute || distance <= relative * Math.max(Math.abs(left), Math.abs(right));
}
