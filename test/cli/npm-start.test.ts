// `npm start`: what it installs and builds, alone and beside others, and how it ends with npm.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { ensureBuilt } from '../support/program.ts';

const SCRIPTS = resolve(import.meta.dirname, '../../scripts');
beforeAll(ensureBuilt, 60_000);

const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), 'quorum-npm-start-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
};

interface Started {
  readonly shell: ChildProcess;
  said(): string;
  says(text: string): Promise<void>;
  /** Everybody who could have said something is gone. */
  readonly silent: Promise<unknown>;
}

/** As npm does it: a shell between, which passes no signal on. */
function start(script: string, env: Readonly<Record<string, string>> = {}): Started {
  const shell = spawn('sh', ['-c', `"${process.execPath}" "${script}"; true`], {
    env: { PATH: process.env['PATH'], npm_lifecycle_event: 'start', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  shell.stdout.on('data', (part: Buffer) => (said += String(part)));
  return {
    shell,
    said: () => said,
    says: (text) => vi.waitFor(() => expect(said).toContain(text), { timeout: 10_000, interval: 20 }),
    silent: once(shell.stdout, 'close'),
  };
}

/** A clone whose build waits for the file `go`, and notes that it was run. */
function clone(): {
  readonly script: string;
  put(path: string, text: string): void;
  has(path: string): boolean;
  read(path: string): string;
} {
  const root = folder();
  const put = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  for (const name of ['start.mjs', 'ready.mjs']) put(`scripts/${name}`, readFileSync(join(SCRIPTS, name), 'utf8'));
  put('package.json', readFileSync(join(SCRIPTS, '../package.json'), 'utf8'));
  put('package-lock.json', '{}');
  put('node_modules/.package-lock.json', '{}');
  put('src/main.ts', '');
  put('dist/cli.js', `process.stdout.write('serves');`);
  put(
    'scripts/build.mjs',
    `import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
     appendFileSync('builds', 'x');
     const timer = setInterval(() => {
       if (!existsSync('go')) return;
       clearInterval(timer);
       writeFileSync('dist/.built', '');
     }, 10);`,
  );
  return {
    script: join(root, 'scripts/start.mjs'),
    put,
    has: (path) => existsSync(join(root, path)),
    read: (path) => readFileSync(join(root, path), 'utf8'),
  };
}

test('when npm and its shell are told to end, so does the server', async () => {
  const home = folder();
  writeFileSync(join(home, 'quorum.yaml'), 'storage: { url: "sqlite::memory:" }');
  const program = start(join(SCRIPTS, 'start.mjs'), { QUORUM_CONFIG: join(home, 'quorum.yaml'), QUORUM_PORT: '0' });
  await program.says('is ready');
  program.shell.kill('SIGTERM');
  await program.says('"stopped"');
});

test('told to end while it still builds, it serves nobody', async () => {
  const { script, put } = clone();
  const program = start(script);
  await program.says('Building');
  program.shell.kill('SIGTERM');
  await once(program.shell, 'exit');
  put('go', '');
  await program.silent;
  expect(program.said()).not.toContain('serves');
});

test('of two at once one builds, the other waits for it, and both serve', async () => {
  const { script, put, has, read } = clone();
  const first = start(script);
  await first.says('Building');
  const second = start(script);
  await second.says('waiting for it');
  put('go', '');
  await Promise.all([first.silent, second.silent]);
  expect([first.said(), second.said()]).toEqual([expect.stringContaining('serves'), expect.stringContaining('serves')]);
  expect([read('builds'), has('.preparing')]).toEqual(['x', false]);
});

test('packages are installed by the npm that runs it; where there is none, that is said', async () => {
  const { script, put, has } = clone();
  put('package-lock.json', '{ "newer": true }');
  put('node_modules/.package-lock.json', '{}');
  utimesSync(join(dirname(script), '../node_modules/.package-lock.json'), 1, 1);
  put('go', '');
  const without = spawnSync(process.execPath, [script], { env: { PATH: dirname(script) }, encoding: 'utf8' });
  expect([without.status, without.stderr]).toEqual([1, expect.stringContaining("npm can't be run: ")]);
  put(
    'npm/npm-cli.js',
    `import { writeFileSync } from 'node:fs'; writeFileSync('node_modules/.package-lock.json', '{}');`,
  );
  const program = start(script, { npm_execpath: join(dirname(script), '../npm/npm-cli.js') });
  await program.silent;
  expect(program.said()).toMatch(/Installing packages …\nBuilding …\nserves/);
  expect(has('.preparing')).toBe(false);
});

test('a Node that is too old is told in a sentence', async () => {
  const { script } = clone();
  const old = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.18.1' } });`;
  const { status, stderr } = spawnSync(process.execPath, [script], {
    env: { PATH: process.env['PATH'], NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(old)}` },
    encoding: 'utf8',
  });
  expect([status, stderr]).toEqual([
    1,
    expect.stringMatching(/^Quorum needs Node 20\.19 or newer; this is 20\.18\.1 \(/),
  ]);
});

test.each([
  ['killed while it built', () => String(spawnSync('true').pid)],
  ['killed, in a container where the next one has its number', () => 'own'],
  ['without room to write its number', () => ''],
])('what one left that was %s keeps nobody from building', async (_, left) => {
  const { script, put, has, read } = clone();
  put('.preparing', left());
  const file = join(dirname(script), '../.preparing');
  utimesSync(file, 1, 1);
  const own =
    left() === 'own' ? `import fs from 'node:fs'; fs.writeFileSync(${JSON.stringify(file)}, String(process.pid));` : '';
  put('go', '');
  const program = start(script, { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(own)}` });
  await program.silent;
  expect([program.said(), read('builds'), has('.preparing')]).toEqual([expect.stringContaining('serves'), 'x', false]);
});
