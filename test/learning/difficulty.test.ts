// What verdicts on single prompts teach of others: harder and easier ones, who is good at which, and what is unlearnt again.
import { describe, expect, it } from 'vitest';
import type { ChatRequest, LearningStore, Lesson } from '../../src/contract/index.ts';
import { createEvidence, createLearner, createMemoryLearningStore, type Learner } from '../../src/learning/index.ts';
import { featuresOf, traitsOf } from '../../src/routing/index.ts';
import { testModel } from '../support/settings.ts';

const MODELS = new Map(['cheap', 'strong'].map((name) => [name, testModel({ name, quality: 7 })]));
const EASY = ['apples', 'pears', 'plums', 'cherries', 'grapes', 'melons', 'figs', 'dates'];
const HARD = ['quaternions', 'octonions', 'sheaves', 'functors', 'monads', 'spinors', 'cohomology', 'manifolds'];
const easy = (nth: number): string => `How many ${EASY[nth % 8]} are left when ${nth} of 90 were eaten at the market?`;
const hard = (nth: number): string =>
  `Prove the lemma on ${HARD[nth % 8]} over the ring of order ${nth} up to isomorphism.`;

function scene(store: LearningStore = createMemoryLearningStore()) {
  let now = Date.UTC(2026, 0, 1);
  const evidence = createEvidence({ halfLifeMs: 14 * 86_400_000, priorStrength: 12 }, []);
  const learner = createLearner({
    evidence,
    sums: { add: () => {} },
    store,
    model: (name) => MODELS.get(name),
    now: () => now,
    onChange: () => {},
  });
  const look = (prompt: string) => {
    const request: ChatRequest = { model: 'auto', messages: [{ role: 'user', content: prompt }] };
    const features = featuresOf(request);
    return { features, traits: traitsOf(features, request) };
  };
  const expected = (prompt: string, model: string, tenant = 't'): number => {
    const { features, traits } = look(prompt);
    return learner.insight(features, () => traits, tenant, now).quality('math', model).quality;
  };
  const verdict = (request: string, correct: boolean): void =>
    void learner.judge({ request, correct, score: null, correction: null, kind: null, comment: null }, 't', false);
  let count = 0;
  const answered = (prompt: string, model: string, correct: boolean): string => {
    const request = `r${(count += 1)}`;
    now += 1_000;
    const facts: Lesson['facts'] = {
      task: 'math',
      kind: 'number',
      voices: [{ model, quality: expected(prompt, model), camp: 0 }],
      factor: 1,
      tokenProbability: null,
    };
    const rest = { values: [], signals: [], confidence: null, taken: [], traits: look(prompt).traits };
    learner.ended({ request, tenant: 't', at: now, task: 'math', facts, ...rest });
    verdict(request, correct);
    return request;
  };
  return { learner, store, expected, answered, verdict };
}

/** The cheap one is right at what is easy, the strong one at both. */
function schooled(learning = scene()) {
  for (let nth = 0; nth < 60; nth += 1) {
    learning.answered(easy(nth), 'cheap', true);
    learning.answered(hard(nth), 'cheap', nth % 5 === 0);
    learning.answered(easy(nth), 'strong', true);
    learning.answered(hard(nth), 'strong', nth % 5 !== 0);
  }
  return learning;
}

const stateOf = ({ bytes }: Learner): number => bytes;

describe('difficulty', () => {
  it('tells prompts apart that it never saw, and who is good at which', () => {
    const { expected, learner } = schooled();
    expect(expected(easy(77), 'cheap')).toBeGreaterThan(0.85);
    expect(expected(hard(77), 'cheap')).toBeLessThan(expected(easy(77), 'cheap') - 0.25);
    expect(expected(hard(77), 'strong')).toBeGreaterThan(expected(hard(77), 'cheap') + 0.15);
    expect(stateOf(learner)).toBeLessThan(20_000_000);
  });

  it('a lone tenant’s verdicts count in full, however many they are', () => {
    const few = scene();
    for (let nth = 0; nth < 40; nth += 1) few.answered(hard(nth), 'cheap', false);
    const many = scene();
    for (let nth = 0; nth < 400; nth += 1) many.answered(hard(nth), 'cheap', false);
    expect(many.expected(hard(777), 'cheap')).toBeLessThan(few.expected(hard(777), 'cheap'));
  });

  it('a verdict that is replaced leaves no trace', () => {
    const [one, other] = [scene(), scene()];
    for (const each of [one, other]) for (let nth = 0; nth < 40; nth += 1) each.answered(easy(nth), 'cheap', true);
    const changed = one.answered(hard(901), 'cheap', false);
    const between = one.expected(hard(902), 'cheap');
    one.verdict(changed, true);
    other.answered(hard(901), 'cheap', true);
    expect(one.expected(hard(902), 'cheap')).toBeGreaterThan(between + 0.03);
    expect(one.expected(hard(902), 'cheap')).toBeCloseTo(other.expected(hard(902), 'cheap'), 2);
  });

  it('knows the same after a start', () => {
    const before = schooled();
    const after = scene(before.store);
    // The sums of evidence have a store of their own; what tells prompts apart comes back from the verdicts.
    const gap = (learning: ReturnType<typeof scene>): number =>
      learning.expected(easy(77), 'cheap') - learning.expected(hard(77), 'cheap');
    expect(gap(after)).toBeGreaterThan(gap(before) * 0.6);
  });

  it('what a model did before it broke says nothing any more', () => {
    const learning = schooled();
    const before = learning.expected(easy(77), 'cheap');
    for (let nth = 0; nth < 60; nth += 1) learning.answered(easy(nth + 100), 'cheap', false);
    expect(learning.expected(easy(77), 'cheap')).toBeLessThan(before - 0.4);
    expect(learning.expected(easy(77), 'strong')).toBeGreaterThan(learning.expected(easy(77), 'cheap') + 0.2);
  });
});
