// The parts of the config that are there once: server, storage, routing, limits, cache, budgets, experiments, sandbox, council.
import { z } from 'zod';
import { BUDGET_PERIODS, experimentSchema, ON_EXCEED, SCOPES, STRATEGIES } from '../../contract/index.ts';
import {
  count,
  duration,
  flag,
  key,
  name,
  number,
  oneOf,
  secret,
  share,
  size,
  table,
  text,
  url,
  usd,
  whole,
} from './fields.ts';

const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;

export const server = () =>
  z.strictObject({
    host: name().prefault('127.0.0.1').describe('Address to listen on. Off loopback an admin key is needed.'),
    port: whole(0, 65_535).prefault(4000).describe('0: any free one.'),
    admin_key: key().prefault('').describe('Opens `/admin/v1`. Empty: none, which is allowed on loopback only.'),
    metrics_key: key()
      .prefault('')
      .describe(
        'Opens `/metrics`, besides the admin key. Empty: on loopback everybody may read them, elsewhere the admin key is needed.',
      ),
    body_limit: size().prefault('20mb').describe('Larger request bodies get 413.'),
    request_timeout: duration()
      .refine((ms) => ms >= 1_000, { error: 'a duration of 1s or more' })
      .prefault('2m')
      .describe('A request that takes longer to come in, body and all, gets 408.'),
    shutdown_grace: duration().prefault('30s').describe('How long requests may finish after SIGTERM.'),
    log_level: oneOf(LOG_LEVELS).prefault('info').describe('How much is logged.'),
  });

export const storage = () =>
  z.union(
    [
      text().transform((url) => ({ url })),
      z.strictObject({
        url: text().prefault('sqlite:./data/quorum.db').describe('`sqlite:PATH`. PostgreSQL is not in this version.'),
      }),
    ],
    {
      error: 'a URL such as sqlite:./data/quorum.db, or { url }',
    },
  );

export const retention = () =>
  z.strictObject({
    requests: duration().prefault('90d').describe('Records of requests and their calls go when they are older.'),
    max_rows: count(1).optional().describe('So many requests are kept at the most, the newest. Default: no limit.'),
    max_size: size()
      .optional()
      .describe('The database may grow so far; then the oldest requests go. Default: no limit.'),
    reports: duration().prefault('400d').describe('The hourly sums that reports are made of go when they are older.'),
  });

export const telemetry = () =>
  z.strictObject({
    metrics: flag().prefault(true).describe('Numbers of requests are counted for `/metrics` and OpenTelemetry.'),
    anomalies: flag()
      .prefault(true)
      .describe('A model that is slower, dearer, fails or differs more than it used to is told in the log.'),
    litellm_names: flag()
      .prefault(false)
      .describe('`/metrics` has the numbers under LiteLLM’s names too, for boards that are there already.'),
    log_content: flag()
      .prefault(false)
      .describe(
        'Prompts and answers go into the log, of every key, and prompts stay with what is learnt of their answers, so that corrections can be tried again. `log_content` of a key: of that one only.',
      ),
  });

export const redis = () =>
  z.union(
    [
      text().transform((url) => ({ url })),
      z.strictObject({
        url: text().prefault('').describe('Not in this version: anything but an empty text is refused.'),
      }),
    ],
    {
      error: 'a URL such as redis://127.0.0.1:6379, or { url }',
    },
  );

