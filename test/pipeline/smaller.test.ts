// Ways to do a request with less, in the order in which a budget that downgrades tries them.
import { describe, expect, it } from 'vitest';
import { NO_WISHES, type Decision, type Plan, type StrategyName, type Wishes } from '../../src/contract/index.ts';
import { smallerPlans } from '../../src/pipeline/smaller.ts';
import { testPrice, testSettings } from '../support/settings.ts';

const settings = testSettings({
  models: [
    { name: 'dear', price: testPrice(5, 20) },
    { name: 'own', price: testPrice(0, 0), local: true },
    { name: 'cheap', price: testPrice(0.1, 0.4) },
    { name: 'middling', price: testPrice(1, 4) },
    { name: 'nameless', price: null },
  ],
});

function decisionFor(wishes: Wishes, kind: StrategyName): Decision {
  const [model = 'dear'] = wishes.models ?? [];
  const call = (kind === 'single' ? { kind, model } : { kind, members: ['dear'] }) as Plan['call'];
  return { plan: { call } } as Decision;
}

const triedFrom = (kind: StrategyName, refused: readonly string[] = []): string[] =>
  Array.from(
    smallerPlans(decisionFor(NO_WISHES, kind), NO_WISHES, settings, (wishes) =>
      // A router that can't do what is asked does something else.
      decisionFor(wishes, refused.includes(wishes.strategy!) ? kind : (wishes.strategy as StrategyName)),
    ),
    ({ call }) => (call.kind === 'single' ? `single ${call.model}` : call.kind),
  );

describe('smaller plans', () => {
  it('are smaller strategies, then cheaper models, then local ones', () => {
    const models = ['single dear', 'single middling', 'single cheap', 'single own'];
    expect(triedFrom('council')).toEqual(['triple', 'dual', 'single dear', ...models]);
    expect(triedFrom('triple')).toEqual(['dual', 'single dear', ...models]);
    expect(triedFrom('single')).toEqual(models);
  });

  it('leave out what would be the same again', () => {
    expect(triedFrom('council', ['triple', 'dual'])[0]).toBe('single dear');
  });
});
