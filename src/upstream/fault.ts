// Why one attempt came to nothing, as data: what the caller will be told, and whether the same may be tried again.
import { CallFailure, type FailureKind } from '../contract/index.ts';

interface FaultDetail {
  readonly status?: number;
  readonly retryAfterMs?: number | null;
  readonly body?: Uint8Array | null;
  readonly contentType?: string;
  /** Another attempt at the same model may do better. */
  readonly retryable?: boolean;
  /** A kept-alive socket turned out to be dead: nothing of the answer came, and the provider isn't to blame. */
  readonly staleSocket?: boolean;
  /** False: nothing of the request went out. */
  readonly sent?: boolean;
  readonly cause?: unknown;
}

export class Fault {
  readonly kind: FailureKind;
  /** For people; never an upstream's text, never a key. */
  readonly message: string;
  readonly detail: FaultDetail;

  constructor(kind: FailureKind, message: string, detail: FaultDetail = {}) {
    this.kind = kind;
    this.message = message;
    this.detail = detail;
  }

  /** The same, of a call that never went out. */
  unsent(): Fault {
    return new Fault(this.kind, this.message, { ...this.detail, sent: false });
  }

  toFailure(retries: number): CallFailure {
    return new CallFailure(this.kind, this.message, { ...this.detail, retries });
  }
}

export const abortedFault = (reason?: unknown): Fault =>
  new Fault('aborted', 'the call was given up', { cause: reason });
