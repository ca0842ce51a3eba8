// Why one attempt came to nothing, as data: what the caller will be told, and whether the same may be tried again.
import { CallFailure, mayBeCharged, type FailureKind } from '../contract/index.ts';

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

  /** Whether the provider may have worked on it all the same. */
  get mayBeCharged(): boolean {
    return this.detail.sent !== false && mayBeCharged(this.kind, this.detail.status ?? null);
  }

  /** `lost`: attempts before this one that may have been charged. */
  toFailure(retries: number, lost = 0): CallFailure {
    const all = lost + (this.mayBeCharged ? 1 : 0);
    return new CallFailure(this.kind, this.message, { ...this.detail, retries, lost: all });
  }
}

export const abortedFault = (reason?: unknown): Fault =>
  new Fault('aborted', 'the call was given up', { cause: reason });
