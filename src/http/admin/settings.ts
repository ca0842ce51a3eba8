// /admin/v1/settings: what is in force, and what an administrator sets over the config while it runs.
import { z } from 'zod';
import type { Budgets } from '../../accounts/index.ts';
import {
  nearest,
  optionsSchema,
  QuorumError,
  readOptions,
  usdOf,
  type Clock,
  type CurrentSettings,
  type OptionChanges,
  type Options,
  type OptionStore,
  type Settings,
} from '../../contract/index.ts';
import { shown } from '../../pipeline/shown.ts';
import { route, type AdminRoute } from './answer.ts';
import { ACTOR } from './budgets.ts';
import type { ConfigParts } from './config.ts';
import { checked, readInput } from './input.ts';

export interface SettingsParts {
  readonly settings: CurrentSettings;
  readonly options: OptionStore;
  /** Puts them in force in this process. */
  readonly takeOptions: (options: Options) => void;
  readonly budgets: Budgets;
  readonly clock: Clock;
  readonly configFile: ConfigParts['configFile'];
}

/** `quality_over_cost` and `default_tier` are other words for `prefer` and `tier`. */
export const settingsInput = optionsSchema.extend({
  quality_over_cost: z.boolean({ error: 'true, false or null' }).nullable().optional(),
  default_tier: z.string({ error: 'the name of a tier, or null' }).nullable().optional(),
});

export function settingsRoutes(parts: SettingsParts): readonly AdminRoute[] {
  const save = (changes: OptionChanges): unknown => {
    checkTier(changes, parts.settings());
    if (Object.keys(changes).length > 0) parts.options.set(changes, { at: parts.clock.now(), actor: ACTOR });
    parts.takeOptions(readOptions(parts.options.load()));
    return settingsShown(parts);
  };
  return [
    route('get', '/settings', () => settingsShown(parts)),
    route('patch', '/settings', async (request) => save(changesOf(await readInput(request, settingsInput)))),
    route('put', '/settings', async (request) => {
      const given = changesOf(await readInput(request, settingsInput));
      const gone = Object.keys(parts.options.load()).map((name) => [name, null] as const);
      return save(checked(optionsSchema, { ...Object.fromEntries(gone), ...given }));
    }),
  ];
}

function changesOf({
  quality_over_cost: quality,
  default_tier: tier,
  ...given
}: z.output<typeof settingsInput>): OptionChanges {
  return {
    ...given,
    ...(tier !== undefined && { tier }),
    ...(quality !== undefined && {
      prefer: quality === null ? null : quality ? ('quality' as const) : ('cost' as const),
    }),
  };
}

function checkTier({ tier }: OptionChanges, { tiers }: Settings): void {
  if (tier === undefined || tier === null || tiers.has(tier)) return;
  const near = nearest(tier, tiers.keys());
  throw new QuorumError(
    'invalid_value',
    `There is no tier "${tier.slice(0, 80)}".${near === null ? '' : ` Did you mean "${near}"?`}`,
    { param: 'tier' },
  );
}

function settingsShown({ settings, options, budgets, configFile }: SettingsParts): unknown {
  const now = settings();
  const { version, defaultProvider, aliases, tiers, tasks, routing, cache, council } = now;
  const { maxCostPerRequest, ...rest } = routing;
  return {
    object: 'settings',
    file: configFile.path,
    version,
    warnings: configFile.warnings(),
    ...inForce(now, budgets),
    overrides: readOptions(options.load()),
    default_tier: now.defaultTier,
    default_provider: defaultProvider,
    aliases: Object.fromEntries(aliases),
    tiers: shown([...tiers.values()]),
    tasks: [...tasks.values()].map(({ name, strategy, tier, minQuality, critical }) =>
      shown({ name, strategy, tier, minQuality, critical }),
    ),
    routing: {
      ...(shown(rest) as object),
      max_cost_per_request_usd: maxCostPerRequest === null ? null : usdOf(maxCostPerRequest),
    },
    cache: shown(cache),
    council: shown(council),
  };
}

/** What can be set, as it is now, whoever said so. */
function inForce({ defaultTier, routing, cache }: Settings, budgets: Budgets) {
  const monthly = budgets.list().find(({ scope, period }) => scope === 'global' && period === 'month');
  const duration = (ms: number | null): string | null => (ms === null ? null : `${ms}ms`);
  return {
    tier: defaultTier,
    strategy: routing.strategy,
    prefer: routing.prefer,
    quality_over_cost: routing.prefer === 'quality',
    prefer_local: routing.preferLocal,
    max_cost_per_request_usd: routing.maxCostPerRequest === null ? null : usdOf(routing.maxCostPerRequest),
    monthly_budget_usd: monthly === undefined ? null : usdOf(monthly.limit),
    latency_target: duration(routing.latencyTargetMs),
    deadline: duration(routing.deadlineMs),
    explore: routing.explore,
    review_below: routing.reviewBelow,
    hedge: routing.hedge === true,
    slim: routing.slim,
    cache_enabled: cache.enabled,
    cache_ttl: duration(cache.ttlMs),
  };
}
