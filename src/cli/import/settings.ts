// LiteLLM's settings besides models: retries, timeouts, cache, budgets, the master key, limits.
import type { Cursor } from './leaves.ts';
import { secondsText } from './model-rows.ts';
import type { Row } from './providers.ts';
import type { Secrets } from './secrets.ts';

/** Sections of Quorum's config, as they are written. */
export interface Sections {
  readonly server: Row;
  readonly routing: Row;
  readonly limits: Row;
  readonly cache: false | Row;
  readonly budgets: readonly Row[];
  readonly timeouts: Row | null;
  /** Of every provider; null: not said. */
  readonly maxRetries: number | null;
}

const MOST_RETRIES = 5;
const USUAL_DEADLINE_SECONDS = 300;

export function readSettings(root: Cursor, secrets: Secrets, note: (text: string) => void): Sections {
  const [litellm, router, general] = [
    root.at('litellm_settings'),
    root.at('router_settings'),
    root.at('general_settings'),
  ];
  const timeouts = timeoutsIn(litellm, router);
  if (litellm.at('drop_params').flag() === true)
    note(
      'litellm_settings.drop_params: what a model refuses is left out where the catalog knows of it; for others say `drop_fields`.',
    );
  if (litellm.at('turn_off_message_logging').flag() === false)
    note('litellm_settings.turn_off_message_logging: Quorum keeps no prompts or answers in its log and records.');
  if (router.at('enable_pre_call_checks').flag() === false)
    note('router_settings.enable_pre_call_checks: models too small for a request are always left out.');
  metricsIn(litellm, note);
  return {
    server: serverFrom(litellm, general, secrets, note),
    routing: { strategy: 'single', ...preferenceIn(router), explore: 0, ...deadlineFrom(litellm, router) },
    limits: limitsFrom(general),
    cache: cacheFrom(litellm, note),
    budgets: budgetsFrom(litellm, note),
    timeouts,
    maxRetries: retriesIn(litellm, router, note),
  };
}

/** The router's win over the library's. */
const either = (read: (place: Cursor) => number | null, ...places: readonly Cursor[]): number | null =>
  places.map(read).find((one) => one !== null) ?? null;

function retriesIn(litellm: Cursor, router: Cursor, note: (text: string) => void): number | null {
  const asked = either((place) => place.at('num_retries').number(), router, litellm);
  if (asked === null) return null;
  if (asked > MOST_RETRIES) note(`num_retries: ${MOST_RETRIES} at the most.`);
  return Math.min(MOST_RETRIES, Math.max(0, Math.round(asked)));
}

function timeoutsIn(litellm: Cursor, router: Cursor): Row | null {
  const total = either(
    (place) => place.number(),
    router.at('timeout'),
    router.at('request_timeout'),
    litellm.at('request_timeout'),
  );
  const first = either((place) => place.number(), router.at('stream_timeout'), litellm.at('stream_timeout')) ?? total;
  if (first === null) return null;
  return { first_token: secondsText(first), ...(total !== null && { total: secondsText(total) }) };
}

/** A call that may take longer than the usual deadline needs a longer one. */
function deadlineFrom(litellm: Cursor, router: Cursor): Row {
  const seconds = Math.max(
    ...[router.at('timeout'), router.at('request_timeout'), litellm.at('request_timeout')].map(
      (place) => place.number() ?? 0,
    ),
  );
  return seconds > USUAL_DEADLINE_SECONDS ? { deadline: secondsText(seconds) } : {};
}

function preferenceIn(router: Cursor): Row {
  const strategy = router.at('routing_strategy');
  switch (strategy.value) {
    case 'latency-based-routing':
      strategy.take();
      return { prefer: 'speed' };
    case 'cost-based-routing':
      strategy.take();
      return { prefer: 'cost' };
    default:
      return {};
  }
}

function metricsIn(litellm: Cursor, note: (text: string) => void): void {
  for (const field of ['callbacks', 'success_callback', 'failure_callback', 'service_callbacks'])
    for (const each of litellm.at(field).items())
      if (each.value === 'prometheus') {
        each.take();
        note(`litellm_settings.${field}: /metrics is always there; its names are Quorum’s.`);
      }
}

