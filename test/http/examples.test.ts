// What stands in config/examples works: clients against the sandbox, configs by loading them, the extraction end to end.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { loadConfig, resolve } from '../../src/config/index.ts';
import { startUpstream } from '../support/scripted-upstream.ts';
import { send, startQuorum, type Fields } from '../support/program.ts';

const FOLDER = fileURLToPath(new URL('../../config/examples', import.meta.url));
const named = (ending: string): string[] => readdirSync(FOLDER).filter((name) => name.endsWith(ending));

async function run(
  command: string,
  args: readonly string[],
  url: string,
): Promise<{ code: number | null; text: string }> {
  const child = spawn(command, args, { cwd: FOLDER, env: { PATH: process.env['PATH'], QUORUM_URL: url } });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (text += part.toString()));
  const code = await new Promise<number | null>((done) => child.on('close', done));
  return { code, text };
}

test('the clients run against the simulated models', { timeout: 60_000 }, async () => {
  const quorum = await startQuorum();
  onTestFinished(() => quorum.stop());
  expect(named('.mjs')).toEqual(['ai-sdk.mjs', 'langchain.mjs', 'openai.mjs']);
  for (const name of named('.mjs')) {
    const { code, text } = await run(process.execPath, [name], quorum.url);
    expect([name, code, text]).toEqual([name, 0, expect.stringContaining('391')]);
    expect(text).toContain('Paris');
  }
});

// Whoever runs the suite without curl may; .ci/run installs it, so that there it is never skipped.
test.skipIf(spawnSync('curl', ['--version']).status !== 0)('so does curl', async () => {
  const quorum = await startQuorum();
  onTestFinished(() => quorum.stop());
  const { code, text } = await run('sh', ['curl.sh'], quorum.url);
  expect([code, text]).toEqual([0, expect.stringContaining('x-quorum-strategy')]);
  expect(text).toMatch(/event: quorum\.progress[^]*data: \[DONE\][^]*"decision"/);
});

const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const blocks = (language: string): readonly string[] =>
  [...README.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'gm'))].map((match) => match[1]!);

test('what the README shows runs', { timeout: 60_000 }, async () => {
  const quorum = await startQuorum();
  onTestFinished(() => quorum.stop());
  const here = (text: string): string => text.replaceAll(/(http:\/\/)?(localhost|127\.0\.0\.1):4000/g, quorum.url);
  const script = join(FOLDER, `.readme-${process.pid}.mjs`);
  onTestFinished(() => rmSync(script, { force: true }));
  writeFileSync(script, `${here(blocks('js').join('\n'))}\nconsole.log('done');`);
  expect(await run(process.execPath, [script], quorum.url)).toEqual({ code: 0, text: 'done\n' });
  if (spawnSync('curl', ['--version']).status !== 0) return;
  const commands = blocks('bash')
    .flatMap((block) => block.split('\n\n'))
    .filter((command) => /^curl /m.test(command) && !command.includes('…'));
  expect(commands.length).toBeGreaterThanOrEqual(3);
  for (const command of commands) {
    const { code, text } = await run('sh', ['-c', here(command)], quorum.url);
    expect([command, code, text]).toEqual([command, 0, expect.stringMatching(/391|"decision"|\[DONE\]/)]);
  }
});

