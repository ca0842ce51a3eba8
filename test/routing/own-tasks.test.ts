// Tasks of a user's own: ten lines teach one in each of six languages, without taking what the shipped tasks know.
import { describe, expect, it } from 'vitest';
import type { Classification, Task } from '../../src/contract/index.ts';
import { classify, compileTasks, featuresOf } from '../../src/routing/index.ts';
import { catalogTasks } from '../support/catalog-tasks.ts';
import { testSettings, testTask } from '../support/settings.ts';
import { user } from './asking.ts';
import { OWN_TASKS } from './own-tasks.ts';
import { PROMPTS } from './prompts.ts';

const SHIPPED = catalogTasks();
type Ask = (prompt: string) => Classification;
function withOwn(own: readonly Task[]): Ask {
  const classifier = compileTasks(new Map([...SHIPPED, ...own.map((task) => [task.name, task] as const)]));
  return (prompt) => classify(classifier, featuresOf(user(prompt)), { task: null }, testSettings().routing);
}
const shippedOnly = withOwn([]);

describe.each(Object.entries(OWN_TASKS))('two tasks taught in %s', (language, tasks) => {
  const ask = withOwn(Object.entries(tasks).map(([name, { taught }]) => testTask({ name, examples: taught })));

  it('are known by prompts that they weren’t taught by', () => {
    const missed = Object.entries(tasks).flatMap(([name, { asked }]) =>
      asked.filter((prompt) => ask(prompt).task !== name),
    );
    expect(missed.length, JSON.stringify(missed)).toBeLessThanOrEqual(3);
    const confused = Object.entries(tasks).flatMap(([name, { asked }]) =>
      asked.filter((prompt) => ![name, ...SHIPPED.keys()].includes(ask(prompt).task)),
    );
    expect(confused.length, JSON.stringify(confused)).toBeLessThanOrEqual(1);
  });

  it('take nothing for themselves that only sounds like the language; what speaks of their matter is anybody’s', () => {
    const prompts = PROMPTS[language.toLowerCase()]!;
    const taken = prompts.filter(([, prompt]) => ask(prompt).task in tasks);
    expect(taken.length, JSON.stringify(taken)).toBeLessThanOrEqual(1);
    const changed = prompts.filter(([, prompt]) => ask(prompt).task !== shippedOnly(prompt).task);
    expect(changed.length, JSON.stringify(changed)).toBeLessThanOrEqual(prompts.length * 0.16);
  });
});

describe('a task of one’s own', () => {
  it('has a shipped task’s keyword for itself where its own lines hold it', () => {
    const { taught } = OWN_TASKS['English']!['billing']!;
    const ask = withOwn([testTask({ name: 'billing', examples: taught })]);
    const prompt = 'The invoice shows the wrong amount';
    expect([shippedOnly(prompt).task, ask(prompt).task]).toEqual(['extraction', 'billing']);
    expect(ask('Extract the fields of this invoice as JSON').task).toBe('extraction');
  });

  it('makes nobody less sure of the others, however many there are', () => {
    const many = Array.from({ length: 40 }, (_, nth) => testTask({ name: `own-${nth}`, keywords: [`qx${nth}zz`] }));
    const ask = withOwn(many);
    for (const [, prompt] of Object.values(PROMPTS).flat()) expect(ask(prompt).task).toBe(shippedOnly(prompt).task);
  });
});

it.each([
  ['a.{0,20}b', 'a long way to b'],
  ['\\d{1,3}x', '12x'],
  ['(one|two){2} x{1,}y', 'onetwo xxy'],
])('the pattern %s finds «%s»', (source, prompt) => {
  const found = withOwn([testTask({ name: 'own', patterns: [new RegExp(source, 'i')] })])(prompt);
  const score = ({ scores }: Classification): number => scores.find(({ task }) => task === 'own')!.score;
  const without = withOwn([testTask({ name: 'own' })])(prompt);
  expect(score(found)).toBeGreaterThan(score(without) * 2);
});
