// Front door of learning: what outcomes and verdicts say about models and answers. Pure.
export { figuresOf, type Reliability as ReliabilityReport } from './calibration.ts';
export { addSums, EVIDENCE, evidenceAt, fadeTo, type Fading } from './decay.ts';
export { createEvidence, type Confidence, type Evidence, type EvidenceOptions, type Outcome } from './evidence.ts';
export { createLearner, type FeedbackGiven, type Learner, type LearnerParts } from './learner.ts';
export { campOf } from './labels.ts';
export { createMemoryLearningStore } from './memory.ts';
export { estimatesOf, refusalOf, type Estimate, type Estimates, type Logged } from './off-policy.ts';
export { priorOf } from './prior.ts';
