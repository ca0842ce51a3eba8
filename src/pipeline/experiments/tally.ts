// Counts what requests showed of their arms, and hands it to the store a few times a second.
import type { Clock, Enrolment, ExperimentStore, Feedback, RequestRecord, SumsDelta } from '../../contract/index.ts';
import { usdOf } from '../../contract/index.ts';
import { sumsOf, type Shown } from '../../experiment/index.ts';

const FLUSH_MS = 500;
/** Units that are known to be known. */
const MOST_KNOWN = 100_000;

export interface Tally {
  observe(record: RequestRecord): void;
  /** A verdict on a request, and the one that it replaces. */
  judged(record: RequestRecord, feedback: Feedback, replaced: Feedback | null): void;
  /** Of a run in the shadow, and of what was served meanwhile. */
  beside(of: Pick<Enrolment, 'experiment' | 'design' | 'arm'>, shown: Shown): void;
  /** Hands over what waits; a failure is told, and tried again. */
  flush(): void;
  close(): void;
}

type Whose = Pick<SumsDelta, 'experiment' | 'design' | 'arm'>;
interface Pending extends Whose {
  readonly sums: Record<string, number>;
  readonly units: Set<string>;
}

export function createTally(
  store: Pick<ExperimentStore, 'add'>,
  clock: Clock,
  onTrouble: (error: unknown) => void = () => undefined,
): Tally {
  let pending = new Map<string, Pending>();
  const known = new Set<string>();
  let cancel: (() => void) | null = null;

  function flush(): void {
    cancel?.();
    cancel = null;
    if (pending.size === 0) return;
    const batch = pending;
    pending = new Map();
    try {
      store.add([...batch.values()].map(({ units, ...rest }) => ({ ...rest, units: [...units] })));
    } catch (error) {
      onTrouble(error);
      for (const { units, sums, ...whose } of batch.values()) add(whose, sums, [...units]);
    }
  }

  function add(
    { experiment, design, arm }: Whose,
    sums: Readonly<Record<string, number>>,
    units: readonly string[] = [],
  ): void {
    const name = `${experiment}\0${design}\0${arm}`;
    let waiting = pending.get(name);
    if (waiting === undefined) pending.set(name, (waiting = { experiment, design, arm, sums: {}, units: new Set() }));
    for (const [each, value] of Object.entries(sums)) waiting.sums[each] = (waiting.sums[each] ?? 0) + value;
    for (const unit of units) waiting.units.add(unit);
    cancel ??= clock.after(FLUSH_MS, flush);
  }

  function unitsOf({ experiment, design, unit }: Enrolment): readonly string[] {
    const name = `${experiment}\0${design}\0${unit}`;
    if (known.has(name)) return [];
    if (known.size >= MOST_KNOWN) known.clear();
    known.add(name);
    return [unit];
  }

  return {
    observe(record) {
      for (const part of record.experiments ?? []) {
        if (part.forced) {
          add(part, { forced: 1 });
          continue;
        }
        const own = part.unit === '';
        const shown = part.exposed ? sumsOf(shownOf(record), own ? null : part.unit) : {};
        add(
          part,
          { requests: 1, ...(own && { units: 1 }), ...(part.exposed && { exposures: 1 }), ...shown },
          own ? [] : unitsOf(part),
        );
      }
    },
    judged(record, { good }, replaced) {
      for (const part of record.experiments ?? []) {
        if (part.forced || !part.exposed) continue;
        const unit = part.unit === '' ? null : part.unit;
        const before = replaced?.good ?? checksOf(record);
        if (replaced !== null) add(part, sumsOf({ feedback: replaced.good }, unit, -1));
        if (before !== undefined) add(part, sumsOf({ quality: before }, unit, -1));
        add(part, sumsOf({ feedback: good, quality: good }, unit));
      }
    },
    beside: (of, shown) => add(of, { requests: 1, exposures: 1, units: 1, ...sumsOf(shown, null) }),
    flush,
    close: flush,
  };
}

/** What an ended request shows. What the caller did wrong says nothing of an arm. */
function shownOf(record: RequestRecord): Shown {
  const { status, cost, timings, cache, merge } = record;
  if (status >= 400 && status < 500) return {};
  if (status >= 500) return { errors: 1, cost: usdOf(cost), latency: timings.totalMs };
  const checks = checksOf(record);
  return {
    errors: 0,
    cost: usdOf(cost),
    latency: timings.totalMs,
    cached: cache === 'hit' || cache === 'coalesced' || cache === 'semantic' ? 1 : 0,
    ...(checks !== undefined && { checks, quality: checks }),
    ...(merge?.agreement != null && { agreement: merge.agreement }),
  };
}

/** Whether the answer passed the checks that its models' answers were put to; undefined: it was put to none. */
function checksOf({ status, merge, attempts, models }: RequestRecord): number | undefined {
  if (status !== 200) return undefined;
  const judged = attempts.filter(({ model, judgement }) => judgement !== null && models.includes(model));
  if (judged.length === 0) return undefined;
  const fails = (merge?.violations.length ?? 0) > 0 || judged.every(({ judgement }) => !judgement!.acceptable);
  return fails ? 0 : 1;
}
