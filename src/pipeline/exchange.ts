// What goes into the path and what comes out of it: the seam between the server and everything behind it.
import type {
  AbortWatch,
  Attempt,
  CacheState,
  ChatRequest,
  Flag,
  Nano,
  Principal,
  Sink,
  Spender,
  Trace,
  Wishes,
  Written,
} from '../contract/index.ts';
import type { Permissions } from '../accounts/index.ts';
import type { CacheDirective } from '../cache/index.ts';

/** A chat request that was let in, checked and freed of Quorum's own fields. */
export interface Inbound {
  readonly id: string;
  readonly principal: Principal;
  readonly request: ChatRequest;
  /** What `request` was read from. */
  readonly written?: Written;
  /** As headers and metadata say; the model name's are added on the way. */
  readonly wishes: Wishes;
  /** What the caller's key allows. */
  readonly permissions: Permissions;
  readonly directive: CacheDirective;
  /** Whose money it costs; with the tags. */
  readonly spender: Spender;
  /** Length of the request as it came. */
  readonly bodyBytes: number;
  /** Gets its calls when the request has ended. */
  readonly ended?: (attempts: readonly Attempt[]) => void;
  readonly session: string | null;
  /** What was asked may be kept, should its answer be corrected; absent: it may not. */
  readonly keepsContent?: boolean;
  /** Quorums that it came through. */
  readonly hops?: number;
  /** Whose slots it takes; absent: as its task says. */
  readonly role?: string | null;
  /** `name=arm`: the arms that it asks for. */
  readonly experiment?: string | null;
  /** Progress as named SSE events rather than comments. */
  readonly events: boolean;
  readonly debug: boolean;
  /** Where it stands in a trace; absent: nobody traces it. */
  readonly trace?: Trace | undefined;
  /** Milliseconds since the epoch. */
  readonly receivedAt: number;
  readonly endpoint: string;
  /** Aborts when the client has gone. */
  readonly gone: AbortWatch;
}

/** What the response headers tell. Null: not known (yet), so absent. */
export interface Told {
  readonly models: readonly string[];
  readonly strategy: string | null;
  readonly task: string | null;
  readonly tier: string | null;
  readonly confidence: number | null;
  readonly agreement: number | null;
  readonly flags: readonly Flag[];
  readonly cache: CacheState;
  readonly cacheAgeMs: number | null;
  readonly cost: Nano | null;
  readonly attempts: number | null;
  readonly overheadMs: number | null;
  readonly upstreamMs: number | null;
  readonly totalMs: number | null;
  /** `name=arm`, a comma between several. */
  readonly experiment: string | null;
}

export type Answer =
  | { readonly kind: 'whole'; readonly told: Told; readonly bytes: Uint8Array }
  /** `write` sends everything, the closing comment and `[DONE]` or the error included, and never rejects; whether the answer is complete. */
  | { readonly kind: 'stream'; readonly told: Told; readonly write: (sink: Sink) => Promise<boolean> };
