// What `quorum check` and `quorum models` print, and how they end.
import { describe, expect, it } from 'vitest';
import { runCheck } from '../../src/cli/check.ts';
import { runModels } from '../../src/cli/models.ts';
import type { Probe, ProbeResult } from '../../src/config/index.ts';
import { configFile } from './support.ts';

interface Checked {
  readonly providers: readonly { readonly name: string }[];
}

type Run = { readonly code: number; readonly text: string; readonly json: () => Checked };

const answers =
  (table: Readonly<Record<string, ProbeResult>>): Probe =>
  ({ name }) =>
    Promise.resolve(table[name] ?? { kind: 'silent', reason: 'nothing listens there', ms: 1 });

async function run(
  verb: typeof runCheck | typeof runModels,
  yaml: string,
  env: Record<string, string> = {},
  table: Readonly<Record<string, ProbeResult>> = {},
  json = false,
): Promise<Run> {
  let text = '';
  const code = await verb({
    config: configFile(`${yaml}\nstorage: { url: "sqlite::memory:" }`),
    env,
    json,
    port: '0',
    probe: answers(table),
    write: (more) => void (text += more),
  });
  return { code, text, json: () => JSON.parse(text) as Checked };
}

const HOUSE =
  'providers: { house: { base_url: "http://user:pw@10.0.0.5/v1", api_key: "${HOUSE_KEY}" } }\nmodels: { mine: { provider: house, price: 1/2 } }';
const LISTED: ProbeResult = { kind: 'answered', models: ['mine', 'other'], ms: 12 };

