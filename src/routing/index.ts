// Front door of routing: what kind of request it is and who shall answer it how. Pure.
export { askAgain } from './asked.ts';
export { classify, compileTasks, type Classifier } from './classify.ts';
export { featuresOf } from './features.ts';
export { decide } from './decide.ts';
export { furtherVoice } from './further.ts';
export type { QualityView } from './pool.ts';
export { traitsOf } from './traits.ts';
export { usualFeatures } from './usual.ts';
