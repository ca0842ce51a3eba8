// Words that the descriptions of routes are made of: moments, money, pages, errors.
import { z } from 'zod';

export interface Described {
  readonly tag: string;
  readonly summary: string;
  /** Parameters of the query. */
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** Status of success; usually 200. */
  readonly status?: number;
  readonly answer: z.ZodType;
  /** What else the answer may be, or what it is when `answer` is a text. */
  readonly types?: readonly string[];
}

/** `METHOD path`, as the table of routes has it. */
export type Descriptions = Readonly<Record<string, Described>>;

export const text = () => z.string();
export const maybeText = () => z.string().nullable();
export const number = () => z.number();
export const maybeNumber = () => z.number().nullable();
export const flag = () => z.boolean();
export const texts = () => z.array(z.string());
export const whole = () => z.int();
export const moment = () => z.iso.datetime();
export const maybeMoment = () => moment().nullable();
export const anything = () => z.unknown();

export const page = (row: z.ZodType) =>
  z.strictObject({ object: z.literal('list'), data: z.array(row), has_more: flag(), next_cursor: maybeText() });

export const paging = z.object({
  limit: z.int().min(1).max(500).optional().describe('Rows of a page.'),
  cursor: z.string().optional().describe('`next_cursor` of the page before.'),
});
const point = 'A moment such as 2027-01-31, or how long ago, such as 7d.';
export const span = z.object({
  since: z.string().optional().describe(point),
  until: z.string().optional().describe(point),
});

export const errorBody = z.strictObject({
  error: z.strictObject({
    message: text(),
    type: text(),
    param: maybeText(),
    code: maybeText(),
    attempts: z.array(z.looseObject({})).optional(),
    details: z.looseObject({}).optional(),
  }),
});
