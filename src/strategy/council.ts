// The council: members answer, rank each other's answers without names, and a chairman writes the answer from the best.
import { CallFailure, QuorumError, type Candidate } from '../contract/index.ts';
import { tooFew, type Failed } from './failures.ts';
import type { LiveAnswer, Outcome, Panel } from './panel.ts';
import { chairmanRequest, judgeRequest, label, marker } from './prompts.ts';
import { borda, enoughRankings, readRanking, type Ranking } from './ranking.ts';

/** Fewer can't check each other. */
const ENOUGH_ANSWERS = 2;
/** A chairman's answer that is empty, refused or not in the asked-for form is none. */
const WORTHLESS = 0.15;
/** What the chairman gets to read at the most. */
const DRAFTS = 4;

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
  for (const model of panel.plan.reserve) {
    if (answers.length >= ENOUGH_ANSWERS) break;
    if (!members.includes(model) && panel.objection(model, panel.council.memberTimeoutMs) === null)
      await one(model, 'fallback');
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
  const rankings = await rank(panel, answers, mark);
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
    return { kind: 'whole', merged: voted, reached: 'council', degraded };
  }
  return synthesise(panel, ranked, chairman, mark, voted, degraded);
}

async function rank(panel: Panel, answers: readonly Candidate[], mark: string): Promise<Ranking[]> {
  panel.tell({ stage: 2, type: 'stage_start', detail: `${answers.length} judges` });
  const rankings: Ranking[] = [];
  const late = new AbortController();
  const signal = AbortSignal.any([panel.signal, late.signal]);
  let outstanding = answers.length;
  await new Promise<void>((resolve, reject) => {
    const check = (): void => {
      if (enoughRankings(answers.length, rankings.length, outstanding)) resolve();
    };
    for (const judge of answers) {
      const labelled = label(answers, judge.model, panel.random);
      const request = judgeRequest(panel.request, labelled, mark);
      panel
        .ask(judge.model, {
          role: 'judge',
          signal,
          replaceable: true,
          request,
          timeoutMs: panel.council.memberTimeoutMs,
        })
        .then(({ candidate }) => {
          const order = readRanking(
            candidate.message,
            labelled.map((each) => each.label),
          );
          if (order === null) {
            panel.tell({ stage: 2, type: 'failed', model: judge.model, detail: 'its ranking could not be read' });
            return;
          }
          const models = order.map((name) => labelled.find((each) => each.label === name)!.candidate.model);
          rankings.push({ weight: judge.weight, order: models });
          panel.tell({ stage: 2, type: 'ranking', model: judge.model, detail: models.join(' > ') });
        })
        .catch((thrown: unknown) => {
          if (!(thrown instanceof CallFailure)) throw thrown;
          if (!late.signal.aborted)
            panel.tell({ stage: 2, type: 'failed', model: judge.model, detail: thrown.message });
        })
        .then(() => {
          outstanding -= 1;
          check();
        })
        .catch(reject);
    }
  });
  late.abort(new CallFailure('aborted', 'enough rankings were in'));
  panel.tell({ stage: 2, type: 'stage_end', detail: `${rankings.length} of ${answers.length} rankings` });
  return rankings;
}

type Voted = ReturnType<Panel['merge']>;

async function synthesise(
  panel: Panel,
  ranked: readonly Candidate[],
  chairman: string,
  mark: string,
  voted: Voted,
  degraded: boolean,
): Promise<Outcome> {
  const drafts = ranked.slice(0, DRAFTS);
  const request = chairmanRequest(panel.request, drafts, mark);
  const options = {
    role: 'chairman',
    signal: panel.signal,
    replaceable: true,
    request,
    timeoutMs: panel.council.chairmanTimeoutMs,
  } as const;
  const used = [...new Set([chairman, ...drafts.map(({ model }) => model)])];
  const objection = panel.objection(chairman, panel.council.chairmanTimeoutMs);
  try {
    if (objection !== null) throw new CallFailure('refused', objection);
    if (panel.request.stream === true) {
      const live: LiveAnswer = await panel.open(chairman, options);
      return { kind: 'live', live, reached: 'council', degraded, merged: { ...voted, models: used } };
    }
    const { candidate, judgement } = await panel.ask(chairman, options);
    if (judgement.factor < WORTHLESS) throw new CallFailure('malformed', judgement.reasons.join(', '));
    panel.tell({ stage: 3, type: 'settled', model: chairman });
    return {
      kind: 'whole',
      merged: { ...voted, base: candidate, message: null, models: used },
      reached: 'council',
      degraded,
    };
  } catch (thrown) {
    if (!(thrown instanceof CallFailure)) throw thrown;
    if (panel.signal.aborted)
      throw new QuorumError('client_closed', 'The request ended before the chairman did.', { cause: thrown });
    const best = ranked[0]!;
    panel.tell({
      stage: 3,
      type: 'failed',
      model: chairman,
      detail: `${thrown.message}; the best-ranked answer stands in`,
    });
    return {
      kind: 'whole',
      merged: { ...voted, base: best, message: null, models: [best.model] },
      reached: 'council',
      degraded: true,
    };
  }
}
