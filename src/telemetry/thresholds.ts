// Which stages of a request took longer than they should: one sentence each. Pure.
import type { RequestRecord } from '../contract/index.ts';

/** Stage → milliseconds; a stage without an entry may take its time. */
type Thresholds = Readonly<Record<string, number>>;

interface SlowStage {
  readonly stage: string;
  readonly ms: number;
  readonly thresholdMs: number;
}

/** A single model's stream takes as long as its answer is; what counts is when it began. */
function durationOf({ stream, strategy, timings }: SlowStageInput, stage: string): number {
  const whole = timings.stages[stage] ?? 0;
  return stage === 'members' && stream && strategy === 'single' ? (timings.firstByteMs ?? whole) : whole;
}

type SlowStageInput = Pick<RequestRecord, 'stream' | 'strategy' | 'timings'>;

export function slowStages(record: SlowStageInput, thresholds: Thresholds): readonly SlowStage[] {
  return Object.keys(record.timings.stages).flatMap((stage) => {
    const thresholdMs = thresholds[stage];
    const ms = durationOf(record, stage);
    return thresholdMs === undefined || ms <= thresholdMs ? [] : [{ stage, ms, thresholdMs }];
  });
}
