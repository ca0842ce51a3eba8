// Experiments and rollouts as they are written, in the config file or for the administration.
import { z } from 'zod';
import { STRATEGIES } from './catalog.ts';
import { parseDuration } from './duration.ts';

export const UNITS = ['user', 'key', 'session', 'request'] as const;
/** What keeps its arm. */
export type UnitKind = (typeof UNITS)[number];

export const GOALS = ['quality', 'cost', 'latency', 'errors'] as const;
/** What an experiment is decided by. */
export type Goal = (typeof GOALS)[number];

const name = () => z.string({ error: 'a name' }).min(1, { error: 'a name that is not empty' });
const flag = () => z.boolean({ error: 'true or false' });
const share = () =>
  z
    .number({ error: 'a share from 0 to 1' })
    .min(0, { error: 'a share from 0 to 1' })
    .max(1, { error: 'a share from 0 to 1' });
const above = (what: string) => z.number({ error: what }).min(0, { error: what });
const list = (what: string) =>
  z.union([name().transform((one) => [one]), z.array(name(), { error: `a list of ${what}` })], {
    error: `a list of ${what}`,
  });

const DURATION = 'a duration such as 250ms, 10s, 5m, 1h or 30d';
const duration = () =>
  z
    .string({ error: DURATION })
    .regex(/^\d+(\.\d+)?(ms|s|m|h|d)$/, { error: DURATION })
    .transform((text) => parseDuration(text) ?? 0);

const MOMENT = 'a moment such as 2027-01-31 or 2027-01-31T12:00:00Z';
const moment = () =>
  z
    .string({ error: MOMENT })
    .refine((text) => /^\d{4}-\d{2}-\d{2}/.test(text) && !Number.isNaN(Date.parse(text)), { error: MOMENT })
    .transform((text) => Date.parse(text));

const armSchema = z.strictObject({
  weight: above('a number, 0 or more').prefault(1).describe('Its part of the traffic, relative to the other arms.'),
  strategy: z
    .enum([...STRATEGIES, 'adaptive'], { error: `one of ${STRATEGIES.join(', ')}, adaptive` })
    .optional()
    .describe('Overrides the strategy.'),
  tier: name().optional().describe('Overrides the tier.'),
  models: z
    .array(name(), { error: 'a list of models' })
    .min(1, { error: 'a list of models' })
    .optional()
    .describe('Only these models.'),
  chairman: name().optional().describe('Overrides the tier’s chairman.'),
  min_quality: share()
    .optional()
    .describe('Overrides the quality that tasks ask for, and with it when an answer is escalated.'),
  review_below: share().optional().describe('Overrides `routing.review_below`.'),
  slim: flag().optional().describe('Whether system prompts and tools are slimmed.'),
  cache: flag().optional().describe('Whether answers are kept and repeated.'),
});

const filterSchema = z.strictObject({
  task: list('tasks').optional().describe('Only requests of these tasks. A name or a list, as below.'),
  team: list('teams').optional().describe('Only those of these teams.'),
  tag: list('tags').optional().describe('Only those with one of these tags.'),
  model: list('model names')
    .optional()
    .describe(
      'Only those that ask for one of these names. Who names a real model takes part only if it is listed here.',
    ),
});

const guardrailsSchema = z.strictObject({
  error_rate: share().prefault(0.1).describe('How much higher its share of errors may be.'),
  cost: above('a number, 0 or more')
    .optional()
    .describe('How much dearer, as a share of the control’s mean cost. Default: no limit.'),
  p95: above('a number, 0 or more')
    .optional()
    .describe('How much slower at p95, as a share of the control’s. Default: no limit.'),
});

const shadowSchema = z.strictObject({
  budget_usd: above('USD').prefault(1).describe('What it may spend in a period, apart from everybody else’s money.'),
  period: z
    .enum(['hour', 'day', 'week', 'month', 'total'], { error: 'one of hour, day, week, month, total' })
    .prefault('day')
    .describe('Of the budget.'),
  parallel: z
    .int({ error: 'a whole number from 1 to 100' })
    .min(1, { error: 'a whole number from 1 to 100' })
    .max(100, { error: 'a whole number from 1 to 100' })
    .prefault(2)
    .describe('At the same time; the others wait.'),
  queue: z
    .int({ error: 'a whole number from 0 to 10000' })
    .min(0, { error: 'a whole number from 0 to 10000' })
    .max(10_000, { error: 'a whole number from 0 to 10000' })
    .prefault(50)
    .describe('How many wait at the most; more are dropped.'),
  deadline: duration().prefault('60s').describe('For one of them.'),
  teach: flag().prefault(false).describe('Whether what it shows of the models is learnt as if it had been served.'),
});

