// Tiers as they can be used now: who is in, who had to be replaced, who presides.
import { nanoOf } from '../../contract/index.ts';
import type { Model, Nano, Speed, Tier } from '../../contract/index.ts';
import type { LoadedConfig } from '../load.ts';
import type { TierRow } from '../schema/index.ts';

interface TierScene {
  readonly models: ReadonlyMap<string, Model>;
  readonly usable: ReadonlySet<string>;
  /** Why a model isn't usable, in words. */
  readonly whyNot: (name: string) => string;
  /** Usable models that only the file knows. */
  readonly added: readonly Model[];
  /** The file has tiers of its own: it has said where its models belong. */
  readonly arranged: boolean;
}

export function resolveTiers({ config, catalog }: LoadedConfig, scene: TierScene): ReadonlyMap<string, Tier> {
  const names = new Set([...Object.keys(catalog.rows.tiers), ...Object.keys(config.tiers)]);
  return new Map(
    [...names].map((name): [string, Tier] => {
      const theirs = config.tiers[name];
      const shipped = catalog.rows.tiers[name] ?? {};
      // Whoever names a tier's models describes another tier: its chairman and figures don't come from the catalog.
      const row: TierRow = theirs?.models === undefined ? { ...shipped, ...given(theirs) } : theirs;
      return [name, tierFrom(name, row, theirs?.models === undefined, scene)];
    }),
  );
}

const given = (row: TierRow | undefined): TierRow =>
  Object.fromEntries(Object.entries(row ?? {}).filter(([, value]) => value !== undefined));

function tierFrom(name: string, row: TierRow, shipped: boolean, scene: TierScene): Tier {
  const { usable } = scene;
  const configured = row.models ?? [];
  const present = configured.filter((model) => usable.has(model));
  const takesAll = shipped && (!scene.arranged || present.length === 0);
  const added = takesAll ? scene.added.map((model) => model.name) : [];
  const listed = added.length > 0 ? inOrder(name, [...new Set([...added, ...present])], scene) : present;
  const models = filled(listed, configured, scene);
  const best = bestOf(models, scene);
  const chairman = row.chairman !== undefined && usable.has(row.chairman) ? row.chairman : best;
  const gaps = added.length > 0 ? [] : gapsOf(configured, listed, models, row.chairman, chairman, shipped, scene);
  const members = models.map((model) => scene.models.get(model)!);
  return {
    name,
    configured: added.length > 0 ? listed : configured,
    models,
    chairman,
    expectedLatencyMs: row.expected_latency ?? latencyOf(members),
    costPerQuery: row.cost_per_query === undefined ? costOf(members) : nanoOf(row.cost_per_query),
    gaps,
  };
}

const SEATS = 3;

/** Local ones stand in first, then cheaper ones, until there are enough for a vote. */
function filled(listed: readonly string[], configured: readonly string[], scene: TierScene): readonly string[] {
  const missing = configured.length > listed.length || listed.length === 0;
  const seats = missing ? Math.min(SEATS, scene.usable.size) : listed.length;
  if (listed.length >= seats) return listed;
  const others = [...scene.usable].filter((name) => !listed.includes(name)).map((name) => scene.models.get(name)!);
  others.sort((a, b) => Number(b.local) - Number(a.local) || costRank(a) - costRank(b) || b.quality - a.quality);
  return [...listed, ...others.slice(0, seats - listed.length).map(({ name }) => name)];
}

/** A question weighs two thirds, its answer one third. Unknown prices come last. */
const costRank = ({ price }: Model): number => (price === null ? Infinity : 2 * price.inputPico + price.outputPico);
const SPEED_RANK: Readonly<Record<Speed, number>> = { very_fast: 0, fast: 1, medium: 2, slow: 3 };

/** What comes first in a tier that nobody put in order: the tier's name says what it is for. */
function inOrder(tier: string, names: readonly string[], scene: TierScene): readonly string[] {
  const models = names.map((name) => scene.models.get(name)!);
  const byQuality = (a: Model, b: Model): number => b.quality - a.quality || costRank(a) - costRank(b);
  const order: Readonly<Record<string, (a: Model, b: Model) => number>> = {
    speed: (a, b) => SPEED_RANK[a.speed] - SPEED_RANK[b.speed] || byQuality(a, b),
    cost: (a, b) => Number(b.local) - Number(a.local) || costRank(a) - costRank(b) || b.quality - a.quality,
  };
  return models.sort(order[tier] ?? byQuality).map(({ name }) => name);
}

function bestOf(names: readonly string[], scene: TierScene): string | null {
  const models = names.map((name) => scene.models.get(name)!);
  return (
    models.reduce<Model | null>((best, model) => (best === null || model.quality > best.quality ? model : best), null)
      ?.name ?? null
  );
}

function gapsOf(
  configured: readonly string[],
  listed: readonly string[],
  models: readonly string[],
  wantedChairman: string | undefined,
  chairman: string | null,
  shipped: boolean,
  scene: TierScene,
): readonly string[] {
  const isSimulated = (name: string): boolean => scene.models.get(name)?.simulated === true;
  const missing = configured.filter((name) => !listed.includes(name) && !(shipped && isSimulated(name)));
  const gaps = shipped
    ? shippedGaps(missing, scene)
    : missing.map((name) => `${name} can't be used: ${scene.whyNot(name)}.`);
  const standIns = models.filter((name) => !configured.includes(name));
  if (standIns.length > 0) gaps.push(`${standIns.join(', ')} stand${standIns.length === 1 ? 's' : ''} in.`);
  if (models.length === 0) gaps.push('No model is left.');
  else if (wantedChairman !== undefined && wantedChairman !== chairman) {
    gaps.push(`${chairman} presides instead of ${wantedChairman}.`);
  }
  return gaps;
}

/** The shipped tiers list more than anybody has keys for: one sentence tells what would bring in more. */
function shippedGaps(missing: readonly string[], scene: TierScene): string[] {
  if (missing.length === 0) return [];
  return [`${missing.length} of its models can't be used: ${reasonsIn(missing, scene)}.`];
}

const reasonsIn = (names: readonly string[], scene: TierScene): string =>
  [...new Set(names.map(scene.whyNot))].join(', ').replaceAll(', set ', ', ');

const LATENCY_MS: Readonly<Record<Speed, number>> = { very_fast: 2_000, fast: 5_000, medium: 12_000, slow: 30_000 };

const latencyOf = (members: readonly Model[]): number => Math.max(0, ...members.map(({ speed }) => LATENCY_MS[speed]));

/** Mean over the members of 1,000 tokens in and 500 out. */
function costOf(members: readonly Model[]): Nano {
  const prices = members.flatMap(({ price }) => (price === null ? [] : [price]));
  const pico = prices.reduce(
    (sum, { inputPico, outputPico, requestPico }) => sum + 1_000 * inputPico + 500 * outputPico + requestPico,
    0,
  );
  return (prices.length === 0 ? 0 : Math.round(pico / prices.length / 1_000)) as Nano;
}
