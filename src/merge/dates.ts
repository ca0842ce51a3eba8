// Dates in the spellings that models use, as one: 2026-01-21.

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const MAX_CHARS = 60;

const iso = (year: number, month: number, day: number): string | null =>
  month >= 1 && month <= 12 && day >= 1 && day <= 31 && year >= 1000
    ? `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`
    : null;

/** Two digits: 69-99 are the last century, as POSIX has it. */
const century = (year: number): number => (year >= 100 ? year : year < 69 ? 2000 + year : 1900 + year);

function monthOf(word: string): number {
  return MONTHS.indexOf(word.slice(0, 3)) + 1;
}

/** `2026-01-21`, with `T…` and the time when there is one; null for anything else. `01/02/2026` is read month first. */
export function dateOf(text: string): string | null {
  if (text.length > MAX_CHARS) return null;
  const flat = text
    .trim()
    .toLowerCase()
    .replace(/^(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?,?\s+/, '');
  const year =
    /^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[t ](\d{2}:\d{2}(?::\d{2})?)(?:\.\d+)?\s*(z|[-+]\d{2}:?\d{2})?)?$/.exec(
      flat,
    );
  if (year !== null) {
    const date = iso(Number(year[1]), Number(year[2]), Number(year[3]));
    return date === null || year[4] === undefined
      ? date
      : `${date}T${year[4].padEnd(8, ':00')}${year[5] === '+00:00' ? 'z' : (year[5] ?? '')}`;
  }
  const slashes = /^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4}|\d{2})$/.exec(flat);
  if (slashes !== null) {
    const [first, second, last] = [Number(slashes[1]), Number(slashes[2]), century(Number(slashes[3]))];
    return first > 12 || (flat.includes('.') && second <= 12) ? iso(last, second, first) : iso(last, first, second);
  }
  return spelled(flat);
}

function spelled(flat: string): string | null {
  const monthFirst = /^([a-z]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})$/.exec(flat);
  if (monthFirst !== null) return named(monthFirst[1]!, monthFirst[2]!, monthFirst[3]!);
  const dayFirst = /^(\d{1,2})(?:st|nd|rd|th)?[\s-]+(?:of\s+)?([a-z]{3,9})\.?,?[\s-]+(\d{4})$/.exec(flat);
  if (dayFirst !== null) return named(dayFirst[2]!, dayFirst[1]!, dayFirst[3]!);
  const asian = /^(\d{4})年(\d{1,2})月(\d{1,2})日$/.exec(flat);
  return asian === null ? null : iso(Number(asian[1]), Number(asian[2]), Number(asian[3]));
}

function named(month: string, day: string, year: string): string | null {
  return iso(Number(year), monthOf(month), Number(day));
}

/** Milliseconds since the epoch; null when it isn't a date. A date without a zone is taken as UTC. */
export function timeOf(text: string): number | null {
  const date = dateOf(text);
  if (date === null) return null;
  const time = Date.parse(
    date.includes('t') || date.includes('T')
      ? /(?:z|[-+]\d{2}:?\d{2})$/.test(date)
        ? date.toUpperCase()
        : `${date}Z`
      : `${date}T00:00:00Z`,
  );
  return Number.isNaN(time) ? null : time;
}
