// One candidate by itself: signs that it isn't good enough, and the validators that a task declares.
import { describe, expect, it } from 'vitest';
import type { Validator } from '../../src/contract/index.ts';
import { createMerger } from '../../src/merge/index.ts';
import { candidate, context, NOW, tool } from './panel.ts';
import type { Said, Setting } from './panel.ts';

const merger = createMerger();
const judge = (said: Said, setting: Setting = {}) => merger.judge(candidate(said), context(setting));
const JSON_MODE: Setting = { request: { response_format: { type: 'json_object' } } };
const TOOLS: Setting = { request: { tools: tool('f', { n: { type: 'integer' } }, ['n'])! } };

describe('judge', () => {
  it.each<[string, Said, Setting]>([
    ['empty', { text: '' }, {}],
    ['cut off', { text: 'The answer', finish: 'length' }, {}],
    ['filtered', { text: 'The', finish: 'content_filter' }, {}],
    ['refused', { text: null, refusal: 'No.' }, {}],
    ['refused', { text: "I'm sorry, but I can't help with that request." }, {}],
    ['not sure of itself', { text: "I'm not sure, but maybe 12." }, {}],
    ['not JSON', { text: 'a: 1' }, JSON_MODE],
    ['tool call invalid', { calls: [['f', { n: 'x' }]] }, TOOLS],
    ['tool call invalid', { calls: [['g', {}]] }, TOOLS],
    ['tool call invalid', { calls: [['f', '{"n":']] }, TOOLS],
    ['no tool call', { text: 'Hello' }, { request: { ...TOOLS.request, tool_choice: 'required' } }],
    ['low token confidence', { text: '42', logprobs: [['42', -2]] }, {}],
  ])('%s', (reason, said, setting) => {
    const judgement = judge(said, setting);
    expect(judgement.reasons).toContain(reason);
    expect(judgement.acceptable).toBe(false);
    expect(judgement.factor).toBeLessThan(0.7);
  });

  it.each<[string, Said, Setting]>([
    ['a plain answer', { text: 'Paris' }, {}],
    ['sure tokens', { text: '42', logprobs: [['42', -0.01]] }, {}],
    ['a valid call', { calls: [['f', { n: 3 }]] }, TOOLS],
    ['JSON', { text: '{"a": 1}' }, JSON_MODE],
    [
      'an apology in a long text',
      { text: `I am sorry to hear of it. ${'Here is what helps: rest, water and time. '.repeat(30)}` },
      {},
    ],
  ])('nothing against %s', (_, said, setting) => {
    expect(judge(said, setting)).toEqual({ acceptable: true, factor: 1, violations: [], reasons: [] });
  });
});

describe('validators', () => {
  const prices = (items: unknown) => ({ text: JSON.stringify({ items }) });
  const day = (before: number) => new Date(NOW - before * 86_400_000).toISOString().slice(0, 10);
  it.each<[Validator, unknown, string[]]>([
    [
      { kind: 'required', fields: ['items[].gpu', 'items[].price'] },
      [{ gpu: 'H100', price: 2 }, { gpu: 'A100' }],
      ['items[1].price'],
    ],
    [{ kind: 'type', field: 'items[].price', type: 'number' }, [{ price: 2 }, { price: '2' }], ['items[1].price']],
    [{ kind: 'type', field: 'items[].at', type: 'date' }, [{ at: '2026-01-02' }, { at: 'soon' }], ['items[1].at']],
    [
      { kind: 'range', field: 'items[].price', min: 0.1, max: 20 },
      [{ price: 0.01 }, { price: 3 }, { price: '$30' }],
      ['items[0].price', 'items[2].price'],
    ],
    [{ kind: 'length', field: 'items', min: 2, max: null }, [{}], ['items']],
    [
      { kind: 'pattern', field: 'items[].gpu', pattern: /^[A-Z]\d+$/ },
      [{ gpu: 'H100' }, { gpu: 'h-100' }],
      ['items[1].gpu'],
    ],
    [
      { kind: 'enum', field: 'items[].unit', values: ['usd', 'eur'] },
      [{ unit: 'usd' }, { unit: 'gbp' }],
      ['items[1].unit'],
    ],
    [
      { kind: 'unique', list: 'items', by: ['gpu', 'provider'] },
      [
        { gpu: 'a', provider: 'x' },
        { gpu: 'a', provider: 'y' },
        { gpu: 'A', provider: 'x' },
      ],
      ['items[2]'],
    ],
    [
      { kind: 'compare', left: 'items[].low', op: '<=', right: 'items[].high' },
      [
        { low: 1, high: 2 },
        { low: 3, high: 2 },
      ],
      ['items[1].low'],
    ],
    [{ kind: 'compare', left: 'items[].low', op: '>', right: 0 }, [{ low: 1 }, { low: -1 }, {}], ['items[1].low']],
    [
      { kind: 'fresh', field: 'items[].at', maxAgeMs: 7 * 86_400_000 },
      [{ at: day(3) }, { at: day(30) }],
      ['items[1].at'],
    ],
  ])('%j', (validator, items, fields) => {
    const judgement = judge(prices(items), { validators: [validator] });
    expect(judgement.violations.map((violation) => violation.field)).toEqual(fields);
    expect(judgement.violations.every((violation) => violation.validator === validator.kind)).toBe(true);
    expect(judgement.acceptable).toBe(false);
  });

  it('of the answer itself', () => {
    const validators: Validator[] = [{ kind: 'range', field: '', min: 0, max: 100 }];
    expect(judge({ text: 'The answer is 250 %.' }, { validators }).violations).toHaveLength(1);
    expect(judge({ text: 'The answer is 25 %.' }, { validators }).violations).toHaveLength(0);
  });

  it('speak in the vote and about the merged answer', () => {
    const validators: Validator[] = [{ kind: 'range', field: 'price', min: 1, max: 10 }];
    const two = [candidate({ model: 'a', text: '{"price": 300}' }), candidate({ model: 'b', text: '{"price": 3}' })];
    expect(merger.merge(two, context({ validators })).base.model).toBe('b');
    expect(merger.merge([two[0]!], context({ validators })).violations).toHaveLength(1);
  });
});
