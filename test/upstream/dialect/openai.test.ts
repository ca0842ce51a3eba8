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
