// What kind of request it is, and who shall answer it how. Plain data: a plan can be stored, replayed and explained.
import type { StrategyName } from './catalog.ts';
import type { Nano } from './money.ts';

/** What the router looks at, taken from the request once. */
export interface Features {
  /** The text it classifies by, bounded: last user message first, then the system prompt. */
  readonly text: string;
  /** Rough tokens of the whole input; never below the true count by more than the estimator's stated error. */
  readonly inputTokens: number;
  /** What was asked for at the most, or null. */
  readonly maxOutputTokens: number | null;
  readonly turns: number;
  readonly hasTools: boolean;
  readonly hasImages: boolean;
  readonly hasAudio: boolean;
  readonly hasCode: boolean;
  readonly responseFormat: 'text' | 'json_object' | 'json_schema';
  readonly choices: number;
  readonly wantsLogprobs: boolean;
  readonly stream: boolean;
}

export interface Classification {
  readonly task: string;
  /** 0-1: how sure it is of `task`. 1 when the caller named it. */
  readonly confidence: number;
  /** Sum to 1, highest first. */
  readonly scores: readonly { readonly task: string; readonly score: number }[];
  readonly source: 'caller' | 'rules' | 'fallback';
}

/** A model that was considered. */
export interface Prospect {
  readonly model: string;
  /** Expected quality for this task, 0-1. */
  readonly quality: number;
  /** How many outcomes that rests on, decayed. */
  readonly samples: number;
  /** Expected cost of one call; null when unpriced. */
  readonly cost: Nano | null;
  readonly latencyMs: number;
  readonly utility: number;
  /** Standard deviation of the quality as far as it is known; absent: none. */
  readonly doubt?: number;
  /** Tokens of input that it is expected to bill for one as we count them; absent: one. */
  readonly inputFactor?: number;
  /** Why it can't be taken, in words; null when it can. */
  readonly excluded: string | null;
}

/** How the models are asked. */
export type Call =
  | { readonly kind: 'single'; readonly model: string }
  | { readonly kind: 'dual'; readonly members: readonly [string, string] }
  | { readonly kind: 'triple'; readonly members: readonly [string, string, string] }
  | { readonly kind: 'cascade'; readonly steps: readonly string[] }
  | { readonly kind: 'council'; readonly members: readonly string[]; readonly chairman: string };

/** What the chance of a right answer is weighed against, 0-1 for a dollar and for a second. */
export interface Climb {
  readonly perUsd: number;
  readonly perSecond: number;
  /** Those that were asked at first included. */
  readonly mostVoices: number;
}

export interface Plan {
  readonly call: Call;
  /** Further models, in the order in which they stand in after a failure or are asked when the evidence wants more voices. */
  readonly reserve: readonly string[];
  /** How far up the evidence may take it. */
  readonly ceiling: StrategyName;
  readonly chairman: string | null;
  /** On evidence: a further voice is asked as long as what it adds is worth its money and time. Absent: by rule. */
  readonly climb?: Climb;
  /** Agreement or quality an answer needs not to be escalated, 0-1. */
  readonly threshold: number;
  readonly because: readonly string[];
  /** Why it is smaller than what was asked for: too few models that can take the request, or too dear. Absent: it isn't. */
  readonly shortOf?: 'models' | 'money';
  /** Probability with which this plan was drawn, (0, 1]. */
  readonly propensity: number;
}

/** What a request asked for, as far as it bears on the decision: what is as usual is left out. */
export type Asked = Partial<Omit<Features, 'text'>> & Partial<Omit<Wishes, 'task'>>;

export interface Decision {
  readonly classification: Classification;
  /** With the prospects enough to decide again under another policy. Absent in older records. */
  readonly asked?: Asked;
  readonly tier: string;
  readonly prospects: readonly Prospect[];
  readonly constraints: readonly string[];
  readonly plan: Plan;
  /** Expected quality of the plan's answer, 0-1, before any call; not calibrated. */
  readonly expectedQuality: number;
  readonly expectedCost: Nano;
  readonly expectedLatencyMs: number;
}

/** The caller's wishes, from the model name, headers and metadata. */
export interface Wishes {
  readonly strategy: StrategyName | 'adaptive' | null;
  readonly tier: string | null;
  readonly task: string | null;
  /** Only these models. */
  readonly models: readonly string[] | null;
  readonly maxCost: Nano | null;
  readonly deadlineMs: number | null;
}

export const NO_WISHES: Wishes = {
  strategy: null,
  tier: null,
  task: null,
  models: null,
  maxCost: null,
  deadlineMs: null,
};

/** Every model a plan may call without escalation. */
export function membersOf(call: Call): readonly string[] {
  switch (call.kind) {
    case 'single':
      return [call.model];
    case 'dual':
    case 'triple':
    case 'council':
      return call.members;
    case 'cascade':
      return call.steps;
    default:
      return call satisfies never;
  }
}
