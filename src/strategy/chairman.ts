// The chairman writes the answer from those that are there. Where it can't, what was voted or ranked best stands in.
import { CallFailure, QuorumError, type Candidate, type Merged, type StrategyName } from '../contract/index.ts';
import { LEAST_MS, type Outcome, type Panel } from './panel.ts';
import { chairmanRequest } from './prompts.ts';

/** A chairman's answer that is empty, refused or not in the asked-for form is none. */
const WORTHLESS = 0.15;
/** What the chairman gets to read at the most. */
const DRAFTS = 4;

interface Synthesis {
  /** Best first. */
  readonly drafts: readonly Candidate[];
  readonly chairman: string;
  readonly mark: string;
  /** What the vote says of the answers: its agreement and provenance go with the chairman's text. */
  readonly voted: Merged;
  /** The answer when the chairman fails. */
  readonly instead: Merged;
  readonly reached: StrategyName;
  readonly degraded: boolean;
}

export async function synthesise(panel: Panel, synthesis: Synthesis): Promise<Outcome> {
  const { chairman, voted, reached, degraded } = synthesis;
  const drafts = synthesis.drafts.slice(0, DRAFTS);
  const options = {
    role: 'chairman',
    signal: panel.signal,
    replaceable: true,
    request: chairmanRequest(panel.request, drafts, synthesis.mark),
    timeoutMs: panel.council.chairmanTimeoutMs,
  } as const;
  const used = { ...voted, tie: false, models: [...new Set([chairman, ...drafts.map(({ model }) => model)])] };
  try {
    const objection = panel.objection(chairman, LEAST_MS);
    if (objection !== null) throw new CallFailure('refused', objection);
    if (panel.request.stream === true) {
      const live = await panel.open(chairman, options);
      return { kind: 'live', live, reached, degraded, merged: used };
    }
    const { candidate, judgement } = await panel.ask(chairman, options);
    if (judgement.factor < WORTHLESS) throw new CallFailure('malformed', judgement.reasons.join(', '));
    panel.tell({ stage: 3, type: 'settled', model: chairman });
    const merged = { ...used, base: candidate, message: null, violations: judgement.violations };
    return { kind: 'whole', merged, reached, degraded };
  } catch (thrown) {
    if (!(thrown instanceof CallFailure)) throw thrown;
    if (panel.signal.aborted)
      throw new QuorumError('client_closed', 'The request ended before the chairman did.', { cause: thrown });
    panel.tell({ stage: 3, type: 'failed', model: chairman, detail: `${thrown.message}; the best answer stands in` });
    return { kind: 'whole', merged: synthesis.instead, reached, degraded: true };
  }
}
