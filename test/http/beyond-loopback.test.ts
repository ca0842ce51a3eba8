// Who gets in, and what the program says of it when it starts: on loopback, beyond it, with keys and without.
import { spawn } from 'node:child_process';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { ensureBuilt, send, startChild, startQuorum, type ChildQuorum, type Heard } from '../support/program.ts';

const ADMIN = 'sk-admin-0123456789';
const SCRAPER = 'sk-metrics-0123456789';
const children: ChildQuorum[] = [];
beforeAll(ensureBuilt, 60_000);
afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.clear()));
});

async function start(options: Parameters<typeof startChild>[0]): Promise<ChildQuorum> {
  const child = await startChild(options);
  children.push(child);
  return child;
}

/** Runs the line that the program printed, as a user pastes it. */
function paste(child: ChildQuorum, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const line = /^ {2}(curl .*)$/m.exec(child.output())?.[1];
  expect(line, child.output()).toBeDefined();
  return new Promise((resolve) => {
    const shell = spawn('sh', ['-c', `${line} -sS`], {
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    shell.stdout.on('data', (part) => (text += String(part)));
    shell.stderr.on('data', (part) => (text += String(part)));
    shell.on('close', () => resolve(text));
  });
}

const OPEN = 'open to everybody on this machine';
const metrics = (url: string, key?: string): Promise<Heard> =>
  send(`${url}/metrics`, { headers: key === undefined ? {} : { authorization: `Bearer ${key}` } });

test('on loopback without a key: open, said once, and the curl line works', async () => {
  const child = await start({});
  expect(child.output().split(OPEN)).toHaveLength(2);
  expect(JSON.parse(await paste(child))).toMatchObject({ object: 'chat.completion' });
  expect((await metrics(child.url)).status).toBe(200);
});

test('on loopback with a key: not open, not said, and the curl line works with it', async () => {
  const first = await start({ env: { QUORUM_ADMIN_KEY: ADMIN } });
  const made = await send(`${first.url}/admin/v1/keys`, {
    body: { name: 'ci' },
    headers: { authorization: `Bearer ${ADMIN}` },
  });
  const { secret } = JSON.parse(made.text) as { secret: string };
  first.process.kill('SIGTERM');
  expect(await first.ended).toBe(0);
  const child = await start({ folder: first.folder });
  expect(child.output()).not.toContain(OPEN);
  expect(JSON.parse(await paste(child, { QUORUM_KEY: secret }))).toMatchObject({ object: 'chat.completion' });
  expect(JSON.parse(await paste(child))).toMatchObject({ error: { code: 'invalid_api_key' } });
});

test('beyond loopback: not open, the curl line works with the admin key, the metrics need a key', async () => {
  const child = await start({ env: { QUORUM_HOST: '0.0.0.0', QUORUM_ADMIN_KEY: ADMIN } });
  expect(child.output()).not.toContain(OPEN);
  expect(child.output()).toContain('curl http://127.0.0.1:');
  expect(child.output()).not.toContain(ADMIN);
  expect(JSON.parse(await paste(child, { QUORUM_ADMIN_KEY: ADMIN }))).toMatchObject({ object: 'chat.completion' });
  const here = child.url.replace('0.0.0.0', '127.0.0.1');
  const refused = await metrics(here);
  expect([refused.status, refused.json().error.code]).toEqual([401, 'invalid_api_key']);
  expect((await metrics(here, 'sk-other')).status).toBe(401);
  expect((await metrics(here, ADMIN)).text).toContain('quorum_requests_total');
  for (const path of ['/livez', '/readyz']) expect((await send(here + path)).status).toBe(200);
});

test('an IPv6 address may stand in brackets; in the curl line it is quoted, since zsh takes brackets for a pattern', async () => {
  const child = await start({ env: { QUORUM_HOST: '[::1]' } });
  expect(child.url).toMatch(/^http:\/\/\[::1\]:\d+$/);
  expect(child.output()).toContain(`curl '${child.url}/v1/chat/completions'`);
  expect(JSON.parse(await paste(child))).toMatchObject({ object: 'chat.completion' });
});

test('an address that this machine has not: said in words', async () => {
  const env = { QUORUM_HOST: '192.0.2.1', QUORUM_ADMIN_KEY: ADMIN };
  await expect(startChild({ env })).rejects.toThrow(
    /This machine has no address 192\.0\.2\.1: choose another with --host/,
  );
});

test('beyond loopback without an admin key it doesn’t start, and says what to do', async () => {
  const failure = await startChild({ env: { QUORUM_HOST: '0.0.0.0' } }).catch((error: unknown) => error as Error);
  expect(failure).toMatchObject({ message: expect.stringMatching(/server\.host: .*set QUORUM_ADMIN_KEY/) });
});

test('the metrics have a key of their own where the config gives them one', async () => {
  const quorum = await startQuorum({ config: { server: { metrics_key: SCRAPER } } });
  try {
    expect((await metrics(quorum.url)).status).toBe(401);
    expect((await metrics(quorum.url, SCRAPER)).status).toBe(200);
    const admin = await send(`${quorum.url}/admin/v1/keys`, { headers: { authorization: `Bearer ${SCRAPER}` } });
    expect(admin.status).toBe(401);
  } finally {
    await quorum.stop();
  }
});
