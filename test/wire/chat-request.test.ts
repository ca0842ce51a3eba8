// Chat requests: what Quorum relies on is checked, the rest passes, and a refusal names the field as OpenAI does.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chatRequestSchema, QuorumError } from '../../src/contract/index.ts';
import { parseChatRequest, parseJsonBody } from '../../src/wire/index.ts';

const good = { model: 'auto', messages: [{ role: 'user', content: 'hi' }] };

function refusalOf(value: unknown): QuorumError {
  try {
    parseChatRequest(value);
  } catch (error) {
    expect(error).toBeInstanceOf(QuorumError);
    return error as QuorumError;
  }
  throw new Error('It was not refused.');
}

describe('parseChatRequest', () => {
  it('gives the same value back, unknown fields and odd keys included', () => {
    const body = parseJsonBody(
      Buffer.from(
        '{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"x","cache_control":{"type":"e"}}],"__proto__":{"a":1}}],"top_k":3,"__proto__":{"b":2},"stop":null,"n":null}',
      ),
    );
    expect(parseChatRequest(body)).toBe(body);
    expect(Object.keys(body as object)).toContain('__proto__');
  });

  it.each([
    [
      'tool messages',
      {
        ...good,
        messages: [
          {
            role: 'assistant',
            content: null,
            tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }],
          },
          { role: 'tool', tool_call_id: 'a', content: '1' },
        ],
      },
    ],
    ['a message without content', { ...good, messages: [{ role: 'assistant' }] }],
    [
      'images and audio',
      {
        ...good,
        messages: [
          {
            role: 'user',
            content: [
              { type: 'image_url', image_url: { url: 'data:' } },
              { type: 'input_audio', input_audio: {} },
            ],
          },
        ],
      },
    ],
    [
      'every limit',
      { ...good, temperature: 2, top_p: 0, n: 128, max_tokens: 1, stream: null, tools: [], metadata: null },
    ],
  ])('takes %s', (_name, value) => {
    expect(parseChatRequest(value)).toBe(value);
  });

  it.each([
    [null, null, 'expected an object, but got null'],
    [[], null, 'expected an object, but got an array'],
    ['hi', null, 'expected an object, but got a string'],
    [{ messages: good.messages }, 'model', "Missing required parameter: 'model'."],
    [{ model: 'm' }, 'messages', "Missing required parameter: 'messages'."],
    [{ ...good, model: 3 }, 'model', "Invalid type for 'model': expected a string, but got an integer instead."],
    [{ ...good, model: '' }, 'model', 'Expected minimum length 1, but got length 0'],
    [{ ...good, messages: [] }, 'messages', "Invalid 'messages': array below minimum length."],
    [{ ...good, messages: 'hi' }, 'messages', 'expected an array, but got a string'],
    [{ ...good, messages: [null] }, 'messages[0]', 'expected an object, but got null'],
    [{ ...good, messages: [{ content: 'x' }] }, 'messages[0].role', "Missing required parameter: 'messages[0].role'."],
    [
      { ...good, messages: [...good.messages, { role: 7 }] },
      'messages[1].role',
      'expected a string, but got an integer',
    ],
    [
      { ...good, messages: [{ role: 'user', content: 5 }] },
      'messages[0].content',
      'expected a string, an array of content parts or null, but got an integer',
    ],
    [
      { ...good, messages: [{ role: 'user', content: [{ type: 'text' }, {}] }] },
      'messages[0].content[1].type',
      'Missing required parameter',
    ],
    [
      { ...good, messages: [{ role: 'user', content: ['x'] }] },
      'messages[0].content[0]',
      'expected an object, but got a string',
    ],
    [
      { ...good, temperature: 2.5 },
      'temperature',
      'number above maximum value. Expected a value <= 2, but got 2.5 instead.',
    ],
    [{ ...good, n: 0 }, 'n', 'number below minimum value. Expected a value >= 1, but got 0 instead.'],
    [{ ...good, n: 1.5 }, 'n', 'expected an integer, but got a decimal number'],
    [{ ...good, stream: 'yes' }, 'stream', 'expected a boolean, but got a string'],
    [
      { ...good, stream_options: { include_usage: 1 } },
      'stream_options.include_usage',
      'expected a boolean, but got an integer',
    ],
    [{ ...good, tools: [{ type: 'function' }, {}] }, 'tools[1].type', 'Missing required parameter'],
    [{ ...good, response_format: 'json' }, 'response_format', 'expected an object, but got a string'],
    [{ ...good, metadata: [] }, 'metadata', 'expected an object, but got an array'],
  ])('refuses %j at %s', (value, param, message) => {
    const refusal = refusalOf(value);
    expect([refusal.code, refusal.status, refusal.extra.param ?? null]).toEqual(['invalid_value', 400, param]);
    expect(refusal.message).toContain(message);
  });

  it('takes what its schema takes, and nothing else', () => {
    const odd = fc.oneof(
      fc.constantFrom(null, '', 'x', true, 0, -1, 0.5, 1, 2, 3, 1e9, [], {}, [{}], [null]),
      fc.jsonValue(),
    );
    const message = fc.oneof(
      fc.record({ role: fc.constantFrom('user', 'system', ''), content: fc.oneof(fc.string(), odd) }),
      fc.record({ role: odd, content: odd }, { requiredKeys: [] }),
      odd,
    );
    const field = { freq: 3, nil: undefined };
    const body = fc.record(
      {
        model: fc.oneof(fc.constantFrom('auto', 'm'.repeat(257)), odd),
        messages: fc.oneof(fc.array(message, { maxLength: 3 }), odd),
        stream: fc.option(fc.oneof(fc.boolean(), odd), field),
        max_tokens: fc.option(fc.oneof(fc.nat(9), odd), field),
        max_completion_tokens: fc.option(fc.oneof(fc.nat(9), odd), field),
        temperature: fc.option(fc.oneof(fc.double({ min: -1, max: 3, noNaN: true }), odd), field),
        top_p: fc.option(fc.oneof(fc.double({ min: -1, max: 2, noNaN: true }), odd), field),
        user: fc.option(fc.oneof(fc.constant('u'.repeat(1025)), odd), field),
        n: fc.option(odd, field),
        seed: fc.option(odd, field),
      },
      { requiredKeys: [] },
    );
    const taken = (value: unknown): boolean => {
      try {
        return parseChatRequest(value) === value;
      } catch {
        return false;
      }
    };
    fc.assert(
      fc.property(body, (one) => {
        const value: unknown = JSON.parse(JSON.stringify(one));
        expect(taken(value)).toBe(chatRequestSchema.safeParse(value).success);
      }),
      { numRuns: 2_000 },
    );
  });
});
