// Which experiments a request takes part in, and which arm it gets. A pure function of names, units and the time.
import type { Arm, Experiment, UnitKind } from '../contract/index.ts';
import { fraction } from './hash.ts';

/** What is looked at of a request. */
export interface Asked {
  readonly id: string;
  readonly at: number;
  readonly tenant: string;
  /** Has a key of its own. */
  readonly keyed: boolean;
  readonly user: string | null;
  readonly session: string | null;
  readonly team: string | null;
  readonly tags: readonly string[];
  /** As it was sent, and what that stands for. */
  readonly models: readonly string[];
  /** It names a real model. */
  readonly namesModel: boolean;
  /** What it asks for in so many words: nobody tries something else on it. */
  readonly said: ReadonlySet<string>;
  /** The same by the name of a model that stands for a strategy or a tier. */
  readonly saidByName: ReadonlySet<string>;
  /** Worked out when first asked for. */
  readonly task: () => string;
}

export interface Assigned {
  readonly experiment: Experiment;
  readonly arm: Arm;
  readonly unit: string;
}

/** At most one of each layer. Names of `forced` are left to the caller, and so are their layers. */
export function assign(
  experiments: readonly Experiment[],
  asked: Asked,
  forced: readonly Experiment[] = [],
): readonly Assigned[] {
  const taken = new Set(forced.map(({ layer }) => layer));
  const best = new Map<string, { readonly experiment: Experiment; readonly unit: string; readonly score: number }>();
  for (const experiment of experiments) {
    if (taken.has(experiment.layer) || !isOn(experiment, asked.at) || !concerns(experiment, asked)) continue;
    const unit = unitOf(experiment.sticky, asked);
    // Rendezvous: whatever comes or goes in a layer, the others keep their units.
    const score = fraction(`layer:${experiment.layer}:${experiment.name}`, unit);
    const first = best.get(experiment.layer);
    if (first === undefined || score > first.score) best.set(experiment.layer, { experiment, unit, score });
  }
  return [...best.values()].flatMap(({ experiment, unit }) => {
    if (fraction(`share:${experiment.name}`, unit) >= shareAt(experiment, asked.at)) return [];
    const arm = armOf(experiment, unit);
    return arm === null ? [] : [{ experiment, arm, unit }];
  });
}

export const isOn = ({ running, startAt, endAt }: Experiment, at: number): boolean =>
  running && (startAt === null || at >= startAt) && (endAt === null || at < endAt);

/** Grows evenly over the ramp. A unit that is in stays in while it grows. */
export function shareAt({ share, rampMs, startAt }: Experiment, at: number): number {
  if (rampMs === null || rampMs === 0 || startAt === null) return share;
  return share * Math.min(1, Math.max(0, (at - startAt) / rampMs));
}

/** By weight, in the order in which they are written. null: none has any. */
export function armOf({ name, arms }: Pick<Experiment, 'name' | 'arms'>, unit: string): Arm | null {
  const total = arms.reduce((sum, { weight }) => sum + weight, 0);
  let left = fraction(`arm:${name}`, unit) * total;
  for (const arm of arms) {
    if (left < arm.weight) return arm;
    left -= arm.weight;
  }
  return arms.findLast(({ weight }) => weight > 0) ?? null;
}

/** Who names no user counts by its session, then its key, then each request for itself. */
export function unitOf(kind: UnitKind, { id, tenant, keyed, user, session }: Asked): string {
  const byUser = user === null ? null : `${tenant}\0user:${user}`;
  const bySession = session === null ? null : `${tenant}\0session:${session}`;
  const byKey = keyed ? `${tenant}\0key` : null;
  switch (kind) {
    case 'user':
      return byUser ?? bySession ?? byKey ?? id;
    case 'session':
      return bySession ?? id;
    case 'key':
      return byKey ?? tenant;
    case 'request':
      return id;
    default:
      return kind satisfies never;
  }
}

function concerns(experiment: Experiment, asked: Asked): boolean {
  const { filter, source } = experiment;
  const listed = filter.models !== null && asked.models.some((name) => filter.models!.includes(name));
  if (filter.models !== null && !listed) return false;
  if (source === 'rollout' ? !asked.namesModel : asked.namesModel && !listed) return false;
  if (filter.teams !== null && (asked.team === null || !filter.teams.includes(asked.team))) return false;
  if (filter.tags !== null && !asked.tags.some((tag) => filter.tags!.includes(tag))) return false;
  for (const { overrides } of experiment.arms)
    for (const field of Object.keys(overrides))
      if (asked.said.has(field) || (!listed && asked.saidByName.has(field))) return false;
  return filter.tasks === null || filter.tasks.includes(asked.task());
}
