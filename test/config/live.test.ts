// The running program takes up a changed config, keeps the old one when the new one is bad, and notices local servers.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createLiveConfig, probeProvider } from '../../src/config/index.ts';
import type { LiveConfig, LiveOptions, Probe } from '../../src/config/index.ts';
import { configFile, settle } from './support.ts';

const NOTHING_THERE: Probe = () => Promise.resolve({ kind: 'silent', reason: 'nothing listens there', ms: 0 });

async function live(
  text: string,
  more: Partial<LiveOptions> = {},
): Promise<{ readonly config: LiveConfig; readonly file: string; readonly said: string[] }> {
  const file = more.file ?? configFile(text);
  const said: string[] = [];
  const log = (level: string, message: string): void => void said.push(`${level} ${message}`);
  const config = await createLiveConfig({
    env: {},
    file,
    probe: NOTHING_THERE,
    probeEveryMs: 0,
    debounceMs: 20,
    log,
    ...more,
  });
  onTestFinished(() => config.close());
  return { config, file, said };
}

const ttl = (config: LiveConfig): number => config.current().cache.ttlMs;
const HOUR = 3_600_000;

describe('a changed file', () => {
  it('is taken up by itself, and the listeners get the new settings', async () => {
    const { config, file } = await live('cache: { ttl: 1h }');
    const heard = vi.fn<(ttlMs: number) => void>();
    config.onChange((settings) => heard(settings.cache.ttlMs));
    const before = config.current();
    writeFileSync(file, 'cache: { ttl: 2h }');
    await vi.waitFor(() => expect(ttl(config)).toBe(2 * HOUR), 5_000);
    expect(heard.mock.calls).toEqual([[2 * HOUR]]);
    expect(before.cache.ttlMs).toBe(HOUR);
    expect(config.current().version).not.toBe(before.version);
  });

  it('also when an editor puts a new file in its place', async () => {
    const { config, file } = await live('cache: { ttl: 1h }');
    for (const hours of [2, 3]) {
      writeFileSync(`${file}.swp`, `cache: { ttl: ${hours}h }`);
      renameSync(`${file}.swp`, file);
      await vi.waitFor(() => expect(ttl(config)).toBe(hours * HOUR), 5_000);
    }
  });

  it('also when it is deleted first and written again', async () => {
    const { config, file } = await live('cache: { ttl: 1h }');
    rmSync(file);
    writeFileSync(file, 'cache: { ttl: 4h }');
    await vi.waitFor(() => expect(ttl(config)).toBe(4 * HOUR), 5_000);
  });

  it('also behind the swapped folder of a mounted config map', async () => {
    const folder = dirname(configFile(''));
    for (const hours of [1, 2]) {
      mkdirSync(join(folder, `..v${hours}`));
      writeFileSync(join(folder, `..v${hours}`, 'q.yaml'), `cache: { ttl: ${hours}h }`);
    }
    symlinkSync('..v1', join(folder, '..data'));
    symlinkSync('..data/q.yaml', join(folder, 'q.yaml'));
    const { config } = await live('', { file: join(folder, 'q.yaml') });
    expect(ttl(config)).toBe(HOUR);
    symlinkSync('..v2', join(folder, '..new'));
    renameSync(join(folder, '..new'), join(folder, '..data'));
    await vi.waitFor(() => expect(ttl(config)).toBe(2 * HOUR), 5_000);
  });

  it('also when it is a link to a file elsewhere, and when its folder was replaced', async () => {
    const target = configFile('cache: { ttl: 1h }');
    const file = join(dirname(configFile('')), 'link', 'q.yaml');
    mkdirSync(dirname(file));
    symlinkSync(target, file);
    const { config } = await live('', { file });
    writeFileSync(target, 'cache: { ttl: 2h }');
    await vi.waitFor(() => expect(ttl(config)).toBe(2 * HOUR), 5_000);
    renameSync(dirname(file), `${dirname(file)}-old`);
    mkdirSync(dirname(file));
    writeFileSync(file, 'cache: { ttl: 3h }');
    await vi.waitFor(() => expect(ttl(config)).toBe(3 * HOUR), 5_000);
  }, 12_000);

  it('that is bad leaves the old settings, says why once, and a repaired one is taken up', async () => {
    const { config, file, said } = await live('cache: { ttl: 1h }');
    const before = config.current();
    writeFileSync(file, 'cache: { tll: 2h }');
    await vi.waitFor(() => expect(said.join()).toContain('unknown key "tll"; did you mean "ttl"?'), 5_000);
    expect(config.current()).toBe(before);
    writeFileSync(file, 'cache: { ttl: 2h }');
    await vi.waitFor(() => expect(ttl(config)).toBe(2 * HOUR), 5_000);
    expect(said.filter((line) => line.startsWith('error'))).toHaveLength(1);
  });

  it('whose taking up fails in a way that nobody foresaw leaves the old settings and is told', async () => {
    let broken = false;
    const probe: Probe = (...about) => (broken ? Promise.reject(new Error('no room')) : NOTHING_THERE(...about));
    const { config, file, said } = await live('cache: { ttl: 1h }', { probe });
    broken = true;
    writeFileSync(file, 'cache: { ttl: 2h }');
    await vi.waitFor(() => expect(said.join()).toContain('the old settings stay: Error: no room'), 5_000);
    expect(ttl(config)).toBe(HOUR);
  });

  it('isn’t watched any more after close', async () => {
    const { config, file } = await live('cache: { ttl: 1h }');
    config.close();
    writeFileSync(file, 'cache: { ttl: 2h }');
    const { config: later } = await live('', { file });
    expect([ttl(config), ttl(later)]).toEqual([HOUR, 2 * HOUR]);
  });
});

