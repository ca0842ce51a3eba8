// How much the process can take on: slots by role, and smaller strategies, then a clear no, when it is too much.
import {
  type AbortWatch,
  QuorumError,
  STRATEGIES,
  type Decision,
  type Settings,
  type StrategyName,
  type Wishes,
} from '../contract/index.ts';
import type { Lease, Slots } from '../upstream/index.ts';

interface CapacityParts {
  readonly slots: Slots;
  /** How late the process is, in milliseconds. */
  readonly lagMs: () => number;
  /** Past it nothing more is taken on. */
  readonly maxLagMs: () => number;
  /** Models that are left alone for now, and why; null: none. */
  readonly leftAlone: () => ReadonlyMap<string, string> | null;
}

/** 0: all is well · 1: two models at the most · 2: one · 3: nothing more. */
export type Pressure = 0 | 1 | 2 | 3;

export interface Capacity {
  /** Throws `overload_throttled` when nothing more can be taken on; before anything costs time. */
  admit(tenant: string): Pressure;
  /** The role's slot and one of all. */
  enter(role: string | null, tenant: string, signal: AbortWatch): Lease | Promise<Lease>;
  /** The settings without the models that are left alone for now. */
  able(settings: Settings, wishes: Wishes): Able;
}

interface Able {
  readonly settings: Settings;
  /** In words, for the record. */
  readonly leftOut: readonly string[];
}

const GLOBAL = 'global';
const ALL = [GLOBAL];
const BUSY = 0.75;
const FULL: Pressure = 3;

/** Pure. `waiting` and `used` of `limit` slots that all requests share; null: there is no such limit. */
export function pressureOf(
  lag: number,
  maxLag: number,
  shared: { readonly used: number; readonly limit: number; readonly waiting: number } | null,
): Pressure {
  if (lag >= maxLag) return FULL;
  const late: Pressure = lag >= maxLag / 2 ? 2 : lag >= maxLag / 4 ? 1 : 0;
  if (shared === null) return late;
  const busy: Pressure = shared.waiting > 0 ? 2 : shared.used >= BUSY * shared.limit && shared.used > 1 ? 1 : 0;
  return late > busy ? late : busy;
}

/** The largest strategy that there is room for; null: any. A named one is carried out as it was asked for, and so is what is critical. */
export function shedTo(
  pressure: Pressure,
  decision: Decision,
  wishes: Wishes,
  settings: Settings,
): StrategyName | null {
  if (pressure === 0 || (wishes.strategy !== null && wishes.strategy !== 'adaptive')) return null;
  if (settings.tasks.get(decision.classification.task)?.critical === true) return null;
  const { kind } = decision.plan.call;
  const most: StrategyName = pressure === 1 ? 'dual' : 'single';
  if (kind === 'cascade') return pressure === 1 ? null : 'single';
  return STRATEGIES.indexOf(kind) > STRATEGIES.indexOf(most) ? most : null;
}

const RETRY_AFTER_MS = 1_000;

export function createCapacity({ slots, lagMs, maxLagMs, leftAlone }: CapacityParts): Capacity {
  let known: { readonly from: Settings; readonly names: string; readonly settings: Settings } | null = null;

  function without(settings: Settings, out: ReadonlyMap<string, string>): Settings {
    const names = [...out.keys()].join('\n');
    if (known?.from === settings && known.names === names) return known.settings;
    const usable = new Set([...settings.usable].filter((name) => !out.has(name)));
    known = { from: settings, names, settings: { ...settings, usable } };
    return known.settings;
  }

  return {
    admit(tenant) {
      slots.check(ALL, tenant);
      const shared = slots.use().find(({ name }) => name === GLOBAL) ?? null;
      const pressure = pressureOf(lagMs(), maxLagMs(), shared);
      if (pressure < FULL) return pressure;
      throw new QuorumError('overload_throttled', 'There is too much to do at the moment. Try again later.', {
        retryAfterMs: RETRY_AFTER_MS,
      });
    },
    enter: (role, tenant, signal) =>
      slots.take(role === null || role === GLOBAL ? ALL : [`role ${role}`, GLOBAL], tenant, signal),
    able(settings, wishes) {
      const out = leftAlone();
      if (out === null || wishes.models?.length === 1) return { settings, leftOut: [] };
      return {
        settings: without(settings, out),
        leftOut: [...out].map(([model, why]) => `${model} is left out: ${why}`),
      };
    },
  };
}

/** Where nothing is limited, late or sick: for tests and tools. */
export const BOUNDLESS: Capacity = {
  admit: () => 0,
  enter: () => ({ waitedMs: 0, release: () => undefined }),
  able: (settings) => ({ settings, leftOut: [] }),
};

/** What the config says of a slot's name; undefined: no limit. Pure. */
export function slotLimit(limits: SlotLimits, name: string): number | undefined {
  if (name === GLOBAL) return limits.roles.get(GLOBAL);
  const at = name.indexOf(' ');
  const rest = name.slice(at + 1);
  switch (name.slice(0, at)) {
    case 'role':
      return limits.roles.get(rest);
    case 'provider':
      return limits.providers.get(rest);
    case 'model':
      return limits.models.get(rest);
    default:
      return undefined;
  }
}

interface SlotLimits {
  readonly roles: ReadonlyMap<string, number>;
  readonly providers: ReadonlyMap<string, number>;
  readonly models: ReadonlyMap<string, number>;
}

/** Sick ones, and those whose rate limit lets nothing through for a while. */
export function leftAlone(
  sick: ReadonlyMap<string, string> | null,
  held: ReadonlyMap<string, number> | null,
): ReadonlyMap<string, string> | null {
  if (held === null) return sick;
  const waits = [...held].map(([model, waitMs]): [string, string] => [
    model,
    `its provider's rate limit lets nothing through for ${Math.ceil(waitMs)} ms`,
  ]);
  return new Map([...waits, ...(sick ?? [])]);
}
