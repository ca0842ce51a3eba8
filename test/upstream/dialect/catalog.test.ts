// What the catalog's models are sent when a client asks for what they refuse: never that.
import { describe, expect, it } from 'vitest';
import { dialectOf } from '../../../src/upstream/dialect/index.ts';
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
  const provider = settings.providers.get(model.provider)!;
  const { shape } = dialectOf(provider).route(provider, model);
  return JSON.parse(shape({ model: name, messages, ...request }, false)) as Record<string, unknown>;
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

describe('Anthropic', () => {
  const said = [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }];
  const base = { max_tokens: 100, messages: said, stop_sequences: ['END'], metadata: { user_id: 'u' } };

  it.each(['claude-opus-5-5', 'claude-opus-5', 'claude-opus-4-8', 'claude-sonnet-5-5', 'claude-sonnet-5'])(
    '%s is sent nothing that steers sampling, and the least effort for minimal',
    (name) => {
      const thinking = { type: 'adaptive', display: 'summarized' };
      expect(sent(name, EAGER)).toEqual({ ...base, model: name, thinking, output_config: { effort: 'low' } });
    },
  );

  it('keeps the temperature where the model may have one, and thinks only where there is room for it', () => {
    expect(sent('claude-haiku-4-5', EAGER)).toEqual({ ...base, model: 'claude-haiku-4-5', temperature: 0.2 });
    expect(sent('claude-haiku-4-5', { ...EAGER, max_tokens: 4000, reasoning_effort: 'high' })).toMatchObject({
      max_tokens: 4000,
      thinking: { type: 'enabled', budget_tokens: 2976 },
    });
  });

  it('turns thinking off where that can be done, and asks for the least where not', () => {
    expect(sent('claude-sonnet-5', { reasoning_effort: 'none' })).toMatchObject({ thinking: { type: 'disabled' } });
    expect(sent('claude-opus-5-5', { reasoning_effort: 'none' })).toMatchObject({ output_config: { effort: 'low' } });
  });

  it('Claude 5.5 is not forced to use a tool, the others do not think meanwhile', () => {
    const forced = { tools, tool_choice: 'required', reasoning_effort: 'high' };
    expect(sent('claude-sonnet-5-5', forced)).not.toHaveProperty('tool_choice');
    expect(sent('claude-sonnet-5-5', { tools, tool_choice: 'none' })).toMatchObject({ tool_choice: { type: 'none' } });
    const other = sent('claude-sonnet-5', forced);
    expect(other).toMatchObject({ tool_choice: { type: 'any' }, thinking: { type: 'disabled' } });
    expect(other).not.toHaveProperty('output_config');
  });
});

describe('Gemini', () => {
  it('is sent what its own API takes', () => {
    expect(sent('gemini-3.8-flash', EAGER)['generationConfig']).toEqual({
      temperature: 0.2,
      topP: 0.9,
      seed: 7,
      maxOutputTokens: 100,
      stopSequences: ['END'],
      thinkingConfig: { includeThoughts: true, thinkingLevel: 'low' },
    });
  });

  it.each([
    ['gemini-2.5-flash', 'none', { includeThoughts: false, thinkingBudget: 0 }],
    ['gemini-2.5-pro', 'none', { includeThoughts: true, thinkingBudget: 1024 }],
    ['gemini-2.5-pro', 'high', { includeThoughts: true, thinkingBudget: 24_576 }],
    ['gemini-3.7-flash', 'minimal', { includeThoughts: true, thinkingLevel: 'minimal' }],
    ['gemini-3.1-pro-preview', 'none', { includeThoughts: true, thinkingLevel: 'low' }],
    ['gemini-3.1-pro-preview', undefined, { includeThoughts: true }],
  ])('%s with effort %s', (name, reasoning_effort, thinkingConfig) => {
    expect(sent(name, { reasoning_effort })['generationConfig']).toEqual({ thinkingConfig });
  });
});
