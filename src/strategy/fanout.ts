// Several models answer side by side; it ends when those that have answered can't be outvoted by those that haven't.
import { CallFailure, type Candidate, type Standing, type StrategyName } from '../contract/index.ts';
import { deliberate } from './council.ts';
import { nothingCame, type Failed } from './failures.ts';
import type { Answered, Outcome, Panel } from './panel.ts';

export interface FanOut {
  /** Asked at once. */
  readonly members: readonly string[];
  /** Answers that are there already. */
  readonly seeds: readonly Candidate[];
  /** How many voices are wanted before a disagreement is taken up the ladder. */
  readonly voices: number;
  readonly degraded: boolean;
}

type Arrival =
  | { readonly model: string; readonly answered: Answered }
  | { readonly model: string; readonly failed: Failed };

/** Two voices settle what one alone can't; past three the council decides. */
const rungOf = (voices: number): StrategyName => (voices <= 1 ? 'single' : voices === 2 ? 'dual' : 'triple');
const roomFor = (ceiling: StrategyName): number => (ceiling === 'single' ? 1 : ceiling === 'dual' ? 2 : 3);

export async function fanOut(panel: Panel, { members, seeds, voices, degraded }: FanOut): Promise<Outcome> {
  const floor = new Floor(panel, seeds);
  for (const model of members) floor.ask(model, 'member');
  if (members.length > 0) panel.tell({ stage: 1, type: 'stage_start', detail: `${members.length} side by side` });
  let wanted = voices;
  try {
    for (;;) {
      const standing = floor.standing();
      if (standing?.settled && !contested(standing) && floor.answers.length >= Math.min(2, voices)) break;
      if (floor.outstanding.size > 0) {
        await floor.next();
        continue;
      }
      // Everybody asked has answered or failed, and it isn't settled: another voice, or leave it at that.
      const missing = floor.answers.length < wanted;
      if (!missing && (standing === null || !contested(standing))) break;
      if (!missing && floor.answers.length >= roomFor(panel.plan.ceiling)) break;
      const model = floor.standIn();
      if (model === null) break;
      if (!missing) wanted += 1;
      panel.tell({
        stage: 1,
        type: 'escalated',
        model,
        detail: missing ? 'stands in for a model that failed' : disagreement(standing),
      });
      floor.ask(model, missing ? 'fallback' : 'escalation');
    }
  } finally {
    floor.dismiss();
  }
  if (floor.answers.length === 0) throw nothingCame(floor.failed);
  const standing = floor.standing();
  panel.tell({ stage: 1, type: 'stage_end', detail: `${floor.answers.length} answered` });
  const fell = degraded || floor.answers.length < Math.min(2, voices);
  if (
    standing?.disputed &&
    panel.plan.ceiling === 'council' &&
    panel.plan.chairman !== null &&
    floor.answers.length >= 2
  ) {
    panel.tell({ stage: 1, type: 'escalated', detail: disagreement(standing) });
    return deliberate(panel, floor.answers, panel.plan.chairman, fell);
  }
  const merged = panel.merge(floor.answers);
  panel.tell({ stage: 3, type: 'settled', detail: `agreement ${merged.agreement.toFixed(2)}` });
  return {
    kind: 'whole',
    merged,
    // A vote that is settled early was still a vote of as many as were asked.
    reached: rungOf(Math.max(floor.answers.length, voices)),
    degraded: fell,
  };
}

const disagreement = (standing: Standing | null): string =>
  `they disagree: ${standing?.camps.map(({ models }) => models.join('+')).join(' against ') ?? 'no answers'}`;

/** Nobody has a second voice. Prose never says the same twice, so that proves nothing there. */
const contested = ({ kind, camps, disputed }: Standing): boolean =>
  kind !== 'prose' && (disputed || camps.every(({ models }) => models.length < 2));

/** Who has been asked, who has answered, and who hasn't yet. */
class Floor {
  readonly answers: Candidate[];
  readonly failed: Failed[] = [];
  readonly outstanding = new Map<string, Promise<Arrival>>();
  readonly #panel: Panel;
  readonly #asked: Set<string>;
  readonly #abort = new AbortController();
  readonly #signal: AbortSignal;

  constructor(panel: Panel, seeds: readonly Candidate[]) {
    this.#panel = panel;
    this.answers = [...seeds];
    this.#asked = new Set(seeds.map(({ model }) => model));
    this.#signal = AbortSignal.any([panel.signal, this.#abort.signal]);
  }

  ask(model: string, role: 'member' | 'fallback' | 'escalation'): void {
    const panel = this.#panel;
    const startedAt = panel.clock.now();
    this.#asked.add(model);
    const call = panel.ask(model, { role, signal: this.#signal, replaceable: true });
    this.outstanding.set(
      model,
      call.then(
        (answered): Arrival => ({ model, answered }),
        (thrown: unknown): Arrival => {
          if (!(thrown instanceof CallFailure)) throw thrown;
          return { model, failed: { model, ms: panel.clock.now() - startedAt, failure: thrown } };
        },
      ),
    );
  }

  async next(): Promise<void> {
    const arrival = await Promise.race(this.outstanding.values());
    this.outstanding.delete(arrival.model);
    if ('failed' in arrival) {
      this.failed.push(arrival.failed);
      this.#panel.tell({ stage: 1, type: 'failed', model: arrival.model, detail: arrival.failed.failure.message });
      return;
    }
    this.answers.push(arrival.answered.candidate);
  }

  standing(): Standing | null {
    if (this.answers.length === 0) return null;
    return this.#panel.stand(
      this.answers,
      [...this.outstanding.keys()].map((model) => this.#panel.voice(model)),
    );
  }

  /** The next of the reserve that can still be asked. */
  standIn(): string | null {
    return (
      this.#panel.plan.reserve.find((model) => !this.#asked.has(model) && this.#panel.objection(model) === null) ?? null
    );
  }

  /** Aborts who is still out; what they used is settled where they were asked. */
  dismiss(): void {
    this.#abort.abort(new CallFailure('aborted', 'the answer was settled without it'));
    for (const call of this.outstanding.values()) call.catch(() => undefined);
  }
}
