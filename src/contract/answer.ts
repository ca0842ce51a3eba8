// Candidates, how they are compared, and what they become.
import type { AssistantMessage, ChatRequest, Completion } from './chat.ts';
import type { Task } from './catalog.ts';
import type { Violation } from './validator.ts';

/** A possible answer: one model's, whole. */
export interface Candidate {
  readonly model: string;
  readonly family: string;
  /** Voting weight, >= 0: the confidence in this model for this task. Zero never matters. */
  readonly weight: number;
  readonly completion: Completion;
  /** `completion.choices[0].message`. */
  readonly message: AssistantMessage;
  readonly finishReason: string | null;
  /** The completion as the upstream sent it; goes to the client unchanged when this answer is chosen whole. */
  readonly bytes: Uint8Array;
}

export const ANSWER_KINDS = [
  'tool_calls',
  'json',
  'number',
  'choice',
  'label',
  'code',
  'short',
  'prose',
  'refusal',
  'empty',
] as const;
export type AnswerKind = (typeof ANSWER_KINDS)[number];

/** What the merge may know: never the time of arrival. */
export interface MergeContext {
  readonly request: ChatRequest;
  readonly task: Task;
  /** Milliseconds since the epoch, for freshness checks. */
  readonly now: number;
  /** How likely two models err alike, 0-1, beyond their own error rates; 0 when nothing is known. */
  readonly correlation: (modelA: string, modelB: string) => number;
}

/** Those who say the same. Largest weight first; ties broken by the better model's name-independent weight, then the value. */
export interface Camp {
  readonly models: readonly string[];
  readonly weight: number;
  /** Short normalised text of what they say. */
  readonly value: string;
}

/** How things stand while some answers may still be out. */
export interface Standing {
  readonly kind: AnswerKind;
  readonly camps: readonly Camp[];
  /** Weight of the first camp among all that answered, 0-1. */
  readonly agreement: number;
  /** No answer that is still out can change which camp wins. */
  readonly settled: boolean;
  /** At least two answered, and no camp has two voices or a majority of the weight. */
  readonly disputed: boolean;
  /** They differ, but what speaks for each value besides who gave it decides: a further voice would hardly change the answer. */
  readonly evident: boolean;
}

/** How good one candidate is by itself, as far as can be told without another model. */
export interface Judgement {
  readonly acceptable: boolean;
  /** 0-1; multiplies the candidate's weight. */
  readonly factor: number;
  readonly violations: readonly Violation[];
  /** In words: `cut off`, `refused`, `schema invalid`, `low token confidence` … */
  readonly reasons: readonly string[];
}

/** Who said a value, and who said otherwise. */
export interface Provenance {
  /** Path into the answer; empty for the answer as a whole. */
  readonly path: string;
  /** Short JSON text of the value that was taken. */
  readonly value: string;
  readonly by: readonly { readonly model: string; readonly weight: number }[];
  readonly otherwise: readonly { readonly model: string; readonly weight: number; readonly value: string }[];
  /** Weight of those who said it among all who said anything there, 0-1. */
  readonly agreement: number;
  readonly tie: boolean;
  readonly outlier?: boolean;
}

export interface Merged {
  readonly kind: AnswerKind;
  /** The candidate that is taken whole or serves as the base. */
  readonly base: Candidate;
  /** null: the base's own message stands as it is. */
  readonly message: AssistantMessage | null;
  /** Models whose answer was used: those who agree with the result; never empty. */
  readonly models: readonly string[];
  /** 0-1. One candidate alone: 1. */
  readonly agreement: number;
  readonly disputed: boolean;
  readonly tie: boolean;
  readonly camps: readonly Camp[];
  readonly provenance: readonly Provenance[];
  readonly violations: readonly Violation[];
}

/** Pure: the same candidates in any order give the same result, in bounded time. */
export interface Merger {
  judge(candidate: Candidate, context: MergeContext): Judgement;
  /** `outstanding`: weights of those that haven't answered yet. */
  stand(
    candidates: readonly Candidate[],
    outstanding: readonly { readonly model: string; readonly family: string; readonly weight: number }[],
    context: MergeContext,
  ): Standing;
  /** How much the others bear out each model's answer, 0-1. Needs at least one candidate. */
  support(candidates: readonly Candidate[], context: MergeContext): ReadonlyMap<string, number>;
  /** Needs at least one candidate. */
  merge(candidates: readonly Candidate[], context: MergeContext): Merged;
}
