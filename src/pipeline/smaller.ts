// Cheaper ways to answer the same request, dearest first: a smaller strategy, then cheaper models, then local ones.
import {
  QuorumError,
  type Decision,
  type Plan,
  type Settings,
  type StrategyName,
  type Wishes,
} from '../contract/index.ts';

const SMALLER: Readonly<Record<StrategyName, readonly StrategyName[]>> = {
  council: ['triple', 'dual', 'single'],
  triple: ['dual', 'single'],
  dual: ['single'],
  cascade: ['single'],
  single: [],
};
/** A budget that is nearly used up must not cost more time than the models do. */
const MOST_MODELS = 8;

export function* smallerPlans(
  decision: Decision,
  wishes: Wishes,
  settings: Settings,
  replan: (wishes: Wishes) => Decision,
): Generator<Plan> {
  const tried = (more: Partial<Wishes>): Plan | null => {
    try {
      return replan({ ...wishes, ...more }).plan;
    } catch (error) {
      if (error instanceof QuorumError) return null;
      throw error;
    }
  };
  for (const strategy of SMALLER[decision.plan.call.kind]) {
    const plan = tried({ strategy });
    if (plan !== null && plan.call.kind !== decision.plan.call.kind) yield plan;
  }
  const priced = [...settings.usable].flatMap((name) => {
    const model = settings.models.get(name)!;
    return model.price === null
      ? []
      : [{ name, local: model.local, price: model.price.inputPico + model.price.outputPico }];
  });
  const cheaper = priced.sort((a, b) => Number(a.local) - Number(b.local) || b.price - a.price).slice(-MOST_MODELS);
  for (const { name } of cheaper) {
    const plan = tried({ strategy: 'single', models: [name] });
    if (plan !== null) yield plan;
  }
}
