// Reports: hours of requests and calls, added up by what one asks for, with percentiles, trends and accuracy by verdicts. Pure.
import type { HourRow, RequestRecord } from '../contract/index.ts';
import { addSums, countCall, countRequest, emptySums, hourAt, readSums, type Sums } from './tally.ts';

export const REPORT_GROUPS = [
  'model',
  'provider',
  'task',
  'strategy',
  'tier',
  'key',
  'team',
  'user',
  'tag',
  'day',
  'hour',
] as const;
export type ReportGroup = (typeof REPORT_GROUPS)[number];

export interface ReportQuery {
  readonly by: readonly ReportGroup[];
  /** Milliseconds since the epoch; whole hours are counted. */
  readonly since: number;
  readonly until: number;
}

/** What isn't in a row itself. */
export interface ReportNames {
  readonly providerOf: (model: string) => string | null;
  readonly teamOf: (tenant: string) => string | null;
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

export interface Spread {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
}

export interface Figures {
  /** Of a report by model or provider: calls. */
  readonly requests: number;
  readonly ok: number;
  readonly failed: number;
  readonly refused: number;
  readonly aborted: number;
  readonly error_rate: number;
  readonly cache_hits: number;
  readonly retries: number;
  readonly cost_usd: number;
  readonly cost_per_request_usd: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly agreement: number | null;
  readonly confidence: number | null;
  readonly accuracy: number | null;
  readonly verdicts: number;
  readonly latency_ms: Spread | null;
  readonly first_byte_ms: Spread | null;
  readonly queue_ms: Spread | null;
  readonly overhead_ms: Spread | null;
  readonly stages_ms: Readonly<Record<string, Spread>>;
}

export interface TrendPoint {
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
const STAGES = ['route', 'members', 'rankings', 'synthesis'];
/** More groups than anyone reads are left out, the smallest first. */
const MOST_ROWS = 1_000;

export const isReportGroup = (name: string): name is ReportGroup => REPORT_GROUPS.some((group) => group === name);
export const countsCalls = (by: readonly ReportGroup[]): boolean => by.includes('model') || by.includes('provider');

/** Whoever uses it and for what: hours would grow without bound with their names, so it is the records that know. */
export const needsRecords = (by: readonly ReportGroup[]): boolean => by.includes('user') || by.includes('tag');

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

interface Named {
  readonly task: string;
  readonly tenant: string;
  readonly model: string;
  readonly strategy: string | null;
  readonly tier: string | null;
  readonly user: string | null;
}

function nameOf(
  name: ReportGroup,
  row: Named,
  tag: string | null,
  at: number,
  { providerOf, teamOf }: ReportNames,
): string | null {
  const known = (text: string | null): string | null => (text === '' ? null : text);
  switch (name) {
    case 'model':
      return known(row.model);
    case 'provider':
      return providerOf(row.model);
    case 'task':
      return known(row.task);
    case 'strategy':
      return known(row.strategy);
    case 'tier':
      return known(row.tier);
    case 'key':
      return known(row.tenant);
    case 'team':
      return teamOf(row.tenant);
    case 'user':
      return row.user;
    case 'tag':
      return tag;
    case 'day':
      return new Date(at).toISOString().slice(0, 10);
    case 'hour':
      return `${new Date(at).toISOString().slice(0, 13)}:00Z`;
    default:
      return name satisfies never;
  }
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

export function figuresOf({ counts, spreads }: Sums, verdicts: readonly { readonly good: number }[] = []): Figures {
  const of = (name: string): number => counts[name] ?? 0;
  const requests = of('requests');
  const share = (part: number, whole: number): number | null => (whole === 0 ? null : fraction(part / whole));
  const spread = (name: string): Spread | null => spreadOf(spreads.get(name));
  return {
    requests,
    ok: of('ok'),
    failed: of('failed'),
    refused: of('refused'),
    aborted: of('aborted'),
    error_rate: share(of('failed'), requests) ?? 0,
    cache_hits: of('hits'),
    retries: of('retries'),
    cost_usd: of('cost') / 1e9,
    cost_per_request_usd: requests === 0 ? 0 : Math.round(of('cost') / requests) / 1e9,
    input_tokens: of('input_tokens'),
    output_tokens: of('output_tokens'),
    agreement: share(of('agreed'), of('judged')),
    confidence: share(of('confidence'), of('confident')),
    accuracy: share(
      verdicts.reduce((sum, { good }) => sum + good, 0),
      verdicts.length,
    ),
    verdicts: verdicts.length,
    latency_ms: spread('total'),
    first_byte_ms: spread('first_byte'),
    queue_ms: spread('queue'),
    overhead_ms: spread('overhead'),
    stages_ms: Object.fromEntries(
      STAGES.flatMap((stage) => {
        const known = spread(stage);
        return known === null ? [] : [[stage, known]];
      }),
    ),
  };
}

function spreadOf(
  histogram: Sums['spreads'] extends Map<string, infer Each> ? Each | undefined : never,
): Spread | null {
  if (histogram === undefined || histogram.count() === 0) return null;
  const at = (q: number): number => rounded(histogram.quantile(q))!;
  return {
    count: histogram.count(),
    mean: rounded(histogram.sum() / histogram.count())!,
    p50: at(0.5),
    p90: at(0.9),
    p95: at(0.95),
    p99: at(0.99),
  };
}

const fraction = (value: number): number => Math.round(value * 10_000) / 10_000;
const rounded = (ms: number | null): number | null => (ms === null ? null : Math.round(ms * 1000) / 1000);
