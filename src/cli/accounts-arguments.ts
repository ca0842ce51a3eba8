// How amounts, periods and lists are written on the command line, for keys and budgets alike.
import type { Administration, BudgetInput, Budgets, Keyring } from '../accounts/index.ts';
import { DURATION, durationMs } from '../config/units.ts';
import {
  BUDGET_PERIODS,
  nanoOf,
  QuorumError,
  type BudgetPeriod,
  type Ledger,
  type Nano,
  type RegistryStore,
} from '../contract/index.ts';

/** What the verbs work on: the same objects that stand behind `/admin/v1`. */
export interface AccountsDeps {
  readonly administration: Administration;
  readonly keyring: Keyring;
  readonly budgets: Budgets;
  readonly ledger: Ledger;
  readonly registry: RegistryStore;
  readonly write: (text: string) => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** For the audit: `cli:ann`. */
  readonly actor: string;
}

/** `50` or `$12.50`. */
export function parseUsd(text: string, name: string): Nano {
  const amount = /^\$?(\d+(?:\.\d{1,9})?)$/.exec(text.trim())?.[1];
  if (amount === undefined) return wrong(name, `"${text}" is no amount of dollars, such as 50 or 12.50`);
  return nanoOf(Number(amount));
}

/** `50/month`; without a period it is a total. */
export function parseLimit(text: string): Pick<BudgetInput, 'period'> & { readonly limit: Nano } {
  const [amount = '', period = 'total', ...rest] = text.split('/');
  if (rest.length > 0 || !isPeriod(period))
    return wrong('--budget', `"${text}" is not like 50/month; the periods are ${BUDGET_PERIODS.join(', ')}`);
  return { limit: parseUsd(amount, '--budget'), period };
}

export const listOf = (text: string | undefined): readonly string[] | undefined =>
  text === undefined
    ? undefined
    : text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== '');

/** `none` takes a limit away. */
export function countOf(text: string | undefined, name: string): number | null | undefined {
  if (text === undefined) return undefined;
  if (text === 'none') return null;
  const count = Number(text);
  return Number.isInteger(count) && count > 0 ? count : wrong(name, `"${text}" is no whole number above 0`);
}

/** A duration from now (`30d`), a date, or `never`. */
export function momentOf(text: string | undefined, name: string, now: number): number | null | undefined {
  if (text === undefined) return undefined;
  if (text === 'never') return null;
  if (DURATION.test(text)) return now + durationMs(text);
  const at = Date.parse(text);
  return Number.isNaN(at)
    ? wrong(name, `"${text}" is neither a duration such as 30d nor a date such as 2027-01-31`)
    : at;
}

export function durationOf(text: string, name: string): number {
  return DURATION.test(text) ? durationMs(text) : wrong(name, `"${text}" is no duration such as 24h or 30d`);
}

/** Only what was given: undefined fields would otherwise overwrite. */
export function given<Fields extends object>(fields: {
  readonly [Name in keyof Fields]: Fields[Name] | undefined;
}): Partial<Fields> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<Fields>;
}

export function wrong(name: string, message: string): never {
  throw new QuorumError('invalid_value', `${name}: ${message}.`, { param: name });
}

const isPeriod = (text: string): text is BudgetPeriod => BUDGET_PERIODS.some((period) => period === text);
