// The body that goes to the provider: its habits applied, the caller's fields left alone.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatRequest, Model, Provider } from '../../../src/contract/index.ts';
import { chatBody, chatShapeOf } from '../../../src/upstream/dialect/openai.ts';
import { testModel, testProvider } from '../../support/settings.ts';

const messages = [{ role: 'user', content: 'hi' }];

function shaped(
  request: Record<string, unknown>,
  provider: Partial<Provider> = {},
  stream = false,
  model: Partial<Model> = {},
): Record<string, unknown> {
  const shape = chatShapeOf(testProvider(provider), testModel({ name: 'm', upstreamModel: 'up', ...model }));
  return JSON.parse(chatBody(shape, { model: 'm', messages, ...request }, stream)) as Record<string, unknown>;
}

describe('chatBody', () => {
  it('names the upstream’s model and leaves unknown fields as they are, null included', () => {
    expect(shaped({ seed: 1, weird: { a: [null] }, stop: null })).toEqual({
      model: 'up',
      messages,
      seed: 1,
      weird: { a: [null] },
      stop: null,
    });
  });

  it('a whole call carries neither stream nor stream_options', () => {
    expect(shaped({ stream: true, stream_options: { include_usage: true } })).toEqual({ model: 'up', messages });
  });

  it('a stream asks for usage where that is understood, and keeps other stream options', () => {
    expect(shaped({ stream_options: { x: 1, include_usage: false } }, {}, true)).toMatchObject({
      stream: true,
      stream_options: { x: 1, include_usage: true },
    });
    expect(shaped({ stream_options: null }, {}, true)['stream_options']).toEqual({ include_usage: true });
    const plain = { streamUsage: false };
    expect(shaped({ stream_options: { x: 1, include_usage: true } }, plain, true)['stream_options']).toEqual({ x: 1 });
    expect(shaped({ stream_options: { include_usage: true } }, plain, true)).not.toHaveProperty('stream_options');
  });

  it('adds the habits of provider and model unless the caller set the field', () => {
    const provider = { extraBody: { enable_search: true, top_k: 5, model: 'other', stream: true } };
    const model = { extraBody: { top_k: 7, thinking: { type: 'off' } } };
    expect(shaped({}, provider, false, model)).toEqual({
      model: 'up',
      messages,
      enable_search: true,
      top_k: 7,
      thinking: { type: 'off' },
    });
    expect(shaped({ enable_search: null, top_k: 1 }, provider)).toMatchObject({ enable_search: null, top_k: 1 });
  });

  it('renames and drops fields; a field that is there under the new name already wins', () => {
    const provider = {
      renameFields: { max_completion_tokens: 'max_tokens' },
      dropFields: ['logprobs', 'stream_options'],
    };
    expect(shaped({ max_completion_tokens: 9, logprobs: true }, provider, true)).toEqual({
      model: 'up',
      messages,
      stream: true,
      max_tokens: 9,
    });
    expect(shaped({ max_completion_tokens: 9, max_tokens: 3 }, provider)).toEqual({
      model: 'up',
      messages,
      max_tokens: 3,
    });
  });

  it('a model’s renames and drops come after its provider’s', () => {
    const provider = { renameFields: { max_completion_tokens: 'max_tokens' }, dropFields: ['user'] };
    const model = { renameFields: { max_tokens: 'max_completion_tokens', tag: 'user' }, dropFields: ['temperature'] };
    expect(shaped({ max_tokens: 5, temperature: 0.2, user: 'u', tag: 't' }, provider, false, model)).toEqual({
      model: 'up',
      messages,
      max_completion_tokens: 5,
      user: 't',
    });
    expect(shaped({ max_completion_tokens: 5 }, provider, false, model)).toMatchObject({ max_completion_tokens: 5 });
  });

  it('a value that the model doesn’t take is left out, null included; what the config adds stays', () => {
    const model = { fieldValues: { reasoning_effort: ['low', 'high'], tool_choice: ['auto'] } };
    expect(shaped({ reasoning_effort: 'high', tool_choice: 'auto' }, {}, false, model)).toMatchObject({
      reasoning_effort: 'high',
      tool_choice: 'auto',
    });
    const named = { type: 'function', function: { name: 'f' } };
    const refused = [{ reasoning_effort: 'minimal', tool_choice: named }, { reasoning_effort: null }];
    for (const asked of refused) expect(shaped(asked, {}, false, model)).toEqual({ model: 'up', messages });
    expect(
      shaped({ reasoning_effort: 'minimal' }, {}, false, { ...model, extraBody: { reasoning_effort: 'max' } }),
    ).toMatchObject({ reasoning_effort: 'max' });
  });

  it('what tools demand is set over the caller’s, with tools only', () => {
    const model = { toolFields: { reasoning_effort: 'none', model: 'other' }, fieldValues: {} };
    const tools = [{ type: 'function', function: { name: 'f' } }];
    expect(shaped({ tools, reasoning_effort: 'high' }, {}, false, model)).toMatchObject({
      model: 'up',
      tools,
      reasoning_effort: 'none',
    });
    expect(shaped({ tools }, {}, true, model)).toMatchObject({ reasoning_effort: 'none' });
    for (const none of [{}, { tools: [] }, { tools: null }])
      expect(shaped({ ...none, reasoning_effort: 'high' }, {}, false, model)).toMatchObject({
        reasoning_effort: 'high',
      });
  });

  it('drops fields of messages, and only there', () => {
    const answer = { role: 'assistant', content: 'a', reasoning_content: 'hm', refusal: null };
    const request = { messages: [...messages, answer], refusal: 1 };
    const before = structuredClone(request);
    const provider = { dropMessageFields: ['reasoning_content', 'refusal'] };
    expect(shaped(request, provider)).toEqual({
      model: 'up',
      messages: [...messages, { role: 'assistant', content: 'a' }],
      refusal: 1,
    });
    expect(request).toEqual(before);
    expect(shaped(request)['messages']).toEqual(request.messages);
  });

  it('never changes the request, and lets a `__proto__` key through as data', () => {
    const request = JSON.parse(
      '{"model":"m","messages":[],"__proto__":{"stream":true},"constructor":1,"stream":true}',
    ) as ChatRequest;
    const before = JSON.stringify(request);
    const provider = {
      renameFields: { constructor: 'builder' },
      extraBody: JSON.parse('{"a":1}') as Record<string, unknown>,
    };
    const shape = chatShapeOf(testProvider(provider), testModel({ name: 'm', upstreamModel: 'up' }));
    expect(chatBody(shape, request, false)).toBe(
      '{"model":"up","messages":[],"__proto__":{"stream":true},"builder":1,"a":1}',
    );
    expect(JSON.stringify(request)).toBe(before);
    expect(({} as Record<string, unknown>)['stream']).toBeUndefined();
  });

  it('any request without habits comes out as it was, but for the model', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (extra) => {
        const { model: _, messages: __, stream: ___, stream_options: ____, ...rest } = extra;
        const request = { ...rest, model: 'm', messages };
        expect(shaped(request)).toEqual(JSON.parse(JSON.stringify({ ...request, model: 'up' })));
      }),
    );
  });
});
