// What was worked out for one request serves the next ones only while nothing has changed.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { ChatRequest, Model } from '../../src/contract/index.ts';
import { createEvidence, createLearner, createMemoryLearningStore } from '../../src/learning/index.ts';
import { featuresOf, traitsOf } from '../../src/routing/index.ts';
import { testModel } from '../support/settings.ts';

const NAMES = ['cheap', 'strong'];
const AT = Date.UTC(2026, 0, 1);

function scene() {
  const models = new Map<string, Model>(NAMES.map((name) => [name, testModel({ name, quality: 7 })]));
  const learner = createLearner({
    evidence: createEvidence({ halfLifeMs: 14 * 86_400_000, priorStrength: 12 }, []),
    sums: { add: () => {} },
    store: createMemoryLearningStore(),
    model: (name) => models.get(name),
    now: () => AT,
    onChange: () => {},
  });
  const look = (prompt: string) => {
    const request: ChatRequest = { model: 'auto', messages: [{ role: 'user', content: prompt }] };
    const features = featuresOf(request);
    return { features, traits: traitsOf(features, request) };
  };
  const expected = (prompt: string, tenant = 't', at = AT) => {
    const { features, traits } = look(prompt);
    const insight = learner.insight(features, () => traits, tenant, at);
    return NAMES.map((name) => insight.quality('math', name));
  };
  let count = 0;
  const judged = (prompt: string, model: string, correct: boolean): void => {
    const request = `r${(count += 1)}`;
    const voices = [{ model, quality: 0.7, camp: 0 }];
    const facts = { task: 'math', kind: null, voices, factor: 1, tokenProbability: null };
    const taken = [{ model, outputTokens: 100 + count, ms: 500 + count }];
    const { traits } = look(prompt);
    const rest = { values: [], signals: [], confidence: null };
    learner.ended({ request, tenant: 't', at: AT, task: 'math', facts, taken, traits, ...rest });
    const verdict = { request, correct, score: null, correction: null, kind: null, comment: null };
    learner.judge(verdict, 't', false);
  };
  return { models, expected, judged };
}

const step = fc.record({
  prompt: fc.constantFrom('three apples', 'seven pears', 'a lemma on sheaves', 'the ring of spinors'),
  model: fc.constantFrom(...NAMES),
  correct: fc.boolean(),
});

it('whoever asked in between is told the same as who asks for the first time', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const [curious, silent] = [scene(), scene()];
      for (const { prompt, model, correct } of steps) {
        curious.expected(prompt);
        curious.expected(prompt, 'another');
        for (const each of [curious, silent]) each.judged(prompt, model, correct);
      }
      expect(curious.expected('three apples')).toEqual(silent.expected('three apples'));
      expect(curious.expected('a lemma', 'another')).toEqual(silent.expected('a lemma', 'another'));
    }),
    { numRuns: 100 },
  );
});

it('a catalog that is loaded anew counts at once', () => {
  const { models, expected } = scene();
  const [before] = expected('three apples');
  models.set('cheap', testModel({ name: 'cheap', quality: 2 }));
  expect(expected('three apples')[0]!.quality).toBeLessThan(before!.quality - 0.2);
});

it('what grows old fades though nothing else happens', () => {
  const { expected, judged } = scene();
  for (let nth = 0; nth < 10; nth += 1) judged('three apples', 'cheap', false);
  const [before] = expected('three apples');
  const [after] = expected('three apples', 't', AT + 28 * 86_400_000);
  expect(after!.samples).toBeCloseTo(before!.samples / 4, 3);
});
