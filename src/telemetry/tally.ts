// Sums up finished requests and their calls by the hour, in memory; rows of what changed go to the store now and then.
import type { Attempt, HourRow, RequestRecord } from '../contract/index.ts';
import { createHistogram, type Histogram, type HistogramState } from './histogram.ts';

/** Counts by name; what isn't there is 0. Money in nano-dollars. */
type Counts = Record<string, number>;

/** One row of an hour, or several added up. */
export interface Sums {
  readonly counts: Counts;
  /** `total`, `first_byte`, `queue`, `overhead` and the stages by their names, in milliseconds. */
  readonly spreads: Map<string, Histogram>;
}

interface Tally {
  /** Costs about a microsecond. */
  observe(record: RequestRecord): void;
  /** At most `limit` rows that changed since they were taken last. */
  take(limit: number): readonly HourRow[];
}

const HOUR_MS = 3_600_000;
/** More names than that in one hour are counted without their tenant. */
const MOST_CELLS = 4_000;

export const hourOf = (at: number): number => Math.floor(at / HOUR_MS);
export const hourAt = (hour: number): number => hour * HOUR_MS;

type Cell = Sums & Omit<HourRow, 'body'>;

export function createTally(): Tally {
  let hour = 0;
  let cells = new Map<string, Cell>();
  const changed = new Set<Cell>();

  /** Time never goes back here: rows of an hour that is over are final, and the store replaces rows. */
  function turnTo(at: number): void {
    const now = hourOf(at);
    if (now <= hour) return;
    hour = now;
    cells = new Map();
  }

  function cellOf(
    scope: HourRow['scope'],
    task: string,
    model: string,
    tenant: string,
    strategy: string,
    tier: string,
  ): Cell {
    const key = `${scope}\n${task}\n${model}\n${tenant}\n${strategy}\n${tier}`;
    let cell = cells.get(key);
    if (cell === undefined) {
      if (cells.size >= MOST_CELLS && tenant !== '') return cellOf(scope, task, model, '', strategy, tier);
      cell = { hour, scope, task, model, tenant, strategy, tier, counts: {}, spreads: new Map() };
      cells.set(key, cell);
    }
    changed.add(cell);
    return cell;
  }

  return {
    observe(record) {
      turnTo(record.at + record.timings.totalMs);
      const task = record.decision?.classification.task ?? '';
      const tier = record.decision?.tier ?? '';
      const strategy = record.strategy ?? '';
      countRequest(cellOf('request', task, '', record.tenant, strategy, tier), record);
      for (const attempt of record.attempts)
        countCall(cellOf('call', task, attempt.model, record.tenant, strategy, tier), attempt, record);
    },
    take(limit) {
      const rows: HourRow[] = [];
      for (const cell of changed) {
        if (rows.length === limit) break;
        changed.delete(cell);
        const { counts, spreads, ...names } = cell;
        rows.push({ ...names, body: writeSums({ counts, spreads }) });
      }
      return rows;
    },
  };
}

const add = (counts: Counts, name: string, by: number): void => {
  if (by !== 0 && Number.isFinite(by)) counts[name] = (counts[name] ?? 0) + by;
};

function measure({ spreads }: Sums, name: string, ms: number | null | undefined): void {
  if (ms === null || ms === undefined) return;
  let spread = spreads.get(name);
  if (spread === undefined) {
    spread = createHistogram();
    spreads.set(name, spread);
  }
  spread.record(ms);
}

export function countRequest(cell: Sums, record: RequestRecord): void {
  const { counts } = cell;
  const { status, cache, timings, merge, confidence } = record;
  add(counts, 'requests', 1);
  add(counts, status >= 500 ? 'failed' : status === 499 ? 'aborted' : status >= 400 ? 'refused' : 'ok', 1);
  add(counts, 'cost', record.cost);
  if (cache === 'hit' || cache === 'coalesced' || cache === 'semantic') add(counts, 'hits', 1);
  for (const { usage } of record.attempts) countTokens(counts, usage);
  if (typeof merge?.agreement === 'number') {
    add(counts, 'judged', 1);
    add(counts, 'agreed', merge.agreement);
  }
  if (confidence !== null) {
    add(counts, 'confident', 1);
    add(counts, 'confidence', confidence);
  }
  for (const flag of record.flags) add(counts, flag, 1);
  measure(cell, 'total', timings.totalMs);
  measure(cell, 'first_byte', timings.firstByteMs);
  measure(cell, 'queue', timings.queueMs);
  measure(cell, 'overhead', timings.overheadMs);
  for (const stage in timings.stages) measure(cell, stage, timings.stages[stage]);
}

function countTokens(counts: Counts, usage: Attempt['usage']): void {
  if (usage === null) return;
  add(counts, 'input_tokens', usage.prompt_tokens);
  add(counts, 'output_tokens', usage.completion_tokens);
}

export function countCall(cell: Sums, attempt: Attempt, { merge }: RequestRecord): void {
  const { counts } = cell;
  add(counts, 'requests', 1);
  add(counts, attempt.outcome === 'ok' ? 'ok' : attempt.outcome === 'aborted' ? 'aborted' : 'failed', 1);
  add(counts, 'cost', attempt.cost);
  add(counts, 'retries', attempt.retries);
  countTokens(counts, attempt.usage);
  if (attempt.outcome === 'ok') measure(cell, 'total', attempt.endedMs - attempt.startedMs);
  if (attempt.firstByteMs !== null) measure(cell, 'first_byte', attempt.firstByteMs - attempt.startedMs);
  measure(cell, 'queue', attempt.queueMs);
  const isVoice = attempt.role === 'member' || attempt.role === 'escalation' || attempt.role === 'fallback';
  if (merge === null || !isVoice || attempt.outcome !== 'ok') return;
  const voices = merge.camps.reduce((sum, { models }) => sum + models.length, 0);
  if (voices < 2) return;
  add(counts, 'judged', 1);
  if (merge.camps[0]!.models.includes(attempt.model)) add(counts, 'agreed', 1);
}

export const emptySums = (): Sums => ({ counts: {}, spreads: new Map() });

export function addSums(into: Sums, more: Sums): void {
  for (const name in more.counts) add(into.counts, name, more.counts[name]!);
  for (const [name, spread] of more.spreads) {
    const known = into.spreads.get(name);
    if (known === undefined) into.spreads.set(name, createHistogram(spread.toJSON()));
    else known.merge(spread);
  }
}

const writeSums = ({ counts, spreads }: Sums): string =>
  JSON.stringify({ counts, spreads: Object.fromEntries(spreads) });

/** A row that can't be read is empty: a report is no reason to fail. */
export function readSums(body: string): Sums {
  try {
    const { counts, spreads } = JSON.parse(body) as { counts: Counts; spreads: Record<string, HistogramState> };
    return {
      counts,
      spreads: new Map(Object.entries(spreads).map(([name, state]) => [name, createHistogram(state)])),
    };
  } catch {
    return emptySums();
  }
}
