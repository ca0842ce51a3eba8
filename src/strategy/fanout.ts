// Several models answer side by side; it ends when two agree in a triple, else when those that have answered can't be outvoted by those that haven't.
import type { Candidate, Plan, Standing, StrategyName } from '../contract/index.ts';
import { synthesise } from './chairman.ts';
import { deliberate } from './council.ts';
import { nothingCame } from './failures.ts';
import { Floor, type MemberRole } from './floor.ts';
import { LEAST_MS, type Outcome, type Panel } from './panel.ts';
import { marker } from './prompts.ts';

interface FanOut {
  /** Asked at once. */
  readonly members: readonly string[];
  /** An answer that is there already, and why it isn't enough. */
  readonly seed: { readonly candidate: Candidate; readonly because: string } | null;
  /** How many voices are wanted before a disagreement is taken up the ladder. */
  readonly voices: number;
  readonly degraded: boolean;
}

/** Two voices settle what one alone can't; past three the council decides. */
const rungOf = (voices: number): StrategyName => (voices <= 1 ? 'single' : voices === 2 ? 'dual' : 'triple');
const roomFor = (ceiling: StrategyName): number => (ceiling === 'single' ? 1 : ceiling === 'dual' ? 2 : 3);

export async function fanOut(panel: Panel, { members, seed, voices, degraded }: FanOut): Promise<Outcome> {
  const floor = new Floor(panel, seed === null ? [] : [seed.candidate]);
  if (members.length > 0) panel.tell({ stage: 1, type: 'stage_start', detail: `${members.length} side by side` });
  for (const model of members) floor.ask(model, 'member');
  let wanted = voices;
  try {
    wanted = await climb(panel, floor, voices, seed?.because ?? null);
  } finally {
    await floor.dismiss();
  }
  if (floor.answers.length === 0) throw nothingCame(floor.failed, panel.isOver());
  const standing = floor.standing();
  const fell = degraded || floor.answers.length < Math.min(2, voices);
  const convenes = standing !== null && goesToCouncil(panel, standing, floor);
  panel.tell({
    stage: 1,
    type: 'stage_end',
    detail: `${floor.answers.length} answered${floor.obstacle === null ? '' : `; no further voice: ${floor.obstacle}`}`,
  });
  if (convenes) {
    panel.tell({ stage: 1, type: 'escalated', detail: disagreement(standing) });
    return deliberate(panel, floor.answers, panel.plan.chairman!, fell);
  }
  return settle(panel, floor.answers, rungOf(wanted), fell);
}

interface Step {
  readonly role: MemberRole;
  readonly because: string;
  /** Whoever is next of the reserve when absent. */
  readonly model?: string;
}

/** Why the answers there are don't do, and who would help most; null when they do. */
function disputeOf(panel: Panel, standing: Standing, waits: boolean): Omit<Step, 'role'> | null {
  const { climb, ceiling } = panel.plan;
  if (climb === undefined) return contested(standing, ceiling) ? { because: disagreement(standing) } : null;
  if (standing.evident || standing.kind === 'prose' || waits) return null;
  const further = panel.further(standing);
  if (further === null) return null;
  const { model, gain } = further;
  const why = standing.camps.length > 1 ? disagreement(standing) : 'they agree, but may err alike';
  return { model, because: `${why}; ${model} makes the answer likelier by ${gain.toFixed(2)}` };
}

const isRoom = ({ climb, ceiling }: Plan, expected: number, wanted: number): boolean =>
  expected < wanted || wanted < (climb?.mostVoices ?? roomFor(ceiling));

/** Asks for more voices while the evidence wants them. Returns how many were wanted in the end. */
async function climb(panel: Panel, floor: Floor, voices: number, opening: string | null): Promise<number> {
  const enough = Math.min(2, voices);
  let wanted = voices;
  for (;;) {
    const standing = floor.standing();
    const waits = floor.outstanding.size > 0;
    const dispute = standing === null ? null : disputeOf(panel, standing, waits);
    if (
      standing !== null &&
      dispute === null &&
      floor.answers.length >= enough &&
      isEnough(panel.plan, standing, floor)
    )
      return wanted;
    // Who is still out is waited for, unless too few are left to make a second voice.
    const step = waits && floor.expected >= enough ? null : nextStep(floor, wanted, opening, dispute);
    const model = step !== null && isRoom(panel.plan, floor.expected, wanted) ? floor.standIn(step.model) : null;
    if (step !== null && model !== null) {
      wanted = Math.max(wanted, floor.expected + 1);
      panel.tell({ stage: 1, type: 'escalated', model, detail: step.because });
      floor.ask(model, step.role);
    } else if (waits) await floor.next();
    else return wanted;
  }
}

/** A triple is over when two agree, as its name promises. Where evidence chose it, or a council may follow, who could outvote them is waited for. */
const isEnough = ({ call, ceiling, climb }: Plan, standing: Standing, floor: Floor): boolean =>
  standing.settled || (call.kind === 'triple' && ceiling === 'triple' && climb === undefined && floor.agreed(standing));

function nextStep(
  floor: Floor,
  wanted: number,
  opening: string | null,
  dispute: Omit<Step, 'role'> | null,
): Step | null {
  if (floor.expected >= wanted) return dispute === null ? null : { role: 'escalation', ...dispute };
  const vacancy = floor.vacancy();
  if (vacancy !== null) return { role: 'fallback', because: `stands in for ${vacancy.model}, which failed` };
  return opening !== null && floor.failed.length === 0 ? { role: 'escalation', because: opening } : null;
}

const disagreement = ({ camps }: Standing): string =>
  `they disagree: ${camps.map(({ models }) => models.join('+')).join(' against ')}`;

/** Nobody has a second voice, and nothing else decides. Prose never says the same twice, so there it only matters where a council could write it anew. */
const contested = ({ kind, camps, disputed, evident }: Standing, ceiling: StrategyName): boolean =>
  !evident &&
  (kind !== 'prose' || ceiling === 'council') &&
  (disputed || camps.every(({ models }) => models.length < 2));

/** A dispute that a chairman could settle, with the time and the money for it. */
function goesToCouncil(panel: Panel, { disputed }: Standing, floor: Floor): boolean {
  const { ceiling, chairman } = panel.plan;
  if (!disputed || ceiling !== 'council' || chairman === null || floor.answers.length < 2) return false;
  for (const model of [chairman, ...floor.answers.map((answer) => answer.model)]) {
    const objection = panel.objection(model, LEAST_MS);
    if (objection === null) continue;
    floor.obstacle = `no council: ${model}: ${objection}`;
    return false;
  }
  return true;
}

/** One answer by vote; prose is written anew from them where the task says so. */
function settle(
  panel: Panel,
  answers: readonly Candidate[],
  reached: StrategyName,
  degraded: boolean,
): Promise<Outcome> {
  const merged = panel.merge(answers);
  panel.tell({ stage: 3, type: 'settled', detail: `agreement ${merged.agreement.toFixed(2)}` });
  const { chairman } = panel.plan;
  if (!panel.rewritesProse || merged.kind !== 'prose' || chairman === null || answers.length < 2)
    return Promise.resolve({ kind: 'whole', merged, reached, degraded });
  const drafts = [merged.base, ...answers.filter((answer) => answer !== merged.base).sort(byWeight)];
  return synthesise(panel, {
    drafts,
    chairman,
    mark: marker(panel.random),
    voted: merged,
    instead: merged,
    reached,
    degraded,
  });
}

const byWeight = (a: Candidate, b: Candidate): number => b.weight - a.weight || (a.model < b.model ? -1 : 1);