export const routing = () =>
  z.strictObject({
    strategy: oneOf([...STRATEGIES, 'adaptive'])
      .prefault('adaptive')
      .describe('How models are asked when nothing else says so. `adaptive` decides by task, confidence and cost.'),
    prefer: oneOf(['quality', 'cost', 'speed', 'balanced'])
      .prefault('quality')
      .describe('What wins where they conflict.'),
    prefer_local: flag().prefault(false).describe('Local models first where they are good enough.'),
    max_cost_per_request: usd().optional().describe('USD that one request may cost at the most. Default: no limit.'),
    latency_target: duration()
      .optional()
      .describe('Models expected to take longer are left out while others remain. Default: none.'),
    explore: share()
      .prefault(0.05)
      .describe(
        'Share of decisions that exchange one model for another, to learn. Above 0 the plan is also drawn where several may each be the best, by what is known of the models; 0: neither.',
      ),
    min_class_confidence: share().prefault(0.35).describe('Below it the classification falls back to `fallback_task`.'),
    fallback_task: name().prefault('simple_query').describe('A key of `tasks`.'),
    deadline: duration().prefault('5m').describe('Whole request, retries and escalation included.'),
    hedge: flag()
      .prefault(false)
      .describe('A stream that is silent for longer than 95 of 100 of its model gets a rival; at most one in twenty.'),
    review_below: share().prefault(0.5).describe('Answers with less confidence are flagged and listed for review.'),
    slim: flag()
      .prefault(false)
      .describe(
        'System prompts and tools go out without what is said twice or to nobody. Users’ words, code, quotes and examples stay to the letter.',
      ),
  });

const rolePolicy = z.strictObject({
  model: name().describe('Who answers, alone.'),
  fallback: name().optional().describe('Who stands in when the model fails, is too slow or can’t take the request.'),
});

export const roles = () =>
  z.record(
    z.string(),
    z.union([name().transform((model) => ({ model })), rolePolicy], { error: 'a model, or { model, fallback }' }),
    { error: 'a map of roles' },
  );

export const limits = () =>
  z.strictObject({
    roles: z
      .record(z.string(), whole(1, 100_000), { error: 'a map of roles' })
      .prefault({})
      .describe('Requests of a role at the same time; `global` counts all. Default: no limits.'),
    providers: z
      .record(z.string(), whole(1, 100_000), { error: 'a map of providers' })
      .prefault({})
      .describe('Calls to a provider at the same time. Default: no limits.'),
    models: z
      .record(z.string(), whole(1, 100_000), { error: 'a map of models' })
      .prefault({})
      .describe('Calls to a model at the same time. Default: no limits.'),
    max_wait: duration()
      .prefault('10s')
      .describe('How long a request waits for a slot; then 503 `overload_throttled`.'),
    max_lag: duration()
      .prefault('2s')
      .describe('Lateness of the process at which it refuses; from a quarter of it on it asks fewer models at once.'),
    warn_after: z
      .strictObject({
        members: duration().prefault('5s').describe('The models answer.'),
        rankings: duration().prefault('5s').describe('A council ranks the answers.'),
        synthesis: duration().prefault('7s').describe('The chairman writes.'),
      })
      .prefault({})
      .describe('A stage of a request that takes longer is told in the log.'),
  });

const cacheRow = z.strictObject({
  enabled: flag().prefault(true).describe('Exact cache of complete, undisputed answers.'),
  ttl: duration().prefault('1h').describe('How long an answer is kept.'),
  max_entries: count(1).prefault(10_000).describe('Answers kept at the most.'),
  max_bytes: size().prefault('256mb').describe('Memory at the most.'),
  scope: oneOf(['key', 'team', 'global'])
    .prefault('key')
    .describe(
      'Who shares answers: one key, all keys of a team, or everybody; a key that may ask some models only keeps to itself.',
    ),
});

export const cache = () =>
  z.union([flag().transform((enabled) => ({ ...cacheRow.parse({}), enabled })), cacheRow], {
    error: 'true, false, or the cache’s settings',
  });

export const council = () =>
  z.strictObject({
    members: whole(2, 9).prefault(4).describe('Models that answer.'),
    member_timeout: duration().prefault('10s').describe('For one member’s answer or ranking.'),
    chairman_timeout: duration().prefault('15s').describe('For the chairman’s synthesis.'),
  });

const isTimeZone = (zone: string): boolean => {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: zone }));
  } catch {
    return false;
  }
};

