// A request's part in experiments: the seam between the path and whoever runs them.
import type { Completion, Decision, Enrolment, Nano, Settings } from '../contract/index.ts';
import type { Inbound } from './exchange.ts';

/** What would be decided about it, if it came in like this; nothing is done. Throws what deciding throws. */
export type Look = (inbound: Inbound, settings: Settings) => Decision;

export interface Trials {
  /** null: no experiment concerns it. Throws `invalid_value` for a forced arm that doesn't exist. */
  enrol(inbound: Inbound, settings: Settings, look: Look): Trial | null;
}

export interface Trial {
  /** With the wishes that its arms have put in. */
  readonly inbound: Inbound;
  readonly settings: Settings;
  readonly part: readonly Enrolment[];
  /** Told once it was answered, where something shall run beside it; never throws. */
  readonly mirror: ((served: Served) => void) | null;
}

/** An answer that a client got. */
export interface Served {
  /** Put together when first asked for. */
  readonly completion: () => Completion | null;
  readonly models: readonly string[];
  readonly strategy: string | null;
  readonly task: string | null;
  readonly costNano: Nano;
  readonly ms: number;
}

/** `name=arm`, a comma between several: what the response header tells. null: it took part in none. */
export const partTold = (part: readonly Enrolment[]): string | null =>
  part.length === 0 ? null : part.map(({ experiment, arm }) => `${experiment}=${arm}`).join(',');
