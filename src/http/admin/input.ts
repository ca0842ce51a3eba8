// What an administrator sends: JSON bodies and queries, checked, with the field's name in every refusal.
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import {
  BUDGET_PERIODS,
  nanoOf,
  nearest,
  parseDuration,
  QuorumError,
  type BudgetPeriod,
  type Nano,
} from '../../contract/index.ts';
import { parseJsonBody } from '../../wire/index.ts';
import { readBody } from '../body.ts';

const MOST_BYTES = 1024 * 1024;
/** What fits into a nano-dollar number exactly. */
const MOST_USD = 9_000_000;
/** Beyond any calendar. */
const LAST_MOMENT = 8.64e15;
/** Seconds of the year 2286; larger numbers are milliseconds. */
const MOST_SECONDS = 1e10;

/** Throws `invalid_value` naming the field; an empty body is an empty object. */
export async function readInput<Schema extends z.ZodType>(
  request: IncomingMessage,
  schema: Schema,
): Promise<z.output<Schema>> {
  const bytes = await readBody(request, MOST_BYTES, '');
  return checked(schema, bytes.byteLength === 0 ? {} : parseJsonBody(bytes));
}

/** The same check for whoever has the value already: the command line. */
export function checked<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw refusal(result.error.issues[0]!, schema);
}

function refusal(issue: z.core.$ZodIssue, schema: z.ZodType): QuorumError {
  if (issue.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    const near =
      schema instanceof z.ZodObject && issue.path.length === 0 ? nearest(key, Object.keys(schema.shape)) : null;
    const hint = near === null ? '' : ` Did you mean "${near}"?`;
    return new QuorumError('invalid_value', `There is no field "${key}" here.${hint}`, {
      param: [...issue.path, key].join('.'),
    });
  }
  const param = issue.path.join('.');
  if (param === '') return new QuorumError('invalid_value', 'The body must be a JSON object.');
  return new QuorumError('invalid_value', `Invalid value for '${param}': expected ${issue.message}.`, { param });
}

export const text = () =>
  z
    .string({ error: 'a text of 1 to 256 characters' })
    .min(1, { error: 'a text of 1 to 256 characters' })
    .max(256, { error: 'a text of 1 to 256 characters' });
export const texts = (what: string) =>
  z.array(text(), { error: `a list of ${what}` }).max(1_000, { error: 'at most 1000 of them' });
export const flag = () => z.boolean({ error: 'true or false' });
export const oneOf = <const Values extends readonly [string, ...string[]]>(values: Values) =>
  z.enum(values, { error: `one of ${values.join(', ')}` });

const limitError = 'a whole number above 0, or null for no limit';
export const limit = () => z.int({ error: limitError }).min(1, { error: limitError }).nullable();

const usdError = `an amount in USD from 0 to ${MOST_USD}`;
/** As whole nano-dollars. */
export const usd = () =>
  z
    .number({ error: usdError })
    .min(0, { error: usdError })
    .max(MOST_USD, { error: usdError })
    .transform((amount): Nano => nanoOf(amount));

/** Top-ups may take back. */
export const signedUsd = () =>
  z
    .number({ error: 'an amount in USD' })
    .min(-MOST_USD, { error: 'an amount in USD' })
    .max(MOST_USD, { error: 'an amount in USD' })
    .transform((amount): Nano => nanoOf(amount));

/** Milliseconds. */
export const duration = () =>
  z.string({ error: 'a duration such as 30m, 12h or 30d' }).transform((given, context) => {
    const ms = parseDuration(given);
    if (ms !== null) return ms;
    context.addIssue({ code: 'custom', message: 'a duration such as 30m, 12h or 30d' });
    return z.NEVER;
  });

const MOMENT = 'a moment such as 2027-01-31T12:00:00Z, or seconds since 1970';
/** ISO 8601, or seconds or milliseconds since the epoch; as milliseconds. */
export const moment = () =>
  z.union([z.string(), z.number()], { error: MOMENT }).transform((given, context) => {
    const at = momentOf(given);
    if (at !== null) return at;
    context.addIssue({ code: 'custom', message: MOMENT });
    return z.NEVER;
  });

function momentOf(given: string | number): number | null {
  if (typeof given === 'string' && !/^\d+(\.\d+)?$/.test(given)) {
    const at = /^\d{4}-\d{2}/.test(given) ? Date.parse(given) : Number.NaN;
    return Number.isNaN(at) ? null : at;
  }
  const number = Number(given);
  const at = number < MOST_SECONDS ? number * 1000 : number;
  return Number.isFinite(at) && at >= 0 && at <= LAST_MOMENT ? Math.round(at) : null;
}

/** A moment, or how long ago: `7d`. Throws `invalid_value`. */
export function pointAt(given: string, name: string, now: number): number {
  const ago = parseDuration(given);
  const at = ago === null ? momentOf(given) : now - ago;
  if (at !== null) return at;
  throw new QuorumError('invalid_value', `'${name}' is a moment such as 2027-01-31, or how long ago, such as 7d.`, {
    param: name,
  });
}

interface Amount {
  readonly limit: Nano;
  readonly period: BudgetPeriod;
}

const AMOUNT = /^\$?(\d{1,7}(?:\.\d{1,9})?)(?:\s*\/\s*([a-z]+))?$/i;

/** `50/month`, `5.50/day`, `100/total`; without a period it is a total. Null when it isn't one. */
export function amountOf(given: string): Amount | null {
  const [, amount, name = 'total'] = AMOUNT.exec(given.trim()) ?? [];
  const period = BUDGET_PERIODS.find((each) => each === name.toLowerCase());
  return amount === undefined || period === undefined ? null : { limit: nanoOf(Number(amount)), period };
}
