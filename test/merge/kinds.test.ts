// Which kind an answer is, and who stands with whom.
import { describe, expect, it } from 'vitest';
import { createMerger } from '../../src/merge/index.ts';
import { candidate, context, texts, tool } from './panel.ts';
import type { Setting } from './panel.ts';

const merger = createMerger();
const groups = (said: readonly string[], setting: Setting = {}) => {
  const merged = merger.merge(texts(...said), context(setting));
  return {
    kind: merged.kind,
    camps: merged.camps.map((camp) => camp.models.join('')),
    base: merged.base.model,
    value: merged.camps[0]!.value,
  };
};

describe('models that err alike', () => {
  it('count for little more than one of them, also against a single better one', () => {
    const said = [
      candidate({ model: 'a', weight: 0.7, text: '41' }),
      candidate({ model: 'b', weight: 0.7, text: '41' }),
    ];
    const voices = [...said, candidate({ model: 'c', weight: 0.8, text: '42' })];
    const winner = (correlation: number): string =>
      merger.merge(voices, context({ correlation: (one, other) => (one + other === 'ab' ? correlation : 0) })).camps[0]!
        .value;
    expect([winner(0), winner(1)]).toEqual(['41', '42']);
  });

  it('are told by whoever stands closest to them: kin of the second of two adds nothing to both', () => {
    const three = ['a', 'b', 'c'].map((model) => candidate({ model, weight: 0.6, text: '41' }));
    const share = (kin: string): number =>
      merger.merge(
        [...three, candidate({ model: 'd', weight: 0.5, text: '42' })],
        context({ correlation: (one, other) => (kin.includes(one) && kin.includes(other) ? 1 : 0) }),
      ).agreement;
    expect(share('bc')).toBeLessThan(share(''));
    expect(share('bc')).toBeCloseTo(share('ac'), 6);
  });
});

const OPTIONS = 'Which one?\nA. red\nB. green\nC. blue\nD. grey';

describe('kinds and camps', () => {
  it.each([
    ['choice', ['The answer is (C).', '**C**', 'I think B is tempting.\n\nAnswer: C) blue'], OPTIONS, 'abc'],
    ['choice', ['\\boxed{\\text{B}}', 'Option B', 'Let us see … the correct answer is A.'], OPTIONS, 'ab'],
    ['number', ['1,234', 'The total is **1234**', 'So we get \\boxed{1{,}234}'], 'How many?', 'abc'],
    ['number', ['$1,200.50', 'The answer is 1200.5 dollars.', '1200.50 USD'], 'How much?', 'abc'],
    ['number', ['3/4', '\\frac{3}{4}', '0.75'], 'Compute.', 'abc'],
    ['number', ['1.2e5', '1.2 \\times 10^{5}', '120000'], 'Compute.', 'abc'],
    ['number', ['2.5 million', '2,500,000', '2500000'], 'How many?', 'abc'],
    ['number', ['La respuesta es 42.', '答案是42。', 'Die Antwort lautet 42.'], '?', 'abc'],
    ['number', ['<think>maybe 7, or 8?</think>9', '9', '10'], '?', 'ab'],
    ['number', ['5 km', '5000 m', '5 m'], 'How far?', 'ab'],
    ['number', ['50%', '0.5', '**40 percent**'], 'What share?', 'ab'],
    ['label', ['Yes, it is.', 'yes', 'No.'], 'Is it?', 'ab'],
    ['label', ['positive', 'Positive.', '"negative"'], 'Label it positive, negative or neutral.', 'ab'],
    ['short', ['Paris', 'The capital of France is Paris.', 'Lyon'], 'Capital?', 'ab'],
    ['short', ['January 21, 2026', '2026-01-21', '21 Jan 2026'], 'When?', 'abc'],
  ])('%s: %j', (kind, said, prompt, winners) => {
    const found = groups(said, { prompt });
    expect(found.kind).toBe(kind);
    expect(found.camps[0]!.split('').sort().join('')).toBe(winners);
  });

  it('agreement of objects with reasoning hangs on the answer, and the answer goes out whole', () => {
    const said = [
      '```json\n{"reasoning": "first I add\nthen I stop", "answer": "70,000"}\n```',
      '{"reasoning":"another way","answer":70000}',
      '{"reasoning":"wrong","answer":"-10000"}',
    ];
    const merged = merger.merge(texts(...said), context());
    expect(merged).toMatchObject({ kind: 'number', message: null, models: expect.arrayContaining(['a', 'b']) });
    expect(merged.camps[0]!.models).toHaveLength(2);
  });

  it('a fraction that one alone arrives at loses to a whole number, unless the request is about fractions', () => {
    const said = [
      candidate({ model: 'a', text: '52.67', weight: 0.82 }),
      candidate({ model: 'b', text: '53', weight: 0.78 }),
    ];
    const base = (prompt: string, heard = said) => merger.merge(heard, context({ prompt })).base.model;
    expect(base('How many apples are there?')).toBe('b');
    expect(base('How many apples are there on average?')).toBe('a');
    expect(base('How many are 1.5 dozen and 2?')).toBe('a');
    expect(base('How many apples?', [...said, candidate({ model: 'c', text: '52.67' })])).not.toBe('b');
  });

  it('code is compared without comments, layout and names of locals', () => {
    const said = [
      '```python\ndef add(a, b):\n    # sum\n    total = a + b\n    return total\n```',
      '```python\ndef add(x, y):\n  s = x + y\n  return s\n```',
      '```python\ndef add(a, b):\n    return a - b\n```',
    ];
    const merged = merger.merge(texts(...said), context({ prompt: 'Write add.' }));
    expect(merged.kind).toBe('code');
    expect(merged.camps[0]!.models.toSorted()).toEqual(['a', 'b']);
  });

  it('prose takes the text closest to the others', () => {
    const river =
      'The river floods in spring because the snow in the mountains melts and the ground is still frozen, so water runs off.';
    const said = [
      'Because of taxes and elections the parliament voted twice about new rules for companies in the harbour last year, sadly.',
      river,
      'In spring the river floods since snow in the mountains melts while the ground is still frozen and the water runs off quickly.',
    ];
    const merged = merger.merge(texts(...said), context({ prompt: 'Why does the river flood?' }));
    expect(merged).toMatchObject({ kind: 'prose', message: null });
    expect(['b', 'c']).toContain(merged.base.model);
    expect(merged.models).not.toContain('a');
  });

  it('a refusal loses to an answer, and all refusals are one', () => {
    const refused = "I'm sorry, but I can't help with that.";
    expect(merger.merge(texts(refused, refused, 'Paris'), context()).base.model).toBe('c');
    expect(merger.merge(texts(refused, refused), context()).kind).toBe('refusal');
    expect(merger.merge(texts('', ''), context()).kind).toBe('empty');
  });

  it('no call can win over a call', () => {
    const tools = tool('get_weather', { city: { type: 'string' } }, ['city'])!;
    const said = [
      candidate({ text: 'Hello!' }),
      candidate({ text: 'Hi there!' }),
      candidate({ calls: [['get_weather', { city: 'Rome' }]] }),
    ];
    const merged = merger.merge(said, context({ request: { tools } }));
    expect(merged.kind).toBe('tool_calls');
    expect(merged.base.message.tool_calls).toBeUndefined();
  });
});
