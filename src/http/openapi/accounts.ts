// What the administration of keys, teams, budgets and money takes and answers.
import { z } from 'zod';
import { BUDGET_PERIODS, ON_EXCEED, SCOPES, SPEND_GROUPS } from '../../contract/index.ts';
import { budgetChange, newBudget, toppedUp, whoseBudget } from '../admin/budgets.ts';
import { keyChange, newKey, rotation } from '../admin/keys.ts';
import { correction } from '../admin/spend.ts';
import { newTeam, teamChange } from '../admin/teams.ts';
import {
  anything,
  flag,
  maybeMoment,
  maybeNumber,
  maybeText,
  moment,
  number,
  page,
  paging,
  span,
  text,
  texts,
  whole,
  type Descriptions,
} from './shapes.ts';

export const balance = z.strictObject({
  budget: text(),
  scope: z.enum([...SCOPES, 'shadow']),
  id: text(),
  period: z.enum(BUDGET_PERIODS),
  starts_at: maybeMoment(),
  resets_at: maybeMoment(),
  limit_usd: number(),
  spent_usd: number(),
  held_usd: number(),
  left_usd: number(),
});

const budget = z.strictObject({
  id: text(),
  object: z.literal('budget'),
  scope: z.enum([...SCOPES, 'shadow']),
  subject: maybeText(),
  period: z.enum(BUDGET_PERIODS),
  limit_usd: number(),
  time_zone: text(),
  soft_at: z.array(number()),
  on_exceed: z.enum(ON_EXCEED),
  unpriced: z.enum(['refuse', 'estimate']),
  source: z.enum(['config', 'admin']),
  balance: balance.nullable(),
});

const grants = {
  models: texts(),
  tiers: texts(),
  strategies: texts(),
  endpoints: texts(),
  networks: texts(),
  rpm: maybeNumber(),
  tpm: maybeNumber(),
  parallel: maybeNumber(),
};

const key = z.strictObject({
  id: text(),
  object: z.literal('key'),
  name: text(),
  display: text(),
  state: z.enum(['active', 'disabled', 'expired', 'revoked']),
  team: maybeText(),
  user: maybeText(),
  tags: texts(),
  ...grants,
  tier: maybeText(),
  strategy: maybeText(),
  disabled: flag(),
  log_content: flag(),
  expires_at: maybeMoment(),
  created_at: moment(),
  created_by: text(),
  last_used_at: maybeMoment(),
  budgets: z.array(budget),
});
const secret = key.extend({ key: text(), secret: text() });

const team = z.strictObject({
  id: text(),
  object: z.literal('team'),
  name: text(),
  ...grants,
  disabled: flag(),
  created_at: moment(),
  created_by: text(),
});
const teamWhole = team.extend({
  keys: z.array(z.strictObject({ id: text(), name: text(), display: text(), disabled: flag() })),
  budgets: z.array(budget),
});

const sums = { cost_usd: number(), calls: whole(), input_tokens: whole(), output_tokens: whole() };
const spend = z.strictObject({
  object: z.literal('list'),
  group_by: z.array(z.enum(SPEND_GROUPS)),
  since: moment(),
  until: moment(),
  data: z.array(
    z.strictObject({ ...Object.fromEntries(SPEND_GROUPS.map((name) => [name, maybeText().optional()])), ...sums }),
  ),
  total: z.strictObject(sums).nullable(),
});

const entry = z.strictObject({
  id: whole(),
  object: z.literal('ledger_entry'),
  at: moment(),
  kind: text(),
  amount_usd: number(),
  call: text(),
  request_id: maybeText(),
  key: maybeText(),
  team: maybeText(),
  user: maybeText(),
  tags: texts(),
  model: maybeText(),
  task: maybeText(),
  strategy: maybeText(),
  input_tokens: whole(),
  output_tokens: whole(),
  usage: z.looseObject({}).nullable().describe('As the provider told it.'),
  price_version: maybeText(),
  flag: maybeText(),
  allowances: texts(),
});

const audit = z.strictObject({
  id: whole(),
  object: z.literal('audit_entry'),
  at: moment(),
  actor: text(),
  action: text(),
  subject: text(),
  detail: z.record(z.string(), anything()),
});

const text1 = (what: string) => z.string().optional().describe(what);
const spendQuery = span.extend({
  group_by: text1(`Some of ${SPEND_GROUPS.join(', ')}, separated by commas.`),
  group: text1('The same.'),
  format: z.enum(['json', 'csv']).optional(),
  key: text1('A key’s id.'),
  team: text1('A team.'),
  user: text1('A user.'),
  tag: text1('A tag.'),
  model: text1('A model.'),
});
const gone = z.strictObject({ id: text(), object: text(), deleted: z.literal(true) });

