// What a record keeps of a decision: all that wasn't next to nothing, in numbers as exact as anyone reads. Every digit is written for each request.
import type { Classification, Decision, Prospect } from '../contract/index.ts';

/** Less is chance. */
const LEAST_SCORE = 0.01;

const rounded = (share: number): number => Math.round(share * 10_000) / 10_000;
/** What plans are compared by, so that another policy compares them alike. */
const exact = (share: number): number => Math.round(share * 1_000_000) / 1_000_000;
/** Never up: evidence that falls just short of enough must do so in the record too. */
const floored = (samples: number): number => Math.floor(samples * 10_000 + 1e-6) / 10_000;

export function recordedDecision(decision: Decision): Decision {
  const { classification, prospects } = decision;
  return {
    classification: {
      task: classification.task,
      confidence: rounded(classification.confidence),
      scores: scoresOf(classification),
      source: classification.source,
    },
    ...(decision.asked && { asked: decision.asked }),
    tier: decision.tier,
    prospects: prospects.map(prospectOf),
    constraints: decision.constraints,
    plan: decision.plan,
    expectedQuality: rounded(decision.expectedQuality),
    expectedCost: decision.expectedCost,
    expectedLatencyMs: decision.expectedLatencyMs,
  };
}

/** They come highest first. */
function scoresOf({ scores }: Classification): Classification['scores'] {
  const kept: { readonly task: string; readonly score: number }[] = [];
  for (const { task, score } of scores) {
    if (score < LEAST_SCORE && kept.length > 0) break;
    kept.push({ task, score: rounded(score) });
  }
  return kept;
}

const prospectOf = (prospect: Prospect): Prospect => ({
  model: prospect.model,
  quality: exact(prospect.quality),
  samples: floored(prospect.samples),
  cost: prospect.cost,
  latencyMs: prospect.latencyMs,
  utility: rounded(prospect.utility),
  excluded: prospect.excluded,
  ...(prospect.doubt !== undefined && { doubt: exact(prospect.doubt) }),
  ...(prospect.inputFactor !== undefined && { inputFactor: prospect.inputFactor }),
});
