// Decisions from remembered pools are those that would be made anew.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_WISHES, type Decision, type InsightMark, type Wishes } from '../../src/contract/index.ts';
import { compileTasks, decide, featuresOf } from '../../src/routing/index.ts';
import { testSettings } from '../support/settings.ts';
import { user } from './asking.ts';

const settings = [testSettings(), testSettings({ routing: { prefer: 'cost' } })];
const classifier = compileTasks(settings[0]!.tasks);

interface Asked {
  readonly prompt: string;
  readonly max_tokens: number | null;
  readonly stream: boolean;
  readonly tools: boolean;
  readonly json: boolean;
  readonly wishes: Partial<Wishes>;
  readonly which: number;
  readonly mark: string;
}

/** What is expected of the models goes by the mark. */
const decided = (asked: Asked, mark: InsightMark | null): Decision =>
  decide({
    features: featuresOf(
      user(asked.prompt, {
        max_tokens: asked.max_tokens,
        stream: asked.stream,
        ...(asked.tools && { tools: [{ type: 'function', function: { name: 'f' } }] }),
        ...(asked.json && { response_format: { type: 'json_schema' } }),
      }),
    ),
    wishes: { ...NO_WISHES, ...asked.wishes },
    settings: settings[asked.which]!,
    classifier,
    quality: (task, model) => ({ quality: (`${task}${model}`.length % 7) / 10 + Number(asked.mark) / 10, samples: 1 }),
    mark,
    allowed: null,
    random: () => 0.999,
  });

const prompts = ['What is 12 * 4?', 'Translate to French: the cat', 'Write a haiku', 'x '.repeat(900)];

describe('remembered pools', () => {
  it('give the same decisions, whatever was asked before', () => {
    const asked = fc.record({
      prompt: fc.constantFrom(...prompts),
      max_tokens: fc.constantFrom(null, 10, 100_000),
      stream: fc.boolean(),
      tools: fc.boolean(),
      json: fc.boolean(),
      wishes: fc.constantFrom(
        {},
        {},
        {},
        { tier: 'speed' },
        { maxCost: 9_000_000 as Wishes['maxCost'] },
        { deadlineMs: 3_000 },
      ),
      which: fc.nat(1),
      mark: fc.constantFrom('1', '2', '3'),
    });
    fc.assert(
      fc.property(fc.array(asked, { minLength: 2, maxLength: 12 }), (all) => {
        for (const each of all)
          expect(decided(each, { state: Number(each.mark), tenant: `t${each.which}` })).toEqual(decided(each, null));
      }),
      { numRuns: 200 },
    );
  });
});
