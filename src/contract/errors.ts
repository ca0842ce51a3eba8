// Every failure that a client can meet: one class, one table from code to status and type.
import type { Nano } from './money.ts';

const TABLE = {
  invalid_api_key: [401, 'invalid_request_error'],
  key_expired: [403, 'permission_error'],
  key_disabled: [403, 'permission_error'],
  model_not_allowed: [403, 'permission_error'],
  permission_denied: [403, 'permission_error'],
  invalid_json: [400, 'invalid_request_error'],
  invalid_value: [400, 'invalid_request_error'],
  invalid_http: [400, 'invalid_request_error'],
  expectation_failed: [417, 'invalid_request_error'],
  loop_detected: [508, 'invalid_request_error'],
  request_too_large: [413, 'invalid_request_error'],
  model_not_found: [404, 'invalid_request_error'],
  not_found: [404, 'invalid_request_error'],
  method_not_allowed: [405, 'invalid_request_error'],
  idempotency_conflict: [409, 'invalid_request_error'],
  cache_miss: [504, 'invalid_request_error'],
  no_model_fits: [400, 'invalid_request_error'],
  budget_exceeded: [429, 'insufficient_quota'],
  budget_held: [429, 'rate_limit_error'],
  request_exceeds_budget: [400, 'invalid_request_error'],
  model_unpriced: [400, 'invalid_request_error'],
  rate_limit_exceeded: [429, 'rate_limit_error'],
  overload_throttled: [503, 'server_error'],
  upstream_error: [502, 'server_error'],
  upstream_timeout: [504, 'timeout_error'],
  not_enough_answers: [502, 'server_error'],
  budget_unavailable: [503, 'server_error'],
  shutting_down: [503, 'server_error'],
  internal_error: [500, 'server_error'],
  client_closed: [499, 'invalid_request_error'],
} as const satisfies Record<string, readonly [number, string]>;

export type ErrorCode = keyof typeof TABLE;

/** One call that failed, as the client may see it: never an upstream's body. */
export interface FailedAttempt {
  readonly model: string;
  /** HTTP status, or null when no answer came. */
  readonly status: number | null;
  readonly ms: number;
  readonly reason: string;
}

/** An upstream's own 4xx about the caller's request; status and body are passed on as they came. */
interface PassedOn {
  readonly status: number;
  readonly contentType: string;
  readonly body: Uint8Array;
}

/** How far a request had come, and what it had cost, when it failed. */
export interface FailedRequest {
  readonly cache: string;
  readonly strategy: string | null;
  readonly task: string | null;
  readonly tier: string | null;
  readonly cost: Nano;
  readonly attempts: number;
  readonly overheadMs: number;
}

interface ErrorExtra {
  readonly param?: string | null;
  readonly attempts?: readonly FailedAttempt[];
  readonly details?: Readonly<Record<string, unknown>>;
  readonly retryAfterMs?: number;
  readonly shouldRetry?: boolean;
  readonly passedOn?: PassedOn;
  readonly headers?: Readonly<Record<string, string>>;
  readonly request?: FailedRequest;
  readonly cause?: unknown;
}

export class QuorumError extends Error {
  readonly code: ErrorCode;
  readonly extra: ErrorExtra;

  constructor(code: ErrorCode, message: string, extra: ErrorExtra = {}) {
    super(message, extra.cause === undefined ? undefined : { cause: extra.cause });
    this.name = 'QuorumError';
    this.code = code;
    this.extra = extra;
  }

  get status(): number {
    return this.extra.passedOn?.status ?? TABLE[this.code][0];
  }

  get type(): string {
    return TABLE[this.code][1];
  }

  /** OpenAI's error body. */
  toBody(): { error: Record<string, unknown> } {
    const { param, attempts, details } = this.extra;
    return {
      error: {
        message: this.message,
        type: this.type,
        param: param ?? null,
        code: this.code,
        ...(attempts && { attempts }),
        ...(details && { details }),
      },
    };
  }
}

/** The same failure, with what can be told of the request that met it. */
export const failedWith = (error: QuorumError, request: FailedRequest): QuorumError =>
  new QuorumError(error.code, error.message, { ...error.extra, request });

/** Any thrown value as a QuorumError; what isn't ours becomes `internal_error` without its text. */
export function asQuorumError(thrown: unknown): QuorumError {
  if (thrown instanceof QuorumError) return thrown;
  return new QuorumError(
    'internal_error',
    'Something went wrong inside Quorum; the log has the details under this request id.',
    {
      cause: thrown,
    },
  );
}
