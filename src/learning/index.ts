// Front door of learning: what outcomes say about models. Pure.
export { addSums, fadeTo, type Fading } from './decay.ts';
export {
  createEvidence,
  type Confidence,
  type ConfidenceChange,
  type Evidence,
  type EvidenceOptions,
  type Outcome,
} from './evidence.ts';