test('the paths that the README calls missing are missing', async () => {
  const quorum = await startQuorum();
  onTestFinished(() => quorum.stop());
  const limits = /## Limits, plainly\n([^]*?)\n## /.exec(README)![1]!;
  for (const [, path] of limits.matchAll(/\(`(\/[^`]+)`\)/g))
    for (const method of ['GET', 'POST'])
      expect([path, (await send(quorum.url + path, { method })).status]).toEqual([path, 404]);
});

const KEYS = { OPENROUTER_API_KEY: 'sk-or', OPENAI_API_KEY: 'sk-o', ANTHROPIC_API_KEY: 'sk-a' };

for (const name of named('.yaml')) {
  test(`${name} loads without a warning, and its models can be asked`, () => {
    const loaded = loadConfig({ file: join(FOLDER, name), env: KEYS });
    const { settings, warnings } = resolve(loaded, { reachable: new Set(['ollama']), productionMode: false });
    expect([...loaded.warnings, ...warnings]).toEqual([]);
    const { models, configured } = settings.tiers.get(settings.defaultTier)!;
    expect(models).toEqual(configured);
    expect(models.length).toBeGreaterThanOrEqual(2);
  });
}

const TODAY = new Date().toISOString().slice(0, 10);
const gpu = (provider: string, model: string, usd_per_hour: number): Fields => ({
  provider,
  gpu: model,
  commitment: 'on_demand',
  usd_per_hour,
});
const page = (gpu_prices: readonly Fields[], input: number, load_mw: number): Fields => ({
  as_of: TODAY,
  gpu_prices,
  token_prices: [{ provider: 'Acme', model: 'big', input, output: 10 }],
  grid_load: [{ grid: 'ERCOT', hour: `${TODAY}T13:00:00Z`, load_mw, capacity_mw: 90_000 }],
});

test('the extraction task: three readers whose lists disagree become one list that is right', async () => {
  const upstream = await startUpstream();
  const folder = mkdtempSync(join(tmpdir(), 'quorum-extraction-'));
  const quorum = await startQuorum({
    config: readFileSync(join(FOLDER, 'extraction.yaml'), 'utf8'),
    env: {
      OPENROUTER_API_KEY: 'sk-or',
      OPENROUTER_BASE_URL: upstream.url,
      EXTRACTION_STORAGE: `sqlite:${join(folder, 'quorum.db')}`,
    },
  });
  onTestFinished(async () => {
    await quorum.stop();
    await upstream.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const answers: Readonly<Record<string, Fields>> = {
    // Has everything right but an item short.
    'google/gemini-3.8-flash': page([gpu('Lambda', 'H100', 2.99), gpu('RunPod', 'A100', 1.64)], 3, 61_000),
    // In another order, a price within the tolerance.
    'deepseek/deepseek-v4-pro': page(
      [gpu('Vast', 'RTX 4090', 0.35), gpu('RunPod', 'A100', 1.64), gpu('Lambda', 'H100', 3)],
      3.001,
      61_100,
    ),
    // A price that is out of range, and an item that nobody else has seen.
    'meta-llama/llama-4-maverick': page(
      [gpu('Lambda', 'H100', 299), gpu('Vast', 'RTX 4090', 0.35), gpu('RunPod', 'A100', 1.64), gpu('Ghost', 'B200', 9)],
      3,
      61_050,
    ),
  };
  // All at once, so that nobody is outvoted before having spoken.
  for (const [model, answer] of Object.entries(answers))
    upstream.reply(model, { content: JSON.stringify(answer), delayMs: 50 });
  const asked = await send(`${quorum.url}/v1/chat/completions`, {
    body: {
      model: 'auto',
      messages: [{ role: 'user', content: 'Extract GPU prices, token prices and grid load from this page: …' }],
      response_format: { type: 'json_object' },
    },
    headers: { 'x-quorum-task': 'market_data' },
  });
  expect(asked.headers).toMatchObject({ 'x-quorum-task': 'market_data', 'x-quorum-strategy': 'triple' });
  const merged = JSON.parse(asked.json().choices[0]!.message.content) as {
    as_of: string;
    gpu_prices: ReturnType<typeof gpu>[];
    token_prices: Fields[];
    grid_load: Fields[];
  };
  const prices = Object.fromEntries(merged.gpu_prices.map((each) => [each['gpu'], each['usd_per_hour']]));
  expect(merged.as_of).toBe(TODAY);
  expect(prices).toMatchObject({ A100: 1.64, 'RTX 4090': 0.35 });
  expect(prices['H100']).toBeGreaterThanOrEqual(2.99);
  expect(prices['H100']).toBeLessThanOrEqual(3);
  expect(prices).not.toHaveProperty('B200');
  expect(merged.token_prices).toHaveLength(1);
  expect(merged.token_prices[0]!['input']).toBeCloseTo(3, 2);
  expect(merged.grid_load[0]!['load_mw']).toBe(61_050);

  const record = (await send(`${quorum.url}/v1/requests/${String(asked.headers['x-request-id'])}`)).json();
  const doubtful = record.attempts.find((each) => each['upstream_model'] === 'meta-llama/llama-4-maverick');
  expect(JSON.stringify(doubtful)).toMatch(/"validator":"range"[^}]*usd_per_hour/);
  expect(JSON.stringify(record['merge'])).toContain('gpu_prices');
});
