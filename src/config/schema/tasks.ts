// A task: how it is recognised, who may answer it, how answers are checked and merged.
import { z } from 'zod';
import { STRATEGIES } from '../../contract/index.ts';
import { duration, flag, name, names, number, oneOf, pattern, share, table, text } from './fields.ts';

const field = () => text().describe('Path into the answer, e.g. `items[].price`; empty: the answer itself.');
const bound = () => number(-Number.MAX_VALUE, Infinity, 'a number').optional();

const validator = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({
      kind: z.literal('required'),
      fields: names('fields').min(1, { error: 'a list of at least one field' }),
    }),
    z.strictObject({
      kind: z.literal('type'),
      field: field(),
      type: oneOf(['string', 'number', 'integer', 'boolean', 'object', 'array', 'date']),
    }),
    z.strictObject({ kind: z.literal('range'), field: field(), min: bound(), max: bound() }),
    z.strictObject({ kind: z.literal('length'), field: field(), min: bound(), max: bound() }),
    z.strictObject({ kind: z.literal('pattern'), field: field(), pattern: pattern() }),
    z.strictObject({
      kind: z.literal('enum'),
      field: field(),
      values: z.array(z.union([z.string(), z.number(), z.boolean()], { error: 'text, a number, true or false' }), {
        error: 'a list of values',
      }),
    }),
    z.strictObject({ kind: z.literal('unique'), list: field(), by: names('fields') }),
    z.strictObject({
      kind: z.literal('compare'),
      left: field(),
      op: oneOf(['<', '<=', '=', '!=', '>=', '>']),
      right: z.union([z.string(), z.number()], { error: 'a field or a number' }),
    }),
    z.strictObject({ kind: z.literal('fresh'), field: field(), max_age: duration() }),
  ],
  { error: 'a check whose `kind` is one of required, type, range, length, pattern, enum, unique, compare, fresh' },
);

const tolerance = z.union(
  [
    number(0, Infinity).transform((absolute) => ({ absolute })),
    z
      .string()
      .regex(/^\d+(\.\d+)?%$/)
      .transform((percent) => ({ relative: Number(percent.slice(0, -1)) / 100 })),
    z.strictObject({
      absolute: number(0, Infinity).optional().describe('Difference that doesn’t matter.'),
      relative: number(0, Infinity)
        .optional()
        .describe('Difference that doesn’t matter, as a share of the larger number.'),
    }),
  ],
  { error: 'a number, a percentage such as 1%, or { absolute, relative }' },
);

const merge = z.strictObject({
  tool_merge: oneOf(['field', 'whole'])
    .optional()
    .describe(
      '`field`: vote on each argument of a tool call. `whole`: only a call that a model really made. Default: whole for critical tasks, else field.',
    ),
  list_keys: z
    .record(
      z.string(),
      z.union([name().transform((one) => [one]), names('fields')], { error: 'a field or a list of fields' }),
      { error: 'a map of list paths' },
    )
    .optional()
    .describe('Fields that identify an item of a list, by the list’s path (`items`, `data.rows`, `*` for any).'),
  tolerance: z
    .record(z.string(), tolerance, { error: 'a map of field paths' })
    .optional()
    .describe('By field path (`*` for any): numbers this close are the same: `0.01`, `1%`, `{ absolute, relative }`.'),
  numbers: oneOf(['median', 'mean'])
    .optional()
    .describe('What becomes of numbers that agree within their tolerance. Default: median.'),
  chairman: flag().optional().describe('Prose is written anew by the tier’s chairman. Default: false.'),
});

const taskRow = z.strictObject({
  keywords: names('words')
    .optional()
    .describe('Words and phrases that speak for it, in any language; case doesn’t matter.'),
  patterns: z
    .array(pattern(), { error: 'a list of regular expressions' })
    .optional()
    .describe('Regular expressions that speak for it; case doesn’t matter.'),
  examples: names('prompts')
    .optional()
    .describe('Prompts of this kind, in your users’ languages; ten teach the classifier, fewer hint at it.'),
  needs: z
    .array(oneOf(['tools', 'image', 'schema', 'code']), { error: 'a list of tools, image, schema or code' })
    .optional()
    .describe('What must be in the request for the task to be possible.'),
  strategy: oneOf([...STRATEGIES, 'adaptive'])
    .optional()
    .describe('How models are asked for it. Default: `routing.strategy`.'),
  tier: name().optional().describe('Which models are asked for it. Default: the tier of the request.'),
  min_quality: share()
    .optional()
    .describe(
      'Models expected below it are left out while others remain, but two that check each other may be, where the whole is expected to reach it. Default: 0.',
    ),
  critical: flag().optional().describe('A wrong answer is expensive: more models check it. Default: false.'),
  role: name().optional().describe('Whose slots it takes: a key of `limits.roles`. Default: none.'),
  validators: z
    .array(validator, { error: 'a list of checks' })
    .optional()
    .describe(
      'Checks of the answer: `{ kind: required, fields: [total] }`, `type`, `range`, `length`, `pattern`, `enum`, `unique`, `compare`, `fresh`.',
    ),
  merge: merge.optional().describe('How several answers become one.'),
  slim: flag().optional().describe('Slims its system prompts and tools. Default: `routing.slim`.'),
});

export const tasks = () =>
  table(
    z.union([names('words').transform((keywords): TaskRow => ({ keywords })), taskRow], {
      error: 'a list of keywords, or a task’s settings',
    }),
    'tasks',
  );

export type TaskRow = z.output<typeof taskRow>;
export type ValidatorRow = z.output<typeof validator>;
