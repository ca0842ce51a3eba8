// Π15: merging is independent of the order in which answers arrive; a unanimous value is never changed; a weight of zero never matters.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Candidate, MergeContext, Merged } from '../../src/contract/index.ts';
import { createMerger } from '../../src/merge/index.ts';
import { candidate, context, tool } from './panel.ts';
import type { Said } from './panel.ts';

const RUNS = { numRuns: 150 };
const merger = createMerger();

const scalar = fc.oneof(
  fc.integer({ min: -5, max: 5 }),
  fc.constantFrom('Rome', 'rome', 'Oslo', '1,200', '1200', '', 'x', '2026-01-02', 'Jan 2, 2026'),
  fc.boolean(),
  fc.constant(null),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const key = fc.constantFrom('id', 'name', 'price', 'answer', 'reasoning', '__proto__', 'constructor', 'items');
const value = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: 'small' }, scalar, tie('list'), tie('object')),
  list: fc.array(tie('value'), { maxLength: 4 }),
  object: fc.array(fc.tuple(key, tie('value')), { maxLength: 4 }).map((fields) => Object.fromEntries(fields)),
})).value;
const rows = fc.array(fc.record({ id: fc.integer({ min: 0, max: 4 }), price: scalar }), { maxLength: 6 });

const json = fc
  .oneof(value, rows, fc.record({ items: rows, note: scalar }))
  .map((said): Said => ({ text: JSON.stringify(said) }));
const prose = fc.constantFrom<Said>(
  { text: 'The answer is 42.' },
  { text: '42' },
  { text: '\\boxed{41}' },
  { text: 'Yes.' },
  { text: 'no' },
  { text: '' },
  { text: "I'm sorry, but I can't help." },
  { text: '```python\nx = 1\n```' },
  { text: '```python\ny = 1\n```' },
  { text: 'Snow melts in spring and the river floods the lower fields near the village.' },
  { text: 'In spring the snow melts, and then the river floods fields near the village below.' },
  { text: '<think>hm' },
  { text: '{"answer": 42, "reasoning": "so"}' },
  { text: '{"answer": null}' },
  { text: '{"answer": null, "reasoning": "nobody says"}' },
  { text: '(B)' },
);
const call = fc.tuple(
  fc.constantFrom('book', 'fly', 'nothing'),
  fc.record({ to: scalar, seats: scalar }, { requiredKeys: [] }),
);
const calls = fc
  .array(call, { maxLength: 3 })
  .map((made): Said => ({ calls: made, text: made.length === 0 ? 'No tool fits.' : null }));
const weight = fc.constantFrom(0.2, 0.5, 0.5, 0.8, 0.8, 0.95, 3);
const said = (answers: fc.Arbitrary<Said>) =>
  fc
    .tuple(answers, weight, fc.constantFrom('one', 'two', 'three'))
    .map(([answer, weight, family]) => ({ ...answer, weight, family }));
const panel = fc.oneof(json, prose, calls, fc.oneof(json, prose, calls)).chain((first) => {
  const more = fc.oneof(fc.constant(first), json, prose, calls);
  return fc
    .tuple(said(fc.constant(first)), fc.array(said(more), { maxLength: 4 }))
    .map(([one, others]) => [one, ...others]);
});
const named = (panel: readonly Said[]): Candidate[] => panel.map((one, at) => candidate({ ...one, model: `m${at}` }));

const tools = [
  ...tool('book', { to: { type: 'string' }, seats: { type: 'integer' } }, ['to'])!,
  ...tool('fly', { to: { type: 'string' } })!,
];
const settings: readonly MergeContext[] = [
  context({ prompt: 'Book 2 seats to Rome.', request: { tools } }),
  context({ prompt: 'How many?', rules: { tolerance: { '*': { absolute: 1 } }, numbers: 'mean' } }),
  context({
    request: { response_format: { type: 'json_object' } },
    correlation: (left, right) => (left < right ? 0.4 : 0.4),
  }),
];
const setting = fc.constantFrom(...settings);

/** What a caller sees of it. */
const told = (merged: Merged) => ({ ...merged, base: merged.base.model });

describe('Π15 merging', () => {
  it('Π15 is independent of the order in which answers arrive', () => {
    fc.assert(
      fc.property(panel, setting, fc.infiniteStream(fc.nat()), (answers, where, draws) => {
        const candidates = named(answers);
        const shuffled = candidates
          .map((one) => ({ one, at: draws.next().value as number }))
          .toSorted((left, right) => left.at - right.at)
          .map(({ one }) => one);
        expect(told(merger.merge(shuffled, where))).toEqual(told(merger.merge(candidates, where)));
        expect(merger.stand(shuffled, [], where)).toEqual(merger.stand(candidates, [], where));
      }),
      RUNS,
    );
  });

  it('Π15 never changes a unanimous answer', () => {
    fc.assert(
      fc.property(
        fc.oneof(json, prose, calls),
        fc.array(weight, { minLength: 1, maxLength: 4 }),
        fc.constantFrom(...settings.slice(0, 2)),
        (answer, weights, where) => {
          const merged = merger.merge(named(weights.map((weight) => ({ ...answer, weight }))), where);
          expect(merged).toMatchObject({ message: null, agreement: 1, disputed: false, tie: false });
          expect(merged.camps).toHaveLength(1);
        },
      ),
      RUNS,
    );
  });

  it('Π15 never changes a field on which all agree', () => {
    fc.assert(
      fc.property(scalar, fc.array(value, { minLength: 2, maxLength: 4 }), (agreed, others) => {
        const merged = merger.merge(
          named(others.map((other) => ({ text: JSON.stringify({ agreed, other, list: [] }) }))),
          context(),
        );
        const result = JSON.parse((merged.message ?? merged.base.message).content!) as { agreed: unknown };
        expect(JSON.stringify(result.agreed)).toBe(JSON.stringify(agreed));
      }),
      RUNS,
    );
  });

  it('Π15 takes no notice of a weight of zero', () => {
    fc.assert(
      fc.property(
        panel,
        fc.array(fc.oneof(json, prose, calls), { minLength: 1, maxLength: 3 }),
        setting,
        (answers, silent, where) => {
          const candidates = named(answers);
          const zeros = silent.map((one, at) => candidate({ ...one, weight: 0, model: `zero${at}` }));
          expect(told(merger.merge([...zeros, ...candidates], where))).toEqual(told(merger.merge(candidates, where)));
          const out = [{ model: 'late', family: 'late', weight: 0 }];
          expect(merger.stand([...candidates, ...zeros], out, where)).toEqual(merger.stand(candidates, [], where));
        },
      ),
      RUNS,
    );
  });

  it('Π15 settled means settled: no answer that comes later changes the winner', () => {
    const label = fc.constantFrom('(A)', '(B)', '(C)');
    const where = context({ prompt: 'Which?\nA. one\nB. two\nC. three' });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(label, weight), { minLength: 1, maxLength: 3 }),
        fc.array(fc.tuple(label, weight), { minLength: 1, maxLength: 2 }),
        (came, late) => {
          const all = named([...came, ...late].map(([text, weight]) => ({ text, weight })));
          const here = all.slice(0, came.length);
          const out = all.slice(came.length);
          const standing = merger.stand(here, out, where);
          fc.pre(standing.settled);
          expect(merger.merge(all, where).camps[0]!.value).toBe(standing.camps[0]!.value);
        },
      ),
      { numRuns: 300 },
    );
  });
});