describe('reload', () => {
  it('tells what changed, what is wrong, and what needs a restart', async () => {
    const { config, file } = await live('server: { port: 4100 }', { watch: false });
    expect(await config.reload()).toEqual({ ok: true, changed: false, warnings: [], needsRestart: [] });
    writeFileSync(file, 'server: { port: 4200, shutdown_grace: 5s, admin_key: k }\nstorage: sqlite:./other.db');
    expect(await config.reload()).toMatchObject({
      ok: true,
      changed: true,
      needsRestart: ['server.port', 'server.admin_key', 'storage.url'],
    });
    expect(config.server.port).toBe(4100);
    expect(config.parts()).toMatchObject({
      server: { port: 4100, shutdownGraceMs: 5_000, adminKey: null },
      storageUrl: 'sqlite:./data/quorum.db',
    });
    writeFileSync(file, 'budgets: [{ scope: global }]');
    expect(await config.reload()).toMatchObject({ ok: false, problems: [{ path: 'budgets[0].limit_usd', line: 1 }] });
  });

  it('takes up budgets and limits, and tells the listeners', async () => {
    const { config, file } = await live('', { watch: false });
    const heard: number[] = [];
    const leave = config.onChange((_settings, parts) => heard.push(parts.budgets.length));
    writeFileSync(file, 'budgets: [{ scope: global, limit_usd: 5 }]');
    await config.reload();
    leave();
    writeFileSync(file, '');
    await config.reload();
    expect(heard).toEqual([1]);
    expect(config.parts().budgets).toEqual([]);
  });

  it('one listener that fails is told in the log and spoils nothing', async () => {
    const { config, file, said } = await live('', { watch: false });
    const heard = vi.fn<() => void>();
    config.onChange(() => {
      throw new Error('no room');
    });
    config.onChange(heard);
    writeFileSync(file, 'cache: { ttl: 2h }');
    expect(await config.reload()).toMatchObject({ ok: true, changed: true });
    expect(heard).toHaveBeenCalledOnce();
    expect(said.join()).toContain('Error: no room');
  });

  it('many at once end with the last file', async () => {
    const { config, file } = await live('cache: { ttl: 1h }', { watch: false });
    const results = Array.from({ length: 20 }, (_, index) => {
      writeFileSync(file, `cache: { ttl: ${index + 2}h }`);
      return config.reload();
    });
    expect((await Promise.all(results)).every(({ ok }) => ok)).toBe(true);
    expect(ttl(config)).toBe(21 * HOUR);
  });

  it('that meets a file which is just being written waits for it', async () => {
    const { config, file } = await live('cache: { ttl: 2h }', { watch: false, debounceMs: 60 });
    writeFileSync(file, '');
    const reloaded = config.reload();
    setImmediate(() => writeFileSync(file, 'cache: { ttl: 3h }'));
    await reloaded;
    expect(ttl(config)).toBe(3 * HOUR);
  });

  it('a bad config at start is an error', async () => {
    await expect(live('nonsense: 1')).rejects.toThrow('unknown key "nonsense"');
  });

  it('warnings are logged at start', async () => {
    const { said } = await live('', { env: { MODEL_TIER: 'cost', NODE_ENV: 'production' } });
    expect(said).toEqual([expect.stringContaining('warn The default tier is "cost" while NODE_ENV is production')]);
  });
});

