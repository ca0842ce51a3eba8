// `quorum replay --policy`: what another policy would have done on the recorded requests, as far as the records can tell.
import {
  membersOf,
  usdOf,
  type Call,
  type Decision,
  type Expected,
  type Forecast,
  type Model,
  type Prospect,
  type RequestRecord,
  type Settings,
  type Taught,
} from '../../contract/index.ts';
import { estimatesOf, refusalOf, type Estimates, type Logged } from '../../learning/index.ts';
import { askAgain, compileTasks, decide, usualFeatures, type Classifier } from '../../routing/index.ts';

export interface WhatIf {
  readonly records: number;
  readonly judged: number;
  /** Records of an older version, which don't say what was asked for and how little was known. */
  readonly partial: number;
  /** Null where the records can't answer; then `refusals` says why. */
  readonly accuracy: Estimates | null;
  readonly costUsd: Estimates | null;
  readonly latencyS: Estimates | null;
  readonly refusals: readonly string[];
}

/** Draws by which it is found out whether a plan could have been drawn; its probability comes with it. */
const DRAWS = 128;
/** Outcomes that the router's own expectation counts for in the model of rewards. */
const STRENGTH = 5;

export function whatIf(
  records: readonly RequestRecord[],
  verdicts: readonly Taught[],
  policy: Settings,
  forecast: Forecast | null = null,
  onProgress: (records: number) => void = () => undefined,
): WhatIf {
  const good = new Map(verdicts.map(({ feedback }) => [feedback.request, feedback.good]));
  const classifier = compileTasks(policy.tasks);
  const compared = records.flatMap((record, nth) => {
    onProgress(nth + 1);
    if (record.status !== 200 || record.decision === null || record.cache === 'hit') return [];
    const outcome = targetOf(record, policy, classifier, forecast);
    return outcome === null ? [] : [{ record, ...outcome }];
  });
  const judged = compared.filter(({ record }) => good.has(record.id));
  const refusals: string[] = [];
  const answered = (name: string, logged: readonly Logged[]): Estimates | null => {
    const estimates = estimatesOf(logged);
    const refusal = refusalOf(estimates);
    if (refusal !== null) refusals.push(`${name}: ${refusal}`);
    return refusal === null ? estimates : null;
  };
  const estimated = (name: string, outcomes: readonly Compared[], measure: Measure): Estimates | null => {
    const model = rewardModel(outcomes, measure);
    return answered(
      name,
      outcomes.map(({ record, target, best }) => ({
        propensity: record.decision!.plan.propensity,
        target,
        reward: measure.reward(record),
        expected: model.ofDone(record.decision!),
        expectedOfTarget: model.ofTarget(best),
      })),
    );
  };
  return {
    records: compared.length,
    judged: judged.length,
    partial: compared.filter(({ record }) => record.decision!.asked === undefined).length,
    accuracy: estimated('accuracy', judged, {
      reward: ({ id }) => good.get(id)!,
      expected: ({ expectedQuality }) => expectedQuality,
    }),
    costUsd: estimated('cost', compared, {
      reward: ({ cost }) => usdOf(cost),
      expected: ({ expectedCost }) => usdOf(expectedCost),
    }),
    latencyS: estimated('latency', compared, {
      reward: ({ timings }) => timings.totalMs / 1_000,
      expected: ({ expectedLatencyMs }) => expectedLatencyMs / 1_000,
    }),
    refusals,
  };
}

const keyOf = (call: Call): string => `${call.kind}:${membersOf(call).join('+')}`;

