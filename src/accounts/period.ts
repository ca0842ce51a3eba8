// Calendar periods in a time zone: when the one that holds a moment began, and when the next begins. Right across DST.
import type { BudgetPeriod } from '../contract/index.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

export interface Span {
  readonly startsAt: number;
  /** null: never. */
  readonly endsAt: number | null;
}

/** Milliseconds since the epoch. Weeks begin on Monday. `timeZone` is an IANA name. */
export function periodAt(period: BudgetPeriod, at: number, timeZone: string): Span {
  if (period === 'total') return { startsAt: 0, endsAt: null };
  // Hours are counted from the local full hour but last sixty true minutes, so that the hour that DST repeats counts twice.
  if (period === 'hour') {
    const offset = offsetAt(at, timeZone);
    const startsAt = Math.floor((at + offset) / HOUR_MS) * HOUR_MS - offset;
    return { startsAt, endsAt: startsAt + HOUR_MS };
  }
  const local = new Date(at + offsetAt(at, timeZone));
  const [year, month, day] = [local.getUTCFullYear(), local.getUTCMonth(), local.getUTCDate()];
  const midnight = (ofMonth: number, ofDay: number): number => utcOf(Date.UTC(year, ofMonth, ofDay), timeZone);
  switch (period) {
    case 'day':
      return { startsAt: midnight(month, day), endsAt: midnight(month, day + 1) };
    case 'week': {
      const monday = day - ((local.getUTCDay() + 6) % 7);
      return { startsAt: midnight(month, monday), endsAt: midnight(month, monday + 7) };
    }
    case 'month':
      return { startsAt: midnight(month, 1), endsAt: midnight(month + 1, 1) };
    default:
      return period satisfies never;
  }
}

/** Whether the runtime knows the zone. */
export function isTimeZone(name: string): boolean {
  try {
    return formatterOf(name) !== null;
  } catch {
    return false;
  }
}

/** The moment at which clocks in the zone first show this local time; where DST skips it, the moment of the jump. */
function utcOf(local: number, timeZone: string): number {
  const before = local - offsetAt(local - DAY_MS, timeZone);
  const after = local - offsetAt(local + DAY_MS, timeZone);
  const fits = [before, after].filter((guess) => guess + offsetAt(guess, timeZone) === local);
  return fits.length > 0 ? Math.min(...fits) : Math.max(before, after);
}

/** Local time minus UTC. */
function offsetAt(at: number, timeZone: string): number {
  if (timeZone === 'UTC') return 0;
  const whole = Math.floor(at / 1000) * 1000;
  const parts = Object.fromEntries(
    formatterOf(timeZone)
      .formatToParts(whole)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour % 24, minute, second) - whole;
}

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  formatters.set(timeZone, made);
  return made;
}
