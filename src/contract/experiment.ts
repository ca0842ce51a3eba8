// What an experiment is, what a request's part in one is, and the seam to where they are kept.
import type { StrategyChoice } from './catalog.ts';
import type { ExperimentInput, Goal, ShadowRules, UnitKind } from './experiment-rows.ts';
import type { Nano } from './money.ts';

/** What the administration has set besides what is written. */
export interface ExperimentState {
  readonly running?: boolean;
  readonly share?: number;
  /** Arms that were stopped, and why. */
  readonly stopped?: Readonly<Record<string, string>>;
}

/** `row` null: the config file has it. */
export interface StoredExperiment {
  readonly name: string;
  readonly row: ExperimentInput | null;
  readonly state: ExperimentState;
  readonly createdAt: number;
}

/** What an arm changes; what is absent stays. */
export interface Overrides {
  readonly strategy?: StrategyChoice;
  readonly tier?: string;
  readonly models?: readonly string[];
  readonly chairman?: string;
  readonly minQuality?: number;
  readonly reviewBelow?: number;
  readonly slim?: boolean;
  readonly cache?: boolean;
}

export interface Arm {
  readonly name: string;
  readonly weight: number;
  readonly overrides: Overrides;
  /** Why it is served as the control is; null: it isn't. */
  readonly stopped: string | null;
}

/** An experiment, complete. */
export interface Experiment {
  readonly name: string;
  readonly description: string;
  readonly arms: readonly Arm[];
  readonly control: string;
  readonly sticky: UnitKind;
  readonly share: number;
  readonly rampMs: number | null;
  readonly startAt: number | null;
  readonly endAt: number | null;
  readonly filter: {
    readonly tasks: readonly string[] | null;
    readonly teams: readonly string[] | null;
    readonly tags: readonly string[] | null;
    readonly models: readonly string[] | null;
  };
  readonly layer: string;
  readonly metric: Goal;
  readonly minEffect: number | null;
  readonly guardrails: { readonly errorRate: number; readonly cost: number | null; readonly p95: number | null };
  readonly stopWhenDecided: boolean;
  readonly shadow: ShadowRules | null;
  readonly running: boolean;
  /** Changes with whatever makes earlier results incomparable. */
  readonly design: string;
  readonly source: 'config' | 'admin' | 'rollout';
}

/** A request's part in an experiment. */
export interface Enrolment {
  readonly experiment: string;
  readonly design: string;
  readonly arm: string;
  /** The arms would have done different things with it: only then it counts. */
  readonly exposed: boolean;
  /** Named by the caller: left out of the analysis. */
  readonly forced: boolean;
  /** Who it is, hashed. */
  readonly unit: string;
}

/** Named sums of one arm. Two processes' are added name by name. */
export type Sums = Readonly<Record<string, number>>;

export interface SumsDelta {
  readonly experiment: string;
  readonly design: string;
  readonly arm: string;
  readonly sums: Sums;
  /** Units that may be new; each that is adds one to `units`. */
  readonly units: readonly string[];
}

/** One request that ran beside a served one. */
export interface ShadowRun {
  readonly experiment: string;
  readonly design: string;
  readonly arm: string;
  readonly request: string;
  readonly at: number;
  readonly task: string | null;
  readonly served: ShadowSide;
  readonly shadow: ShadowSide;
  /** Whether both say the same; null: one of them said nothing. */
  readonly same: boolean | null;
  /** 0-1, as the merge measures it. */
  readonly agreement: number | null;
}
export interface ShadowSide {
  readonly models: readonly string[];
  readonly strategy: string | null;
  readonly costNano: Nano;
  readonly ms: number;
  readonly error: string | null;
}

/** Keeps what the administration made of experiments, and what was counted. */
export interface ExperimentStore {
  /** Rises with every change of a definition by any process; cheap enough to ask several times a second. */
  version(): number;
  load(): readonly StoredExperiment[];
  save(row: StoredExperiment, act: { readonly at: number; readonly actor: string; readonly action: string }): void;
  /** With all that was counted. */
  remove(name: string, act: { readonly at: number; readonly actor: string }): void;
  /** Adds, atomically. */
  add(deltas: readonly SumsDelta[]): void;
  sums(experiment: string, design: string): ReadonlyMap<string, Sums>;
  addShadows(runs: readonly ShadowRun[]): void;
  /** Newest first. */
  shadows(experiment: string, limit: number): readonly ShadowRun[];
}
