// What is known of each model at a task, whatever the prompt: worked out once for each state of what was learnt.
import { Roster, type Expected } from '../contract/index.ts';
import type { Evidence } from './evidence.ts';
import { logitOf } from './logistic.ts';
import type { Rated } from './prior.ts';
import type { Takings } from './takings.ts';

interface Standing {
  readonly model: Rated;
  /** Expected without regard to the prompt. */
  readonly usual: Expected;
  /** Log-odds whatever the task: what prompts move a model from. */
  readonly logit: number;
  /** What the tenant's own outcomes add. */
  readonly own: number;
}

interface Place {
  readonly tenant: string;
  readonly task: string;
  /** The request brings tools. */
  readonly tools: boolean;
}

export interface Standings {
  /** `state` rises; what was worked out of an earlier one isn't used any more. */
  of(state: number, at: number, place: Place, model: Rated): Standing;
}

/** Places at a time. */
const MOST = 512;

export function createStandings(evidence: Evidence, takings: Takings): Standings {
  const known = new Roster<Map<string, Standing>>();
  let from = -1;
  let last: Place | null = null;
  let models = new Map<string, Standing>();

  /** One request asks about all models of a place. */
  const goTo = (place: Place): void => {
    const { tenant, task, tools } = place;
    if (last !== null && last.tenant === tenant && last.task === task && last.tools === tools) return;
    last = place;
    const name = `${tenant}\n${task}\n${tools}`;
    models = known.get(name) ?? new Map<string, Standing>();
    if (known.size >= MOST) known.clear();
    known.set(name, models);
  };

  const workOut = (at: number, { tenant, task, tools }: Place, model: Rated): Standing => {
    const inputFactor = takings.inputFactor(model.name, tools);
    return {
      model,
      usual: {
        ...evidence.quality(model, task, tenant, at),
        doubt: evidence.doubt(model.name, task, at),
        ...takings.usual(task, model.name),
        ...(inputFactor !== 1 && { inputFactor }),
      },
      logit: logitOf(evidence.overall(model, task, at)),
      own: evidence.ownShift(model.name, task, tenant, at),
    };
  };

  return {
    of(state, at, place, model) {
      if (state !== from) {
        known.clear();
        last = null;
        from = state;
      }
      goTo(place);
      const standing = models.get(model.name);
      // The catalog's entry is another one after a reload.
      if (standing?.model === model) return standing;
      const fresh = workOut(at, place, model);
      models.set(model.name, fresh);
      return fresh;
    },
  };
}
