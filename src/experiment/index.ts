// Experiments: who gets which arm, what is counted, and what it shows. Pure.
export { assign, isOn, shareAt, unitOf, armOf, type Asked, type Assigned } from './assign.ts';
export { designOf, ROLLOUT, rolloutDesign } from './design.ts';
export { tripped } from './guardrails.ts';
export { pseudonym } from './hash.ts';
export type { Lift } from './lift.ts';
export { resultsOf, type ArmResult, type Results } from './results.ts';
export { MEASURES, plus, sumsOf, type Shown } from './sums.ts';
