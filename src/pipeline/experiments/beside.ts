// What ran in the shadow, held against what was served.
import {
  usdOf,
  type Candidate,
  type Completion,
  type MergeContext,
  type Merger,
  type RequestRecord,
  type ShadowRun,
  type ShadowSide,
  type Task,
} from '../../contract/index.ts';
import type { Shown } from '../../experiment/index.ts';
import type { Errand } from './enrol.ts';

/** `completion` null: it came to none. */
export function besideOf(
  { experiment, arm, inbound, settings, served }: Errand,
  record: RequestRecord,
  completion: Completion | null,
  merger: Merger,
): ShadowRun {
  const task = settings.tasks.get(record.decision?.classification.task ?? served.task ?? '');
  const theirs = served.completion();
  const context = { request: inbound.request, now: inbound.receivedAt, correlation: () => 0 };
  const compared =
    completion === null || theirs === null || task === undefined
      ? null
      : compare(merger, theirs, completion, { ...context, task });
  const { models, strategy, costNano, ms } = served;
  return {
    experiment: experiment.name,
    design: experiment.design,
    arm: arm.name,
    request: inbound.id,
    at: record.at,
    task: task?.name ?? null,
    served: { models, strategy, costNano, ms, error: null },
    shadow: sideOf(record),
    same: compared?.same ?? null,
    agreement: compared?.agreement ?? null,
  };
}

const sideOf = ({ models, strategy, cost, timings, errorCode }: RequestRecord): ShadowSide => ({
  models,
  strategy,
  costNano: cost,
  ms: timings.totalMs,
  error: errorCode,
});

export const shownOf = ({ shadow, agreement, same }: ShadowRun): Shown => ({
  errors: shadow.error === null ? 0 : 1,
  cost: usdOf(shadow.costNano),
  latency: shadow.ms,
  ...(agreement !== null && { agreement }),
  ...(same !== null && { same: same ? 1 : 0 }),
});

/** By the merge, which knows what is the same of numbers, fields, calls and prose; neither side counts for more. */
function compare(
  merger: Merger,
  served: Completion,
  shadow: Completion,
  context: MergeContext & { readonly task: Task },
): { readonly same: boolean; readonly agreement: number } | null {
  const sides = [sideAs('served', served), sideAs('shadow', shadow)].filter((side) => side !== null);
  if (sides.length < 2) return null;
  const { camps, agreement } = merger.merge(sides, context);
  return { same: camps.length === 1, agreement };
}

function sideAs(name: string, completion: Completion): Candidate | null {
  const choice = completion.choices[0];
  if (choice === undefined) return null;
  return {
    model: name,
    family: name,
    weight: 1,
    completion,
    message: choice.message,
    finishReason: choice.finish_reason,
    bytes: new Uint8Array(),
  };
}
