// Chunks as providers really send them become the completion that was meant.
import { describe, expect, it } from 'vitest';
import { completionFromStream, createCompletionCollector } from '../../src/wire/index.ts';

type Fields = Record<string, unknown>;

const head = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 7, model: 'm' };

function collected(...chunks: readonly unknown[]): ReturnType<typeof completionFromStream> {
  return completionFromStream(Buffer.from(chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join('')));
}

/** One choice from these deltas. */
function choiceOf(...deltas: readonly Fields[]): Fields {
  return collected(...deltas.map((delta) => ({ ...head, choices: [{ index: 0, delta }] })))!
    .choices[0] as unknown as Fields;
}

function messageOf(...deltas: readonly Fields[]): Fields {
  return choiceOf(...deltas)['message'] as Fields;
}

function call(index: number | null, id: string | null, name: string | null, args: unknown): Fields {
  const called = { ...(name !== null && { name }), ...(args !== null && { arguments: args }) };
  return {
    tool_calls: [{ ...(index !== null && { index }), ...(id !== null && { id, type: 'function' }), function: called }],
  };
}

function functions(...deltas: readonly Fields[]): unknown[] {
  const calls = messageOf(...deltas)['tool_calls'] as {
    id?: string;
    type: string;
    function: { name: string; arguments: string };
  }[];
  return calls.map(({ id, type, function: called }) => [id, type, called.name, called.arguments]);
}

it('keeps the usage that came before the last chunk', () => {
  const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };
  const chunk = (content: string, more: Fields = {}) => ({
    ...head,
    choices: [{ index: 0, delta: { content } }],
    ...more,
  });
  expect(collected(chunk('a', { usage }), chunk('b'))!.usage).toEqual(usage);
});

describe('texts', () => {
  it('joins content, reasoning and refusal, and keeps what it does not know', () => {
    expect(
      messageOf(
        { role: 'assistant', content: '', refusal: null },
        { reasoning_content: 'Let ' },
        { reasoning_content: 'me see', reasoning: 'a' },
        { content: 'Hello ', reasoning: 'b', annotations: [{ url: 1 }] },
        { content: 'you', annotations: [{ url: 2 }], audio: { id: 'au', data: 'QU' } },
        { content: null, audio: { id: 'au', data: 'JD', expires_at: 5 }, flag: true },
      ),
    ).toEqual({
      role: 'assistant',
      content: 'Hello you',
      refusal: null,
      reasoning_content: 'Let me see',
      reasoning: 'ab',
      annotations: [{ url: 1 }, { url: 2 }],
      audio: { id: 'au', data: 'QUJD', expires_at: 5 },
      flag: true,
    });
    expect(messageOf({ refusal: 'I ' }, { refusal: "can't" })).toMatchObject({ content: null, refusal: "I can't" });
  });

  it("reads Mistral's parts: text is content, thinking is reasoning", () => {
    const thinking = (text: string): Fields => ({
      content: [{ type: 'thinking', thinking: [{ type: 'text', text }] }],
    });
    const message = messageOf(
      thinking('Hm'),
      thinking('m.'),
      { content: 'Yes' },
      { content: [{ type: 'text', text: '!' }] },
    );
    expect(message).toMatchObject({ content: 'Yes!', reasoning_content: 'Hmm.' });
  });

  it('takes a whole message for a delta, as some servers send it at the end', () => {
    expect(
      collected({
        ...head,
        choices: [{ index: 0, message: { role: 'assistant', content: 'all' }, finish_reason: 'stop' }],
      })?.choices[0]?.message.content,
    ).toBe('all');
  });

  it('is not polluted by __proto__', () => {
    const stream =
      'data: {"id":"a","__proto__":{"polluted":1},"choices":[{"index":0,"__proto__":{"polluted":1},"delta":{"__proto__":{"polluted":1},"content":"x"}}]}\n\n';
    const whole = completionFromStream(Buffer.from(stream)) as unknown as Fields;
    expect(whole['polluted']).toBeUndefined();
    expect(({} as Fields)['polluted']).toBeUndefined();
  });
});