describe('check', () => {
  it('without any key: the simulated models will do; says which variables to set', async () => {
    const { code, text } = await run(runCheck, '');
    expect(code).toBe(0);
    expect(text).toMatch(/openai +no key: set OPENAI_API_KEY/);
    expect(text).toMatch(/sandbox +simulated: answers while no real model can; 8 models usable/);
    expect(text).toContain('balanced (default): sandbox-scholar');
    expect(text).not.toContain('ollama');
  });

  it('with a key: asks the provider, never prints the key', async () => {
    const { code, text } = await run(runCheck, HOUSE, { HOUSE_KEY: 'sk-house' }, { house: LISTED });
    expect(code).toBe(0);
    expect(text).toMatch(/house +reachable in 12 ms: lists 2 models, key from HOUSE_KEY; 1 model usable/);
    expect(text).not.toMatch(/sk-house|pw@/);
  });

  it.each([
    ['refuses the key', { kind: 'refused', status: 401, ms: 3 }, 'refused', 1],
    ['nothing listens there', { kind: 'silent', reason: 'nothing listens there', ms: 3 }, 'unreachable', 1],
    ['answers 500', { kind: 'refused', status: 500, ms: 3 }, 'refused', 1],
    ['lists no models', { kind: 'refused', status: 404, ms: 3 }, 'reachable', 0],
  ] as const)('a provider that %s', async (detail, answer, status, code) => {
    const checked = await run(runCheck, HOUSE, { HOUSE_KEY: 'sk-house' }, { house: answer }, true);
    expect(checked.code).toBe(code);
    const house = checked.json().providers.find(({ name }) => name === 'house');
    expect(house).toMatchObject({
      status,
      detail: expect.stringContaining(detail),
      key: 'set',
      key_variable: 'HOUSE_KEY',
      base_url: 'http://***@10.0.0.5/v1',
    });
    expect(checked.text).not.toContain('sk-house');
  });

  it('a key that is there and refused, a server that is named and silent: neither is asked for again', async () => {
    const refused: ProbeResult = { kind: 'refused', status: 401, ms: 3 };
    const { code, text } = await run(runCheck, HOUSE, { HOUSE_KEY: 'sk-house' }, { house: refused });
    expect(code).toBe(1);
    expect(text).toContain('No model can be used: see why not at house above.');
    const silent = await run(runCheck, 'providers: { box: { base_url: "http://a/v1" } }\nmodels: { mine: box }');
    expect(silent.text).toContain('No model can be used: see why not at box above.');
  });

  it('a local server that nobody runs is told only where the config names it', async () => {
    const named = await run(runCheck, 'providers: { ollama: "http://127.0.0.1:11434/v1" }');
    expect(named.text).toMatch(/!! ollama +unreachable in 1 ms: nothing listens there/);
    expect(named.text).not.toContain('vllm');
    expect(named.code).toBe(0);
  });

  it('takes flags as start does', async () => {
    for (const [flag, said] of [
      [{ host: '0.0.0.0' }, /flag --host server\.host: listening on 0\.0\.0\.0/],
      [{ port: '99999' }, /flag --port server\.port: expected a whole number/],
      [{ logLevel: 'loud' }, /flag --log-level server\.log_level: expected one of/],
    ] as const) {
      let text = '';
      const write = (more: string): void => void (text += more);
      expect(await runCheck({ config: configFile(''), env: {}, probe: answers({}), write, ...flag })).toBe(1);
      expect(text).toMatch(said);
    }
  });

  it('a missing key is told with its variable, and nothing left is a failure', async () => {
    const checked = await run(runCheck, `${HOUSE}\nsandbox: false`, {}, {}, true);
    expect(checked.code).toBe(1);
    expect(checked.json()).toMatchObject({
      ok: false,
      models: { usable: 0 },
      warnings: [expect.stringContaining('No model can be used')],
    });
    expect((await run(runCheck, `${HOUSE}\nsandbox: false`)).text).toMatch(
      /house +no key: set HOUSE_KEY[^]*No model can be used: set a provider’s key/,
    );
  });

  it('a bad config: all problems, and nothing is asked', async () => {
    const { code, text } = await run(runCheck, 'servr: 1\ncache: { ttl: x }');
    expect(code).toBe(1);
    expect(text).toMatch(
      /^The config has 2 problems:\n.*:1:1 servr: unknown key.*\n.*:2:15 cache.ttl: expected a duration/,
    );
    const { text: json, code: jsonCode } = await run(runCheck, 'servr: 1', {}, {}, true);
    expect([jsonCode, JSON.parse(json)]).toMatchObject([1, { ok: false, problems: [{ line: 1, path: 'servr' }] }]);
  });

  it('warnings come along', async () => {
    expect((await run(runCheck, '', { MODEL_TIER: 'fastest' })).text).toContain(
      'warning: environment MODEL_TIER: there is no tier "fastest"; using "balanced"',
    );
  });
});

describe('models', () => {
  it('lists price, context and usability, usable ones first', async () => {
    const { code, text } = await run(runModels, HOUSE, { HOUSE_KEY: 'sk-house' });
    expect(code).toBe(0);
    const lines = text.split('\n');
    expect(lines[1]).toMatch(/^mine +house +1 \/ 2 +128k +usable$/);
    expect(text).toMatch(/gpt-4o-mini +openai +0.15 \/ 0.6 +128k +set OPENAI_API_KEY/);
    expect(text).toMatch(/sandbox-sage .*steps aside/);
    expect(text).toMatch(/1 of \d+ models can be used/);
  });

  it('as JSON', async () => {
    const rows = (await run(runModels, HOUSE, { HOUSE_KEY: 'k' }, {}, true)).json() as unknown as readonly Record<
      string,
      unknown
    >[];
    expect(rows[0]).toMatchObject({
      name: 'mine',
      usable: true,
      reason: null,
      price: { input: 1, cached_input: 1, output: 2 },
      tiers: ['speed', 'balanced', 'cost', 'premium'],
    });
    expect(rows.find(({ name }) => name === 'gpt-4o')).toMatchObject({
      usable: false,
      reason: 'set OPENAI_API_KEY',
      max_output: 16_384,
    });
  });

  it('of a bad config: the problems', async () => {
    expect(await run(runModels, 'nonsense: 1')).toMatchObject({
      code: 1,
      text: expect.stringContaining('unknown key "nonsense"'),
    });
  });
});
