// What a record keeps of a decision: all that wasn't next to nothing, in numbers as exact as anyone reads. Every digit is written for each request.
import type { Classification, Decision, Prospect } from '../contract/index.ts';

/** Less is chance. */
const LEAST_SCORE = 0.01;

const rounded = (share: number): number => Math.round(share * 10_000) / 10_000;

export function recordedDecision(decision: Decision): Decision {
  const { classification, prospects } = decision;
  return {
    classification: {
      task: classification.task,
      confidence: rounded(classification.confidence),
      scores: scoresOf(classification),
      source: classification.source,
    },
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
  quality: rounded(prospect.quality),
  samples: rounded(prospect.samples),
  cost: prospect.cost,
  latencyMs: prospect.latencyMs,
  utility: rounded(prospect.utility),
  excluded: prospect.excluded,
});
