// LiteLLM's configs as Quorum's: what comes along, what is listed, what is never shown.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { runImportLitellm } from '../../src/cli/import-litellm.ts';
import { readConfig } from '../../src/cli/import/read-file.ts';
import { loadConfig, resolve } from '../../src/config/index.ts';
import { chat, startQuorum } from '../support/program.ts';
import { startUpstream } from '../support/scripted-upstream.ts';
import { EXPECTED } from './litellm/expected.ts';

const FOLDER = join(import.meta.dirname, 'litellm');
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'));
const scratch = mkdtempSync(join(tmpdir(), 'quorum-import-test-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

interface Report {
  readonly config: string;
  readonly carried: readonly string[];
  readonly left: readonly { readonly path: string; readonly reason: string }[];
  readonly notes: readonly string[];
  readonly variables: readonly string[];
  readonly moved: Readonly<Record<string, string>>;
}

function run(
  file: string,
  more: { readonly json?: boolean; readonly write?: string } = {},
): { readonly code: number; readonly text: string } {
  let text = '';
  const code = runImportLitellm(file, { ...more, print: (part) => void (text += part) });
  return { code, text };
}

const reportOn = (file: string): Report => JSON.parse(run(join(FOLDER, file), { json: true }).text) as Report;

/** Every scalar, and every list or map with nothing in it, by its path. */
function leavesOf(value: unknown, path = ''): readonly string[] {
  if (Array.isArray(value) && value.length > 0) return value.flatMap((each, at) => leavesOf(each, `${path}[${at}]`));
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0) return [path];
  return Object.entries(value).flatMap(([key, each]) => leavesOf(each, path === '' ? key : `${path}.${key}`));
}

const SECRETS = [
  'sk-proj-1111',
  'sk-ant-2222',
  'sk-1234-master',
  'hunter2',
  'pk-lf-3333',
  'sk-lf-4444',
  'swordfish',
  'abcdefgh12345678',
  'verysecretvalue',
  'di-5555',
  'p4ssw0rd',
];

const standIns = (variables: readonly string[]): Record<string, string> =>
  Object.fromEntries(variables.map((name) => [name, /BASE|PROXY/.test(name) ? 'https://here.example' : 'value']));

it('there are more than twenty kinds, each with what is expected of it', () => {
  expect(FILES.length).toBeGreaterThan(20);
  expect(FILES.map((file) => file.replace('.yaml', ''))).toEqual(Object.keys(EXPECTED));
});

describe.each(FILES)('%s', (file) => {
  const report = reportOn(file);
  const expected = EXPECTED[file.replace('.yaml', '')]!;

  it('drops nothing silently: every leaf is carried over or listed with a reason', () => {
    const { data } = readConfig(join(FOLDER, file));
    const accounted = [...report.carried, ...report.left.map(({ path }) => path)];
    expect(accounted.toSorted()).toEqual(leavesOf(data).toSorted());
    expect(new Set(accounted).size).toBe(accounted.length);
    for (const { reason } of report.left) expect(reason.length).toBeGreaterThan(8);
  });

  it('gives a config that loads, whose every alias leads to a model or a tier', () => {
    const path = join(scratch, file);
    writeFileSync(path, report.config);
    const loaded = loadConfig({ file: path, env: standIns(report.variables) });
    const { settings } = resolve(loaded, { reachable: new Set(), productionMode: false });
    for (const model of Object.keys(loaded.config.models))
      expect(
        settings.usable.has(model) || settings.providers.get(settings.models.get(model)!.provider)!.keyMissing,
      ).toBe(true);
  });

  it('says what is expected', () => {
    expect(parse(report.config)).toMatchObject(expected.config);
    expect(report.left.map(({ path }) => path)).toEqual(expect.arrayContaining([...expected.left]));
    for (const note of expected.notes ?? []) expect(report.notes.join('\n')).toMatch(note);
  });

  it('shows no secret, in any form of output', () => {
    const texts = [run(join(FOLDER, file)).text, run(join(FOLDER, file), { json: true }).text].join('\n');
    for (const secret of SECRETS) expect(texts).not.toContain(secret);
  });
});

describe('the verb', () => {
  it('prints YAML whose report is comments, or writes a new file and never over another', () => {
    const file = join(FOLDER, '05-fallbacks.yaml');
    expect(parse(run(file).text)).toHaveProperty('models.claude');
    const target = join(scratch, 'new.yaml');
    expect(run(file, { write: target })).toMatchObject({
      code: 0,
      text: expect.stringContaining('Not carried over:') as string,
    });
    expect(parse(readFileSync(target, 'utf8'))).toHaveProperty('models.claude');
    expect(run(file, { write: target })).toMatchObject({
      code: 1,
      text: expect.stringContaining('is there already') as string,
    });
  });

  it.each([
    ['no file', null, 'there is no such file'],
    ['another config', 'server: { port: 1 }', 'no config of LiteLLM'],
    ['no YAML', 'model_list: [ { api_key: sk-hidden-1234567', 'isn’t YAML'],
    ['a list', '- 1', 'expected a map'],
  ])('exits 1 on %s, in words', (name, text, words) => {
    const path = join(scratch, `${name}.yaml`);
    if (text !== null) writeFileSync(path, text);
    const { code, text: said } = run(path);
    expect(code).toBe(1);
    expect(said).toContain(words);
    // The file is named once.
    expect(said.split(path)).toHaveLength(2);
    expect(said).not.toContain('sk-hidden');
  });
});

describe('end to end', () => {
  /** A LiteLLM config, its import, and Quorum running on it before a scripted upstream. */
  async function served(config: (url: string) => object, env: Record<string, string>) {
    const upstream = await startUpstream();
    const file = join(scratch, `served-${new URL(upstream.url).port}.yaml`);
    writeFileSync(file, JSON.stringify(config(upstream.url)));
    const { config: text } = JSON.parse(run(file, { json: true }).text) as Report;
    const quorum = await startQuorum({ config: { ...(parse(text) as object) }, env });
    return {
      upstream,
      url: quorum.url,
      async close() {
        await quorum.stop();
        await upstream.close();
      },
    };
  }

  it('a group of two deployments answers by its name; when the first fails the second stands in', async () => {
    const scene = await served(
      (url) => ({
        model_list: ['a', 'b'].map((name) => ({
          model_name: 'pair',
          litellm_params: { model: `openai/${name}`, api_base: url, api_key: `os.environ/KEY_${name.toUpperCase()}` },
        })),
        router_settings: { num_retries: 0 },
      }),
      { KEY_A: 'key-a', KEY_B: 'key-b' },
    );
    try {
      scene.upstream.reply('a', { status: 500 });
      const answer = await chat(scene.url, { model: 'pair' });
      expect(answer.status).toBe(200);
      expect(answer.headers['x-quorum-strategy']).toBe('single');
      const asked = scene.upstream.requests.map(({ model, headers }) => [model, headers.authorization]);
      expect(asked.at(-1)).toEqual(['b', 'Bearer key-b']);
      expect(asked.length).toBeLessThanOrEqual(2);
    } finally {
      await scene.close();
    }
  });

  it('fallbacks: the group that is asked for first, the one behind it when that fails', async () => {
    const scene = await served(
      (url) => ({
        model_list: ['main', 'spare'].map((name) => ({
          model_name: name,
          litellm_params: { model: `openai/${name}-model`, api_base: url, api_key: 'none' },
        })),
        litellm_settings: { fallbacks: [{ main: ['spare'] }], num_retries: 0 },
      }),
      {},
    );
    try {
      expect((await chat(scene.url, { model: 'main' })).headers['x-quorum-model']).toBe('main');
      scene.upstream.reply('main-model', { status: 503 });
      expect((await chat(scene.url, { model: 'main' })).headers['x-quorum-model']).toBe('spare');
      expect((await chat(scene.url, { model: 'spare' })).headers['x-quorum-model']).toBe('spare');
    } finally {
      await scene.close();
    }
  });

  it('parameters, headers, aliases and dropped fields reach the upstream as LiteLLM sent them', async () => {
    const scene = await served(
      (url) => ({
        model_list: [
          {
            model_name: 'steady',
            litellm_params: {
              model: 'openai/steady-v1',
              api_base: url,
              api_key: 'os.environ/STEADY_KEY',
              temperature: 0.2,
              extra_headers: { 'x-team': 'blue' },
              extra_body: { safe: true },
              additional_drop_params: ['logit_bias'],
            },
          },
        ],
        router_settings: { model_group_alias: { old: 'steady' } },
      }),
      { STEADY_KEY: 'key-steady' },
    );
    try {
      expect((await chat(scene.url, { model: 'old', logit_bias: { 1: 1 } })).status).toBe(200);
      const [request] = scene.upstream.requests;
      expect(request!.headers).toMatchObject({ authorization: 'Bearer key-steady', 'x-team': 'blue' });
      expect(request!.body).toMatchObject({ model: 'steady-v1', temperature: 0.2, safe: true });
      expect(request!.body).not.toHaveProperty('logit_bias');
    } finally {
      await scene.close();
    }
  });
});
