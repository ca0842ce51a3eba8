// `quorum report`: how sure the program was and how right (calibration), and what it thinks of each model (confidence), from the store.
import { stillConfig } from './still-config.ts';
import type { Clock, LearningStore } from '../contract/index.ts';
import { createEvidence, EVIDENCE, evidenceAt, figuresOf, priorOf } from '../learning/index.ts';
import { openStore } from '../store/index.ts';
import { tableText } from './table.ts';

export interface ReportArguments {
  readonly what: string;
  readonly config?: string | undefined;
  readonly json?: boolean | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly write: (text: string) => void;
}

const MOST_VERDICTS = 50_000;
const BAR = 30;

/** Throws an Error in words for a report there isn't. */
export async function runReport({ what, config: file, json, env, clock, write }: ReportArguments): Promise<number> {
  if (what !== 'calibration' && what !== 'confidence')
    throw new Error(`There is no report "${what}": performance, export, calibration or confidence.`);
  const config = await stillConfig(file, env);
  const settings = config.current();
  const { storageUrl } = config.parts();
  const store = await openStore(storageUrl, clock, { decay: evidenceAt });
  try {
    if (what === 'calibration') {
      const reports = calibrationOf(store.learning);
      write(json ? `${JSON.stringify(reports, null, 2)}\n` : reports.map(calibrationText).join('\n'));
      return 0;
    }
    const evidence = createEvidence(EVIDENCE, await store.evidence.load());
    const rows = [...settings.models.values()].flatMap((model) =>
      [...settings.tasks.keys()].flatMap((task) => {
        const { quality, samples } = evidence.quality(model, task, null, clock.now());
        return samples > 0
          ? [{ task, model: model.name, confidence: quality, prior: priorOf(model, task), samples }]
          : [];
      }),
    );
    rows.sort((one, other) => one.task.localeCompare(other.task) || other.confidence - one.confidence);
    if (json) write(`${JSON.stringify(rows, null, 2)}\n`);
    else if (rows.length === 0) write('Nothing was learnt yet: no verdict and no signal so far.\n');
    else
      write(
        tableText(
          ['task', 'model', 'confidence', 'prior', 'outcomes'],
          rows.map((row) => [
            row.task,
            row.model,
            row.confidence.toFixed(3),
            row.prior.toFixed(3),
            row.samples.toFixed(1),
          ]),
        ),
      );
    return 0;
  } finally {
    await store.close();
  }
}

type CalibrationReport = { readonly task: string | null; readonly verdicts: number } & ReturnType<typeof figuresOf>;

/** All together first, then by task. */
function calibrationOf(store: LearningStore): readonly CalibrationReport[] {
  const verdicts = store.taught(0, MOST_VERDICTS);
  const tasks = [...new Set(verdicts.map(({ lesson }) => lesson.task))].sort();
  return [null, ...tasks].map((task) => {
    const some = verdicts.filter(({ lesson }) => task === null || lesson.task === task);
    const told = some.flatMap(({ lesson, feedback }) =>
      lesson.confidence === null ? [] : [{ told: lesson.confidence, good: feedback.good, weight: 1 }],
    );
    return { task, verdicts: some.length, ...figuresOf(told) };
  });
}

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
