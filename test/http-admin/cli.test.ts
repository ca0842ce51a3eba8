// The command line beside a running server: what is typed there holds there.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { scriptedConfig, startChild, type ChildQuorum } from '../support/program.ts';
import { startUpstream, type ScriptedUpstream } from '../support/scripted-upstream.ts';
import { ask, bearer } from './office.ts';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

let upstream: ScriptedUpstream;
let server: ChildQuorum;
let folder: string;
beforeAll(async () => {
  upstream = await startUpstream();
  server = await startChild({ config: scriptedConfig(upstream) });
  folder = mkdtempSync(join(tmpdir(), 'quorum-cli-'));
}, 90_000);
afterAll(async () => {
  await server.clear();
  await upstream.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Ran {
  readonly code: number | null;
  readonly out: string;
}

function run(...words: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [CLI, ...words, '--config', server.config], { cwd: folder });
    let out = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (part) => (out += part));
    child.on('close', (code) => resolve({ code, out }));
  });
}

const status = async (secret: string): Promise<number> =>
  (
    await ask(`${server.url}/v1/chat/completions`, {
      body: { model: 'alpha', messages: [{ role: 'user', content: 'Is it so?' }] },
      headers: bearer(secret),
    })
  ).status;

/** A change takes a server at most a second to see. */
async function within(wanted: number, secret: string): Promise<number> {
  const until = performance.now() + 1_000;
  for (;;) {
    const now = await status(secret);
    if (now === wanted || performance.now() > until) return now;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test('a key made, shown, disabled and revoked here is so in the server within a second', async () => {
  expect(await status('sk-anything')).toBe(200);
  const made = await run('keys', 'create', '--name', 'ci', '--team', 'data', '--budget', '50/month', '--rpm', '600');
  expect(made.code).toBe(0);
  const secret = /^sk-quorum-\w+/.exec(made.out)![0];
  expect(await within(401, 'sk-anything')).toBe(401);
  expect(await within(200, secret)).toBe(200);
  const shown = JSON.parse((await run('keys', 'show', 'ci', '--json')).out);
  expect(shown).toMatchObject({ name: 'ci', team: 'data', rpm: 600, state: 'active', budgets: [{ limit_usd: 50 }] });
  expect((await run('keys', 'show', 'ci')).out).toMatch(/rpm: 600[\s\S]*budget per month: \$0\.\d+ of \$50 spent/);
  expect((await run('keys', 'list')).out).not.toContain(secret);
  expect((await run('keys', 'disable', 'ci')).out).toContain('disabled');
  expect(await within(403, secret)).toBe(403);
  expect((await run('keys', 'revoke', 'ci')).out).toContain('revoked');
  expect(await within(401, secret)).toBe(401);
  expect(await run('keys', 'enable', 'ci')).toMatchObject({ code: 1, out: expect.stringContaining('revoked') });
});

test('budgets are set, raised, topped up, reset and removed; spending is listed', async () => {
  const set = JSON.parse(
    (await run('budget', 'set', '--scope', 'team', '--id', 'ops', '--limit', '5/day', '--json')).out,
  );
  expect(set).toMatchObject({ scope: 'team', subject: 'ops', period: 'day', limit_usd: 5 });
  const again = JSON.parse(
    (await run('budget', 'set', '--scope', 'team', '--id', 'ops', '--limit', '8/day', '--json')).out,
  );
  expect(again).toMatchObject({ id: set.id, limit_usd: 8 });
  expect((await run('budget', 'set', set.id, '--limit', '9')).out).toContain('$9');
  expect((await run('budget', 'top-up', set.id, '1.50')).out).toContain('$10.5');
  expect((await run('budget', 'reset', set.id)).code).toBe(0);
  expect((await run('budget', 'remove', set.id)).code).toBe(0);
  expect((await run('budget', 'list')).out).not.toContain(set.id);
  const spent = JSON.parse((await run('budget', 'spend', '--by', 'model', '--json')).out);
  expect(spent.data).toEqual([expect.objectContaining({ model: 'alpha', calls: expect.any(Number) })]);
  expect((await run('budget', 'spend', '--csv')).out).toMatch(/^key,cost_usd,calls/);
});

test('an unknown verb says so and names the nearest, at every level', async () => {
  const cases: readonly [readonly string[], string][] = [
    [['bogus'], 'There is no "quorum bogus"'],
    [['budgte', 'list'], 'Did you mean "quorum budget"'],
    [['models', 'imprt', 'file'], 'Did you mean "quorum models import"'],
    [['keys', 'craete'], 'Did you mean "quorum keys create"'],
    [['budget', 'resett'], 'Did you mean "quorum budget reset"'],
    [['keys', 'create', '--rmp', '5'], '--rmp'],
    [['keys', 'create', '--rpm', 'many'], 'whole number'],
    [['keys', 'show', 'nobody'], 'no key "nobody"'],
    [['estimate', '--usage', 'cooking=5'], 'no task "cooking"'],
    [['estimate', '--usage', 'code'], 'code=1000'],
    [['models', 'import', 'nowhere.json'], 'nowhere.json'],
  ];
  const ran = await Promise.all(cases.map(([words]) => run(...words)));
  cases.forEach(([words, said], at) =>
    expect([words, ran[at]]).toEqual([words, { code: 1, out: expect.stringContaining(said) }]),
  );
});

test('every verb helps', async () => {
  for (const verb of ['keys', 'budget', 'estimate', 'models']) {
    const helped = await run(verb, '--help');
    expect([verb, helped.code, helped.out.length > 100]).toEqual([verb, 0, true]);
  }
  expect((await run('--help')).out).toMatch(/keys[\s\S]*budget/);
});

test('an estimate is the sum of its tasks, and of its models', async () => {
  const { code, out } = await run('estimate', '--tier', 'balanced', '--usage', 'code=1000,math=500', '--json');
  expect(code).toBe(0);
  const { total_usd: total, by_task: byTask, by_model: byModel } = JSON.parse(out);
  expect(total).toBeGreaterThan(0);
  expect(byTask.code.total_usd + byTask.math.total_usd).toBeCloseTo(total, 9);
  expect(byTask.code.per_request_usd * 1000).toBeCloseTo(byTask.code.total_usd, 9);
  const models = Object.values<number>(byModel);
  expect(models.reduce((sum, cost) => sum + cost, 0)).toBeCloseTo(total, 6);
});

/** In the form of LiteLLM's model_prices_and_context_window.json. */
const LITELLM = {
  sample_spec: { litellm_provider: 'one of https://docs.litellm.ai/docs/providers', mode: 'one of: chat, embedding' },
  'gpt-4o-mini': {
    max_tokens: 16384,
    max_input_tokens: 128000,
    max_output_tokens: 16384,
    input_cost_per_token: 1.6e-7,
    output_cost_per_token: 6.1e-7,
    cache_read_input_token_cost: 7.5e-8,
    litellm_provider: 'openai',
    mode: 'chat',
    supports_function_calling: true,
    supports_vision: true,
  },
  'deepseek/deepseek-next': {
    max_input_tokens: 65536,
    max_output_tokens: 8192,
    input_cost_per_token: 2.7e-7,
    output_cost_per_token: 1.1e-6,
    litellm_provider: 'deepseek',
    mode: 'chat',
    supports_function_calling: true,
    supports_response_schema: true,
    supports_reasoning: true,
  },
  alpha: { input_cost_per_token: 1e-6, output_cost_per_token: 2e-6, litellm_provider: 'scripted', mode: 'chat' },
  'text-embedding-3-small': {
    input_cost_per_token: 2e-8,
    output_cost_per_token: 0,
    litellm_provider: 'openai',
    mode: 'embedding',
  },
  'unheard-of/model': {
    input_cost_per_token: 1e-6,
    output_cost_per_token: 2e-6,
    litellm_provider: 'unheard-of',
    mode: 'chat',
  },
  'gpt-free': { litellm_provider: 'openai', mode: 'chat' },
};

/** In the form of https://models.dev/api.json. */
const MODELS_DEV = {
  google: {
    id: 'google',
    env: ['GOOGLE_GENERATIVE_AI_API_KEY'],
    npm: '@ai-sdk/google',
    name: 'Google',
    doc: 'https://ai.google.dev',
    models: {
      'gemini-next': {
        id: 'gemini-next',
        name: 'Gemini Next',
        attachment: true,
        reasoning: true,
        temperature: true,
        tool_call: true,
        structured_output: true,
        modalities: { input: ['text', 'image', 'audio'], output: ['text'] },
        open_weights: false,
        cost: { input: 0.3, output: 2.5, cache_read: 0.075, input_audio: 1 },
        limit: { context: 1048576, output: 65536 },
      },
      'gemini-image': {
        id: 'gemini-image',
        modalities: { input: ['text'], output: ['image'] },
        cost: { input: 0.3, output: 30 },
        limit: { context: 32768, output: 8192 },
      },
    },
  },
};

const file = (name: string, content: unknown): string => {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
};

test('LiteLLM’s price file becomes rows, and one’s own rows win', async () => {
  const source = file('model_prices_and_context_window.json', LITELLM);
  const { models } = JSON.parse((await run('models', 'import', source, '--json')).out);
  expect(models).toEqual({
    'gpt-4o-mini': {
      price: { input: 0.16, output: 0.61, cached_input: 0.075 },
      context: 128000,
      max_output: 16384,
      source: 'litellm model_prices_and_context_window.json',
      as_of: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
    },
    'deepseek-next': expect.objectContaining({
      provider: 'deepseek',
      price: { input: 0.27, output: 1.1 },
      capabilities: ['tools', 'json_object', 'json_schema', 'reasoning', 'streaming'],
    }),
  });
  const { out } = await run('models', 'import', source);
  expect(out).toContain(
    '2 models imported; 1 kept as your config has them; left out: 1 that don’t chat, 1 of providers',
  );
});

test('models.dev’s file becomes rows, and --write puts them where they are read', async () => {
  const source = file('api.json', MODELS_DEV);
  const config = file(
    'own.yaml',
    '# mine\nmodels:\n    own: { provider: openai, price: 1/2 } # kept\ncache: { ttl: 2h }\n',
  );
  const written = await run('models', 'import', source, '--write', config);
  expect(written).toMatchObject({ code: 0, out: expect.stringContaining('1 model imported') });
  const text = readFileSync(config, 'utf8');
  expect(text).toMatch(
    /^# mine\nmodels:\n {4}gemini-next: \{ provider: "gemini", price: \{ input: 0\.3, output: 2\.5, cached_input: 0\.075, audio_input: 1 \}/,
  );
  expect(text).toContain('own: { provider: openai, price: 1/2 } # kept\ncache: { ttl: 2h }\n');
  expect(existsSync(`${config}.before-import`)).toBe(false);
  const again = await run('models', 'import', source, '--write', config);
  expect(again.out).toContain('0 models imported; 1 kept');
  const fresh = join(folder, 'fresh.yaml');
  expect((await run('models', 'import', source, '--write', fresh, '--provider', 'gemini')).code).toBe(0);
  expect(readFileSync(fresh, 'utf8')).toMatch(/^models:\n {2}gemini-next:/);
  expect((await run('models', 'import', file('other.json', '{"a":1}'))).out).toContain('neither LiteLLM');
});
