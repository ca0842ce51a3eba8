// A request's wishes and settings as an arm changes them.
import { hash } from 'node:crypto';
import type { Overrides, Settings } from '../../contract/index.ts';
import type { Inbound } from '../exchange.ts';

export interface Derived {
  readonly inbound: Inbound;
  readonly settings: Settings;
}

/** Settings with overrides are made once; their version differs, so that no answer of theirs is kept for others. */
const made = new WeakMap<Settings, Map<string, Settings>>();

export function derive({ inbound, settings }: Derived, overrides: Overrides): Derived {
  const { strategy, tier, models, ...rest } = overrides;
  const wishes =
    strategy === undefined && tier === undefined && models === undefined
      ? inbound.wishes
      : {
          ...inbound.wishes,
          ...(strategy !== undefined && { strategy }),
          ...(tier !== undefined && { tier }),
          ...(models !== undefined && { models }),
        };
  return {
    inbound: wishes === inbound.wishes ? inbound : { ...inbound, wishes },
    settings: settingsWith(settings, rest),
  };
}

type OfSettings = Omit<Overrides, 'strategy' | 'tier' | 'models'>;

function settingsWith(settings: Settings, overrides: OfSettings): Settings {
  const name = JSON.stringify(overrides);
  if (name === '{}') return settings;
  const known = made.get(settings) ?? new Map<string, Settings>();
  made.set(settings, known);
  const found = known.get(name) ?? changed(settings, overrides, name);
  known.set(name, found);
  return found;
}

function changed(settings: Settings, overrides: OfSettings, name: string): Settings {
  const { chairman, minQuality, reviewBelow, slim, cache } = overrides;
  const { routing, tiers, tasks } = settings;
  const ofTasks = minQuality !== undefined || slim !== undefined;
  return {
    ...settings,
    version: `${settings.version}+${hash('sha256', name, 'hex').slice(0, 8)}`,
    routing: {
      ...routing,
      ...(reviewBelow !== undefined && { reviewBelow }),
      ...(slim !== undefined && { slim }),
    },
    ...(chairman !== undefined && { tiers: new Map([...tiers].map(([tier, row]) => [tier, { ...row, chairman }])) }),
    ...(ofTasks && {
      tasks: new Map(
        [...tasks].map(([task, row]) => [
          task,
          { ...row, ...(minQuality !== undefined && { minQuality }), ...(slim !== undefined && { slim }) },
        ]),
      ),
    }),
    ...(cache !== undefined && { cache: { ...settings.cache, enabled: cache } }),
  };
}
