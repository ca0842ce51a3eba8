// What a strategy is given to work with: the models to ask, the merger's verdicts, and what may still be spent.
import type {
  AbortWatch,
  Attempt,
  Candidate,
  Capability,
  ChatRequest,
  Clock,
  CouncilSettings,
  Judgement,
  Merged,
  Plan,
  ProgressEvent,
  Random,
  Sink,
  Standing,
  StrategyName,
} from '../contract/index.ts';

/** With less time than this nobody is asked any more. */
export const LEAST_MS = 1_000;

/** Who may be asked, with the voice it has in a vote. */
export interface Voice {
  readonly model: string;
  readonly family: string;
  readonly weight: number;
}

export interface Answered {
  readonly candidate: Candidate;
  readonly judgement: Judgement;
}

/** A stream that has begun: its first chunk is there. */
export interface LiveAnswer {
  readonly model: string;
  /** Passes on the bytes as they come; its finish_reason, or null where it said nothing. Rejects with `CallFailure` when the upstream breaks off. Once only. */
  pump(sink: Sink): Promise<string | null>;
}

export interface AskOptions {
  readonly role: Attempt['role'];
  readonly signal: AbortWatch;
  /** Another model can stand in, so there is no point in waiting for this one to recover. */
  readonly replaceable: boolean;
  /** Instead of the client's own request. */
  readonly request?: ChatRequest;
  readonly timeoutMs?: number;
}

/** When a second model may be asked for the same stream. */
export interface Hedging {
  saw(model: string, firstTokenMs: number): void;
  afterMs(model: string): number | null;
  take(): boolean;
}

export interface Panel {
  /** Absent: no stream gets a rival. */
  readonly hedging?: Hedging;
  readonly plan: Plan;
  readonly request: ChatRequest;
  readonly council: CouncilSettings;
  /** The caller named the strategy: it is carried out in full. */
  readonly forced: boolean;
  /** The task wants prose written anew by the chairman from all answers (`merge.chairman`). */
  readonly rewritesProse: boolean;
  readonly clock: Clock;
  readonly random: Random;
  /** Aborts when the client is gone or the deadline has passed. */
  readonly signal: AbortWatch;
  can(model: string, capability: Capability): boolean;
  voice(model: string): Voice;
  /** Asks for a whole answer. Rejects with `CallFailure`; the attempt is recorded and paid for whatever comes of it. */
  ask(model: string, options: AskOptions): Promise<Answered>;
  /** Asks for a stream and resolves with its first chunk. */
  open(model: string, options: AskOptions): Promise<LiveAnswer>;
  stand(candidates: readonly Candidate[], outstanding: readonly Voice[]): Standing;
  merge(candidates: readonly Candidate[]): Merged;
  /** Who is most worth asking next, by what was said so far; null: nobody is, or the plan goes by rule. */
  further(standing: Standing): { readonly model: string; readonly gain: number } | null;
  /** How much the others bear out each model's answer, 0-1. */
  support(candidates: readonly Candidate[]): ReadonlyMap<string, number>;
  /** Why this model can't be asked any more (time, money), in words; null when it can. */
  objection(model: string, timeMs?: number): string | null;
  /** The request's time is up. */
  isOver(): boolean;
  tell(event: Pick<ProgressEvent, 'stage' | 'type' | 'model' | 'detail'>): void;
}

/** What a strategy comes to. `reached` is the rung on which it ended. */
export type Outcome =
  | { readonly kind: 'whole'; readonly merged: Merged; readonly reached: StrategyName; readonly degraded: boolean }
  | {
      readonly kind: 'live';
      readonly live: LiveAnswer;
      readonly reached: StrategyName;
      readonly degraded: boolean;
      /** What the stream was written from, when there was a vote or ranking before it. */
      readonly merged: Merged | null;
    };