export const ACCOUNTS: Descriptions = {
  'GET /admin/v1/keys': {
    tag: 'keys',
    summary: 'All keys.',
    query: paging.extend({ team: text1('Only of this team.') }),
    answer: page(key),
  },
  'POST /admin/v1/keys': {
    tag: 'keys',
    summary: 'A new key; its secret is told this once.',
    body: newKey,
    status: 201,
    answer: secret,
  },
  'GET /admin/v1/keys/:id': {
    tag: 'keys',
    summary: 'One key, by id or name, with how its budgets stand.',
    answer: key,
  },
  'PATCH /admin/v1/keys/:id': {
    tag: 'keys',
    summary: 'Changes what is named; null takes a limit away.',
    body: keyChange,
    answer: key,
  },
  'POST /admin/v1/keys/:id/rotate': {
    tag: 'keys',
    summary: 'A new secret; the old one works for the overlap.',
    body: rotation,
    answer: secret,
  },
  'POST /admin/v1/keys/:id/disable': { tag: 'keys', summary: 'Nobody gets in with it.', answer: key },
  'POST /admin/v1/keys/:id/enable': { tag: 'keys', summary: 'It opens again.', answer: key },
  'DELETE /admin/v1/keys/:id': {
    tag: 'keys',
    summary: 'Revoked for good; what it spent stays in the ledger.',
    answer: key,
  },
  'GET /admin/v1/teams': { tag: 'teams', summary: 'All teams.', query: paging, answer: page(team) },
  'POST /admin/v1/teams': { tag: 'teams', summary: 'A new team.', body: newTeam, status: 201, answer: teamWhole },
  'GET /admin/v1/teams/:id': { tag: 'teams', summary: 'One team with its keys and budgets.', answer: teamWhole },
  'PUT /admin/v1/teams/:id': {
    tag: 'teams',
    summary: 'Says the whole team; makes it where there is none.',
    body: teamChange,
    answer: teamWhole,
  },
  'PATCH /admin/v1/teams/:id': { tag: 'teams', summary: 'Changes what is named.', body: teamChange, answer: teamWhole },
  'GET /admin/v1/budgets': {
    tag: 'budgets',
    summary: 'All budgets, the config file’s too, with their balance.',
    query: paging.extend({ scope: z.enum(SCOPES).optional(), subject: text1('Whose balance of a budget for each.') }),
    answer: page(budget),
  },
  'POST /admin/v1/budgets': { tag: 'budgets', summary: 'A new limit.', body: newBudget, status: 201, answer: budget },
  'GET /admin/v1/budgets/:id': {
    tag: 'budgets',
    summary: 'One budget.',
    query: z.object({ subject: text1('Whose balance.') }),
    answer: budget,
  },
  'PATCH /admin/v1/budgets/:id': {
    tag: 'budgets',
    summary: 'Changes what is named; counts on with what was spent.',
    body: budgetChange,
    answer: budget,
  },
  'DELETE /admin/v1/budgets/:id': { tag: 'budgets', summary: 'The limit goes.', answer: gone },
  'POST /admin/v1/budgets/:id/top-up': {
    tag: 'budgets',
    summary: 'More for the present period; negative takes back.',
    body: toppedUp,
    answer: balance,
  },
  'POST /admin/v1/budgets/:id/reset': {
    tag: 'budgets',
    summary: 'What was spent in this period counts no more.',
    body: whoseBudget,
    answer: balance,
  },
  'GET /admin/v1/spend': {
    tag: 'spend',
    summary: 'What was spent, by whom, on what.',
    query: spendQuery,
    answer: spend,
    types: ['text/csv'],
  },
  'GET /admin/v1/ledger': {
    tag: 'spend',
    summary: 'Every charge, correction, top-up and reset, newest first.',
    query: paging,
    answer: page(entry),
  },
  'GET /admin/v1/unreconciled': {
    tag: 'spend',
    summary: 'Charges that a crash left at their reserve.',
    query: paging.pick({ limit: true }),
    answer: page(entry),
  },
  'POST /admin/v1/unreconciled/:id/correct': {
    tag: 'spend',
    summary: 'What such a call truly cost.',
    body: correction,
    answer: z.strictObject({ id: whole(), corrected: z.literal(true) }),
  },
  'GET /admin/v1/audit': {
    tag: 'audit',
    summary: 'Who changed what, newest first.',
    query: paging.extend({ subject: text1('Of what.') }),
    answer: page(audit),
  },
};
