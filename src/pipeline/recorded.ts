// What is kept of a request that has ended. Every digit is written for each of them: of a decision all that wasn't next to nothing, as exact as anyone reads.
import type { Classification, Decision, Prospect, RequestRecord, Trace, TraceMark } from '../contract/index.ts';
import type { Trail, Writable } from './trail.ts';

/** Less is chance. */
const LEAST_SCORE = 0.01;

const rounded = (share: number): number => Math.round(share * 10_000) / 10_000;
/** What plans are compared by, so that another policy compares them alike. */
const exact = (share: number): number => Math.round(share * 1_000_000) / 1_000_000;
/** Never up: evidence that falls just short of enough must do so in the record too. */
const floored = (samples: number): number => Math.floor(samples * 10_000 + 1e-6) / 10_000;

export function recordOf(trail: Trail): RequestRecord {
  const { inbound, merged, decision, role, origin, slimmed, trial } = trail;
  const record: Writable<RequestRecord> = {
    id: inbound.id,
    tenant: inbound.principal.tenant,
    at: inbound.receivedAt,
    endpoint: inbound.endpoint,
    requestedModel: inbound.request.model,
    stream: inbound.request.stream === true,
    status: trail.status,
    errorCode: trail.errorCode,
    cache: trail.cache,
    decision: decision && recordedDecision(decision),
    strategy: trail.strategy,
    models: trail.models,
    attempts: trail.attempts,
    merge: merged && {
      kind: merged.kind,
      agreement: trail.agreement,
      camps: merged.camps,
      provenance: merged.provenance,
      violations: merged.violations,
    },
    confidence: trail.confidence,
    flags: [...trail.flags],
    cost: trail.cost,
    timings: trail.timings(),
    events: trail.events,
    tags: inbound.spender.tags,
    session: inbound.session,
  };
  if (role !== null) record.role = role;
  if (inbound.spender.user !== null) record.user = inbound.spender.user;
  if (inbound.trace !== undefined && isKept(inbound.trace)) record.trace = markOf(inbound.trace);
  if (origin !== null) record.repeats = origin;
  if (slimmed !== null) record.slimmed = slimmed;
  if (trial !== null && trial.part.length > 0) record.experiments = trial.part;
  return record;
}

/** Of a trace that nobody looks at and nobody else knows there is nothing to tell. */
const isKept = ({ sampled, parentId }: Trace): boolean => sampled || parentId !== null;
const markOf = ({ traceId, spanId, parentId, sampled }: Trace): TraceMark => ({ traceId, spanId, parentId, sampled });

function recordedDecision(decision: Decision): Decision {
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
