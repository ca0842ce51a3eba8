// What an administrator may set while the program runs: checked here, kept in the store, laid over the config.
import { z } from 'zod';
import { STRATEGIES } from './catalog.ts';
import { parseDuration } from './duration.ts';

const DURATION = 'a duration such as 500ms, 10s or 5m, or null';
const USD = 'an amount in USD, or null';
const flag = () => z.boolean({ error: 'true, false or null' }).nullable();
const share = () =>
  z
    .number({ error: 'a share from 0 to 1, or null' })
    .min(0, { error: 'a share from 0 to 1, or null' })
    .max(1, { error: 'a share from 0 to 1, or null' })
    .nullable();
const duration = () =>
  z
    .string({ error: DURATION })
    .refine((text) => parseDuration(text) !== null, { error: DURATION })
    .nullable();
const usd = () => z.number({ error: USD }).min(0, { error: USD }).max(9_000_000, { error: USD }).nullable();
const oneOf = <const Values extends readonly [string, ...string[]]>(values: Values) =>
  z.enum(values, { error: `one of ${values.join(', ')}, or null` }).nullable();

/** null: as the config says. */
export const optionsSchema = z
  .strictObject({
    tier: z
      .string({ error: 'the name of a tier, or null' })
      .min(1, { error: 'the name of a tier, or null' })
      .nullable(),
    strategy: oneOf(['adaptive', ...STRATEGIES]),
    prefer: oneOf(['quality', 'cost', 'speed', 'balanced']),
    prefer_local: flag(),
    max_cost_per_request_usd: usd(),
    monthly_budget_usd: usd(),
    latency_target: duration(),
    deadline: duration(),
    explore: share(),
    review_below: share(),
    hedge: flag(),
    slim: flag(),
    cache_enabled: flag(),
    cache_ttl: duration(),
  })
  .partial();

export type OptionChanges = z.output<typeof optionsSchema>;
/** What is set, and nothing else. */
export type Options = { readonly [Name in keyof OptionChanges]?: Exclude<OptionChanges[Name], null | undefined> };

/** Of what is kept, all that can still be understood. */
export function readOptions(kept: Readonly<Record<string, unknown>>): Options {
  return Object.fromEntries(
    Object.entries(kept).filter(
      ([name, value]) => value !== null && optionsSchema.safeParse({ [name]: value }).success,
    ),
  );
}
