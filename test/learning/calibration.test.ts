// What is told as confidence is the share that is right, wherever expectations are off: at the low end, at the high end, at disputes.
import { describe, expect, it } from 'vitest';
import type { ConfidenceFacts } from '../../src/contract/index.ts';
import { createEvidence, createLearner, createMemoryLearningStore } from '../../src/learning/index.ts';
import { testModel } from '../support/settings.ts';

type Voices = ConfidenceFacts['voices'];
type Case = { readonly voices: Voices; readonly right: number };

const alone = (quality: number, right: number): Case => ({ voices: [{ model: 'a', quality, camp: 0 }], right });
const voicesOf = (quality: number, camps: readonly number[]): Voices =>
  camps.map((camp, nth) => ({ model: 'abc'[nth]!, quality, camp }));

/** Verdicts on such cases in turn, then as many more that nobody judges. */
function told(cases: readonly Case[]) {
  let state = 7;
  const random = (): number => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
  const learner = createLearner({
    evidence: createEvidence({ halfLifeMs: 1e12, priorStrength: 12 }, []),
    sums: { add: () => {} },
    store: createMemoryLearningStore(),
    model: (name) => testModel({ name, quality: 7 }),
    now: () => 1,
    onChange: () => {},
  });
  const factsOf = ({ voices }: Case): ConfidenceFacts => {
    return { task: 'math', kind: 'number', voices, factor: 1, tokenProbability: null };
  };
  for (let nth = 0; nth < 900; nth += 1) {
    const one = cases[nth % cases.length]!;
    const request = `r${nth}`;
    const rest = { values: [], signals: [], confidence: null, taken: [], traits: null };
    learner.ended({ request, tenant: 't', at: 1, task: 'math', facts: factsOf(one), ...rest });
    const correct = random() < one.right;
    learner.judge({ request, correct, score: null, correction: null, kind: null, comment: null }, 't', false);
  }
  return cases.map((one) => ({ told: learner.confidence(factsOf(one))!, right: one.right }));
}

describe('calibration', () => {
  it('is right at the low end and at the high end, where each is off in another way', () => {
    const cases = [alone(0.05, 0.4), alone(0.2, 0.45), alone(0.5, 0.55), alone(0.9, 0.92), alone(0.98, 0.99)];
    for (const { told: confidence, right } of told(cases)) expect(Math.abs(confidence - right)).toBeLessThan(0.08);
  });

  it('tells two who differ from three who all differ', () => {
    const [two, three] = told([
      { voices: voicesOf(0.7, [0, 1]), right: 0.6 },
      { voices: voicesOf(0.7, [0, 1, 2]), right: 0.25 },
      { voices: voicesOf(0.7, [0, 0, 1]), right: 0.8 },
    ]);
    expect(two!.told).toBeGreaterThan(three!.told + 0.2);
  });

  it('trusts agreement less where the prompt looked hard beforehand', () => {
    const cases = [
      { voices: voicesOf(0.95, [0, 0, 0]), right: 0.97 },
      { voices: voicesOf(0.5, [0, 0, 0]), right: 0.7 },
      { voices: voicesOf(0.95, [0, 0, 1]), right: 0.9 },
      { voices: voicesOf(0.5, [0, 0, 1]), right: 0.4 },
    ];
    for (const { told: confidence, right } of told(cases))
      expect(Math.abs(confidence - right), `${right}`).toBeLessThan(0.08);
  });
});
