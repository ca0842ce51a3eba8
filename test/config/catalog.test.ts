// What ships in the catalog: models with figures that can be true, tiers and tasks that point at what there is.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { EVERY_KEY, settle } from './support.ts';

describe('the catalog', () => {
  const { settings } = settle('sandbox: true', { env: EVERY_KEY });
  const raw = parse(readFileSync('config/catalog.yaml', 'utf8')) as Record<
    string,
    Record<string, Record<string, unknown>>
  >;
  const real = [...settings.models.values()].filter(({ simulated }) => !simulated);

  it('has at least sixty real models, each with its source, date, price and a known provider', () => {
    expect(real.length).toBeGreaterThanOrEqual(60);
    for (const [name, row] of Object.entries(raw['models']!)) {
      const model = settings.models.get(name)!;
      expect(settings.providers.has(model.provider), name).toBe(true);
      expect(row['source'], name).toMatch(/^(unverified|simulated|https:\/\/\S+( \(.+\))?(; .+)?)$/);
      expect(row['source'] === 'simulated', name).toBe(model.simulated);
      expect(new Date(`${String(row['as_of'])}T00:00:00Z`).toISOString().slice(0, 10), name).toBe(row['as_of']);
      expect(model.price, name).not.toBe(null);
    }
  });

  it.each(real)('$name has sane figures', ({ price, local, context, maxOutput, quality, fieldValues }) => {
    const { inputPico, cachedInputPico, cacheWritePico, outputPico } = price!;
    expect(inputPico > 0).toBe(!local);
    expect(outputPico).toBeGreaterThanOrEqual(inputPico);
    expect(outputPico).toBeLessThanOrEqual(100e6);
    expect(cachedInputPico).toBeLessThanOrEqual(inputPico);
    expect(cacheWritePico).toBeLessThanOrEqual(2 * inputPico);
    expect(maxOutput).toBeLessThanOrEqual(context);
    expect(maxOutput).toBeGreaterThanOrEqual(4_096);
    expect(quality).toBeGreaterThan(0);
    expect(quality).toBeLessThanOrEqual(10);
    for (const values of Object.values(fieldValues)) expect(values.length).toBeGreaterThan(0);
  });

  it('has in its tiers no model that is about to be shut down', () => {
    const going = ['gpt-5', 'gpt-5-mini', 'gpt-5-nano', 'o3', 'gpt-4o', 'gpt-4o-mini', 'gpt-4.1', 'gpt-4.1-mini'];
    const named = new Set([...settings.tiers.values()].flatMap(({ configured }) => configured));
    expect([...going, 'gemini-2.5-pro', 'gemini-2.5-flash'].filter((name) => named.has(name))).toEqual([]);
  });

  it.each([
    ['text-embedding-3-small', 'openai'],
    ['gpt-4o-mini-transcribe', 'openai'],
    ['mistral-embed', 'mistral'],
    ['gemini-embedding-001', 'gemini'],
    ['text-embedding-v4', 'dashscope'],
    ['BAAI/bge-large-en-v1.5', 'together'],
    ['nomic-ai/nomic-embed-text-v1.5', 'fireworks'],
    ['whisper-large-v3-turbo', 'groq'],
  ])('%s is served by %s', (name, provider) => {
    const patterns = settings.providers.get(provider)!.alsoServes;
    expect(
      patterns.some((pattern) => (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern)),
    ).toBe(true);
    expect(settings.models.has(name)).toBe(false);
  });

  it('points only at tasks and models that there are', () => {
    const tasks = new Set(settings.tasks.keys());
    expect(
      [...settings.models.values()].flatMap(({ strengths }) => strengths.filter((task) => !tasks.has(task))),
    ).toEqual([]);
    const mentioned = [...settings.tiers.values()].flatMap(({ configured, chairman }) => [...configured, chairman!]);
    expect(mentioned.filter((name) => !settings.models.has(name))).toEqual([]);
  });

  it('has the thirteen tasks, with words in six languages', () => {
    expect([...settings.tasks.keys()].toSorted()).toEqual([
      'classification',
      'code',
      'complex_reasoning',
      'creative',
      'extraction',
      'math',
      'planning',
      'simple_query',
      'summarisation',
      'tool_use',
      'translation',
      'validation_critical',
      'vision',
    ]);
    for (const task of settings.tasks.values()) {
      expect(
        task.keywords.some((word) => /[\u4e00-\u9fff]/.test(word)),
        task.name,
      ).toBe(true);
      expect(task.keywords.length, task.name).toBeGreaterThan(20);
    }
  });

  it.each([
    ['simple_query', 'Hello there'],
    ['code', 'const x = 3'],
    ['math', 'What is 17 * 23?'],
    ['translation', 'Say this in Portuguese, please: translate to German'],
    ['summarisation', 'Give me this in three sentences, i.e. in 3 sentences'],
    ['creative', 'Write me a short poem about rain'],
    ['planning', 'a 5-day itinerary'],
  ])('%s has a pattern for «%s»', (task, prompt) => {
    expect(settings.tasks.get(task)!.patterns.some((pattern) => pattern.test(prompt))).toBe(true);
  });

  it('no pattern is slow on a long prompt', () => {
    const prompts = [
      'a '.repeat(10_000),
      'write '.repeat(5_000),
      '9'.repeat(20_000),
      ' '.repeat(20_000),
      'x = '.repeat(5_000),
    ];
    // A pattern that explodes would outlast the test's own time limit.
    const patterns = [...settings.tasks.values()].flatMap((task) => task.patterns);
    const tried = patterns.map((pattern) => prompts.map((prompt) => pattern.test(prompt)));
    expect(tried).toHaveLength(patterns.length);
  });

  it('has eight simulated models that can do everything, of distinct families but for two', () => {
    const simulated = [...settings.models.values()].filter((model) => model.simulated);
    expect(simulated.map(({ name }) => name).toSorted()).toEqual(
      ['coder', 'flaky', 'polyglot', 'sage', 'scholar', 'steady', 'swift', 'thrifty'].map((name) => `sandbox-${name}`),
    );
    expect(new Set(simulated.map(({ family }) => family)).size).toBe(7);
    for (const { capabilities, local } of simulated) {
      expect(local).toBe(false);
      for (const able of ['tools', 'json_object', 'json_schema', 'streaming', 'logprobs', 'n', 'vision'] as const)
        expect(capabilities.has(able)).toBe(true);
    }
  });
});
