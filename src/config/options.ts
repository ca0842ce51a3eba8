// What the administration set, laid over a loaded config: it wins over the file, the environment and the flags. Pure.
import { parseDuration, type Options } from '../contract/index.ts';
import type { LoadedConfig } from './load.ts';
import type { Config } from './schema/index.ts';

export function withOptions(loaded: LoadedConfig, options: Options): LoadedConfig {
  if (Object.keys(options).length === 0) return loaded;
  const { tier, unknownTier } = tierOf(loaded, options);
  return {
    ...loaded,
    tier,
    config: configWith(loaded.config, options),
    warnings:
      unknownTier === null
        ? loaded.warnings
        : [
            ...loaded.warnings,
            {
              source: 'the administration’s settings',
              line: null,
              column: null,
              path: 'tier',
              message: `there is no tier "${unknownTier}" any more; using "${tier.name}"`,
            },
          ],
  };
}

/** A tier that has gone from the config meanwhile is no reason not to serve. */
function tierOf(
  { tier, catalog, config }: LoadedConfig,
  { tier: asked }: Options,
): { readonly tier: LoadedConfig['tier']; readonly unknownTier: string | null } {
  if (asked === undefined) return { tier, unknownTier: null };
  const isKnown = Object.hasOwn(catalog.rows.tiers, asked) || Object.hasOwn(config.tiers, asked);
  return isKnown ? { tier: { name: asked, asked }, unknownTier: null } : { tier, unknownTier: asked };
}

function configWith(config: Config, options: Options): Config {
  const { strategy, prefer, explore, hedge, slim } = options;
  return {
    ...config,
    routing: {
      ...config.routing,
      ...present({
        strategy,
        prefer,
        explore,
        hedge,
        slim,
        prefer_local: options.prefer_local,
        max_cost_per_request: options.max_cost_per_request_usd,
        latency_target: msOf(options.latency_target),
        deadline: msOf(options.deadline),
        review_below: options.review_below,
      }),
    },
    cache: { ...config.cache, ...present({ enabled: options.cache_enabled, ttl: msOf(options.cache_ttl) }) },
    budgets:
      options.monthly_budget_usd === undefined ? config.budgets : budgetsWith(config, options.monthly_budget_usd),
  };
}

type Present<Fields> = { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> };

const present = <Fields extends object>(fields: Fields): Present<Fields> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<Fields>;

const msOf = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : (parseDuration(text) ?? undefined);

/** The config's own monthly budget for everything, with another limit; or a new one. Either counts under the same name. */
function budgetsWith({ budgets }: Config, limitUsd: number): Config['budgets'] {
  const own = budgets.findIndex(({ scope, period }) => scope === 'global' && period === 'month');
  if (own >= 0) return budgets.map((row, index) => (index === own ? { ...row, limit_usd: limitUsd } : row));
  const row: Config['budgets'][number] = {
    scope: 'global',
    period: 'month',
    limit_usd: limitUsd,
    soft_at: [0.5, 0.8, 0.95],
    on_exceed: 'reject',
    time_zone: 'UTC',
    unpriced: 'refuse',
  };
  return [...budgets, row];
}
