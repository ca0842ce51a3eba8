// What is kept of a request: enough to explain it, charge it, learn from it and replay it. No prompts.
import type { AnswerKind, Camp, Judgement, Provenance } from './answer.ts';
import type { Usage } from './chat.ts';
import type { Enrolment } from './experiment.ts';
import type { Nano } from './money.ts';
import type { Decision } from './plan.ts';
import type { TraceMark } from './trace.ts';
import type { Violation } from './validator.ts';

/** One call to one model. */
export interface Attempt {
  readonly model: string;
  readonly upstreamModel: string;
  readonly role: 'member' | 'escalation' | 'fallback' | 'judge' | 'chairman';
  /** Milliseconds after the request came in. */
  readonly startedMs: number;
  readonly firstByteMs: number | null;
  readonly endedMs: number;
  readonly status: number | null;
  readonly outcome: 'ok' | 'failed' | 'aborted' | 'timeout';
  readonly reason: string | null;
  readonly finishReason: string | null;
  readonly usage: Usage | null;
  /** The usage was estimated, since the provider said nothing. */
  readonly estimated: boolean;
  readonly cost: Nano;
  readonly retries: number;
  readonly judgement: Judgement | null;
  /** Milliseconds that it waited for a slot or until the provider's rate limits let it go; absent: none. */
  readonly queueMs?: number;
  /** Its span's id, where the request is traced. */
  readonly spanId?: string | undefined;
}

export type Flag = 'disputed' | 'low_confidence' | 'degraded' | 'downgraded' | 'clamped' | 'tie' | 'simulated';
export type CacheState = 'hit' | 'miss' | 'coalesced' | 'semantic' | 'bypass';

/** What slimming left out of a request. `tokens` is an estimate; `byRule` counts characters. */
export interface SlimSaving {
  readonly characters: number;
  readonly tokens: number;
  readonly byRule: Readonly<Record<string, number>>;
}

/** Something that happened, in order; `seq` rises by one and `stage` never goes back. */
export interface ProgressEvent {
  readonly seq: number;
  /** 0 routed, 1 members answer, 2 rankings, 3 synthesis, 4 answered. */
  readonly stage: number;
  readonly type:
    | 'routed'
    | 'stage_start'
    | 'stage_end'
    | 'call_start'
    | 'answer'
    | 'failed'
    | 'escalated'
    | 'ranking'
    | 'settled'
    | 'done';
  /** Milliseconds after the request came in. */
  readonly atMs: number;
  readonly model?: string;
  readonly detail?: string;
}

export interface RequestRecord {
  readonly id: string;
  readonly tenant: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly endpoint: string;
  readonly requestedModel: string;
  readonly stream: boolean;
  readonly status: number;
  readonly errorCode: string | null;
  readonly cache: CacheState;
  readonly decision: Decision | null;
  readonly strategy: string | null;
  readonly models: readonly string[];
  readonly attempts: readonly Attempt[];
  readonly merge: {
    readonly kind: AnswerKind;
    readonly agreement: number | null;
    readonly camps: readonly Camp[];
    readonly provenance: readonly Provenance[];
    readonly violations: readonly Violation[];
  } | null;
  readonly confidence: number | null;
  readonly flags: readonly Flag[];
  readonly cost: Nano;
  readonly timings: {
    readonly totalMs: number;
    readonly firstByteMs: number | null;
    readonly upstreamMs: number;
    readonly overheadMs: number;
    readonly stages: Readonly<Record<string, number>>;
    /** Until the request had its slots; absent where it needed none. */
    readonly queueMs?: number;
  };
  readonly events: readonly ProgressEvent[];
  readonly tags: readonly string[];
  readonly session: string | null;
  /** For whom, as the request or its key says; absent: nobody said. */
  readonly user?: string;
  /** The caller's own request whose answer was given again; absent: it was made for this one, or for somebody else. */
  readonly repeats?: string;
  /** Absent: its prompt went out as it came. */
  readonly slimmed?: SlimSaving;
  /** Absent: nobody traces it. */
  readonly trace?: TraceMark;
  /** Whose slots it took; absent: no role's. */
  readonly role?: string;
  /** The experiments that it took part in; absent: none. */
  readonly experiments?: readonly Enrolment[];
}
