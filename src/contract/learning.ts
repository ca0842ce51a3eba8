// What is learnt from and what it becomes: traits of a prompt, lessons, feedback, and the seams to the path and the store.
import type { AnswerKind } from './answer.ts';
import type { Features } from './plan.ts';

/** A prompt as numbers: hashed words and pairs of words, and a handful of measures. No text can be got back from them. */
export interface Traits {
  /** Distinct, below `TRAIT_SLOTS`. */
  readonly slots: Uint16Array;
  /** Of each slot; their squares sum to 1. */
  readonly weights: Float32Array;
  /** `TRAIT_MEASURES` of them: length, digits, tools and so on. */
  readonly measures: Float32Array;
}
export const TRAIT_SLOTS = 32_768;
export const TRAIT_MEASURES = 12;

/** What one answered request says about one model, without anybody having told us. */
export const SIGNAL_KINDS = ['agrees', 'differs', 'fails_checks', 'retried'] as const;
export type SignalKind = (typeof SIGNAL_KINDS)[number];
export interface Signal {
  readonly model: string;
  readonly kind: SignalKind;
}

/** A model's answer as it bears on how sure one can be. */
export interface Voiced {
  readonly model: string;
  /** Expected share of right answers at this prompt, before it answered. */
  readonly quality: number;
  /** Those with the same number say the same; 0 is what was answered. */
  readonly camp: number;
}

/** What is known of an answer when it goes out. */
export interface ConfidenceFacts {
  readonly task: string;
  readonly kind: AnswerKind | null;
  readonly voices: readonly Voiced[];
  /** 0-1, what checks of the answer left of its weight. */
  readonly factor: number;
  /** Mean probability of its tokens, where the upstream told it. */
  readonly tokenProbability: number | null;
}

/** An ended request, kept for 30 days so that a verdict can still teach. No prompt, unless its key says so. */
export interface Lesson {
  readonly request: string;
  readonly tenant: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly task: string;
  readonly facts: ConfidenceFacts;
  /** By camp: normalised text of what was said, to be held against a correction. */
  readonly values: readonly string[];
  readonly signals: readonly Signal[];
  /** As it was told. */
  readonly confidence: number | null;
  readonly traits: Traits | null;
  /** Its caller said what task it is. */
  readonly named?: true;
  /** What each call that ended well took. */
  readonly taken?: readonly Taken[];
  /** The request's body, so that a correction can be tried again; only of keys whose content may be kept. */
  readonly prompt?: string;
}

export interface Taken {
  readonly model: string;
  readonly outputTokens: number;
  readonly ms: number;
  /** Tokens of input as they were counted beforehand and as they were billed; absent: nobody said, or not all of it was text. */
  readonly input?: { readonly counted: number; readonly billed: number; readonly tools: boolean };
}

/** A verdict on a request. A later one replaces it. */
export interface Feedback {
  readonly request: string;
  readonly tenant: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** How right the answer was, 0-1. */
  readonly good: number;
  readonly correction: unknown;
  readonly kind: string | null;
  readonly comment: string | null;
}

/** A verdict with what it is about. */
export interface Taught {
  readonly seq: number;
  readonly feedback: Feedback;
  readonly lesson: Lesson;
}

/** A request whose caller named its task. */
export interface Named {
  readonly seq: number;
  readonly tenant: string;
  readonly task: string;
  readonly slots: Uint16Array;
}

/** What a tenant's callers called their requests, as it speaks of those that come without a name. */
export interface Namings {
  /** Named often enough to be told apart, two at least. */
  readonly tasks: readonly string[];
  /** By slot of a trait: its row of weights; -1: it says nothing. */
  readonly rows: Int16Array;
  /** By row and task: log of how much likelier the trait is in the task's requests than in the other named tasks'. */
  readonly weights: Float32Array;
}

export interface ConfidenceChange {
  readonly at: number;
  readonly task: string;
  readonly model: string;
  readonly before: number;
  readonly after: number;
  readonly why: string;
}

export interface PastChange extends ConfidenceChange {
  readonly seq: number;
}

/** Keeps lessons, verdicts and the history of confidences. What returns nothing returns at once and is written in batches. */
export interface LearningStore {
  keep(lesson: Lesson): void;
  /** null for another tenant's as for an unknown one. `tenant` null: any. */
  lesson(request: string, tenant: string | null): Lesson | null;
  /** The verdict that this one replaces. */
  judge(feedback: Feedback, lesson: Lesson): Feedback | null;
  /** What was said of a request; null: nothing. */
  verdict(request: string): Feedback | null;
  /** Oldest first; the latest `limit` with a higher number than `after`. */
  taught(after: number, limit: number): readonly Taught[];
  /** Oldest first; the first `limit` with a higher number than `after`. */
  taughtNext(after: number, limit: number): readonly Taught[];
  /** Newest first. */
  feedback(limit: number, before: number | null, tenant: string | null): readonly Taught[];
  changed(changes: readonly ConfidenceChange[]): void;
  /** Newest first; those with a lower number than `before`. */
  history(
    filter: { readonly task?: string; readonly model?: string },
    limit: number,
    before: number | null,
  ): readonly PastChange[];
  /** Newest first, without their traits. */
  recent(limit: number): readonly Lesson[];
  /** Of requests whose caller named the task: oldest first, the latest `limit` with a higher number than `after`. */
  named(after: number, limit: number): readonly Named[];
  /** Lessons without a verdict that are older go. */
  forget(before: number): void;
  flush(): void;
}

/** How several models would do together. */
export interface Forecast {
  /** Two at once, and a third where they differ. */
  panel(first: Mind, second: Mind, third: Mind | null): { readonly quality: number; readonly differ: number };
  /** By how much the answer gets likelier to be right, on average, when each of `others` speaks as well; a gain for each. */
  gains(voices: readonly Voiced[], others: readonly Mind[]): readonly number[];
}
export interface Mind {
  readonly model: string;
  readonly quality: number;
}

/** What the path asks of what was learnt. Fails open: never throws. */
export interface Insight extends Forecast {
  /** Expected share of right answers of each model at this prompt; the tenant's own experience counts most. */
  quality(task: string, model: string): Expected;
  /** What the tenant's callers called such prompts; null: they didn't say often enough. */
  readonly namings: Namings | null;
  /** Two insights with equal marks expect the same of every model; null: it depends on the prompt. */
  readonly mark: InsightMark | null;
}

export interface InsightMark {
  /** Rises; what was worked out of an earlier one is of no use any more. */
  readonly state: number;
  readonly tenant: string;
}

export interface Expected {
  readonly quality: number;
  /** Decayed weight of the outcomes that it rests on. */
  readonly samples: number;
  /** Standard deviation of the quality as it is known so far. */
  readonly doubt?: number;
  /** Of a usual answer, as it was seen; absent while too little was. */
  readonly outputTokens?: number;
  readonly latencyMs?: number;
  /** Tokens of input that are billed for one as we count them; absent: one. */
  readonly inputFactor?: number;
}

export interface LearningPath {
  insight(features: Features, traits: () => Traits, tenant: string, at: number): Insight;
  /** Calibrated, or null while too little is known. */
  confidence(facts: ConfidenceFacts): number | null;
  /** How much more often than usual at the task these two make the same mistake, 0-1; 0 when nothing is known. */
  kinship(task: string, first: string, second: string): number;
  /** Once for each request that came to an answer. */
  ended(lesson: Lesson): void;
}
