// Starts what a run needs: the providers, and the program itself with three models at them.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const MODELS = ['alpha', 'beta', 'gamma'];
const READY_WITHIN_MS = 30_000;

export async function startProviders() {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'upstream.mjs')], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const message = () => new Promise((resolve) => child.once('message', resolve));
  const tell = (what) => {
    const answer = message();
    child.send(what);
    return answer;
  };
  const ports = await message();
  return {
    ports,
    /** By place: what changes. */
    set: (changes) => tell(Object.entries(changes).map(([place, change]) => [Number(place), change])),
    all: (change) => tell(MODELS.map((_, place) => [place, change])),
    books: () => tell('books'),
    newBooks: () => tell('new books'),
    stop: () => child.kill('SIGKILL'),
  };
}

const USUAL = { connect: '1s', first_token: '1s', idle: '60s', total: '60s' };

/** `timeouts`: of the models. */
const configOf = (ports, { timeouts = USUAL, ...more }) => ({
  server: { port: 0 },
  storage: { url: 'sqlite::memory:' },
  providers: Object.fromEntries(
    MODELS.map((name, place) => [
      name,
      { base_url: `http://127.0.0.1:${ports[place]}/v1`, api_key: 'no-secret', max_retries: 2 },
    ]),
  ),
  models: Object.fromEntries(
    MODELS.map((name, place) => [
      name,
      {
        provider: name,
        price: { input: 0.01, output: 0.01 },
        quality: 7 - place * 0.2,
        speed: 'fast',
        family: name,
        capabilities: ['tools', 'json_schema', 'streaming'],
        timeouts,
      },
    ]),
  ),
  tiers: { bench: { models: MODELS, chairman: 'alpha' } },
  default_tier: 'bench',
  routing: { explore: 0, strategy: 'single' },
  cache: false,
  sandbox: false,
  ...more,
});

async function ready(url, deadline) {
  while (Date.now() < deadline) {
    const isReady = await fetch(`${url}/readyz`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (isReady) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('Quorum does not become ready');
}

/** A fresh program, and providers that are well. */
export async function withProgram({ dist, providers, node = [] }, more, work) {
  await providers.all({ mode: 'well', latencyMs: 20, chunks: 5, everyMs: 10, chunkBytes: 40, holdMs: 0 });
  await providers.newBooks();
  const quorum = await startQuorum(dist, providers.ports, more, node);
  try {
    return await work(quorum);
  } finally {
    await quorum.stop();
  }
}

export const residentBytes = (pid) =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;

/** So that what is in use can be told from what waits to be collected. */
export const COLLECTING = ['--expose-gc', '--import', join(import.meta.dirname, 'collect.mjs')];

/** `node dist/cli.js` with these sections of the config besides, and these arguments before. */
export async function startQuorum(dist, ports, more = {}, node = []) {
  const folder = mkdtempSync(join(tmpdir(), 'quorum-stress-'));
  const file = join(folder, 'quorum.yaml');
  writeFileSync(file, JSON.stringify(configOf(ports, more)));
  const child = spawn(
    process.execPath,
    [...node, join(dist, 'cli.js'), '--config', file, '--json', '--log-level', 'info'],
    {
      cwd: folder,
      env: { PATH: process.env.PATH },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let head = '';
  let log = '';
  let exit = null;
  const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve((exit = signal ?? code))));
  const url = await new Promise((resolve, reject) => {
    const look = (part) => {
      // Of the log only what isn't a request's line is kept.
      for (const line of part.split('\n')) if (line !== '' && !line.includes('"level":"info"')) log += `${line}\n`;
      if (head.length > 20_000) return;
      head += part;
      const found = /listening on (http:\/\/[^\s"]+)/.exec(head)?.[1];
      if (found !== undefined) resolve(found);
    };
    child.stdout.setEncoding('utf8').on('data', look);
    child.stderr.setEncoding('utf8').on('data', look);
    child.once('exit', (code) => reject(new Error(`Quorum ended (${code}):\n${head}`)));
  });
  await ready(url, Date.now() + READY_WITHIN_MS);
  return {
    url,
    signal: (name) => child.kill(name),
    /** Resolves with the exit code, or the signal that ended it. */
    ended,
    hasEnded: () => exit !== null,
    /** Lines of the log, warnings and worse, that match. */
    count: (pattern) => log.split('\n').filter((line) => pattern.test(line)).length,
    /** Another config file; it is read when it is told to. */
    configure: (other) => writeFileSync(file, JSON.stringify(configOf(ports, other))),
    residentBytes: () => residentBytes(child.pid),
    /** In use after a collection: only with `COLLECTING`. */
    async bytesInUse() {
      child.kill('SIGUSR2');
      await new Promise((resolve) => setTimeout(resolve, 3_000));
      return Number(readFileSync(join(folder, 'collected'), 'utf8'));
    },
    async stop() {
      if (exit === null) child.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
