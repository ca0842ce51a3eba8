// What judges write, read as what they mean.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { borda, readRanking } from '../../src/strategy/ranking.ts';

const read = (content: string, labels = ['A', 'B', 'C']) => readRanking({ role: 'assistant', content }, labels);

describe('a reply', () => {
  it.each([
    ['{"ranking":["B","A","C"]}', 'BAC'],
    ['["C","B","A"]', 'CBA'],
    ['{"ranking": "B > C > A"}', 'BCA'],
    ['{"ranking":[{"label":"A","rank":2},{"label":"B","rank":1},{"label":"C","rank":3}]}', 'BAC'],
    ['{"A": 2, "B": 1, "C": 3}', 'BAC'],
    ['{"A": 7.5, "B": 9, "C": 2}', 'BAC'],
    ['{"result": {"ranking": ["C", "A", "B"]}}', 'CAB'],
    ['<think>A > B > C? No, {that} is wrong.</think>{"ranking":["C","B","A"]}', 'CBA'],
    ['Here you go:\n```json\n{"ranking": ["Response B", "Response C", "Response A"]}\n```', 'BCA'],
    ['A clear case. I would say:\n1. Answer B\n2. Answer A\n3. Answer C', 'BAC'],
    ['A is a good answer, B is better.\n\nFinal: **B** > **A** > **C**', 'BAC'],
    ['B, then A, C', 'BAC'],
  ])('%s', (content, order) => expect(read(content)?.join('')).toBe(order));

  it.each([
    '',
    'no idea',
    'A good question.',
    '{"ranking": []}',
    '{"ranking": ["X", "Y"]}',
    '{'.repeat(20_000),
    'I cannot rank these.',
  ])('without a ranking is none: %s', (content) => expect(read(content)).toBeNull());

  it('of any kind gives labels that were handed out, each once, or nothing, in bounded time', () => {
    const bits = fc.constantFrom(
      'A',
      'B',
      'Z',
      '>',
      ',',
      '{',
      '}',
      '[',
      ']',
      '"',
      ':',
      '1. ',
      'Answer ',
      '\n',
      ' ',
      'ranking',
      '<think>',
      '</think>',
    );
    fc.assert(
      fc.property(fc.array(bits, { maxLength: 40 }), fc.integer({ min: 1, max: 500 }), (parts, times) => {
        const order = read(parts.join('').repeat(times)) ?? [];
        expect(new Set(order).size).toBe(order.length);
        for (const label of order) expect(['A', 'B', 'C']).toContain(label);
      }),
      { numRuns: 200 },
    );
  });
});

describe('Borda points', () => {
  it('lie between 0 and 1, whoever judges, and do not depend on the order in which rankings came', () => {
    const models = ['v', 'w', 'x', 'y'];
    const ranking = fc
      .tuple(fc.shuffledSubarray(models, { minLength: 1 }), fc.double({ min: 0, max: 1, noNaN: true }), fc.boolean())
      .map(([order, weight, whole]) => ({
        order,
        weight,
        unplaced: whole ? models.filter((model) => !order.includes(model)) : [],
      }));
    fc.assert(
      fc.property(fc.array(ranking, { maxLength: 6 }), (rankings) => {
        const points = borda(models, rankings);
        const backwards = borda(models, rankings.toReversed());
        for (const model of models) {
          expect(points.get(model)).toBeGreaterThanOrEqual(0);
          expect(points.get(model)).toBeLessThanOrEqual(1 + 1e-9);
          expect(points.get(model)).toBeCloseTo(backwards.get(model)!, 9);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('put what a judge saw and left out below what it placed', () => {
    const points = borda(['x', 'y', 'z'], [{ weight: 1, order: ['y'], unplaced: ['x', 'z'] }]);
    expect([points.get('y'), points.get('x'), points.get('z')]).toEqual([1, 0.25, 0.25]);
  });
});
