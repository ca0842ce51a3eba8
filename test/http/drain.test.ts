// Hazards of the process: drain, a second signal, kill -9. A child process, as a user starts it.
import { spawn, spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import Database from 'libsql';
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { startUpstream, type ScriptedUpstream } from '../support/scripted-upstream.ts';
import { dataOf, ensureBuilt, open, scriptedConfig, send, startChild, type ChildQuorum } from '../support/program.ts';

let upstream: ScriptedUpstream;
const children: ChildQuorum[] = [];
const CLI = resolve(import.meta.dirname, '../../dist/cli.js');
beforeAll(ensureBuilt, 60_000);
beforeEach(async () => {
  upstream = await startUpstream();
});
afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.clear()));
  await upstream.close();
});

async function start(grace: string, folder?: string): Promise<ChildQuorum> {
  const config = scriptedConfig(upstream, { more: { server: { shutdown_grace: grace } } });
  const child = await startChild({ config, ...(folder !== undefined && { folder }) });
  children.push(child);
  return child;
}

async function textOf(stream: AsyncIterable<unknown>): Promise<string> {
  let text = '';
  for await (const part of stream) text += String(part);
  return text;
}

const ask = (child: ChildQuorum, content: string, model = 'alpha') =>
  open(`${child.url}/v1/chat/completions`, { body: { model, stream: true, messages: [{ role: 'user', content }] } });

test('drain: what is under way finishes, nothing new comes in, exit 0', async () => {
  upstream.reply('alpha', { content: 'a b c d e f', chunkDelayMs: 100 });
  const child = await start('20s');
  const running = await ask(child, 'slowly');
  child.process.kill('SIGTERM');
  await child.says('draining');
  for (const path of ['/readyz', '/v1/models']) {
    const { status, headers } = await send(`${child.url}${path}`, { headers: { connection: 'keep-alive' } });
    expect([path, status, headers.connection]).toEqual([path, 503, 'close']);
  }
  expect(dataOf(await textOf(running)).at(-1)).toBe('[DONE]');
  expect(await child.ended).toBe(0);
});

test('drain: a stream that outlasts the grace ends with an error event', async () => {
  upstream.reply('alpha', { stall: 'mid-stream' });
  const child = await start('300ms');
  const running = await ask(child, 'for ever');
  const text = textOf(running);
  child.process.kill('SIGTERM');
  await child.says('draining');
  expect(dataOf(await text).at(-1)).toContain('shutting_down');
  expect(await text).not.toContain('[DONE]');
  expect(await child.ended).toBe(0);
});

test('drain: streams of several models, whole answers and passed-through ones end with an error, not in silence', async () => {
  upstream.reply('*', { stall: true });
  const child = await start('300ms');
  const several = ask(child, 'several', 'quorum/dual').then(textOf);
  const whole = send(`${child.url}/v1/chat/completions`, {
    body: { model: 'beta', messages: [{ role: 'user', content: 'whole' }] },
  });
  await upstream.received(3);
  child.process.kill('SIGTERM');
  expect(await several).toContain('"code":"shutting_down"');
  const answer = await whole;
  expect([answer.status, answer.json().error.code]).toEqual([503, 'shutting_down']);
  expect(answer.headers['retry-after']).toBe('1');
  expect(await child.ended).toBe(0);
  expect((await upstream.aborted(3)).length).toBe(3);
});

test('a second signal ends it now', async () => {
  upstream.reply('*', { stall: 'mid-stream' });
  const child = await start('60s');
  const running = await ask(child, 'for ever');
  const cut = textOf(running).catch(() => 'cut');
  child.process.kill('SIGTERM');
  await child.says('draining');
  child.process.kill('SIGINT');
  expect(await child.ended).toBe(130);
  await cut;
});

test('kill -9: what is on the disk, milliseconds after the answer, is on record after the next start', async () => {
  const child = await start('1s');
  const answered = await send(`${child.url}/v1/chat/completions`, {
    body: { model: 'alpha', messages: [{ role: 'user', content: 'remember this' }] },
  });
  const id = String(answered.headers['x-request-id']);
  const file = new Database(join(child.folder, 'quorum.db'), { readonly: true });
  const stored = file.prepare('SELECT id FROM requests WHERE id = ?');
  await vi.waitFor(() => expect(stored.get(id)).toBeDefined(), { timeout: 2_000, interval: 5 });
  file.close();
  child.process.kill('SIGKILL');
  expect(await child.ended).toBe('SIGKILL');
  const next = await start('1s', child.folder);
  const record = await send(`${next.url}/v1/requests/${id}`);
  expect([record.status, record.json().id]).toEqual([200, id]);
});

const HAS_SCRIPT = process.platform === 'linux' && spawnSync('script', ['--version']).status === 0;

// In .ci/run there is one.
test.skipIf(!HAS_SCRIPT)('closed-window: the program ends with the terminal that it was started in', async () => {
  const child = await start('1s');
  child.process.kill('SIGTERM');
  await child.ended;
  const command = `"${process.execPath}" "${CLI}" --config "${child.config}" --port 0`;
  const terminal = spawn('script', ['-qfec', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'ignore'] });
  let shown = '';
  terminal.stdout.on('data', (part: Buffer) => (shown += String(part)));
  await vi.waitFor(() => expect(shown).toContain('is ready'), { timeout: 10_000, interval: 20 });
  const url = /listening on (http:\S+:\d+)/.exec(shown)![1]!;
  expect((await send(`${url}/livez`)).status).toBe(200);
  terminal.kill('SIGKILL');
  await vi.waitFor(() => expect(send(`${url}/livez`)).rejects.toThrow(/ECONNREFUSED/), {
    timeout: 5_000,
    interval: 50,
  });
});

test('a port that is taken is told in words, with exit code 1', async () => {
  const child = await start('1s');
  const second = startChild({ port: Number(new URL(child.url).port) });
  await expect(second).rejects.toThrow(/\(1\)[^]*Port \d+ on 127\.0\.0\.1 is taken/);
});

/** Tells on stderr, at the end, how often it was written to stdout. */
const COUNTS_WRITES = `data:text/javascript,${encodeURIComponent(`
  let times = 0;
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = (...given) => { times += 1; return write(...given); };
  process.on('exit', () => process.stderr.write('lines written: ' + times + ';'));
`)}`;

test('closed-output: whoever reads the log may leave, and the program goes on and says no more than before', async () => {
  const child = await startChild({
    config: scriptedConfig(upstream),
    env: { NODE_OPTIONS: `--import=${COUNTS_WRITES}` },
  });
  children.push(child);
  child.process.stdout!.destroy();
  for (let times = 0; times < 5; times += 1)
    expect(dataOf(await textOf(await ask(child, 'go on'))).at(-1)).toBe('[DONE]');
  child.process.kill('SIGTERM');
  expect(await child.ended).toBe(0);
  expect(Number(/lines written: (\d+);/.exec(child.output())?.[1])).toBeLessThan(40);
});
