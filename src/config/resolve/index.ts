// From a loaded config and what answers right now to the settings that requests run under. Pure.
import { createHash } from 'node:crypto';
import { Secret, nanoOf } from '../../contract/index.ts';
import type { Model, Settings } from '../../contract/index.ts';
import type { LoadedConfig } from '../load.ts';
import { resolveModels, whyNot } from './models.ts';
import type { Facts } from './models.ts';
import { resolveProviders } from './providers.ts';
import type { KnownProvider } from './providers.ts';
import { resolveTasks } from './tasks.ts';
import { resolveTiers } from './tiers.ts';

export type { Facts } from './models.ts';

export interface Resolved {
  readonly settings: Settings;
  /** By model: why it can't be asked now, in words. */
  readonly reasons: ReadonlyMap<string, string>;
  readonly warnings: readonly string[];
}

export const resolveSettings = (loaded: LoadedConfig, facts: Facts): Settings => resolve(loaded, facts).settings;

export function resolve(loaded: LoadedConfig, facts: Facts): Resolved {
  const { config } = loaded;
  const known = resolveProviders(loaded);
  const models = resolveModels(loaded, known, facts);
  const reasons = reasonsOf(models, known, loaded, facts);
  const usable = new Set([...models.keys()].filter((name) => !reasons.has(name)));
  const tiers = resolveTiers(loaded, {
    models,
    usable,
    whyNot: (name) => reasons.get(name) ?? 'nothing is known of it',
    added: addedModels(loaded, known, models, usable),
    arranged: Object.keys(config.tiers).length > 0,
  });
  const settings: Omit<Settings, 'version'> = {
    providers: new Map([...known].map(([name, { provider }]) => [name, provider])),
    models,
    usable,
    tiers,
    defaultTier: loaded.tier.name,
    defaultProvider: config.default_provider ?? firstProvider(known, models, usable),
    aliases: new Map(Object.entries(config.aliases)),
    tasks: resolveTasks(loaded),
    roles: new Map(
      Object.entries(config.roles).map(([name, row]) => [
        name,
        { model: row.model, fallback: ('fallback' in row && row.fallback) || null },
      ]),
    ),
    ...oneOfEach(loaded),
  };
  return {
    settings: frozen({ version: versionOf(settings), ...settings }),
    reasons,
    warnings: warningsOf(settings, facts),
  };
}

/** The file's before the catalog's, each in the order they are written. */
function firstProvider(
  known: ReadonlyMap<string, KnownProvider>,
  models: ReadonlyMap<string, Model>,
  usable: ReadonlySet<string>,
): string | null {
  const serving = new Set([...usable].map((name) => models.get(name)!.provider));
  const real = [...known].filter(([name, { provider }]) => serving.has(name) && !provider.simulated);
  return (real.find(([, { declared }]) => declared) ?? real[0])?.[0] ?? null;
}

function oneOfEach({ config }: LoadedConfig): Pick<Settings, 'routing' | 'cache' | 'council'> {
  const { routing, cache, council } = config;
  return {
    routing: {
      strategy: routing.strategy,
      prefer: routing.prefer,
      preferLocal: routing.prefer_local,
      maxCostPerRequest: routing.max_cost_per_request === undefined ? null : nanoOf(routing.max_cost_per_request),
      latencyTargetMs: routing.latency_target ?? null,
      explore: routing.explore,
      minClassConfidence: routing.min_class_confidence,
      fallbackTask: routing.fallback_task,
      deadlineMs: routing.deadline,
      reviewBelow: routing.review_below,
      hedge: routing.hedge,
      slim: routing.slim,
    },
    cache: {
      enabled: cache.enabled,
      ttlMs: cache.ttl,
      maxEntries: cache.max_entries,
      maxBytes: cache.max_bytes,
      scope: cache.scope,
    },
    council: {
      memberTimeoutMs: council.member_timeout,
      chairmanTimeoutMs: council.chairman_timeout,
      members: council.members,
    },
  };
}

/** Simulated models answer only while no real one can, unless the config says otherwise. */
function reasonsOf(
  models: ReadonlyMap<string, Model>,
  known: ReadonlyMap<string, KnownProvider>,
  loaded: LoadedConfig,
  facts: Facts,
): ReadonlyMap<string, string> {
  const reasons = new Map<string, string>();
  let real = false;
  for (const [name, model] of models) {
    const reason = whyNot(model, known.get(model.provider), loaded, facts);
    if (reason !== null) reasons.set(name, reason);
    else if (!model.simulated) real = true;
  }
  const { enabled } = loaded.config.sandbox;
  if (enabled === true || (enabled === 'auto' && !real)) return reasons;
  const reason = enabled === false ? 'the sandbox is switched off' : 'simulated; it steps aside for real models';
  for (const [name, model] of models) if (model.simulated) reasons.set(name, reason);
  return reasons;
}

/** Usable models that the catalog doesn't have there. */
function addedModels(
  { config, catalog }: LoadedConfig,
  known: ReadonlyMap<string, KnownProvider>,
  models: ReadonlyMap<string, Model>,
  usable: ReadonlySet<string>,
): readonly Model[] {
  return Object.keys(config.models).flatMap((name) => {
    const model = models.get(name)!;
    const theirs = !Object.hasOwn(catalog.rows.models, name) || known.get(model.provider)?.own === true;
    return theirs && usable.has(name) ? [model] : [];
  });
}

function warningsOf(settings: Omit<Settings, 'version'>, { productionMode }: Facts): readonly string[] {
  const warnings: string[] = [];
  if (settings.defaultTier === 'cost' && productionMode) {
    warnings.push('The default tier is "cost" while NODE_ENV is production: answers are the cheapest, not the best.');
  }
  for (const [role, { model, fallback }] of settings.roles) {
    const gone = [model, fallback].filter((name) => name !== null && !settings.usable.has(name));
    if (gone.length > 0) warnings.push(`The role "${role}" can't have ${gone.join(' or ')}: not usable now.`);
  }
  if (settings.usable.size === 0) warnings.push('No model can be used: every chat request will fail.');
  return warnings;
}

/** Short hash over everything, keys included. */
function versionOf(settings: object): string {
  const text = JSON.stringify(settings, function (this: Record<string, unknown>, key, value: unknown) {
    const raw = this[key];
    if (raw instanceof Secret) return raw.reveal();
    if (raw instanceof Map || raw instanceof Set) return [...raw];
    return raw instanceof RegExp ? String(raw) : value;
  });
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

function frozen(settings: Settings): Settings {
  for (const row of [
    ...settings.providers.values(),
    ...settings.models.values(),
    ...settings.tiers.values(),
    ...settings.tasks.values(),
  ]) {
    Object.freeze(row);
  }
  return Object.freeze(settings);
}
