// Front door of learning: what outcomes and verdicts say about models and answers. Pure.
export { figuresOf } from './calibration.ts';
export { EVIDENCE, evidenceAt } from './decay.ts';
export { createEvidence, type Evidence, type Outcome } from './evidence.ts';
export { createLearner, type Learner } from './learner.ts';
export { campOf } from './labels.ts';
export { createMemoryLearningStore } from './memory.ts';
export { estimatesOf, refusalOf, type Estimate, type Estimates, type Logged } from './off-policy.ts';
export { priorOf } from './prior.ts';
export type { FeedbackGiven } from './verdict.ts';
