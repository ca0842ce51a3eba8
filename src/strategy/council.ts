// The council: members answer, rank each other's answers without names, and a chairman writes the answer from the best.
import { Abort, anyAbort, type AbortWatch, CallFailure, type Candidate } from '../contract/index.ts';
import { synthesise } from './chairman.ts';
import { tooFew, type Failed } from './failures.ts';
import { dismissed } from './floor.ts';
import { LEAST_MS, type Outcome, type Panel } from './panel.ts';
import { judgeRequest, label, marker } from './prompts.ts';
import { borda, enoughRankings, readRanking, type Ranking } from './ranking.ts';

/** Fewer can't check each other. */
const ENOUGH_ANSWERS = 2;

export async function council(panel: Panel, members: readonly string[], chairman: string): Promise<Outcome> {
  const { answers, failed } = await hear(panel, members);
  if (answers.length < ENOUGH_ANSWERS) throw tooFew(ENOUGH_ANSWERS, answers.length, failed);
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
  const { rankings, late } = await rank(panel, answers, mark);
  const points = borda(
    answers.map(({ model }) => model),
    rankings,
  );
  const ranked = [...answers].sort(
    (a, b) =>
      (points.get(b.model) ?? 0) - (points.get(a.model) ?? 0) || b.weight - a.weight || (a.model < b.model ? -1 : 1),
  );
  const weighted = ranked.map((candidate) => ({
    ...candidate,
    weight: candidate.weight * (0.5 + (points.get(candidate.model) ?? 0.5)),
  }));
  const voted = panel.merge(weighted);
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
    drafts: ranked,
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

interface Ranked {
  readonly rankings: readonly Ranking[];
  /** Resolves when the judges who weren't waited for have ended. */
  readonly late: Promise<void>;
}

/** Stage 2. Ends when enough rankings are in. */
async function rank(panel: Panel, answers: readonly Candidate[], mark: string): Promise<Ranked> {
  panel.tell({ stage: 2, type: 'stage_start', detail: `${answers.length} judges` });
  const rankings: Ranking[] = [];
  const enough = new Abort();
  const signal = anyAbort(panel.signal, enough);
  const out = new Set<Promise<void>>();
  for (const judge of answers) {
    const call: Promise<void> = rankingBy(panel, judge, answers, mark, signal)
      .then((ranking) => {
        if (ranking !== null) rankings.push(ranking);
      })
      .finally(() => out.delete(call));
    out.add(call);
  }
  while (!enoughRankings(answers.length, rankings.length, out.size)) await Promise.race(out);
  const inTime = [...rankings];
  enough.abort(new CallFailure('aborted', 'enough rankings were in'));
  panel.tell({ stage: 2, type: 'stage_end', detail: `${inTime.length} of ${answers.length} rankings` });
  return { rankings: inTime, late: dismissed(out, panel.clock) };
}

/** null when it failed or was no longer needed. */
async function rankingBy(
  panel: Panel,
  judge: Candidate,
  answers: readonly Candidate[],
  mark: string,
  signal: AbortWatch,
): Promise<Ranking | null> {
  const labelled = label(answers, judge.model, panel.random);
  const fail = (detail: string): null => {
    if (!signal.aborted) panel.tell({ stage: 2, type: 'failed', model: judge.model, detail });
    return null;
  };
  const objection = panel.objection(judge.model, LEAST_MS);
  if (objection !== null) return fail(objection);
  try {
    const { candidate } = await panel.ask(judge.model, {
      role: 'judge',
      signal,
      replaceable: true,
      request: judgeRequest(panel.request, labelled, mark, panel.can(judge.model, 'json_schema')),
      timeoutMs: panel.council.memberTimeoutMs,
    });
    const order = readRanking(
      candidate.message,
      labelled.map((each) => each.label),
    );
    if (order === null) return fail('its ranking could not be read');
    if (signal.aborted) return null;
    const models = order.map((name) => labelled.find((each) => each.label === name)!.candidate.model);
    const others = labelled.map((each) => each.candidate.model).filter((model) => !models.includes(model));
    panel.tell({ stage: 2, type: 'ranking', model: judge.model, detail: models.join(' > ') });
    return { weight: judge.weight, order: models, unplaced: others };
  } catch (thrown) {
    if (!(thrown instanceof CallFailure)) throw thrown;
    return fail(thrown.message);
  }
}