describe('tool calls', () => {
  it('joins parallel calls by index, in any order of arrival', () => {
    expect(
      functions(
        call(1, 'b', 'g', ''),
        call(0, 'a', 'f', ''),
        call(1, null, null, '{"x'),
        call(0, null, null, '{}'),
        call(1, null, null, '":1}'),
      ),
    ).toEqual([
      ['a', 'function', 'f', '{}'],
      ['b', 'function', 'g', '{"x":1}'],
    ]);
  });

  it('keeps id and name that are repeated in every delta, also when empty', () => {
    expect(functions(call(0, 'a', 'f', '{'), call(0, 'a', 'f', '"a":'), call(0, '', '', '1}'))).toEqual([
      ['a', 'function', 'f', '{"a":1}'],
    ]);
  });

  it('begins another call for another id under the same index, or for a name without index and id', () => {
    expect(functions(call(0, 'a', 'f', '{}'), call(0, 'b', 'g', '{}'))).toEqual([
      ['a', 'function', 'f', '{}'],
      ['b', 'function', 'g', '{}'],
    ]);
    expect(functions(call(null, 'a', 'f', '{'), call(null, null, null, '}'), call(null, 'b', 'g', '{}'))).toEqual([
      ['a', 'function', 'f', '{}'],
      ['b', 'function', 'g', '{}'],
    ]);
    expect(
      functions(call(null, null, 'f', '{}'), call(null, null, 'g', '{}')).map((one) => (one as unknown[])[2]),
    ).toEqual(['f', 'g']);
  });

  it('writes arguments that came as an object as JSON, and says null content where there is none', () => {
    expect(functions({ content: '', ...call(0, 'a', 'f', { city: 'Ulm' }) })).toEqual([
      ['a', 'function', 'f', '{"city":"Ulm"}'],
    ]);
    expect(messageOf({ content: '', ...call(0, 'a', 'f', '{}') })['content']).toBeNull();
    expect(functions(call(0, 'a', 'f', null))).toEqual([['a', 'function', 'f', '']]);
  });

  it('joins the old function_call and custom calls', () => {
    expect(
      messageOf(
        { function_call: { name: 'f', arguments: '' } },
        { function_call: { arguments: '{"a"' } },
        { function_call: { arguments: ':1}' } },
      )['function_call'],
    ).toEqual({ name: 'f', arguments: '{"a":1}' });
    const custom = (more: Fields): Fields => ({ tool_calls: [{ index: 0, ...more }] });
    expect(
      messageOf(
        custom({ id: 'a', type: 'custom', custom: { name: 'sql', input: '' } }),
        custom({ custom: { input: 'select' } }),
      )['tool_calls'],
    ).toEqual([{ id: 'a', type: 'custom', custom: { name: 'sql', input: 'select' } }]);
  });
});

describe('a whole stream', () => {
  it('sorts choices, joins logprobs, keeps the last usage and unknown fields, and drops padding', () => {
    const token = (text: string): Fields => ({ token: text, logprob: -1 });
    const whole = collected(
      { ...head, id: '', model: '', created: 0, choices: [], prompt_filter_results: [1] },
      {
        ...head,
        system_fingerprint: 'fp',
        obfuscation: 'x',
        choices: [{ index: 1, delta: { content: 'B' }, logprobs: null, finish_reason: null }],
        usage: null,
      },
      {
        ...head,
        choices: [
          {
            index: 0,
            delta: { content: 'A' },
            logprobs: { content: [token('A')], refusal: null },
            finish_reason: null,
          },
        ],
        usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
      },
      {
        ...head,
        system_fingerprint: null,
        choices: [
          {
            index: 0,
            delta: { content: 'a' },
            logprobs: { content: [token('a')], refusal: null },
            finish_reason: 'stop',
            native_finish_reason: 'end',
          },
        ],
      },
      { ...head, choices: [{ index: 1, delta: {}, finish_reason: 'length' }] },
      { ...head, choices: [], usage: { prompt_tokens: 1, completion_tokens: 3 } },
    );
    expect(whole).toEqual({
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 7,
      model: 'm',
      system_fingerprint: 'fp',
      prompt_filter_results: [1],
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'Aa' },
          logprobs: { content: [token('A'), token('a')], refusal: null },
          finish_reason: 'stop',
          native_finish_reason: 'end',
        },
        { index: 1, message: { role: 'assistant', content: 'B' }, logprobs: null, finish_reason: 'length' },
      ],
      usage: { prompt_tokens: 1, completion_tokens: 3, total_tokens: 4 },
    });
  });

  it('is null without a chunk, or with an error in it', () => {
    expect(collected()).toBeNull();
    expect(
      completionFromStream(Buffer.from('data: [DONE]\n\n: hi\n\ndata: oops\n\ndata: [1]\n\ndata: null\n\n')),
    ).toBeNull();
    expect(
      collected({ ...head, choices: [{ index: 0, delta: { content: 'x' } }] }, { error: { message: 'no' } }),
    ).toBeNull();
    expect(
      collected({ ...head, choices: [{ index: 0, delta: {}, finish_reason: 'error' }], error: { message: 'no' } }),
    ).toBeNull();
    expect(collected({ ...head, error: null, choices: [{ index: 0, delta: { content: 'x' } }] })).not.toBeNull();
  });

  it('skips broken events, takes a last one without its blank line, and survives one that never ends', () => {
    const last = JSON.stringify({ ...head, choices: [{ index: 0, delta: { content: 'end' }, finish_reason: 'stop' }] });
    expect(completionFromStream(Buffer.from(`data: {"choices":[{\n\ndata: ${last}`))?.choices[0]).toMatchObject({
      message: { content: 'end' },
      finish_reason: 'stop',
    });
    const collector = createCompletionCollector();
    collector.push(Buffer.from(`data: ${last}\n\ndata: `));
    for (let part = 0; part < 18; part++) collector.push(Buffer.alloc(1_048_576, 'x'));
    expect(collector.completion()).toBeNull();
  });
});
