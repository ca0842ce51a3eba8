// `quorum report`: how sure the program was and how right (calibration), and what it thinks of each model (confidence), from the store.
import type { Clock, LearningStore, Settings } from '../contract/index.ts';
import { pointAt } from '../http/admin/input.ts';
import { createEvidence, EVIDENCE, evidenceAt, figuresOf, priorOf, type Evidence } from '../learning/index.ts';
import { openStore } from '../store/index.ts';
import { stillConfig } from './still-config.ts';
import { csvText, formatOf, tableText } from './table.ts';

export interface ReportArguments {
  readonly what: string;
  readonly config?: string | undefined;
  readonly json?: boolean | undefined;
  readonly format?: string | undefined;
  readonly by?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly write: (text: string) => void;
}

const MOST_VERDICTS = 50_000;
const BAR = 30;

/** Throws an Error in words for a report there isn't, and for an option that says nothing of it. */
export async function runReport(given: ReportArguments): Promise<number> {
  const { what, clock, write } = given;
  if (what !== 'calibration' && what !== 'confidence')
    throw new Error(`There is no report "${what}": performance, export, calibration or confidence.`);
  const format = formatOf(given);
  const options = what === 'calibration' ? (['by'] as const) : (['by', 'since', 'until'] as const);
  const stranger = options.find((option) => given[option] !== undefined);
  if (stranger !== undefined) throw new Error(`--${stranger} says nothing of a report on ${what}.`);
  const window = {
    from: given.since === undefined ? 0 : pointAt(given.since, 'since', clock.now()),
    to: given.until === undefined ? Infinity : pointAt(given.until, 'until', clock.now()),
  };
  const config = await stillConfig(given.config, given.env);
  const store = await openStore(config.parts().storageUrl, clock, { decay: evidenceAt });
  try {
    if (what === 'calibration') write(CALIBRATION[format](calibrationOf(store.learning, window)));
    else {
      const evidence = createEvidence(EVIDENCE, await store.evidence.load());
      write(CONFIDENCE[format](confidenceOf(evidence, config.current(), clock.now())));
    }
    return 0;
  } finally {
    await store.close();
  }
}

const jsonText = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

interface ConfidenceRow {
  readonly task: string;
  readonly model: string;
  readonly confidence: number;
  readonly prior: number;
  readonly samples: number;
}

/** Of every model at every task where anything was seen; best first. */
function confidenceOf(evidence: Evidence, { models, tasks }: Settings, now: number): readonly ConfidenceRow[] {
  const rows = [...models.values()].flatMap((model) =>
    [...tasks.keys()].flatMap((task) => {
      const { quality, samples } = evidence.quality(model, task, null, now);
      return samples > 0
        ? [{ task, model: model.name, confidence: quality, prior: priorOf(model, task), samples }]
        : [];
    }),
  );
  return rows.sort((one, other) => one.task.localeCompare(other.task) || other.confidence - one.confidence);
}

const CONFIDENCE_HEAD = ['task', 'model', 'confidence', 'prior', 'outcomes'];
const confidenceCells = ({ task, model, confidence, prior, samples }: ConfidenceRow): string[] => [
  task,
  model,
  confidence.toFixed(3),
  prior.toFixed(3),
  samples.toFixed(1),
];
const CONFIDENCE = {
  json: jsonText,
  csv: (rows: readonly ConfidenceRow[]) => csvText(CONFIDENCE_HEAD, rows.map(confidenceCells)),
  table: (rows: readonly ConfidenceRow[]) =>
    rows.length === 0
      ? 'Nothing was learnt yet: no verdict and no signal so far.\n'
      : tableText(CONFIDENCE_HEAD, rows.map(confidenceCells)),
};

type CalibrationReport = { readonly task: string | null; readonly verdicts: number } & ReturnType<typeof figuresOf>;

/** All together first, then by task. */
function calibrationOf(
  store: LearningStore,
  { from, to }: { readonly from: number; readonly to: number },
): readonly CalibrationReport[] {
  const verdicts = store.taught(0, MOST_VERDICTS).filter(({ feedback }) => feedback.at >= from && feedback.at < to);
  const tasks = [...new Set(verdicts.map(({ lesson }) => lesson.task))].sort();
  return [null, ...tasks].map((task) => {
    const some = verdicts.filter(({ lesson }) => task === null || lesson.task === task);
    const told = some.flatMap(({ lesson, feedback }) =>
      lesson.confidence === null ? [] : [{ told: lesson.confidence, good: feedback.good, weight: 1 }],
    );
    return { task, verdicts: some.length, ...figuresOf(told) };
  });
}

const CALIBRATION = {
  json: jsonText,
  /** A line for each bar of the diagram; those of all tasks together name none. */
  csv: (reports: readonly CalibrationReport[]) =>
    csvText(
      ['task', 'from', 'to', 'answers', 'told', 'right'],
      reports.flatMap(({ task, bins }) =>
        bins.map(({ from, to, count, confidence, right }) => [
          task ?? '',
          from.toFixed(4),
          to.toFixed(4),
          String(count),
          confidence.toFixed(4),
          right.toFixed(4),
        ]),
      ),
    ),
  table: (reports: readonly CalibrationReport[]) => reports.map(calibrationText).join('\n'),
};

function calibrationText({ task, verdicts, judged, ece, brier, bins }: CalibrationReport): string {
  const head = `${task ?? 'all tasks'}: ${verdicts} verdicts, ${judged} on answers that told a confidence`;
  if (ece === null || brier === null) return `${head}\n`;
  const rows = bins.map(({ from, to, count, confidence, right }) => [
    `${from.toFixed(2)}–${to.toFixed(2)}`,
    String(count),
    confidence.toFixed(3),
    right.toFixed(3),
    '█'.repeat(Math.round(right * BAR)).padEnd(BAR),
  ]);
  return `${head}; ECE ${ece.toFixed(4)}, Brier ${brier.toFixed(4)}\n${tableText(['confidence', 'answers', 'told', 'right', ''], rows)}`;
}
