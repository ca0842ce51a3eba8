// Whole answers: what is a completion is read, small omissions made good; what isn't is told in plain words.
import { describe, expect, it } from 'vitest';
import { readCompletion } from '../../src/wire/index.ts';
import { completionBody } from '../support/scripted-upstream.ts';

function read(body: unknown): ReturnType<typeof readCompletion> {
  return readCompletion(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)));
}

function withMessage(message: unknown): unknown {
  return {
    id: 'c',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [{ index: 0, message, finish_reason: 'stop' }],
  };
}

describe('readCompletion', () => {
  it('reads a good answer as it is', () => {
    const answers = [
      completionBody(),
      completionBody({ toolCalls: [{ name: 'f', arguments: { a: 1 } }], usage: null }),
      completionBody({ choices: 2, logprobs: true, more: { provider: 'x' } }),
    ];
    for (const answer of answers) expect(read(answer)).toEqual(answer);
    expect(read(`\ufeff\n${JSON.stringify(answers[0])}\n`)).toEqual(answers[0]);
  });

  it('makes small omissions good', () => {
    const whole = read({
      choices: [
        { message: { tool_calls: [{ id: 'a', function: { name: 'f', arguments: { b: 1 } } }] } },
        { message: { content: 'x', tool_calls: null } },
      ],
      usage: { prompt_tokens: 1, completion_tokens: 1 },
    });
    expect(whole).toEqual({
      id: '',
      object: 'chat.completion',
      created: 0,
      model: '',
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: null,
            tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{"b":1}' } }],
          },
          finish_reason: null,
        },
        { index: 1, message: { role: 'assistant', content: 'x' }, finish_reason: null },
      ],
      usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
    });
    expect(read({ choices: [{ message: { content: 'x' } }], usage: 'many' }).usage).toBeNull();
  });

  it('reads parts as text, their thinking as reasoning', () => {
    const parts = [
      { type: 'thinking', thinking: [{ type: 'text', text: 'Hm' }] },
      { type: 'text', text: 'Yes' },
    ];
    expect(read(withMessage({ role: 'assistant', content: parts })).choices[0]?.message).toMatchObject({
      content: 'Yes',
      reasoning_content: 'Hm',
    });
  });

  it.each(['null', '""', '{}'])('takes an empty error beside the choices for none: %s', (error) => {
    expect(read(`{"choices":[{"message":{"content":"x"}}],"error":${error}}`).choices).toHaveLength(1);
  });

  it.each([
    ['', 'empty'],
    ['  \n', 'empty'],
    ['<!doctype html><h1>502</h1>', 'a page of HTML or XML'],
    ['data: {"choices":[]}\n\n', 'an event stream'],
    [': ping\n\n', 'an event stream'],
    ['{"choices":[{"index":0,"mess', 'cut off or malformed'],
    ['Internal server error', 'plain text'],
    ['null', 'null, not an object'],
    ['[]', 'a list, not an object'],
    ['"ok"', 'a string, not an object'],
    ['{}', 'no list of choices'],
    ['{"choices":{}}', 'no list of choices'],
    ['{"choices":[]}', 'no choices'],
    ['{"choices":[null]}', 'choice 0 is null'],
    ['{"choices":[{"message":{"content":"x"}},{"text":"x"}]}', 'choice 1 has no message'],
    ['{"choices":[{"message":{"content":5}}]}', "content of the upstream's choice 0 is a number"],
    ['{"choices":[{"message":{"tool_calls":{}}}]}', "tool_calls of the upstream's choice 0 are an object"],
    ['{"choices":[{"message":{"tool_calls":[1]}}]}', "A tool call of the upstream's choice 0 is a number"],
    ['{"choices":[{"message":{"tool_calls":[{"function":{}}]}}]}', 'names no function'],
    ['{"choices":[{"message":{"content":"x"},"finish_reason":"error"}]}', 'choice 0 broke off in an error'],
    ['{"choices":[{"message":{"content":"x"}}],"error":{"code":502}}', 'an error beside its choices'],
    ['{"error":{"message":"Quota"}}', 'with an error under a success status: Quota'],
    ['{"error":"Quota"}', 'with an error under a success status: Quota'],
    ['{"object":"error","message":"bad"}', 'with an error under a success status: bad'],
  ])('refuses %j: %s', (body, reason) => {
    expect(() => read(body)).toThrow(reason);
  });
});
