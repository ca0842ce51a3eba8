// The council: members answer, rank each other's answers without names, and a chairman writes the answer from the best.
import { CallFailure, type Candidate } from '../contract/index.ts';
import { synthesise } from './chairman.ts';
import { nothingCame, tooFew, type Failed } from './failures.ts';
import { rank } from './judging.ts';
import { LEAST_MS, type Outcome, type Panel } from './panel.ts';
import { marker } from './prompts.ts';
import { borda } from './ranking.ts';

/** Fewer can't check each other. */
const ENOUGH_ANSWERS = 2;

export async function council(panel: Panel, members: readonly string[], chairman: string): Promise<Outcome> {
  const { answers, failed } = await hear(panel, members);
  if (answers.length === 0) throw nothingCame(failed, panel.isOver());
  if (answers.length < ENOUGH_ANSWERS) throw tooFew(ENOUGH_ANSWERS, answers.length, failed, panel.isOver());
  const degraded = failed.length > 0;
  const standing = panel.stand(answers, []);
  const unanimous = standing.camps.length === 1 && standing.kind !== 'prose' && standing.kind !== 'code';
  if (unanimous && !panel.forced) {
    const merged = panel.merge(answers);
    panel.tell({ stage: 3, type: 'settled', detail: 'all members say the same' });
    return { kind: 'whole', merged, reached: 'council', degraded };
  }
  return deliberate(panel, answers, chairman, degraded);
}

/** Stage 1. Members that fail are replaced from the reserve while fewer than two have answered. */
async function hear(panel: Panel, members: readonly string[]): Promise<{ answers: Candidate[]; failed: Failed[] }> {
  panel.tell({ stage: 1, type: 'stage_start', detail: `${members.length} members` });
  const answers: Candidate[] = [];
  const failed: Failed[] = [];
  const one = async (model: string, role: 'member' | 'fallback'): Promise<void> => {
    const startedAt = panel.clock.now();
    try {
      const { candidate } = await panel.ask(model, {
        role,
        signal: panel.signal,
        replaceable: true,
        timeoutMs: panel.council.memberTimeoutMs,
      });
      answers.push(candidate);
    } catch (thrown) {
      if (!(thrown instanceof CallFailure)) throw thrown;
      failed.push({ model, ms: panel.clock.now() - startedAt, failure: thrown });
      panel.tell({ stage: 1, type: 'failed', model, detail: thrown.message });
    }
  };
  await Promise.all(members.map((model) => one(model, 'member')));
  const reserve = panel.plan.reserve.filter((model) => !members.includes(model));
  const isWrong = (): boolean => answers.length === 0 && failed.every(({ failure }) => failure.kind === 'rejected');
  while (answers.length < ENOUGH_ANSWERS && reserve.length > 0 && !isWrong()) {
    const standIns = reserve.splice(0, ENOUGH_ANSWERS - answers.length);
    const able = standIns.filter((model) => panel.objection(model, LEAST_MS) === null);
    for (const model of able)
      panel.tell({ stage: 1, type: 'escalated', model, detail: 'stands in: fewer than two have answered' });
    await Promise.all(able.map((model) => one(model, 'fallback')));
  }
  panel.tell({ stage: 1, type: 'stage_end', detail: `${answers.length} answered, ${failed.length} failed` });
  return { answers, failed };
}

/** Stages 2 and 3, over answers that are there. */
export async function deliberate(
  panel: Panel,
  answers: readonly Candidate[],
  chairman: string,
  degraded: boolean,
): Promise<Outcome> {
  const mark = marker(panel.random);
  const { rankings, tainted, late } = await rank(panel, answers, mark);
  const points = borda(
    answers.map(({ model }) => model),
    rankings,
  );
  const pointsOf = ({ model }: Candidate): number => points.get(model) ?? 0.5;
  const voted = panel.merge(
    answers.map((candidate) => ({ ...candidate, weight: candidate.weight * (0.5 + pointsOf(candidate)) })),
  );
  // Where the judges don't tell two answers apart, the vote does: it knows what is empty, refused or alone.
  const campOf = ({ model }: Candidate): number => voted.camps.findIndex(({ models }) => models.includes(model));
  const ranked = [...answers].sort(
    (a, b) =>
      Number(a.model === tainted) - Number(b.model === tainted) ||
      pointsOf(b) - pointsOf(a) ||
      campOf(a) - campOf(b) ||
      b.weight - a.weight ||
      (a.model < b.model ? -1 : 1),
  );
  panel.tell({ stage: 3, type: 'stage_start', detail: `best ranked: ${ranked[0]!.model}` });
  // Values are voted on, not rewritten: a chairman could only spoil them.
  if (voted.kind === 'tool_calls' || voted.kind === 'json') {
    panel.tell({ stage: 3, type: 'settled', detail: `merged by type: ${voted.kind}` });
    await late;
    return { kind: 'whole', merged: voted, reached: 'council', degraded };
  }
  const instead = { ...voted, base: ranked[0]!, message: null, models: [ranked[0]!.model] };
  const unranked = rankings.length === 0;
  const outcome = await synthesise(panel, {
    drafts: ranked.filter(({ model }) => model !== tainted || ranked.length <= ENOUGH_ANSWERS),
    chairman,
    mark,
    voted,
    instead,
    reached: 'council',
    degraded: degraded || unranked,
  });
  await late;
  return outcome;
}
