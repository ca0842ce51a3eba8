// The council's second stage: members rank each other's answers without names; a judge who does what answers tell it doesn't count.
import { Abort, anyAbort, type AbortWatch, CallFailure, type Candidate } from '../contract/index.ts';
import { dismissed } from './floor.ts';
import { LEAST_MS, type Panel } from './panel.ts';
import { judgeRequest, label } from './prompts.ts';
import { enoughRankings, readRanking, type Ranking } from './ranking.ts';
import { gaveIn, outlierOf, TEMPTATION } from './suspicion.ts';

interface Ranked {
  readonly rankings: readonly Ranking[];
  /** An answer that judges put first only because it, or another, told them to. */
  readonly tainted: string | null;
  /** Resolves when the judges who weren't waited for have ended. */
  readonly late: Promise<void>;
}

/** What the judges work on. */
interface Session {
  readonly panel: Panel;
  readonly answers: readonly Candidate[];
  readonly mark: string;
  readonly signal: AbortWatch;
  /** The answer that the others don't bear out: judges who put it first are tested. */
  readonly outlier: string | null;
}

/** Stage 2. Ends when enough rankings are in. */
export async function rank(panel: Panel, answers: readonly Candidate[], mark: string): Promise<Ranked> {
  panel.tell({ stage: 2, type: 'stage_start', detail: `${answers.length} judges` });
  const rankings: Ranking[] = [];
  let fooled = 0;
  const enough = new Abort();
  const signal = anyAbort(panel.signal, enough);
  const session = { panel, answers, mark, signal, outlier: outlierOf(panel.support(answers)) };
  const out = new Set<Promise<void>>();
  for (const judge of answers) {
    const call: Promise<void> = rankingBy(judge, session)
      .then((ranking) => {
        if (ranking === 'fooled') fooled += 1;
        else if (ranking !== null) rankings.push(ranking);
      })
      .finally(() => out.delete(call));
    out.add(call);
  }
  while (!enoughRankings(answers.length, rankings.length, out.size)) await Promise.race(out);
  const inTime = [...rankings];
  enough.abort(new CallFailure('aborted', 'enough rankings were in'));
  panel.tell({ stage: 2, type: 'stage_end', detail: `${inTime.length} of ${answers.length} rankings` });
  return { rankings: inTime, tainted: fooled > 0 ? session.outlier : null, late: dismissed(out, panel.clock) };
}

/** null when it failed or was no longer needed; `fooled` when the judge does what answers tell it. */
async function rankingBy(judge: Candidate, session: Session): Promise<Ranking | 'fooled' | null> {
  const { panel, signal, outlier } = session;
  const fail = (detail: string): void => {
    if (!signal.aborted) panel.tell({ stage: 2, type: 'failed', model: judge.model, detail });
  };
  const first = await orderBy(judge, session, null);
  if (typeof first === 'string') return (fail(first), null);
  if (signal.aborted) return null;
  let weight = judge.weight;
  if (first.models[0] === outlier && first.models.length > 1) {
    const again = await orderBy(judge, session, { to: first.models.at(-1)!, text: TEMPTATION });
    if (typeof again === 'string') weight *= UNTESTED;
    else if (gaveIn(first.models, again.models)) return (fail('it does what answers tell it'), 'fooled');
    if (signal.aborted) return null;
  }
  panel.tell({ stage: 2, type: 'ranking', model: judge.model, detail: first.models.join(' > ') });
  return { weight, order: first.models, unplaced: first.unplaced };
}

/** A judge who puts the outlier first and can't be tested counts for less. */
const UNTESTED = 0.5;

/** The order in which a judge puts the answers, or why there is none. */
async function orderBy(
  judge: Candidate,
  { panel, answers, mark, signal }: Session,
  added: { readonly to: string; readonly text: string } | null,
): Promise<{ readonly models: readonly string[]; readonly unplaced: readonly string[] } | string> {
  const objection = panel.objection(judge.model, LEAST_MS);
  if (objection !== null) return objection;
  const labelled = label(answers, judge.model, panel.random);
  try {
    const { candidate } = await panel.ask(judge.model, {
      role: 'judge',
      signal,
      replaceable: true,
      request: judgeRequest(panel.request, labelled, mark, panel.can(judge.model, 'json_schema'), added),
      timeoutMs: panel.council.memberTimeoutMs,
    });
    const order = readRanking(
      candidate.message,
      labelled.map((each) => each.label),
    );
    if (order === null) return 'its ranking could not be read';
    const models = order.map((name) => labelled.find((each) => each.label === name)!.candidate.model);
    const unplaced = labelled.map((each) => each.candidate.model).filter((model) => !models.includes(model));
    return { models, unplaced };
  } catch (thrown) {
    if (!(thrown instanceof CallFailure)) throw thrown;
    return thrown.message;
  }
}
