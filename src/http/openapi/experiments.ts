// What the administration of experiments and of a rollout takes and answers.
import { z } from 'zod';
import { EXPERIMENT_NAME, experimentSchema, GOALS, STRATEGIES, UNITS } from '../../contract/index.ts';
import { changed, ramped, rolled } from '../admin/experiments.ts';
import {
  flag,
  maybeMoment,
  maybeNumber,
  maybeText,
  moment,
  number,
  page,
  paging,
  text,
  texts,
  whole,
  type Descriptions,
} from './shapes.ts';

const overrides = {
  strategy: z.enum([...STRATEGIES, 'adaptive']).optional(),
  tier: text().optional(),
  models: texts().optional(),
  chairman: text().optional(),
  min_quality: number().optional(),
  review_below: number().optional(),
  slim: flag().optional(),
  cache: flag().optional(),
};
const names = z.array(text()).nullable();
const state = z.enum(['running', 'stopped', 'waiting', 'ended']);

const experiment = z.strictObject({
  id: text(),
  name: text(),
  object: z.literal('experiment'),
  state,
  description: text(),
  control: text(),
  sticky: z.enum(UNITS),
  share: number(),
  share_now: number(),
  ramp_ms: maybeNumber(),
  start: maybeMoment(),
  end: maybeMoment(),
  filter: z.strictObject({ tasks: names, teams: names, tags: names, models: names }),
  layer: text(),
  metric: z.enum(GOALS),
  min_effect: maybeNumber(),
  guardrails: z.strictObject({ error_rate: number(), cost: maybeNumber(), p95: maybeNumber() }),
  stop_when_decided: flag(),
  shadow: z
    .strictObject({
      budget_usd: number(),
      period: text(),
      parallel: whole(),
      queue: whole(),
      deadline_ms: number(),
      teach: flag(),
    })
    .nullable(),
  running: flag(),
  design: text().describe('Changes with whatever makes earlier results incomparable.'),
  source: z.enum(['config', 'admin', 'rollout']),
  arms: z.array(
    z.strictObject({
      name: text(),
      weight: number(),
      stopped: maybeText().describe('Why it is served as the control is.'),
      ...overrides,
    }),
  ),
});

const mean = z.strictObject({ n: number(), mean: number(), low: maybeNumber(), high: maybeNumber() });
const lift = z
  .strictObject({
    difference: number(),
    relative: maybeNumber(),
    low: maybeNumber(),
    high: maybeNumber(),
    standing: z.enum(['better', 'worse', 'same', 'open']),
    needed: maybeNumber().describe('Requests of both until it is decided, at what was seen so far.'),
  })
  .describe('Against the control; the interval holds at every moment.');

const side = z.strictObject({
  models: texts(),
  strategy: maybeText(),
  cost_usd: number(),
  ms: number(),
  error: maybeText(),
});

const results = z.strictObject({
  object: z.literal('experiment.results'),
  name: text(),
  state,
  description: text(),
  metric: z.enum(GOALS),
  control: text(),
  alpha: number(),
  decision: z.strictObject({
    state: z.enum(['collecting', 'winner', 'no_difference', 'harmful']),
    arm: maybeText(),
    because: text(),
  }),
  sample_ratio: z.strictObject({ p: number(), ok: flag() }),
  samples_needed: maybeNumber(),
  arms: z.array(
    z.strictObject({
      name: text(),
      control: flag(),
      weight: number(),
      stopped: maybeText(),
      requests: number(),
      exposures: number().describe('Requests to which the arm made a difference; all measures count these.'),
      units: number(),
      forced: number(),
      measures: z.record(text(), mean),
      latency_ms: z.strictObject({ p50: maybeNumber(), p95: maybeNumber() }),
      cost_usd: number(),
      lifts: z.record(text(), lift),
      probability_best: maybeNumber(),
      expected_loss: maybeNumber(),
    }),
  ),
  beside: z
    .strictObject({
      ran: whole(),
      dropped: whole(),
      waiting: whole(),
      running: whole(),
      runs: z.array(
        z.strictObject({
          experiment: text(),
          design: text(),
          arm: text(),
          request: text(),
          at: moment(),
          task: maybeText(),
          served: side,
          shadow: side,
          same: flag().nullable(),
          agreement: maybeNumber(),
        }),
      ),
    })
    .optional(),
});

const rollout = z.strictObject({
  object: z.literal('rollout'),
  percent: number().describe('In force.'),
  config: maybeNumber(),
  set: maybeNumber(),
  experiment: text(),
});

const tag = 'experiments';

export const EXPERIMENTS: Descriptions = {
  'GET /admin/v1/experiments': { tag, summary: 'All, the config file’s too.', query: paging, answer: page(experiment) },
  'POST /admin/v1/experiments': {
    tag,
    summary: 'A new one; it runs at once unless it says otherwise.',
    body: experimentSchema.extend({ name: z.string().regex(EXPERIMENT_NAME) }),
    status: 201,
    answer: experiment,
  },
  'GET /admin/v1/experiments/:name': { tag, summary: 'One of them.', answer: experiment },
  'PATCH /admin/v1/experiments/:name': {
    tag,
    summary: 'Changes what is named; null takes it back. Other arms, weights, units or filters begin new results.',
    body: changed,
    answer: experiment,
  },
  'DELETE /admin/v1/experiments/:name': {
    tag,
    summary: 'With its results.',
    answer: z.strictObject({ id: text(), object: z.literal('experiment'), deleted: flag() }),
  },
  'POST /admin/v1/experiments/:name/start': {
    tag,
    summary: 'Assigns arms, those too that were stopped.',
    answer: experiment,
  },
  'POST /admin/v1/experiments/:name/stop': {
    tag,
    summary: 'Assigns none any more; the results stay.',
    answer: experiment,
  },
  'POST /admin/v1/experiments/:name/ramp': {
    tag,
    summary: 'Sets the share of the units that take part; the results go on.',
    body: ramped,
    answer: experiment,
  },
  'GET /admin/v1/experiments/:name/results': {
    tag,
    summary: 'What it shows, with intervals that hold however often one looks.',
    query: paging.pick({ limit: true }),
    answer: results,
  },
  'GET /admin/v1/rollout': {
    tag,
    summary: 'How many of the requests that name a model the router takes over.',
    answer: rollout,
  },
  'PUT /admin/v1/rollout': {
    tag,
    summary: 'Sets it, in every process within a second. `off` is the kill switch, null what the config file says.',
    body: rolled,
    answer: rollout,
  },
};
