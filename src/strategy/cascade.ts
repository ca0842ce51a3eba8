// The cheap one first; a stronger one when the evidence says that its answer isn't good enough.
import { CallFailure } from '../contract/index.ts';
import { nothingCame, type Failed } from './failures.ts';
import { LEAST_MS, type Answered, type Outcome, type Panel } from './panel.ts';
import { mayDoBetter } from './single.ts';

export async function cascade(panel: Panel, steps: readonly string[]): Promise<Outcome> {
  const failed: Failed[] = [];
  let best: Answered | null = null;
  let because = '';
  for (const [index, model] of steps.entries()) {
    if (index > 0) {
      const objection = panel.objection(model, LEAST_MS);
      panel.tell({ stage: 1, type: objection === null ? 'escalated' : 'failed', model, detail: objection ?? because });
      if (objection !== null) continue;
    }
    const startedAt = panel.clock.now();
    try {
      const answered = await panel.ask(model, {
        role: index === 0 ? 'member' : 'escalation',
        signal: panel.signal,
        replaceable: index < steps.length - 1 || best !== null,
      });
      // A later step is the stronger model: it takes over unless its answer is plainly worse.
      if (best === null || answered.judgement.factor >= best.judgement.factor) best = answered;
      if (answered.judgement.acceptable) break;
      because = `${model}: ${answered.judgement.reasons.join(', ')}`;
    } catch (thrown) {
      if (!(thrown instanceof CallFailure)) throw thrown;
      failed.push({ model, ms: panel.clock.now() - startedAt, failure: thrown });
      panel.tell({ stage: 1, type: 'failed', model, detail: thrown.message });
      if (!mayDoBetter(thrown)) break;
      because = `${model} failed`;
    }
  }
  if (best === null) throw nothingCame(failed, panel.isOver());
  const merged = panel.merge([best.candidate]);
  panel.tell({ stage: 3, type: 'settled', model: best.candidate.model });
  return { kind: 'whole', merged, reached: 'cascade', degraded: failed.length > 0 };
}