export const experimentSchema = z.strictObject({
  description: z.string({ error: 'text' }).optional().describe('What is to be found out.'),
  arms: z
    .record(name(), armSchema, { error: 'a map of arms' })
    .describe('At least two.')
    .refine((arms) => Object.keys(arms).length > 1, { error: 'at least two arms' }),
  control: name().optional().describe('The arm that the others are compared with. Default: the first.'),
  sticky: z
    .enum(UNITS, { error: `one of ${UNITS.join(', ')}` })
    .prefault('user')
    .describe('What keeps its arm. A request without a user counts by its session, then its key, then for itself.'),
  share: share().prefault(1).describe('Share of the units that take part.'),
  ramp: duration()
    .optional()
    .describe('The share grows evenly from nothing for so long after `start`. Default: at once.'),
  start: moment().optional().describe('Not before. Default: at once.'),
  end: moment().optional().describe('Not after. Default: no end.'),
  filter: filterSchema.prefault({}).describe('Which requests take part. Default: all that the router decides about.'),
  layer: name()
    .prefault('default')
    .describe('A request takes part in one experiment of a layer at the most; those of different layers run at once.'),
  metric: z
    .enum(GOALS, { error: `one of ${GOALS.join(', ')}` })
    .prefault('quality')
    .describe('What it is decided by.'),
  min_effect: above('a number, 0 or more')
    .optional()
    .describe('A smaller difference counts as none. Default: 0.02; with cost and latency 0.05 of the control’s mean.'),
  guardrails: guardrailsSchema
    .prefault({})
    .describe('An arm that is worse than the control by more is stopped by itself.'),
  stop_when_decided: flag().prefault(false).describe('It ends by itself once there is a decision.'),
  shadow: z
    .union([flag(), shadowSchema], { error: 'true, false, or the shadow’s settings' })
    .prefault(false)
    .describe('Other arms than the first run beside it, after the client has its answer, and never reach the client.'),
  running: flag().prefault(true).describe('Whether it assigns arms.'),
});

/** As it is written. */
export type ExperimentInput = z.input<typeof experimentSchema>;
/** With defaults. */
export type ExperimentRow = z.output<typeof experimentSchema>;
export const SHADOW_DEFAULTS = shadowSchema.parse({});
export type ShadowRules = z.output<typeof shadowSchema>;

const PERCENT = 'a percentage from 0 to 100, or off';
const percent = () =>
  z.union(
    [
      z.number({ error: PERCENT }).min(0, { error: PERCENT }).max(100, { error: PERCENT }),
      z.literal(['off', false]).transform(() => 0),
      z
        .string({ error: PERCENT })
        .regex(/^(100|\d{1,2}(\.\d+)?)\s*%$/, { error: PERCENT })
        .transform((text) => Number.parseFloat(text)),
    ],
    { error: PERCENT },
  );

const rolloutObject = z.strictObject({
  percent: percent()
    .optional()
    .describe(
      'How many of the requests that name a model the router takes over. `off` or 0 stops it, whatever was set elsewhere. Default: what was set by `quorum rollout`, or 0.',
    ),
  models: z
    .array(name(), { error: 'a list of model names' })
    .optional()
    .describe('Only requests for these names. Default: every model’s.'),
  sticky: z
    .enum(UNITS, { error: `one of ${UNITS.join(', ')}` })
    .prefault('user')
    .describe('What keeps its side.'),
  strategy: z
    .enum([...STRATEGIES, 'adaptive'], { error: `one of ${STRATEGIES.join(', ')}, adaptive` })
    .prefault('adaptive')
    .describe('How those are answered that are taken over.'),
  tier: name().optional().describe('Of which tier. Default: as for `auto`.'),
});
export type RolloutRow = z.output<typeof rolloutObject>;
export const ROLLOUT_DEFAULTS = rolloutObject.parse({});

export const rolloutSchema = z.union(
  [percent().transform((value): RolloutRow => ({ ...ROLLOUT_DEFAULTS, percent: value })), rolloutObject],
  { error: 'a percentage, off, or the rollout’s settings' },
);

/** Letters, digits, `_`, `-` and `.`: names of experiments and arms stand in headers. */
export const EXPERIMENT_NAME = /^[\w.-]{1,64}$/;