describe('local servers', () => {
  async function server(reply: string, status = 200): Promise<string> {
    const listening = createServer((request, response) => {
      seen.push(request.headers.authorization ?? '');
      response.writeHead(status, { 'content-type': 'application/json' }).end(reply);
    });
    await new Promise<void>((ready) => listening.listen(0, '127.0.0.1', ready));
    onTestFinished(() => void listening.close());
    return `http://127.0.0.1:${(listening.address() as AddressInfo).port}/v1`;
  }
  const seen: string[] = [];
  const asked = (baseUrl: string, timeoutMs = 1_000): ReturnType<Probe> => {
    const { settings } = settle(`providers: { box: { base_url: "${baseUrl}", api_key: sk-box } }`);
    return probeProvider(settings.providers.get('box')!, timeoutMs);
  };

  it('what one has installed can be asked at once', async () => {
    const baseUrl = await server('{"data":[{"id":"qwen:7b"},{"id":"all-minilm"},null,{}]}');
    const { config } = await live(`providers: { box: { base_url: "${baseUrl}", local: true } }`, {
      probe: probeProvider,
    });
    expect([...config.current().usable]).toContain('box/qwen:7b');
    expect([...config.current().usable]).not.toContain('box/all-minilm');
  });

  it('one that comes and goes is noticed', async () => {
    let there = false;
    const probe: Probe = ({ name }) =>
      there && name === 'ollama'
        ? Promise.resolve({ kind: 'answered', models: ['llama3.2:latest'], ms: 1 })
        : NOTHING_THERE({} as never, 0);
    const { config } = await live('', { probe, probeEveryMs: 15, watch: false });
    expect(config.current().usable.has('sandbox-sage')).toBe(true);
    there = true;
    await vi.waitFor(() => expect([...config.current().usable]).toEqual(['ollama/llama3.2']), 5_000);
    there = false;
    await vi.waitFor(() => expect(config.current().usable.has('sandbox-sage')).toBe(true), 5_000);
  });

  it('the address that Quorum listens on itself isn’t asked', async () => {
    const asked: string[] = [];
    const probe: Probe = (provider) => {
      asked.push(provider.name);
      return NOTHING_THERE(provider, 0);
    };
    await live('server: { port: 8000 }', { probe });
    expect(asked.toSorted()).toEqual(['llamacpp', 'lmstudio', 'ollama']);
  });

  it.each([
    ['a list of models', '{"data":[{"id":"a"}]}', 200, { kind: 'answered', models: ['a'] }],
    ['an empty one', '{"data":[]}', 200, { kind: 'answered', models: [] }],
    ['another Quorum', '{"data":[{"id":"auto"},{"id":"quorum/auto"}]}', 200, { kind: 'refused', status: null }],
    ['a page', '<html>', 200, { kind: 'refused', status: null }],
    ['something else', '[]', 200, { kind: 'refused', status: null }],
    ['nothing', 'null', 200, { kind: 'refused', status: null }],
    ['no such key', '{}', 401, { kind: 'refused', status: 401 }],
  ])('a probe that meets %s', async (_what, reply, status, result) => {
    expect(await asked(await server(reply, status))).toMatchObject(result);
    expect(seen.at(-1)).toBe('Bearer sk-box');
  });

  it('a probe of nobody, and of one who is silent, ends in time', async () => {
    expect(await asked('http://127.0.0.1:9/v1')).toMatchObject({ kind: 'silent', reason: 'nothing listens there' });
    const silent = createServer(() => undefined);
    await new Promise<void>((ready) => silent.listen(0, '127.0.0.1', ready));
    onTestFinished(() => void silent.close());
    const answer = await asked(`http://127.0.0.1:${(silent.address() as AddressInfo).port}/v1`, 60);
    expect(answer).toMatchObject({ kind: 'silent', reason: 'no answer within 60 ms' });
    expect(answer.ms).toBeLessThan(1_000);
  });
});

it('the shipped config is found when there is none here', async () => {
  const here = process.cwd();
  onTestFinished(() => process.chdir(here));
  process.chdir(dirname(configFile('')));
  const { config } = await live('', { file: undefined as never, watch: false });
  expect(existsSync(config.file)).toBe(true);
  expect(readFileSync(config.file, 'utf8')).toContain('Quorum’s configuration'.replace('’', "'"));
});
