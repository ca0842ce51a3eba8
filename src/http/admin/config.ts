// /admin/v1/settings and /config/reload: what is in force, and reading the config file again.
import type { CurrentSettings, Settings } from '../../contract/index.ts';
import { shown } from '../../pipeline/shown.ts';
import { route, type AdminRoute } from './answer.ts';

/** What became of a reload; a bad file leaves the old settings in force. */
export type Reloaded =
  | {
      readonly ok: true;
      readonly changed: boolean;
      readonly warnings: readonly string[];
      readonly needsRestart: readonly string[];
    }
  | { readonly ok: false; readonly problems: readonly unknown[]; readonly message: string };

export interface ConfigParts {
  readonly settings: CurrentSettings;
  readonly configFile: {
    readonly path: string;
    warnings(): readonly string[];
    reload(): Promise<Reloaded>;
  };
}

export function configRoutes({ settings, configFile }: ConfigParts): readonly AdminRoute[] {
  return [
    route('get', '/settings', () => settingsShown(settings(), configFile)),
    route('post', '/config/reload', async () => {
      const result = await configFile.reload();
      return { object: 'reload', ...(shown(result) as object), version: settings().version };
    }),
  ];
}

function settingsShown(settings: Settings, configFile: ConfigParts['configFile']): unknown {
  const { version, defaultTier, defaultProvider, aliases, tiers, tasks, routing, cache, council } = settings;
  const { maxCostPerRequest, ...rest } = routing;
  return {
    object: 'settings',
    file: configFile.path,
    version,
    warnings: configFile.warnings(),
    default_tier: defaultTier,
    default_provider: defaultProvider,
    aliases: Object.fromEntries(aliases),
    tiers: shown([...tiers.values()]),
    tasks: [...tasks.values()].map(({ name, strategy, tier, minQuality, critical }) =>
      shown({ name, strategy, tier, minQuality, critical }),
    ),
    routing: {
      ...(shown(rest) as object),
      max_cost_per_request_usd: maxCostPerRequest === null ? null : maxCostPerRequest / 1e9,
    },
    cache: shown(cache),
    council: shown(council),
  };
}
