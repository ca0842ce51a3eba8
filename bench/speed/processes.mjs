// Starts the processes of a measurement, each on its processor, and sees to it that none is left.
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { processorUs } from './processor-time.mjs';
import { configText } from './setting.mjs';

const HERE = import.meta.dirname;
const READY_WITHIN_MS = 20_000;
const STOPS_WITHIN_MS = 5_000;

/** The proxy has a processor to itself; load and upstream share another. */
export const pinned = availableParallelism() > 1 && spawnSync('taskset', ['-c', '0,1', 'true']).status === 0;
const PROXY_CORE = 0;
const REST_CORE = 1;

const running = new Set();
export const scratch = mkdtempSync(join(tmpdir(), 'quorum-speed-'));

/** Also for `exit`: nothing here waits. */
function endAll() {
  for (const child of running) child.kill('SIGKILL');
  rmSync(scratch, { recursive: true, force: true, maxRetries: 3 });
}
process.on('exit', endAll);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));

function start(core, argv, options) {
  const [command, ...rest] = pinned
    ? ['taskset', '-c', String(core), process.execPath, ...argv]
    : [process.execPath, ...argv];
  const child = spawn(command, rest, options);
  running.add(child);
  child.on('exit', () => running.delete(child));
  return child;
}

const isOver = (child) => child.exitCode !== null || child.signalCode !== null;

async function stop(child) {
  if (isOver(child)) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await Promise.race([ended, pause(STOPS_WITHIN_MS, null, { ref: false })]);
  if (isOver(child)) return;
  child.kill('SIGKILL');
  await ended;
}

/** A process of ours that answers messages. */
async function helper(core, file, args = []) {
  const child = start(core, [join(HERE, file), ...args], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const message = () =>
    new Promise((resolve, reject) => {
      const gone = () => reject(new Error(`${file} ended before it answered`));
      child.once('exit', gone);
      child.once('message', (what) => {
        child.off('exit', gone);
        if (what.error === undefined) resolve(what);
        else reject(new Error(what.error));
      });
    });
  const first = await message();
  return {
    pid: child.pid,
    port: first.port,
    async ask(what) {
      const answer = message();
      child.send(what);
      return answer;
    },
    stop: () => stop(child),
  };
}

export const startUpstream = () => helper(REST_CORE, 'upstream.mjs');
export const startBare = (upstream) => helper(PROXY_CORE, 'bare.mjs', [`http://127.0.0.1:${upstream.port}`]);

export async function startLoad() {
  const load = await helper(REST_CORE, 'load.mjs');
  return { ...load, run: async (task, options) => (await load.ask({ task, options })).result };
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

const bareEnvironment = () =>
  Object.fromEntries(
    Object.entries(process.env).filter(([name]) => /^(PATH|HOME|TMPDIR|TZ|LANG|SYSTEMROOT)$/i.test(name)),
  );

let started = 0;

/** Quorum as it ships, in a folder of its own, its log in a file. `nodeArgs`: for a profile; `more`: further lines of the config; `prepare`: gets the folder. */
export async function startQuorum({
  dist,
  upstream,
  cache = false,
  nodeArgs = [],
  everyMs = 20,
  more = '',
  env = {},
  prepare = () => {},
}) {
  const folder = join(scratch, `quorum-${(started += 1)}`);
  mkdirSync(folder);
  writeFileSync(join(folder, 'bench.yaml'), configText(upstream.port, cache) + more);
  await prepare(folder);
  const port = await freePort();
  const log = openSync(join(folder, 'log'), 'w');
  const from = performance.now();
  const child = start(
    PROXY_CORE,
    [...nodeArgs, join(dist, 'cli.js'), '--config', 'bench.yaml', '--port', String(port)],
    { cwd: folder, env: { ...bareEnvironment(), ...env }, stdio: ['ignore', log, log] },
  );
  closeSync(log);
  while (!(await isReady(port))) {
    if (isOver(child) || performance.now() - from > READY_WITHIN_MS)
      throw new Error(`Quorum didn't start:\n${readFileSync(join(folder, 'log'), 'utf8').slice(-4_000)}`);
    await pause(everyMs);
  }
  return {
    pid: child.pid,
    port,
    folder,
    readyMs: performance.now() - from,
    readyProcessorUs: processorUs(child.pid),
    stop: () => stop(child),
  };
}

const isReady = (port) =>
  fetch(`http://127.0.0.1:${port}/readyz`).then(
    (response) => response.ok,
    () => false,
  );
