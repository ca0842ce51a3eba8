// The same question laid out in another way is decided alike: case, spaces, emphasis, headings, quotations, lists.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileTasks, classify, featuresOf, traitsOf } from '../../src/routing/index.ts';
import { testSettings } from '../support/settings.ts';
import { user } from './asking.ts';

const LAYOUTS: readonly (readonly [string, (text: string) => string])[] = [
  ['upper case', (text) => text.toUpperCase()],
  ['doubled spaces', (text) => text.replaceAll(' ', '  ')],
  ['blank lines', (text) => text.replaceAll('\n', '\n\n')],
  ['padding', (text) => `  ${text}\n\n`],
  ['a heading', (text) => `# ${text}`],
  ['bold', (text) => text.replace(/\b([a-z]{5,})\b/g, '**$1**')],
  [
    'a quotation',
    (text) =>
      text
        .split('\n')
        .map((line) => (line === '' ? line : `> ${line}`))
        .join('\n'),
  ],
  [
    'a list',
    (text) =>
      text
        .split('\n')
        .map((line) => (line === '' ? line : `- ${line}`))
        .join('\n'),
  ],
];
const WORDS = [
  'solve',
  'translate',
  'the',
  'equation',
  'into',
  'french',
  'summary',
  '12',
  'write',
  'function',
  '(a,',
  'b)',
  'why?',
  '3.5',
];
const settings = testSettings();
const classifier = compileTasks(settings.tasks);

function looked(text: string) {
  const request = user(text);
  const features = featuresOf(request);
  const { task } = classify(classifier, features, { task: null }, settings.routing);
  const { slots, measures } = traitsOf(features, request);
  return {
    task,
    tokens: features.inputTokens,
    slots: [...slots].toSorted((left, right) => left - right),
    measures: [...measures],
  };
}

describe.each(LAYOUTS)('%s', (_, layout) => {
  // Every line begins with a word: whether `5`, `- 3` is a list or a sum nobody can tell.
  it('changes neither task nor traits nor size', () => {
    const line = fc
      .array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 20 })
      .map((words) => `so ${words.join(' ')}`);
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 4 }), (lines) => {
        const text = lines.join('\n');
        expect(looked(layout(text))).toEqual(looked(text));
      }),
    );
  });
});
