// Confidence per task and model from what was seen: decayed sums, shrunk from the catalog over the model as a whole and the task to the tenant.
import type { ConfidenceChange, EvidenceSum } from '../contract/index.ts';
import { NOTHING, fadeTo, without, type Fading } from './decay.ts';
import { newWatch, suspects } from './drift.ts';
import { priorOf, unknownModel, type Rated } from './prior.ts';
import { createShelves, type TaskShelf } from './shelves.ts';

export interface Outcome {
  readonly tenant: string;
  readonly task: string;
  readonly model: string;
  /** How right it was, 0-1. */
  readonly good: number;
  /** How much the signal is worth: 1 is one answer known to be right or wrong. */
  readonly weight: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** What was expected of the model at this very prompt; absent: what is expected at the task. */
  readonly expected?: number;
}

interface Confidence {
  /** Expected share of right answers, 0-1. */
  readonly quality: number;
  /** Decayed weight of the outcomes at this task that it rests on. */
  readonly samples: number;
}

interface EvidenceOptions {
  readonly halfLifeMs: number;
  /** Outcomes that the prior counts for at each level. */
  readonly priorStrength: number;
}

export interface Evidence {
  /** `tenant` null: over all tenants. */
  quality(model: Rated, task: string | { readonly name: string }, tenant: string | null, now: number): Confidence;
  /** Expected of a model whatever the task: what prompts then move it from. The task only says what the catalog thinks. */
  overall(model: Rated, task: string, now: number): number;
  /** Standard deviation of what is expected of a model: how much it may yet turn out to be better. */
  doubt(model: string, task: string, now: number): number;
  /** By how much a tenant's own outcomes at a task differ from those of all others; 0 while those are few. */
  ownShift(model: string, task: string, tenant: string, now: number): number;
  /**
   * Takes an outcome in; returns what to add to the store: the outcome, and where it shows that the model has got worse, what makes
   * the sums forget what was before. The model's catalog entry makes changes comparable.
   */
  observe(outcome: Outcome, model?: Rated): readonly EvidenceSum[];
  /** Takes back an outcome as if it had never been; returns what to add to the store. */
  retract(outcome: Outcome): EvidenceSum;
  /** Adds sums of a file. */
  add(sums: readonly EvidenceSum[]): void;
  /** These are what is known in all, in place of what was known of the same tenants, tasks and models. */
  replace(sums: readonly EvidenceSum[]): void;
  /** Significant changes since the last call, oldest first; of a flood only the latest. */
  changes(): readonly ConfidenceChange[];
  /** Where a model turned out to have changed since the last call, so that what was seen before says nothing any more. */
  setAside(): readonly { readonly model: string; readonly task: string }[];
  /** One sum per tenant, task and model; loading it gives the same confidences. */
  snapshot(): readonly EvidenceSum[];
}

/** A change of so much in a confidence is worth a line in the log. */
const SIGNIFICANT = 0.05;
const MOST_CHANGES = 1_000;
/** A single outcome never counts for more than this many. */
const HEAVIEST = 5;
/** Outcomes at any task that the overall expectation rests on at the most, so that the catalog is never quite forgotten. */
const MOST_OVERALL = 100;
/** Outcomes before a tenant is told apart from the others, and what those others count for. */
const OTHERS_FROM = 30;
const OTHERS_STRENGTH = 24;
/** Variance of what is expected before anything was seen, of a model and again of a model at a task. */
const WIDEST = 0.005;

