// Sums of what each model got right: at a task by tenant and over all tenants, and over all tasks. No tenant decides for all.
import type { EvidenceSum } from '../contract/index.ts';
import { NOTHING, addSums, fadeTo, without, type Fading } from './decay.ts';
import { newWatch, type Watch } from './drift.ts';

/** Of one model. */
interface Shelf {
  overall: Fading;
  /** Over all tasks: a model that breaks, breaks everywhere. */
  readonly watch: Watch;
  readonly tasks: Map<string, TaskShelf>;
}

export interface TaskShelf {
  all: Fading;
  readonly tenants: Map<string, Fading>;
  /** The confidence last told of, once one was. */
  told: number | null;
  readonly watch: Watch;
  /** Some tenant has seen so much that its share has to be bounded. */
  hasHeavy: boolean;
}

interface Shelves {
  of(model: string): Shelf | undefined;
  /** Adds a sum; returns where it lies. */
  place(sum: EvidenceSum): TaskShelf;
  /** In place of what was known of the same tenant, task and model. */
  replace(sum: EvidenceSum): TaskShelf;
  /** The model has changed at a task; returns what to add to the store. */
  forget(
    shelf: TaskShelf,
    change: { readonly task: string; readonly model: string; readonly at: number },
  ): readonly EvidenceSum[];
  snapshot(): readonly EvidenceSum[];
}

/** What one tenant may add to what all share, if the others together have seen less. */
const FREE_SHARE = 30;
/** What is left of the sums when a model turns out to have changed. */
const KEPT_AFTER_CHANGE = 0.05;

export function createShelves(halfLifeMs: number): Shelves {
  const shelves = new Map<string, Shelf>();

  const place = ({ tenant, task, model, ...sum }: EvidenceSum): TaskShelf => {
    const shelf = shelves.get(model) ?? { overall: NOTHING, watch: newWatch(), tasks: new Map<string, TaskShelf>() };
    const taskShelf: TaskShelf = shelf.tasks.get(task) ?? {
      all: NOTHING,
      tenants: new Map<string, Fading>(),
      told: null,
      watch: newWatch(),
      hasHeavy: false,
    };
    const own = addSums(taskShelf.tenants.get(tenant) ?? NOTHING, sum, halfLifeMs);
    taskShelf.tenants.set(tenant, own);
    shelf.tasks.set(task, taskShelf);
    shelves.set(model, shelf);
    const before = taskShelf.all;
    taskShelf.hasHeavy ||= own.total > FREE_SHARE;
    const bounds = taskShelf.hasHeavy && taskShelf.tenants.size > 1;
    taskShelf.all = bounds ? boundedSum([...taskShelf.tenants.values()], halfLifeMs) : addSums(before, sum, halfLifeMs);
    shelf.overall = addSums(without(shelf.overall, before, halfLifeMs), taskShelf.all, halfLifeMs);
    return taskShelf;
  };

  /** Every tenant's sum shrinks to little, and what was seen since the change began is counted in full. */
  const forget: Shelves['forget'] = (shelf, { task, model, at }) => {
    const since = { ...shelf.watch };
    Object.assign(shelf.watch, newWatch());
    const whole = [...shelf.tenants.values()].reduce((sum, own) => sum + fadeTo(own, at, halfLifeMs).total, 0);
    const deltas = [...shelf.tenants].map(([tenant, own]) => {
      const { good, total } = fadeTo(own, at, halfLifeMs);
      const share = whole > 0 ? total / whole : 0;
      const [wanted, wantedGood] = [
        Math.min(total, since.total * share + total * KEPT_AFTER_CHANGE),
        since.good * share + good * KEPT_AFTER_CHANGE,
      ];
      return { tenant, task, model, good: Math.min(wanted, wantedGood) - good, total: wanted - total, at };
    });
    for (const delta of deltas) place(delta);
    return deltas;
  };

  return {
    of: (model) => shelves.get(model),
    place,
    replace(sum) {
      const { tenant, task, model } = sum;
      const known = shelves.get(model)?.tasks.get(task)?.tenants.get(tenant) ?? NOTHING;
      const change = addSums(sum, { ...known, good: -known.good, total: -known.total }, halfLifeMs);
      return place({ tenant, task, model, ...change });
    },
    forget,
    snapshot: () =>
      [...shelves].flatMap(([model, shelf]) =>
        [...shelf.tasks].flatMap(([task, { tenants }]) =>
          [...tenants].map(([tenant, { good, total, at }]) => ({ tenant, task, model, good, total, at })),
        ),
      ),
  };
}

/** Each tenant counts for as much as all others together, or a little where they have seen less. */
function boundedSum(tenants: readonly Fading[], halfLifeMs: number): Fading {
  const at = Math.max(...tenants.map((sum) => sum.at));
  const now = tenants.map((sum) => fadeTo(sum, at, halfLifeMs));
  const all = now.reduce((sum, { total }) => sum + total, 0);
  return now.reduce<Fading>(
    (sum, { good, total }) => {
      const most = Math.max(FREE_SHARE, all - total);
      const share = total > most ? most / total : 1;
      return { good: sum.good + good * share, total: sum.total + total * share, at };
    },
    { good: 0, total: 0, at },
  );
}