/** How likely the policy does what was done, on what was known then, and what it would do rather. */
function targetOf(
  { decision, attempts, stream }: RequestRecord,
  policy: Settings,
  classifier: Classifier,
  forecast: Forecast | null,
): { target: number; best: Decision } | null {
  const { classification, prospects, plan, asked } = decision!;
  const task = policy.tasks.get(classification.task);
  if (task === undefined) return null;
  const known = new Map(prospects.map((prospect) => [prospect.model, prospect]));
  const usual = usualFeatures(task);
  const told = attempts.find(({ usage }) => usage !== null)?.usage?.prompt_tokens;
  const { features, wishes } = askAgain(
    asked ?? { ...usual, stream, inputTokens: told ?? usual.inputTokens },
    task.name,
  );
  const drawn = (draw: number): Decision | null => {
    try {
      return decide({
        features,
        wishes,
        settings: policy,
        classifier,
        classification,
        quality: (_, model) => ({
          quality: known.get(model)?.quality ?? 0.5,
          samples: known.get(model)?.samples ?? 0,
          doubt: known.get(model)?.doubt ?? 0,
          ...takingsOf(known.get(model), policy.models.get(model), features.inputTokens),
        }),
        ...(forecast !== null && { forecast }),
        allowed: null,
        random: () => draw,
      });
    } catch {
      return null;
    }
  };
  const best = drawn(1 - 1e-9);
  if (best === null) return null;
  const wanted = keyOf(plan.call);
  if (best.plan.propensity >= 1) return { target: keyOf(best.plan.call) === wanted ? 1 : 0, best };
  if (keyOf(best.plan.call) === wanted) return { target: best.plan.propensity, best };
  const explored = Math.min(1, policy.routing.explore);
  for (let draw = 0; draw < 2 * DRAWS; draw += 1) {
    const within = ((draw % DRAWS) + 0.5) / DRAWS;
    const other = drawn(draw < DRAWS ? explored + (1 - explored) * within : explored * within);
    if (other !== null && keyOf(other.plan.call) === wanted) return { target: other.plan.propensity, best };
  }
  return { target: 0, best };
}

/** What was expected then of its time, and of its answer's length by the cost that was expected. */
function takingsOf(
  prospect: Prospect | undefined,
  model: Model | undefined,
  inputTokens: number,
): Pick<Expected, 'latencyMs' | 'outputTokens' | 'inputFactor'> {
  if (prospect === undefined) return {};
  const { cost, latencyMs, inputFactor = 1 } = prospect;
  const price = model?.price ?? null;
  if (cost === null || price === null || price.outputPico === 0) return { latencyMs };
  const pico = cost * 1_000 - inputTokens * inputFactor * price.inputPico - price.requestPico;
  return { latencyMs, inputFactor, outputTokens: Math.max(0, Math.round(pico / price.outputPico)) };
}

interface Compared {
  readonly record: RequestRecord;
  readonly target: number;
  readonly best: Decision;
}
interface Measure {
  readonly reward: (record: RequestRecord) => number;
  readonly expected: (decision: Decision) => number;
}
interface RewardModel {
  readonly ofDone: (decision: Decision) => number;
  readonly ofTarget: (best: Decision) => number;
}

/**
 * Mean reward by task and call, shrunk towards what the router expected, in the scale of what came of it: expectations of costs and times are
 * far off at first, and the other policy's are for a prompt of usual length.
 */
function rewardModel(outcomes: readonly Compared[], { reward, expected }: Measure): RewardModel {
  const sums = new Map<string, { reward: number; count: number }>();
  const key = ({ classification, plan }: Decision): string => `${classification.task} ${keyOf(plan.call)}`;
  for (const { record } of outcomes) {
    const sum = sums.get(key(record.decision!)) ?? { reward: 0, count: 0 };
    sum.reward += reward(record);
    sum.count += 1;
    sums.set(key(record.decision!), sum);
  }
  const scaleOf = (of: (one: Compared) => Decision): number => {
    const same = outcomes.filter((one) => key(of(one)) === key(one.record.decision!));
    const foreseen = same.reduce((sum, one) => sum + expected(of(one)), 0);
    return foreseen > 0 ? same.reduce((sum, { record }) => sum + reward(record), 0) / foreseen : 1;
  };
  const scaled =
    (scale: number) =>
    (decision: Decision): number => {
      const sum = sums.get(key(decision)) ?? { reward: 0, count: 0 };
      return (sum.reward + STRENGTH * scale * expected(decision)) / (sum.count + STRENGTH);
    };
  return { ofDone: scaled(scaleOf(({ record }) => record.decision!)), ofTarget: scaled(scaleOf(({ best }) => best)) };
}
