// Who has been asked, who has answered, and who hasn't yet.
import {
  Abort,
  anyAbort,
  type AbortWatch,
  CallFailure,
  sleep,
  type Candidate,
  type Clock,
  type Standing,
} from '../contract/index.ts';
import type { Failed } from './failures.ts';
import { LEAST_MS, type Answered, type Panel } from './panel.ts';

/** Aborted calls end at once; one that doesn't isn't waited for any longer. */
const DISMISSAL_MS = 250;

type Arrival =
  | { readonly model: string; readonly answered: Answered }
  | { readonly model: string; readonly failed: Failed };

export type MemberRole = 'member' | 'fallback' | 'escalation';

/** Resolves when aborted calls have ended and what they used is on the record. */
export async function dismissed(calls: Iterable<Promise<unknown>>, clock: Clock): Promise<void> {
  const over = new Abort();
  const all = Promise.allSettled(calls).then(() => over.abort());
  await Promise.race([all, sleep(clock, DISMISSAL_MS, over).catch(() => undefined)]);
}

export class Floor {
  readonly answers: Candidate[];
  readonly failed: Failed[] = [];
  readonly outstanding = new Map<string, Promise<Arrival>>();
  /** Why nobody else could be asked; null while nobody was looked for in vain. */
  obstacle: string | null = null;
  readonly #panel: Panel;
  readonly #roles = new Map<string, MemberRole>();
  /** Whose answer is good enough by itself. */
  readonly #sound = new Set<string>();
  readonly #abort = new Abort();
  readonly #signal: AbortWatch;

  constructor(panel: Panel, seeds: readonly Candidate[]) {
    this.#panel = panel;
    this.answers = [...seeds];
    for (const { model } of seeds) this.#roles.set(model, 'member');
    this.#signal = anyAbort(panel.signal, this.#abort);
  }

  ask(model: string, role: MemberRole): void {
    const panel = this.#panel;
    const startedAt = panel.clock.now();
    this.#roles.set(model, role);
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

  /** Answers that are there or may still come. */
  get expected(): number {
    return this.answers.length + this.outstanding.size;
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
    if (arrival.answered.judgement.acceptable) this.#sound.add(arrival.model);
  }

  /** Two say the same, and each says it well enough: two that refuse, or are cut off, haven't agreed on anything. */
  agreed({ camps }: Standing): boolean {
    return camps.some(({ models }) => models.filter((model) => this.#sound.has(model)).length > 1);
  }

  standing(): Standing | null {
    if (this.answers.length === 0) return null;
    return this.#panel.stand(
      this.answers,
      [...this.outstanding.keys()].map((model) => this.#panel.voice(model)),
    );
  }

  /**
   * A failure that nobody stands in for yet. A stand-in isn't replaced again: one hop at most. A request that an upstream calls wrong
   * is wrong elsewhere too, unless somebody has answered it.
   */
  vacancy(): Failed | null {
    const replaceable = this.failed.filter(
      ({ model, failure }) =>
        this.#roles.get(model) !== 'fallback' && (failure.kind !== 'rejected' || this.answers.length > 0),
    );
    const filled = [...this.#roles.values()].filter((role) => role === 'fallback').length;
    return replaceable[filled] ?? null;
  }

  /** The next of the reserve that can still be asked, or `first`. */
  standIn(first?: string): string | null {
    const { reserve } = this.#panel.plan;
    for (const model of first === undefined ? reserve : [first, ...reserve]) {
      if (this.#roles.has(model)) continue;
      const objection = this.#panel.objection(model, LEAST_MS);
      if (objection === null) return model;
      this.obstacle = `${model}: ${objection}`;
    }
    this.obstacle ??= 'no other model is left';
    return null;
  }

  /** Aborts who is still out and waits until what they used is on the record. */
  async dismiss(): Promise<void> {
    if (this.outstanding.size === 0) return;
    this.#abort.abort(new CallFailure('aborted', 'the answer was settled without it'));
    await dismissed(this.outstanding.values(), this.#panel.clock);
  }
}