function serverFrom(litellm: Cursor, general: Cursor, secrets: Secrets, note: (text: string) => void): Row {
  const key = secrets.keep(general.at('master_key'), 'QUORUM_ADMIN_KEY');
  if (key !== null)
    note(
      'general_settings.master_key opens /admin/v1 here. Clients that used it for chat need a key of their own: `quorum keys create`.',
    );
  const loud = litellm.at('set_verbose').flag() === true;
  return { ...(key !== null && { admin_key: key }), ...(loud && { log_level: 'debug' }) };
}

function limitsFrom(general: Cursor): Row {
  const all = general.at('global_max_parallel_requests').number();
  return all === null || all < 1 ? {} : { roles: { global: Math.round(all) } };
}

function cacheFrom(litellm: Cursor, note: (text: string) => void): false | Row {
  const params = litellm.at('cache_params');
  const type = params.at('type');
  const on = litellm.at('cache').flag() === true;
  if (typeof type.value === 'string' && /semantic|s3|gcs|disk/.test(type.value)) {
    type.leave('answers are cached in memory and exactly; there is no cache of this kind');
    return false;
  }
  if (!on) return false;
  type.take();
  if (params.at('mode').value === 'default_off') {
    params.at('mode').take();
    note(
      'litellm_settings.cache_params.mode: callers can’t opt in one by one, so the cache is off; they can opt out (`x-quorum-cache: off`) once it is on.',
    );
    return false;
  }
  note('The cache never shares answers between keys unless cache.scope says team or global; LiteLLM’s did.');
  const ttl =
    params.at('ttl').number() ??
    params.at('default_in_memory_ttl').number() ??
    params.at('default_in_redis_ttl').number();
  return { enabled: true, ...(ttl !== null && ttl > 0 && { ttl: secondsText(ttl) }) };
}

type Period = 'hour' | 'day' | 'week' | 'month' | 'total';
const PERIOD_SECONDS: readonly (readonly [Period, number])[] = [
  ['hour', 3_600],
  ['day', 86_400],
  ['week', 604_800],
  ['month', 2_592_000],
];
const UNIT_SECONDS: Readonly<Record<string, number>> = {
  s: 1,
  m: 60,
  h: 3_600,
  d: 86_400,
  w: 604_800,
  mo: 2_592_000,
  y: 31_536_000,
};

function budgetsFrom(litellm: Cursor, note: (text: string) => void): readonly Row[] {
  const duration = litellm.at('budget_duration');
  const users = litellm.at('default_internal_user_params');
  const found: readonly (readonly [string, Cursor, Cursor])[] = [
    ['global', litellm.at('max_budget'), duration],
    ['user', litellm.at('max_end_user_budget'), litellm.at('none')],
    ['user', litellm.at('max_internal_user_budget'), litellm.at('internal_user_budget_duration')],
    ['user', users.at('max_budget'), users.at('budget_duration')],
  ];
  const rows = found.flatMap(([scope, limit, length]) => {
    const usd = limit.number();
    if (usd === null) return [];
    return [{ scope, period: periodOf(length, note), limit_usd: usd, on_exceed: 'reject', unpriced: 'estimate' }];
  });
  return rows.filter(
    (row, at) => rows.findIndex(({ scope, period }) => scope === row.scope && period === row.period) === at,
  );
}

/** Calendar periods; a length between them becomes the one nearest to it. */
function periodOf(cursor: Cursor, note: (text: string) => void): Period {
  const [, count, unit] = /^(\d+)\s*(mo|[smhdwy])/i.exec(typeof cursor.value === 'string' ? cursor.value : '') ?? [];
  if (count === undefined || unit === undefined) return 'total';
  cursor.take();
  const seconds = Number(count) * UNIT_SECONDS[unit.toLowerCase()]!;
  const [period, length] = PERIOD_SECONDS.reduce((best, one) =>
    Math.abs(Math.log(one[1] / seconds)) < Math.abs(Math.log(best[1] / seconds)) ? one : best,
  );
  const exact = length === seconds ? 'calendar' : 'calendar, the nearest there is';
  note(`A budget of ${count}${unit} counts by the ${period} (${exact}; UTC unless time_zone says otherwise).`);
  return period;
}