export function createEvidence(options: EvidenceOptions, sums: readonly EvidenceSum[]): Evidence {
  const { halfLifeMs } = options;
  const strength = Math.max(options.priorStrength, Number.EPSILON);
  const shelves = createShelves(halfLifeMs);
  for (const sum of sums) shelves.place(sum);
  let changed: ConfidenceChange[] = [];
  let aside: { readonly model: string; readonly task: string }[] = [];

  /** Beta-binomial posterior mean: the prior counts for `strength` outcomes. */
  const shrink = (prior: number, sum: Fading, now: number): number => {
    const { good, total } = fadeTo(sum, now, halfLifeMs);
    return (prior * strength + good) / (strength + total);
  };

  const confidence = (model: string, prior: number, task: string, tenant: string | null, now: number): Confidence => {
    const shelf = shelves.of(model);
    if (shelf === undefined) return { quality: prior, samples: 0 };
    const taskShelf = shelf.tasks.get(task);
    const others = taskShelf === undefined ? shelf.overall : without(shelf.overall, taskShelf.all, halfLifeMs);
    const overall = shrink(prior, atMost(fadeTo(others, now, halfLifeMs), strength), now);
    if (taskShelf === undefined) return { quality: overall, samples: 0 };
    const own = tenant === null ? undefined : taskShelf.tenants.get(tenant);
    const shared = own === undefined ? taskShelf.all : without(taskShelf.all, own, halfLifeMs);
    const atTask = shrink(overall, shared, now);
    const quality = own === undefined ? atTask : shrink(atTask, own, now);
    return { quality: clamp(quality), samples: fadeTo(taskShelf.all, now, halfLifeMs).total };
  };

  const note = (shelf: TaskShelf, outcome: Outcome, before: number, after: number, hasChanged: boolean): void => {
    const told = shelf.told ?? before;
    shelf.told = told;
    if (Math.abs(after - told) < SIGNIFICANT) return;
    shelf.told = after;
    const { at, task, model } = outcome;
    const samples = fadeTo(shelf.all, at, halfLifeMs).total.toFixed(1);
    const why = hasChanged
      ? `suddenly worse: what was seen before is set aside, ${samples} outcomes remain`
      : `${after > told ? 'better' : 'worse'} than expected over ${samples} outcomes`;
    changed.push({ at, task, model, before: told, after, why });
    if (changed.length > MOST_CHANGES) changed = changed.slice(-MOST_CHANGES);
  };

  return {
    quality: (model, task, tenant, now) => {
      const name = typeof task === 'string' ? task : task.name;
      return confidence(model.name, priorOf(model, name), name, tenant, now);
    },
    overall(model, task, now) {
      const shelf = shelves.of(model.name);
      const prior = priorOf(model, task);
      return shelf === undefined
        ? prior
        : clamp(shrink(prior, atMost(fadeTo(shelf.overall, now, halfLifeMs), MOST_OVERALL), now));
    },
    doubt(model, task, now) {
      const shelf = shelves.of(model);
      const all = shelf === undefined ? 0 : fadeTo(shelf.overall, now, halfLifeMs).total;
      const own = fadeTo(shelf?.tasks.get(task)?.all ?? NOTHING, now, halfLifeMs).total;
      // Half of what a model is at a task it is everywhere.
      return Math.sqrt(WIDEST / (1 + all / strength) + WIDEST / (1 + own / strength));
    },
    ownShift(model, task, tenant, now) {
      const shelf = shelves.of(model)?.tasks.get(task);
      const sum = shelf?.tenants.get(tenant);
      if (shelf === undefined || sum === undefined || shelf.tenants.size < 2) return 0;
      const own = fadeTo(sum, now, halfLifeMs);
      const others = without(fadeTo(shelf.all, now, halfLifeMs), own, halfLifeMs);
      if (others.total < OTHERS_FROM) return 0;
      return (own.good - (own.total * others.good) / others.total) / (own.total + OTHERS_STRENGTH);
    },
    observe(outcome, model) {
      const { task, at } = outcome;
      const delta = deltaOf(outcome);
      const prior = priorOf(model ?? unknownModel(outcome.model), task);
      const before = confidence(outcome.model, prior, task, null, at).quality;
      const shelf = shelves.place(delta);
      const everywhere = shelves.of(outcome.model)!;
      const expected = outcome.expected ?? before;
      const hasChanged = suspects(shelf.watch, expected, clamp(outcome.good), delta.total);
      const isBroken = suspects(everywhere.watch, expected, clamp(outcome.good), delta.total);
      if (isBroken) Object.assign(everywhere.watch, newWatch());
      const affected = isBroken ? [...everywhere.tasks] : hasChanged ? [[task, shelf] as const] : [];
      const forgotten = affected.flatMap(([its, other]) => {
        aside.push({ model: outcome.model, task: its });
        return shelves.forget(other, { ...outcome, task: its });
      });
      note(shelf, outcome, before, confidence(outcome.model, prior, task, null, at).quality, hasChanged || isBroken);
      return [delta, ...forgotten];
    },
    retract(outcome) {
      const delta = deltaOf(outcome);
      const taken = { ...delta, good: -delta.good, total: -delta.total };
      shelves.place(taken);
      return taken;
    },
    add(more) {
      for (const sum of more) shelves.place(sum);
    },
    replace(sums) {
      // Whoever saw it has told of the change.
      for (const sum of sums) shelves.replace(sum).told = null;
    },
    changes() {
      const drained = changed;
      changed = [];
      return drained;
    },
    setAside() {
      const drained = aside;
      aside = [];
      return drained;
    },
    snapshot: shelves.snapshot,
  };
}

function deltaOf({ tenant, task, model, good, weight, at }: Outcome): EvidenceSum {
  const total = Math.min(HEAVIEST, Math.max(0, weight || 0));
  return { tenant, task, model, good: clamp(good) * total, total, at };
}

const clamp = (value: number): number => Math.min(1, Math.max(0, value || 0));

/** Other tasks say only so much about this one: together as much as the prior, so that an easy task can't speak for a hard one. */
function atMost(sum: Fading, most: number): Fading {
  return sum.total <= most ? sum : { good: (sum.good / sum.total) * most, total: most, at: sum.at };
}