const budgetRow = z.strictObject({
  scope: oneOf(SCOPES).describe('What it counts.'),
  id: name().optional().describe('Which team, key, user or tag. Left out: each one for itself. Not with `global`.'),
  period: oneOf(BUDGET_PERIODS)
    .prefault('month')
    .describe('Calendar periods in `time_zone`; `total` never starts again.'),
  limit_usd: usd().describe('USD per period.'),
  soft_at: z
    .array(share(), { error: 'a list of shares' })
    .prefault([0.5, 0.8, 0.95])
    .describe('Shares of the limit at which an alert goes out.'),
  on_exceed: oneOf(ON_EXCEED)
    .prefault('reject')
    .describe('`reject`: 429. `downgrade`: smaller strategy, then cheaper and local models. `warn`: only tell.'),
  time_zone: z
    .string({ error: 'a time zone such as Europe/Berlin' })
    .refine(isTimeZone, { error: 'a time zone such as Europe/Berlin' })
    .prefault('UTC')
    .describe('Whose calendar cuts the periods.'),
  unpriced: oneOf(['refuse', 'estimate'])
    .prefault('refuse')
    .describe('A model without a price: refused, or counted at the dearest known price.'),
});

export const budgets = () => z.array(budgetRow, { error: 'a list of budgets' });

const WEBHOOK_EXAMPLE = 'https://hooks.example.com/quorum';
const webhookRow = z.strictObject({
  url: url(WEBHOOK_EXAMPLE).describe('Gets a POST with JSON for every alert.'),
  secret: secret()
    .prefault('')
    .describe('Signs every alert: `x-quorum-signature: t=SECONDS,v1=HMAC`. Empty: alerts aren’t signed.'),
});

export const alerts = () =>
  z.strictObject({
    webhook: z
      .union([url(WEBHOOK_EXAMPLE).transform((address) => webhookRow.parse({ url: address })), webhookRow], {
        error: `a URL such as ${WEBHOOK_EXAMPLE}, or { url, secret }`,
      })
      .optional()
      .describe('Where alerts of budgets go, besides the log. Default: nowhere.'),
  });

export const experiments = () => table(experimentSchema, 'experiments');

const behaviour = z.strictObject({
  accuracy: z
    .record(z.string(), share(), { error: 'a map of kinds of tasks' })
    .optional()
    .describe('Share of right answers by kind of task, e.g. `{ arithmetic: 0.9 }`.'),
  correlated_with: name().optional().describe('Simulated model whose mistakes it shares.'),
  first_token: duration().optional().describe('Time to the first token.'),
  tokens_per_second: number(1, Infinity).optional().describe('How fast it writes.'),
  voice: oneOf(['terse', 'plain', 'thorough']).optional().describe('How much it writes.'),
  error_rate: share().optional().describe('Share of requests answered with `error_status`.'),
  error_status: whole(400, 599).optional().describe('HTTP status of such an answer.'),
  stall_rate: share().optional().describe('Share that hangs until the client leaves.'),
  cut_rate: share().optional().describe('Share whose connection breaks in the middle of the body.'),
  malformed_rate: share().optional().describe('Share whose body isn’t what the protocol says.'),
  invalid_rate: share().optional().describe('Share whose JSON or tool arguments don’t parse or miss a field.'),
  refusal_rate: share().optional().describe('Share that is refused in words.'),
  truncate_rate: share().optional().describe('Share cut short with `finish_reason: length`.'),
  rate_limit_rate: share().optional().describe('Share answered 429 with `retry-after`.'),
});

export const sandbox = () =>
  z.union(
    [
      flag().transform((enabled) => ({ enabled, seed: 'quorum', models: {} })),
      z.strictObject({
        enabled: z
          .union([flag(), z.literal('auto')], { error: 'true, false or auto' })
          .prefault('auto')
          .describe(
            '`auto`: the simulated models answer only while no real one can. `true`: always beside real ones. `false`: never.',
          ),
        seed: z
          .union([text(), z.int().transform(String)], { error: 'a text or a whole number' })
          .prefault('quorum')
          .describe('The same seed gives the same answers and the same failures.'),
        models: table(behaviour, 'simulated models')
          .prefault({})
          .describe('How a simulated model differs from its shipped behaviour.'),
      }),
    ],
    { error: 'true, false, or the sandbox’s settings' },
  );
