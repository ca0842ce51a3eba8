// Tool calls: which are made, then each argument.
import { describe, expect, it } from 'vitest';
import { createMerger } from '../../src/merge/index.ts';
import { candidate, context, tool } from './panel.ts';
import type { Said, Setting } from './panel.ts';

const merger = createMerger();
const TRIP = tool(
  'book',
  {
    from: { type: 'string' },
    to: { type: 'string' },
    seats: { type: 'integer' },
    class: { type: 'string', enum: ['first', 'second'] },
  },
  ['from', 'to'],
)!;
const PROMPT = 'Book 2 seats from Rome to Oslo.';

function merge(said: readonly (readonly (readonly [string, unknown])[] | Said)[], setting: Setting = {}) {
  const candidates = said.map((one, at) =>
    candidate({ model: 'abcdef'[at]!, ...(Array.isArray(one) ? { calls: one } : (one as Said)) }),
  );
  return merger.merge(
    candidates,
    context({ prompt: PROMPT, ...setting, request: { tools: TRIP, ...setting.request } }),
  );
}
const callsOf = (merged: ReturnType<typeof merge>) =>
  (merged.message ?? merged.base.message).tool_calls?.map((call) => [
    call.function.name,
    JSON.parse(call.function.arguments) as unknown,
  ]);

describe('tool calls', () => {
  it('argument by argument among those who make the call', () => {
    const merged = merge([
      [['book', { from: 'Rome', to: 'Oslo', seats: 3 }]],
      [['book', { from: 'Roma', to: 'Oslo', seats: 2 }]],
      [['book', { from: 'Rome', to: 'Osaka', seats: 2 }]],
    ]);
    expect(merged.kind).toBe('tool_calls');
    expect(callsOf(merged)).toEqual([['book', { from: 'Rome', to: 'Oslo', seats: 2 }]]);
    expect(merged.message!.tool_calls![0]!.id).toMatch(/^call_/);
    expect(
      merged.provenance.some((entry) => entry.path === 'tool_calls[0].book.seats' && entry.otherwise.length === 1),
    ).toBe(true);
  });

  it.each([
    ['asked for', { rules: { toolMerge: 'whole' as const } }],
    ['the task is critical', { critical: true }],
  ])('whole, when %s: only a call that a model really made', (_, setting) => {
    const merged = merge(
      [
        [['book', { from: 'Rome', to: 'Oslo', seats: 3 }]],
        [['book', { from: 'Roma', to: 'Oslo', seats: 2 }]],
        [['book', { from: 'Rome', to: 'Osaka', seats: 2 }]],
      ],
      setting,
    );
    expect(merged.message).toBeNull();
  });

  it('side by side they have no order, one at a time they have', () => {
    const one: [string, unknown] = ['book', { from: 'Rome', to: 'Oslo' }];
    const two: [string, unknown] = ['book', { from: 'Oslo', to: 'Bern' }];
    expect(
      merge([
        [one, two],
        [two, one],
      ]).camps,
    ).toHaveLength(1);
    expect(
      merge(
        [
          [one, two],
          [two, one],
        ],
        { request: { parallel_tool_calls: false } },
      ).camps,
    ).toHaveLength(2);
  });

  it('what the tool does not allow loses', () => {
    const merged = merge([
      [['book', { from: 'Rome', to: 'Oslo', class: 'third' }]],
      [['book', { from: 'Rome', to: 'Oslo', class: 'second' }]],
    ]);
    expect(callsOf(merged)).toEqual([['book', { from: 'Rome', to: 'Oslo', class: 'second' }]]);
    expect(merge([[['fly', { from: 'Rome' }]], [['book', { from: 'Rome', to: 'Oslo' }]]]).base.model).toBe('b');
    expect(merge([[['book', '{"from": "Rome"']], [['book', { from: 'Rome', to: 'Oslo' }]]]).base.model).toBe('b');
  });

  it('a call that leaves out half of what was asked loses to the whole', () => {
    const prompt = 'Book from Rome to Oslo for 2, and from Lima to Quito for 5.';
    const half: [string, unknown][] = [['book', { from: 'Rome', to: 'Oslo', seats: 2 }]];
    const full: [string, unknown][] = [...half, ['book', { from: 'Lima', to: 'Quito', seats: 5 }]];
    expect(callsOf(merge([half, full], { prompt }))).toHaveLength(2);
  });

  it('calls written as text count, and come out as calls', () => {
    const made: [string, unknown][] = [['book', { from: 'Rome', to: 'Oslo', seats: 2 }]];
    const texts = [
      '[book(from="Rome", to="Oslo", seats=2)]',
      '<tool_call>{"name": "book", "arguments": {"from": "Rome", "to": "Oslo", "seats": 2}}</tool_call>',
    ];
    for (const text of texts) {
      const merged = merge([{ text }, made]);
      expect(merged.camps).toHaveLength(1);
      expect(callsOf(merged)).toEqual([made[0]]);
    }
    expect(merge([{ text: 'You could book(…) it.' }, { text: 'Call book("Rome")?' }]).kind).not.toBe('tool_calls');
  });

  it('callers who make things up do not outvote one who sees that no tool fits', () => {
    const tools = tool('bmi', { weight: { type: 'number' }, height: { type: 'number' } }, ['weight', 'height'])!;
    const merged = merge(
      [{ text: 'The area is 25.' }, [['bmi', { weight: 70, height: 1.75 }]], [['bmi', { weight: 82, height: 1.9 }]]],
      { prompt: 'What is the area of a triangle with base 10 and height 5?', request: { tools } },
    );
    expect(merged.base.model).toBe('a');
  });
});
