// What an experiment shows, as text with small charts and as CSV. Pure.
import { csvCell, type Experiment, type Goal } from '../contract/index.ts';
import { MEASURES, type ArmResult, type Lift, type Results } from '../experiment/index.ts';

const CHART = 40;
const LESS_IS_BETTER = 'less is better';

type Measured = keyof ArmResult['measures'];
const count = (value: number): string => Math.round(value).toLocaleString('en');
const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;
const usd = (value: number): string => `$${value === 0 ? '0' : value.toPrecision(3)}`;
const ms = (value: number): string => (value >= 10_000 ? `${(value / 1000).toFixed(1)} s` : `${value.toFixed(0)} ms`);
const asShown = (measure: string): ((value: number) => string) =>
  measure === 'cost' ? usd : measure === 'latency' ? ms : percent;

/** In columns, those after the first flush right. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, at) => Math.max(...rows.map((row) => row[at]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** `··├───●───┤··` between `low` and `high`. */
export function intervalChart(low: number, mean: number, high: number, from: number, to: number): string {
  const at = (value: number): number =>
    to === from ? 0 : Math.max(0, Math.min(CHART - 1, Math.round(((value - from) / (to - from)) * (CHART - 1))));
  const signs: string[] = Array.from({ length: CHART }, (_, place) =>
    place > at(low) && place < at(high) ? '─' : '·',
  );
  signs[at(low)] = '├';
  signs[at(high)] = '┤';
  signs[at(mean)] = '●';
  return signs.join('');
}

export function reportText(experiment: Experiment, state: string, results: Results): string {
  const { decision, sampleRatio, samplesNeeded, arms, metric, control } = results;
  const exposures = arms.reduce((sum, arm) => sum + arm.exposures, 0);
  const head = [experiment.name, state, `decided by ${metric}`, `${count(exposures)} requests count`].join(' · ');
  const lines = [
    [
      'decision',
      `${decision.state.replace('_', ' ')}${decision.arm === null ? '' : `: ${decision.arm}`}, ${decision.because}`,
    ],
    [
      'split',
      sampleRatio.ok
        ? `as weighted (p = ${sampleRatio.p.toPrecision(2)})`
        : `NOT as weighted (p = ${sampleRatio.p.toExponential(1)})`,
    ],
    ...(samplesNeeded === null ? [] : [['needed', `about ${count(samplesNeeded)} more requests that count`]]),
    ...arms.flatMap(({ name, stopped }) => (stopped === null ? [] : [['stopped', `${name}: ${stopped}`]])),
  ];
  const sections = [
    `${head}${experiment.description === '' ? '' : `\n${experiment.description}`}`,
    lines.map(([name, text]) => `${name!.padEnd(9)} ${text}`).join('\n'),
    table([
      ['arm', 'requests', 'count', 'units', 'quality', 'cost', 'p50', 'p95', 'errors', 'cached', 'agree', 'forced'],
      ...arms.map(armRow),
    ]),
    charts(metric, arms),
    ...(arms.length > 1
      ? [
          `against ${control}\n${arms
            .filter((arm) => !arm.control)
            .map(against)
            .join('\n')}`,
        ]
      : []),
  ];
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

function armRow({
  name,
  control,
  requests,
  exposures,
  units,
  measures,
  latencyMs,
  forced,
}: ArmResult): readonly string[] {
  const cell = (measure: Measured): string =>
    measures[measure] === undefined ? '–' : asShown(measure)(measures[measure].mean);
  const time = (value: number | null): string => (value === null ? '–' : ms(value));
  return [
    control ? `${name} (control)` : name,
    count(requests),
    count(exposures),
    count(units),
    cell('quality'),
    cell('cost'),
    time(latencyMs.p50),
    time(latencyMs.p95),
    cell('errors'),
    cell('cached'),
    cell('agreement'),
    count(forced),
  ];
}

function charts(metric: Goal, arms: readonly ArmResult[]): string {
  const known = arms.flatMap(({ name, measures }) => {
    const mean = measures[metric];
    return mean === undefined || mean.low === null || mean.high === null
      ? []
      : [{ name, ...mean, low: mean.low, high: mean.high }];
  });
  if (known.length === 0) return '';
  const bounded = metric === 'quality' || metric === 'errors';
  const clamp = (value: number): number => (bounded ? Math.min(1, Math.max(0, value)) : Math.max(0, value));
  const [from, to] = [
    Math.min(...known.map(({ low }) => clamp(low))),
    Math.max(...known.map(({ high }) => clamp(high))),
  ];
  const width = Math.max(...known.map(({ name }) => name.length));
  const show = asShown(metric);
  const rows = known.map(
    ({ name, low, mean, high }) =>
      `  ${name.padEnd(width)}  ${intervalChart(clamp(low), mean, clamp(high), from, to)}  ${show(mean)}  [${show(clamp(low))}, ${show(clamp(high))}]`,
  );
  return [`${metric}${metric === 'quality' ? '' : ` (${LESS_IS_BETTER})`}`, ...rows].join('\n');
}

function against({ name, lifts, probabilityBest, expectedLoss }: ArmResult): string {
  const parts = Object.entries(lifts).map(([goal, lift]) => `${goal} ${liftText(goal as Goal, lift)}`);
  const chance = probabilityBest === null ? [] : [`best with ${percent(probabilityBest)}`];
  const loss = expectedLoss === null ? [] : [`expected loss ${expectedLoss.toPrecision(2)}`];
  const told = [...parts, ...chance, ...loss];
  return `  ${name}: ${told.length === 0 ? 'nothing yet' : told.join('\n    ')}`;
}

function liftText(goal: Goal, { difference, relative, low, high, standing }: Lift): string {
  const show = asShown(goal);
  const signed = (value: number): string => `${value < 0 ? '−' : '+'}${show(Math.abs(value))}`;
  const interval = Number.isFinite(low) ? ` [${signed(low)}, ${signed(high)}]` : ' (too few for an interval)';
  const share = relative === null ? '' : ` (${relative < 0 ? '−' : '+'}${(100 * Math.abs(relative)).toFixed(0)} %)`;
  return `${signed(difference)}${share}${interval} ${standing}`;
}

export function reportCsv(results: Results): string {
  const head = [
    'arm',
    'control',
    'weight',
    'stopped',
    'requests',
    'exposures',
    'units',
    'forced',
    ...MEASURES.flatMap((measure) => [measure, `${measure}_n`, `${measure}_low`, `${measure}_high`]),
    'p50_ms',
    'p95_ms',
    'lift',
    'lift_low',
    'lift_high',
    'standing',
    'probability_best',
    'expected_loss',
  ];
  const rows = results.arms.map((arm) => {
    const lift = arm.lifts[results.metric];
    return [
      arm.name,
      arm.control,
      arm.weight,
      arm.stopped,
      arm.requests,
      arm.exposures,
      arm.units,
      arm.forced,
      ...MEASURES.flatMap((measure) => {
        const mean = arm.measures[measure];
        return [mean?.mean, mean?.n, mean?.low, mean?.high];
      }),
      arm.latencyMs.p50,
      arm.latencyMs.p95,
      lift?.difference,
      lift?.low,
      lift?.high,
      lift?.standing,
      arm.probabilityBest,
      arm.expectedLoss,
    ];
  });
  const cell = (value: string | number | boolean | null | undefined): string =>
    value === null || value === undefined || (typeof value === 'number' && !Number.isFinite(value))
      ? ''
      : csvCell(String(value));
  return `${[head, ...rows].map((row) => row.map(cell).join(',')).join('\n')}\n`;
}
