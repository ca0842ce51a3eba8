// A completion as a stream: put together again it is the same, and it reads like a model's own.
import * as fc from 'fast-check';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import type { Completion } from '../../src/contract/index.ts';
import { completionFromStream, streamOf } from '../../src/wire/index.ts';
import { completionBody, startUpstream } from '../support/scripted-upstream.ts';
import { eventsIn } from './event-streams.ts';

const text = fc.oneof(
  fc.string({ maxLength: 30 }),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.lorem({ maxCount: 60 }),
);
const some = fc.string({ minLength: 1, maxLength: 10 });
const token = fc.record({ token: some, logprob: fc.constant(-0.5), bytes: fc.constant(null) });
const toolCall = fc.record({
  id: some,
  type: fc.constant('function'),
  function: fc.record({ name: some, arguments: text }),
});
const calls = fc.uniqueArray(toolCall, { minLength: 1, maxLength: 3, selector: ({ id }) => id });
/** Fields that nobody knows: neither null (says nothing) nor named like a known one. */
const unknown = fc.dictionary(
  fc.string({ minLength: 1, maxLength: 6 }).map((key) => `x_${key}`),
  fc.jsonValue().filter((value) => value !== null),
  { maxKeys: 3 },
);

const message = fc
  .record({
    content: fc.option(text),
    refusal: fc.option(fc.option(text), { nil: undefined }),
    reasoning_content: fc.option(text, { nil: undefined }),
    tool_calls: fc.option(calls, { nil: undefined }),
    more: unknown,
  })
  .map(({ content, tool_calls, more, ...rest }) => ({
    role: 'assistant',
    ...rest,
    // An empty content beside tool calls comes back as null, as OpenAI has it.
    content: tool_calls && content === '' ? null : content,
    ...(tool_calls && { tool_calls }),
    ...more,
  }));

const spelled = fc.array(token, { minLength: 1, maxLength: 300 });
const choice = fc
  .record({ message, finish_reason: fc.option(some), more: unknown, tokens: fc.option(spelled), odd: fc.boolean() })
  .map(({ message, finish_reason, more, tokens, odd }) => ({
    message: tokens && !odd ? { ...message, content: tokens.map(({ token }) => token).join('') } : message,
    logprobs: tokens && { content: tokens, refusal: null },
    finish_reason,
    ...more,
  }));

const usage = {
  prompt_tokens: 5,
  completion_tokens: 6,
  total_tokens: 11,
  completion_tokens_details: { reasoning_tokens: 2 },
};
const completion = fc
  .record({
    id: some,
    model: some,
    choices: fc.array(choice, { minLength: 1, maxLength: 3 }),
    service_tier: fc.option(some, { nil: undefined }),
    more: unknown,
  })
  .map(({ choices, more, ...head }) => ({
    ...head,
    ...more,
    object: 'chat.completion',
    created: 1_767_225_600,
    choices: choices.map((one, index) => ({ index, ...one })),
    usage,
  })) as unknown as fc.Arbitrary<Completion>;

function chunksOf(
  whole: Completion,
  includeUsage = false,
): { choices: { delta: Record<string, unknown>; finish_reason: string | null }[]; usage?: unknown }[] {
  return eventsIn(Buffer.concat(streamOf(whole, { includeUsage }))).map((data) => JSON.parse(data) as never);
}

function saying(content: string | null, more: Record<string, unknown> = {}): Completion {
  const message = { role: 'assistant' as const, content, ...more };
  return {
    id: 'c',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [{ index: 0, message, finish_reason: 'stop' }],
    usage,
  };
}

