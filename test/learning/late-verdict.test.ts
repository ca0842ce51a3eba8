// A verdict finds its answer for thirty days, and only the tenant's own.
import { describe, expect, it } from 'vitest';
import { createEvidence, createLearner, createMemoryLearningStore, EVIDENCE } from '../../src/learning/index.ts';
import { testModel } from '../support/settings.ts';

const DAY = 86_400_000;

function scene() {
  let now = 1_000 * DAY;
  const evidence = createEvidence(EVIDENCE, []);
  const model = testModel({ name: 'a', quality: 7 });
  const learner = createLearner({
    evidence,
    sums: { add: () => {} },
    store: createMemoryLearningStore(),
    model: () => model,
    now: () => now,
    onChange: () => {},
  });
  learner.ended({
    request: 'r1',
    tenant: 'alice',
    at: now,
    task: 'math',
    facts: {
      task: 'math',
      kind: 'number',
      voices: [{ model: 'a', quality: 0.7, camp: 0 }],
      factor: 1,
      tokenProbability: null,
    },
    values: ['42'],
    signals: [],
    confidence: null,
    traits: null,
    taken: [],
  });
  return {
    wait: (ms: number) => void (now += ms),
    judge: (tenant = 'alice') =>
      learner.judge(
        { request: 'r1', correct: false, score: null, correction: null, kind: null, comment: null },
        tenant,
        false,
      ),
    quality: () => evidence.quality(model, 'math', 'alice', now).quality,
  };
}

describe('a late verdict', () => {
  it('is joined to its answer for thirty days', () => {
    const { wait, judge, quality } = scene();
    wait(30 * DAY);
    const before = quality();
    expect(judge().feedback.request).toBe('r1');
    expect(quality()).toBeLessThan(before);
  });

  it('comes to nothing a moment later, and says so', () => {
    const { wait, judge, quality } = scene();
    wait(30 * DAY + 1);
    const before = quality();
    expect(judge).toThrow('no answer to "r1" of yours that can still be judged');
    expect(quality()).toBe(before);
  });

  it('of another tenant is told the same as of no answer', () => {
    const { judge } = scene();
    expect(() => judge('bob')).toThrow('no answer to "r1" of yours');
  });
});
