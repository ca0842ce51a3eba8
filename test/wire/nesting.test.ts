// What an upstream said may lie a thousand levels deep; brackets in texts don't count.
import { expect, test } from 'vitest';
import { completionFromStream, parseAnswer } from '../../src/wire/index.ts';

const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

test('a thousand levels are read, one more is refused', () => {
  expect(JSON.stringify(parseAnswer(nested(1_000)))).toBe(nested(1_000));
  expect(() => parseAnswer(nested(1_001))).toThrow(SyntaxError);
  expect(parseAnswer(JSON.stringify([nested(5_000), '"\\', nested(5_000)]))).toHaveLength(3);
  expect(parseAnswer(`[${'{},'.repeat(5_000)}{}]`)).toHaveLength(5_001);
});

test('an event that lies deeper says nothing', () => {
  const event = (more: string): Buffer =>
    Buffer.from(`data: {"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}],"more":${more}}\n\n`);
  expect(completionFromStream(event(nested(900)))?.choices).toHaveLength(1);
  expect(completionFromStream(event(nested(2_000)))?.choices ?? []).toHaveLength(0);
});