describe('streamOf', () => {
  it('is put together again by completionFromStream', () => {
    fc.assert(
      fc.property(completion, fc.boolean(), (whole, includeUsage) => {
        const { usage: _usage, ...rest } = JSON.parse(JSON.stringify(whole)) as Completion;
        const again = completionFromStream(Buffer.concat(streamOf(whole, { includeUsage })));
        expect(again).toEqual(includeUsage ? { ...rest, usage } : rest);
      }),
      { numRuns: 300 },
    );
  });

  it('cuts a text of any length into at most 200 pieces, never inside a character', () => {
    const long = fc
      .tuple(fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 300 }))
      .map(([one, times]) => one.repeat(times));
    fc.assert(
      fc.property(long, (content) => {
        const pieces = chunksOf(saying(content)).flatMap(
          ({ choices }) => choices[0]?.delta['content'] || [],
        ) as string[];
        expect(pieces.length).toBeLessThanOrEqual(200);
        expect(pieces.join('')).toBe(content);
        expect(pieces.filter((piece) => /\p{Surrogate}/u.test(piece))).toEqual([]);
      }),
    );
  });

  it('cuts after the blanks behind a word', () => {
    const pieces = chunksOf(saying('One  two\nthree.')).map(({ choices }) => choices[0]?.delta['content']);
    expect(pieces).toEqual(['', 'One  ', 'two\n', 'three.', undefined]);
  });

  it('opens with the role, ends with the finish reason, and adds usage only when asked', () => {
    const plain = chunksOf(saying('Hello you'));
    expect(plain[0]?.choices[0]).toEqual({ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null });
    expect(plain.at(-1)?.choices[0]).toEqual({ index: 0, delta: {}, finish_reason: 'stop' });
    expect(plain.some((chunk) => 'usage' in chunk)).toBe(false);
    const counted = chunksOf(saying('Hello you'), true);
    expect(counted.at(-1)).toMatchObject({ choices: [], usage });
    expect(counted.slice(0, -1).every((chunk) => chunk.usage === null)).toBe(true);
    expect(streamOf(saying('x'), { includeUsage: true }).join('')).not.toContain('[DONE]');
  });

  it('names a tool call first and then spells its arguments; other kinds of calls go whole', () => {
    const custom = { id: 'b', type: 'custom', custom: { name: 'sql', input: 'select 1' } };
    const whole = saying(null, {
      tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{"a": 1}' } }, custom],
    });
    const deltas = chunksOf(whole).map(({ choices }) => choices[0]?.delta);
    expect(deltas.slice(0, 2)).toEqual([
      { role: 'assistant', content: null },
      { tool_calls: [{ index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '' } }] },
    ]);
    expect(deltas).toContainEqual({ tool_calls: [{ index: 1, ...custom }] });
    expect(completionFromStream(Buffer.concat(streamOf(whole, { includeUsage: true })))).toEqual(whole);
  });

  it("is read by OpenAI's own client as the completion that it is", async () => {
    const toolCalls = [
      { name: 'f', arguments: { city: 'Ulm' } },
      { name: 'g', arguments: {} },
    ];
    const upstream = await startUpstream();
    const client = new OpenAI({ baseURL: upstream.url, apiKey: 'sk-test', maxRetries: 0 });
    for (const whole of [
      completionBody({ choices: 2, logprobs: true }),
      completionBody({ toolCalls }),
      completionBody({ refusal: 'I will not.' }),
    ]) {
      upstream.reply('*', { chunks: streamOf(whole, { includeUsage: true }).map((raw) => ({ raw })) });
      const request = { model: 'm', messages: [], stream_options: { include_usage: true } };
      const final = await client.chat.completions.stream(request).finalChatCompletion();
      expect(JSON.parse(JSON.stringify(final))).toMatchObject({
        ...whole,
        choices: whole.choices.map(({ message, ...choice }) => ({
          ...choice,
          message: { role: 'assistant', content: message.content },
        })),
      });
      expect(
        final.choices[0]?.message.tool_calls?.map((call) => call.type === 'function' && call.function.arguments),
      ).toEqual(whole.choices[0]?.message.tool_calls?.map((call) => call.function.arguments));
    }
    await upstream.close();
  });
});
