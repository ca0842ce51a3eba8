// Reports: hours of requests and calls, added up by what one asks for, with percentiles, trends and accuracy by verdicts. Pure.
import type { HourRow, RequestRecord } from '../contract/index.ts';
import { figuresOf, rounded, type Figures } from './figures.ts';
import { countsCalls, nameOf, type Named, type ReportGroup, type ReportNames } from './report-groups.ts';
import { addSums, countCall, countRequest, emptySums, hourAt, readSums, type Sums } from './tally.ts';

export interface ReportQuery {
  readonly by: readonly ReportGroup[];
  /** Milliseconds since the epoch; whole hours are counted. */
  readonly since: number;
  readonly until: number;
}

/** How right an answer was, as somebody said. */
export interface Verdict {
  readonly at: number;
  readonly task: string;
  readonly tenant: string;
  readonly strategy: string | null;
  readonly tier: string | null;
  /** Whose answer it was. */
  readonly models: readonly string[];
  readonly user: string | null;
  readonly tags: readonly string[];
  readonly good: number;
}

interface TrendPoint {
  readonly at: string;
  readonly requests: number;
  readonly error_rate: number;
  readonly cost_usd: number;
  readonly p50_ms: number | null;
  readonly p95_ms: number | null;
  readonly accuracy: number | null;
}

export interface ReportRow extends Figures {
  readonly group: Readonly<Record<string, string | null>>;
  readonly trend: readonly TrendPoint[];
}

export interface Report {
  readonly by: readonly ReportGroup[];
  /** What is counted: whole requests, or calls to models. */
  readonly counts: 'requests' | 'calls';
  readonly since: string;
  readonly until: string;
  readonly rows: readonly ReportRow[];
  readonly total: ReportRow;
}

const HOUR_MS = 3_600_000;
const MOST_POINTS = 24;
/** More groups than anyone reads are left out, the smallest first. */
const MOST_ROWS = 1_000;

interface Gathered {
  readonly group: readonly (string | null)[];
  readonly all: Sums;
  readonly points: Map<number, Sums>;
  readonly verdicts: { at: number; good: number }[];
}

/** Takes hours, or records where those are needed, one after the other, so that nobody has to hold them all. */
export function createReport(query: ReportQuery, names: ReportNames) {
  const { by, since, until } = query;
  const scope = countsCalls(by) ? 'call' : 'request';
  const bucketMs = bucketOf(until - since);
  const groups = new Map<string, Gathered>();
  const total = gathered([]);
  /** Of a tag for each tag: a request counts for all of its tags, and once in the total. */
  const groupsOf = (named: Named, tags: readonly string[], time: number): readonly (readonly (string | null)[])[] =>
    (by.includes('tag') && tags.length > 0 ? tags : [null]).map((tag) =>
      by.map((name) => nameOf(name, named, tag, time, names)),
    );
  const at = (group: readonly (string | null)[]): Gathered => {
    const key = JSON.stringify(group);
    const known = groups.get(key) ?? gathered(group);
    groups.set(key, known);
    return known;
  };
  const count = (into: ReturnType<typeof groupsOf>, time: number, add: (sums: Sums) => void): void => {
    const point = Math.floor((time - since) / bucketMs);
    for (const { all, points } of [...into.map(at), total]) {
      add(all);
      const known = points.get(point) ?? emptySums();
      points.set(point, known);
      add(known);
    }
  };
  return {
    add(rows: readonly HourRow[]): void {
      for (const row of rows) {
        if (row.scope !== scope) continue;
        const sums = readSums(row.body);
        const time = hourAt(row.hour);
        count(groupsOf({ ...row, user: null }, [], time), time, (into) => addSums(into, sums));
      }
    },
    addRecord(record: RequestRecord): void {
      const { at: time, tags } = record;
      const named = (model: string): Named => ({
        task: record.decision?.classification.task ?? '',
        tenant: record.tenant,
        model,
        strategy: record.strategy,
        tier: record.decision?.tier ?? null,
        user: record.user ?? null,
      });
      if (scope === 'request') count(groupsOf(named(''), tags, time), time, (into) => countRequest(into, record));
      else
        for (const attempt of record.attempts)
          count(groupsOf(named(attempt.model), tags, time), time, (into) => countCall(into, attempt, record));
    },
    addVerdicts(verdicts: readonly Verdict[]): void {
      for (const verdict of verdicts) {
        if (verdict.at < since || verdict.at >= until) continue;
        const { good } = verdict;
        const point = { at: Math.floor((verdict.at - since) / bucketMs), good };
        total.verdicts.push(point);
        const models = countsCalls(by) ? verdict.models : [''];
        const groupsOfAll = models.flatMap((model) => groupsOf({ ...verdict, model }, verdict.tags, verdict.at));
        const seen = new Set(groupsOfAll.map((group) => JSON.stringify(group)));
        for (const key of seen) groups.get(key)?.verdicts.push(point);
      }
    },
    done(): Report {
      const range = { since, until, bucketMs };
      const rows = [...groups.values()].map((group) => rowOf(by, group, range));
      rows.sort((one, other) => other.requests - one.requests || (labelOf(one) < labelOf(other) ? -1 : 1));
      return {
        by,
        counts: scope === 'call' ? 'calls' : 'requests',
        since: new Date(since).toISOString(),
        until: new Date(until).toISOString(),
        rows: rows.slice(0, MOST_ROWS),
        total: rowOf([], total, range),
      };
    },
  };
}

const gathered = (group: readonly (string | null)[]): Gathered => ({
  group,
  all: emptySums(),
  points: new Map(),
  verdicts: [],
});
const labelOf = ({ group }: ReportRow): string => JSON.stringify(group);

/** Whole hours, or whole days of hours, and at most 24 of them. */
function bucketOf(rangeMs: number): number {
  const hours = Math.max(1, Math.ceil(rangeMs / HOUR_MS / MOST_POINTS));
  return (hours <= 12 ? hours : Math.ceil(hours / 24) * 24) * HOUR_MS;
}

interface Range {
  readonly since: number;
  readonly until: number;
  readonly bucketMs: number;
}

function rowOf(by: readonly ReportGroup[], { group, all, points, verdicts }: Gathered, range: Range): ReportRow {
  return {
    group: Object.fromEntries(by.map((name, index) => [name, group[index] ?? null])),
    ...figuresOf(all, verdicts),
    trend: trendOf(points, verdicts, range),
  };
}

function trendOf(
  points: Gathered['points'],
  verdicts: Gathered['verdicts'],
  { since, until, bucketMs }: Range,
): readonly TrendPoint[] {
  return Array.from({ length: Math.max(1, Math.ceil((until - since) / bucketMs)) }, (_, index) => {
    const sums = points.get(index) ?? emptySums();
    const total = sums.spreads.get('total');
    const { requests, error_rate, cost_usd, accuracy } = figuresOf(
      sums,
      verdicts.filter(({ at }) => at === index),
    );
    return {
      at: new Date(since + index * bucketMs).toISOString(),
      requests,
      error_rate,
      cost_usd,
      p50_ms: rounded(total?.quantile(0.5) ?? null),
      p95_ms: rounded(total?.quantile(0.95) ?? null),
      accuracy,
    };
  });
}
