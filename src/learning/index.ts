// Front door of learning: what outcomes say about models. Pure.
export {
  createEvidence,
  type Confidence,
  type ConfidenceChange,
  type Evidence,
  type EvidenceOptions,
  type Outcome,
} from './evidence.ts';
