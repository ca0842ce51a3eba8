// What is known of each model at a task, whatever the prompt: worked out once for each state of what was learnt.
import { Roster, type Expected, type Model } from '../contract/index.ts';
import type { Evidence } from './evidence.ts';
import { logitOf } from './logistic.ts';
import type { Takings } from './takings.ts';

export interface Standing {
  readonly model: Model;
  /** Expected without regard to the prompt. */
  readonly usual: Expected;
  /** Log-odds whatever the task: what prompts move a model from. */
  readonly logit: number;
  /** What the tenant's own outcomes add. */
  readonly own: number;
}

export interface Standings {
  /** `state` rises; what was worked out of an earlier one isn't used any more. */
  of(state: number, at: number, tenant: string, task: string, model: Model): Standing;
}

/** Tenants and tasks at a time. */
const MOST = 512;

export function createStandings(evidence: Evidence, takings: Takings): Standings {
  const known = new Roster<Map<string, Standing>>();
  let from = -1;
  let last = { tenant: '', task: '', models: new Map<string, Standing>() };

  /** One request asks about all models of a place. */
  const placeOf = (tenant: string, task: string): Map<string, Standing> => {
    if (last.tenant === tenant && last.task === task) return last.models;
    const name = `${tenant}\n${task}`;
    let models = known.get(name);
    if (models === undefined) {
      if (known.size >= MOST) known.clear();
      known.set(name, (models = new Map()));
    }
    last = { tenant, task, models };
    return models;
  };

  return {
    of(state, at, tenant, task, model) {
      if (state !== from) {
        known.clear();
        last = { tenant: '', task: '', models: new Map() };
        from = state;
      }
      const models = placeOf(tenant, task);
      const standing = models.get(model.name);
      // The catalog's entry is another one after a reload.
      if (standing?.model === model) return standing;
      const fresh: Standing = {
        model,
        usual: {
          ...evidence.quality(model, task, tenant, at),
          doubt: evidence.doubt(model.name, task, at),
          ...takings.usual(task, model.name),
        },
        logit: logitOf(evidence.overall(model, task, at)),
        own: evidence.ownShift(model.name, task, tenant, at),
      };
      models.set(model.name, fresh);
      return fresh;
    },
  };
}
