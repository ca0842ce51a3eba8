// A report as a table for the terminal, with small charts, and as CSV. Pure.
import { csvCell } from '../contract/index.ts';
import type { Figures, Spread } from './figures.ts';
import type { Report, ReportRow } from './report.ts';

const BARS = '▁▂▃▄▅▆▇█';

/** One sign a point, the largest the highest; a gap where nothing was. */
export function sparkline(values: readonly (number | null)[]): string {
  const known = values.filter((value) => value !== null);
  const most = Math.max(...known, 0);
  return values
    .map((value) => {
      if (value === null) return ' ';
      return BARS[most === 0 ? 0 : Math.min(BARS.length - 1, Math.floor((value / most) * BARS.length))]!;
    })
    .join('');
}

const ms = (value: number | undefined): string => {
  if (value === undefined) return '–';
  return value >= 10_000
    ? `${(value / 1000).toFixed(1)} s`
    : value >= 100
      ? `${value.toFixed(0)} ms`
      : `${value.toFixed(1)} ms`;
};
const percent = (value: number | null): string => (value === null ? '–' : `${(value * 100).toFixed(1)} %`);
const usd = (value: number): string => `$${value.toFixed(value !== 0 && Math.abs(value) < 1 ? 6 : 2)}`;

const COLUMNS: readonly (readonly [head: string, cell: (row: ReportRow) => string])[] = [
  ['', (row) => String(row.requests)],
  ['errors', (row) => percent(row.error_rate)],
  ['p50', (row) => ms(row.latency_ms?.p50)],
  ['p90', (row) => ms(row.latency_ms?.p90)],
  ['p95', (row) => ms(row.latency_ms?.p95)],
  ['p99', (row) => ms(row.latency_ms?.p99)],
  ['first', (row) => ms(row.first_byte_ms?.p50)],
  ['queue p95', (row) => ms(row.queue_ms?.p95)],
  ['cost', (row) => usd(row.cost_usd)],
  ['each', (row) => usd(row.cost_per_request_usd)],
  ['agree', (row) => percent(row.agreement)],
  ['right', (row) => percent(row.accuracy)],
  ['traffic', (row) => sparkline(row.trend.map(({ requests }) => requests))],
  ['p95', (row) => sparkline(row.trend.map(({ p95_ms: p95 }) => p95))],
];

/** Head and rows; the last row is the total. */
export function reportCells({ by, counts, rows, total }: Report): {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
} {
  const cells = (row: ReportRow, names: readonly string[]): string[] => [
    ...names,
    ...COLUMNS.map(([, cell]) => cell(row)),
  ];
  const shown = rows.map((row) =>
    cells(
      row,
      by.map((name) => printable(row.group[name] ?? '–')),
    ),
  );
  const all = cells(total, by.length === 0 ? ['all'] : by.map((_, index) => (index === 0 ? 'all' : '')));
  const heads = COLUMNS.map(([head], index) => (index === 0 ? counts : head));
  return { head: [...(by.length === 0 ? [''] : by), ...heads], rows: by.length === 0 ? [all] : [...shown, all] };
}

/** Times by stage, where there were any. */
export function stageCells({ by, rows, total }: Report): readonly (readonly string[])[] {
  return [...rows, total].flatMap((row) =>
    Object.entries(row.stages_ms).map(([stage, { count, p50, p90, p95, p99 }]) => [
      row === total ? 'all' : by.map((name) => printable(row.group[name] ?? '–')).join(' '),
      stage,
      String(count),
      ms(p50),
      ms(p90),
      ms(p95),
      ms(p99),
    ]),
  );
}

/** No name steers a terminal. */
const printable = (name: string): string => name.replace(CONTROL, '?');
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

const PLAIN = [
  'requests',
  'ok',
  'failed',
  'refused',
  'aborted',
  'error_rate',
  'cache_hits',
  'retries',
  'cost_usd',
  'cost_per_request_usd',
  'input_tokens',
  'output_tokens',
  'agreement',
  'confidence',
  'accuracy',
  'verdicts',
] as const satisfies readonly (keyof Figures)[];
const SPREADS = [
  'latency_ms',
  'first_byte_ms',
  'queue_ms',
  'overhead_ms',
] as const satisfies readonly (keyof Figures)[];
const STAGES = ['route', 'members', 'rankings', 'synthesis'];
const QUANTILES = ['p50', 'p90', 'p95', 'p99'] as const;

/** A line a group, comma-separated after RFC 4180; no total. */
export function reportCsv({ by, rows }: Report): string {
  const heads = [
    ...by,
    ...PLAIN,
    ...SPREADS.flatMap((name) => QUANTILES.map((quantile) => name.replace(/_ms$/, `_${quantile}_ms`))),
    ...STAGES.flatMap((stage) => QUANTILES.map((quantile) => `${stage}_${quantile}_ms`)),
  ];
  const quantiles = (spread: Spread | null | undefined) => QUANTILES.map((quantile) => spread?.[quantile] ?? null);
  const lines = rows.map((row) => [
    ...by.map((name) => row.group[name] ?? null),
    ...PLAIN.map((name) => row[name]),
    ...SPREADS.flatMap((name) => quantiles(row[name])),
    ...STAGES.flatMap((stage) => quantiles(row.stages_ms[stage])),
  ]);
  return [heads, ...lines].map((line) => `${line.map(csvCell).join(',')}\r\n`).join('');
}
