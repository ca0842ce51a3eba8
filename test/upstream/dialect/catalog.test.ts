// What the catalog's models are sent when a client asks for what they refuse: never that.
import { describe, expect, it } from 'vitest';
import { chatBody, chatShapeOf } from '../../../src/upstream/dialect/openai.ts';
import { EVERY_KEY, settle } from '../../config/support.ts';

const { settings } = settle('', { env: EVERY_KEY });
const models = [...settings.models.values()];
const messages = [{ role: 'user', content: 'hi' }];
const tools = [{ type: 'function', function: { name: 'f', parameters: {} } }];

/** As clients send it that know nothing of the model behind `auto`. */
const EAGER = {
  temperature: 0.2,
  top_p: 0.9,
  presence_penalty: 0.1,
  frequency_penalty: 0.1,
  logprobs: true,
  top_logprobs: 2,
  logit_bias: { 50256: -100 },
  max_tokens: 100,
  stop: ['END'],
  seed: 7,
  user: 'u',
  reasoning_effort: 'minimal',
};

function sent(name: string, request: Record<string, unknown>): Record<string, unknown> {
  const model = settings.models.get(name)!;
  const shape = chatShapeOf(settings.providers.get(model.provider)!, model);
  return JSON.parse(chatBody(shape, { model: name, messages, ...request }, false)) as Record<string, unknown>;
}

const ofOpenAi = models.filter(({ provider }) => provider === 'openai');
const thinking = ofOpenAi.filter(({ capabilities }) => capabilities.has('reasoning'));

describe('OpenAI', () => {
  it.each(thinking)('$name is sent nothing that steers sampling, and the new name of max_tokens', ({ name }) => {
    const { reasoning_effort: _, ...body } = sent(name, EAGER);
    expect(body).toEqual({ model: name, messages, max_completion_tokens: 100, seed: 7, user: 'u' });
  });

  it.each(ofOpenAi.filter((model) => !thinking.includes(model)))('$name is sent all but reasoning', ({ name }) => {
    const { reasoning_effort: _, max_tokens, ...kept } = EAGER;
    expect(sent(name, EAGER)).toEqual({ model: name, messages, ...kept, max_completion_tokens: max_tokens });
  });

  it.each(ofOpenAi)('$name takes tools without reasoning, or by itself, or not at all', (model) => {
    const { reasoning_effort: effort } = sent(model.name, { tools, reasoning_effort: 'high' });
    if (/^gpt-(5\.[4-9]|[6-9])/.test(model.name)) {
      expect(model.capabilities.has('tools')).toBe(model.name !== 'gpt-6-astra');
      expect(effort).toBe(model.name === 'gpt-6-astra' ? 'high' : 'none');
    } else expect(effort).toBe(model.capabilities.has('reasoning') ? 'high' : undefined);
  });
});

describe('the others', () => {
  it.each([
    ['claude-opus-5-5', ['temperature', 'top_p', 'presence_penalty', 'logprobs', 'logit_bias']],
    ['claude-sonnet-5', ['temperature', 'top_p']],
    ['claude-haiku-4-5', ['top_p']],
    ['gemini-3.8-flash', ['presence_penalty', 'frequency_penalty', 'seed', 'logit_bias', 'user', 'reasoning_effort']],
    ['grok-4.7', ['presence_penalty', 'frequency_penalty', 'stop', 'reasoning_effort']],
    ['deepseek-v4-pro', ['logprobs', 'top_logprobs']],
    ['codestral', ['logprobs', 'top_logprobs', 'logit_bias', 'user', 'seed', 'reasoning_effort']],
    ['groq-qwen3.8-27b', ['logprobs', 'top_logprobs', 'logit_bias', 'reasoning_effort']],
    ['ollama/llama3.3', ['reasoning_effort']],
  ])('%s is not sent %s', (name, refused) => {
    const body = sent(name, EAGER);
    expect(refused.filter((field) => field in body)).toEqual([]);
    expect(Object.keys(body).length).toBeGreaterThan(4);
  });

  it('Claude keeps its temperature where it may have one', () => {
    expect(sent('claude-haiku-4-5', EAGER)).toMatchObject({ temperature: 0.2, stop: ['END'] });
  });

  it('Claude 5.5 is not forced to use a tool', () => {
    expect(sent('claude-sonnet-5-5', { tools, tool_choice: 'required' })).toEqual({
      model: 'claude-sonnet-5-5',
      messages,
      tools,
    });
    expect(sent('claude-sonnet-5-5', { tools, tool_choice: 'none' })).toMatchObject({ tool_choice: 'none' });
    expect(sent('claude-sonnet-5', { tools, tool_choice: 'required' })).toMatchObject({ tool_choice: 'required' });
  });

  it.each(['codestral', 'groq-gpt-oss-120b'])('%s is not sent what another model thought', (name) => {
    const answer = { role: 'assistant', content: 'a', refusal: null, annotations: [], reasoning_content: 'hm' };
    expect(sent(name, { messages: [...messages, answer] })['messages']).toEqual([
      ...messages,
      { role: 'assistant', content: 'a' },
    ]);
  });

  it('Gemini 3 is for one choice at a time', () => {
    const able = models.filter(({ name, capabilities }) => /gemini-3/.test(name) && capabilities.has('n'));
    expect(able).toEqual([]);
  });
});
