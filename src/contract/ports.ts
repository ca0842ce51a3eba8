// What the path needs from the rooms below it, as verbs. Each is atomic by itself; no caller needs a lock.
import type { AbortWatch } from './abort.ts';
import type { ChatRequest, Completion, Written } from './chat.ts';
import type { Model, Provider, Settings } from './catalog.ts';
import type { RequestRecord } from './record.ts';

/** Where the bytes of a stream go. `write` says false when it wants no more until `drained` resolves. */
export interface Sink {
  write(bytes: Uint8Array): boolean;
  drained(): Promise<void>;
  /** What was written says that it was all: nothing more is waited for. */
  isOver?(): boolean;
}

export interface UpstreamCall {
  readonly provider: Provider;
  readonly model: Model;
  /** As the client sent it, without what is Quorum's own; the upstream's dialect shapes it. */
  readonly request: ChatRequest;
  /** The body that `request` was read from: what is still as it was there goes out to the letter. */
  readonly written?: Written;
  readonly stream: boolean;
  readonly requestId: string;
  /** Milliseconds since the epoch after which nothing is waited for. */
  readonly deadlineAt: number;
  readonly signal: AbortWatch;
  /** Retries of this call at the most, besides the provider's own limit. */
  readonly maxRetries: number;
  /** Overrides the model's own total timeout. */
  readonly totalMs?: number;
  /** Overrides the model's own limit for a stream's first token. */
  readonly firstTokenMs?: number;
  /** Who takes turns where calls have to wait. */
  readonly tenant?: string;
  /** Another model can answer instead, so there is little point in waiting for this one. */
  readonly replaceable?: boolean;
  /** It takes the place of a call that failed. */
  readonly standIn?: boolean;
  /** Quorums that the request came through. */
  readonly hops?: number;
  /** Where it stands in a trace, for a provider that may know. */
  readonly traceParent?: string | undefined;
}

export interface WholeReply {
  readonly completion: Completion;
  readonly bytes: Uint8Array;
  readonly retries: number;
  /** Milliseconds since the epoch. */
  readonly sentAt: number;
  readonly firstByteAt: number;
  /** Milliseconds that it waited for a slot or until the provider's rate limits let it go; absent: none. */
  readonly queueMs?: number;
  /** Attempts before it that brought nothing and may have been charged; absent: none. */
  readonly lost?: number;
}

/** Resolved on its first chunk: a failure before it can be tried elsewhere, one after it surfaces in `pump`. */
export interface StreamReply {
  readonly retries: number;
  readonly sentAt: number;
  readonly firstByteAt: number;
  /** As of a whole reply. */
  readonly queueMs?: number;
  readonly lost?: number;
  /** Passes on the bytes as they come until the end; rejects when the upstream breaks off. Back-pressure reaches the socket. Once only. */
  pump(sink: Sink): Promise<void>;
}

/** Rejects with `CallFailure`. */
export interface Upstream {
  whole(call: UpstreamCall): Promise<WholeReply>;
  stream(call: UpstreamCall): Promise<StreamReply>;
  close(): Promise<void>;
}

/** Why one call came to nothing. */
export type FailureKind =
  | 'rejected' // the upstream says that the caller's request is wrong: no use trying elsewhere
  | 'refused' // our key, quota or access there: another model may do
  | 'rate_limited'
  | 'server_error'
  | 'unreachable'
  | 'timeout'
  | 'malformed' // an answer that can't be read
  | 'aborted';

/** Whether a request that went out may have been worked on all the same. A gateway that lost patience (504, 524) says nothing of who stands behind it. */
export function mayBeCharged(kind: FailureKind, status: number | null): boolean {
  switch (kind) {
    case 'aborted':
    case 'timeout':
    case 'unreachable':
      return true;
    case 'malformed':
      return status === null || status < 300;
    case 'server_error':
      return status === 504 || status === 524;
    case 'rejected':
    case 'refused':
    case 'rate_limited':
      return false;
    default:
      return kind satisfies never;
  }
}

export class CallFailure extends Error {
  readonly kind: FailureKind;
  readonly status: number | null;
  readonly retries: number;
  readonly retryAfterMs: number | null;
  /** False: the request never went out, so nobody can charge for it. */
  readonly sent: boolean;
  /** Attempts, this one included, that may have been accepted and charged. */
  readonly lost: number;
  /** The upstream's answer, for `rejected` and `rate_limited`. */
  readonly body: Uint8Array | null;
  readonly contentType: string;

  constructor(
    kind: FailureKind,
    message: string,
    more: {
      readonly status?: number | null;
      readonly retries?: number;
      readonly retryAfterMs?: number | null;
      readonly sent?: boolean;
      readonly lost?: number;
      readonly body?: Uint8Array | null;
      readonly contentType?: string;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'CallFailure';
    this.kind = kind;
    this.status = more.status ?? null;
    this.retries = more.retries ?? 0;
    this.retryAfterMs = more.retryAfterMs ?? null;
    this.sent = more.sent ?? true;
    this.lost = more.lost ?? (this.sent && mayBeCharged(kind, this.status) ? 1 : 0);
    this.body = more.body ?? null;
    this.contentType = more.contentType ?? 'application/json';
  }
}

export interface Page<Row> {
  readonly rows: readonly Row[];
  /** Give it back to get the next page; null at the end. */
  readonly cursor: string | null;
}

export interface RequestFilter {
  readonly tenant?: string;
  readonly since?: number;
  /** Not included. */
  readonly until?: number;
  readonly strategy?: string;
  readonly task?: string;
  readonly model?: string;
  readonly flag?: string;
  readonly status?: number;
}

/** Records of requests. `append` returns at once; rows are written in batches and are readable at once. */
export interface RequestLog {
  append(record: RequestRecord): void;
  /** null for another tenant's id as for an unknown one. `tenant` null: any. */
  find(id: string, tenant: string | null): Promise<RequestRecord | null>;
  list(filter: RequestFilter, limit: number, cursor: string | null): Promise<Page<RequestRecord>>;
  /** Everything appended so far is on disk when it resolves. */
  flush(): Promise<void>;
}

/**
 * What was seen of a model at a task, as decayed sums: merging two is adding them at the same moment.
 * `good` and `total` are weights as of `at`; both halve every half-life.
 */
export interface EvidenceSum {
  readonly tenant: string;
  readonly task: string;
  readonly model: string;
  readonly good: number;
  readonly total: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface EvidenceStore {
  load(): Promise<readonly EvidenceSum[]>;
  /** Adds to what is there; returns at once, written in batches. */
  add(deltas: readonly EvidenceSum[]): void;
  /** Sums that other processes changed since the last call or load, as they are now, with what was added here and waits to be written. */
  news(): readonly EvidenceSum[];
  flush(): Promise<void>;
}

export interface Store {
  readonly requests: RequestLog;
  readonly evidence: EvidenceStore;
  close(): Promise<void>;
}

/** What an administrator set while it was running, by name; the values are the caller's to check. */
export interface OptionStore {
  /** Cheap enough to ask several times a second; rises with every change by any process. */
  version(): number;
  load(): Readonly<Record<string, unknown>>;
  /** null takes one away. Written at once, with a line in the audit. */
  set(changes: Readonly<Record<string, unknown>>, act: { readonly at: number; readonly actor: string }): void;
}

/** Who is asking. */
export interface Principal {
  /** Owner of records and cache entries. */
  readonly tenant: string;
  readonly team: string | null;
  readonly keyId: string | null;
  readonly admin: boolean;
}

/** The settings in force; a request takes them once. */
export type CurrentSettings = () => Settings;
