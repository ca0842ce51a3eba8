// One model answers; another stands in when it fails before its first byte.
import { CallFailure } from '../contract/index.ts';
import { fanOut } from './fanout.ts';
import { openHedged } from './hedge.ts';
import { nothingCame, type Failed } from './failures.ts';
import { LEAST_MS, type AskOptions, type Outcome, type Panel } from './panel.ts';

/** Failures after which another model may do better. */
export const mayDoBetter = (failure: CallFailure): boolean => failure.kind !== 'rejected' && failure.kind !== 'aborted';

/** Tries `model`, then one stand-in: one hop at most. */
async function withStandIn<Result>(
  panel: Panel,
  model: string,
  attempt: (model: string, options: AskOptions) => Promise<Result>,
): Promise<{ result: Result; degraded: boolean }> {
  const failed: Failed[] = [];
  const standIn = panel.plan.reserve.find((name) => name !== model);
  const candidates = standIn === undefined ? [model] : [model, standIn];
  for (const [hop, name] of candidates.entries()) {
    if (hop > 0 && panel.objection(name, LEAST_MS) !== null) break;
    const startedAt = panel.clock.now();
    try {
      const last = hop === candidates.length - 1;
      const result = await attempt(name, {
        role: hop === 0 ? 'member' : 'fallback',
        signal: panel.signal,
        replaceable: !last,
      });
      return { result, degraded: hop > 0 };
    } catch (thrown) {
      if (!(thrown instanceof CallFailure)) throw thrown;
      failed.push({ model: name, ms: panel.clock.now() - startedAt, failure: thrown });
      panel.tell({ stage: 1, type: 'failed', model: name, detail: thrown.message });
      if (!mayDoBetter(thrown)) break;
    }
  }
  throw nothingCame(failed, panel.isOver());
}

/** A stream is passed on as it comes, so only its beginning can be judged. */
export async function singleStream(panel: Panel, model: string): Promise<Outcome> {
  const { hedging } = panel;
  const { result, degraded } = await withStandIn(panel, model, (name, options) =>
    hedging === undefined || options.role === 'fallback'
      ? panel.open(name, options)
      : openHedged(panel, name, options, hedging),
  );
  return { kind: 'live', live: result, reached: 'single', degraded, merged: null };
}

/** An answer that isn't acceptable by itself gets a second voice, where the plan lets it. */
export async function singleWhole(panel: Panel, model: string): Promise<Outcome> {
  const { result, degraded } = await withStandIn(panel, model, (name, options) => panel.ask(name, options));
  const { candidate, judgement } = result;
  if (judgement.acceptable || panel.plan.ceiling === 'single' || panel.plan.reserve.length === 0) {
    return { kind: 'whole', merged: panel.merge([candidate]), reached: 'single', degraded };
  }
  const because = `${candidate.model}: ${judgement.reasons.join(', ')}`;
  return fanOut(panel, { members: [], seed: { candidate, because }, voices: 2, degraded });
}
