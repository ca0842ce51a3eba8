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
      `["book(from='Rome', to='Oslo', seats=2)"]`,
      '```python\nprint(default_api.book(from="Rome", to="Oslo", seats=2))\n```',
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

  describe('a percentage where the schema takes any number', () => {
    const loan = (rate: number): [string, unknown][] => [['loan', { sum: 5000, rate }]];
    const offered = (type: string, description = 'Yearly.') =>
      tool('loan', { sum: { type: 'integer' }, rate: { type, description } }, ['sum', 'rate'])!;
    const rateOf = (said: readonly [string, unknown][][], tools: ReturnType<typeof offered>) =>
      (callsOf(merge(said, { prompt: 'A loan of $5000 at 5 %.', request: { tools } }))![0]![1] as { rate: number })
        .rate;

    it('is a fraction, also against two who took it as it stands', () => {
      expect(rateOf([loan(5), loan(5), loan(0.05)], offered('number'))).toBe(0.05);
    });

    it('stands as it is where the schema speaks of percent, takes whole numbers only, or nobody says otherwise', () => {
      expect(rateOf([loan(5), loan(5), loan(0.05)], offered('number', 'In percent.'))).toBe(5);
      expect(rateOf([loan(5), loan(5), loan(0.05)], offered('integer'))).toBe(5);
      expect(rateOf([loan(5), loan(5), loan(5)], offered('number'))).toBe(5);
    });
  });

  describe('two that differ', () => {
    const stand = (one: unknown, other: unknown, setting: Setting = {}) =>
      merger.stand(
        [one, other].map((args, at) => candidate({ model: 'ab'[at]!, calls: [['book', args]] })),
        [],
        context({ prompt: PROMPT, ...setting, request: { tools: TRIP } }),
      ).evident;

    it('need no third where the schema or the request decides, nor have they an agreement to lose', () => {
      expect(stand({ from: 'Rome', to: 'Oslo', class: 'third' }, { from: 'Rome', to: 'Oslo', class: 'second' })).toBe(
        true,
      );
      expect(stand({ from: 'Rome', to: 'Oslo' }, { from: 'Rome', to: 'Oslo' })).toBe(false);
    });

    it('need one also where the better model leads, but by less than what was measured to be enough', () => {
      const standing = merger.stand(
        ([0.8, 0.68] as const).map((weight, at) =>
          candidate({ model: 'ab'[at]!, weight, calls: [['book', { from: ['Roma', 'Milano'][at], to: 'Bergen' }]] }),
        ),
        [],
        context({ prompt: PROMPT, request: { tools: TRIP } }),
      );
      expect(standing.camps).toHaveLength(2);
      expect(standing.evident).toBe(false);
    });

    it('need one where only the better model would, and where only real calls may go out', () => {
      expect(stand({ from: 'Roma', to: 'Bergen' }, { from: 'Milano', to: 'Bergen' })).toBe(false);
      const invalid = [
        { from: 'Rome', to: 'Oslo', class: 'third' },
        { from: 'Rome', to: 'Oslo', class: 'second' },
      ] as const;
      expect(stand(...invalid, { critical: true })).toBe(false);
      expect(stand(...invalid, { rules: { toolMerge: 'whole' } })).toBe(false);
    });
  });
});
