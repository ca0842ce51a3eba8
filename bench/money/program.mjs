// Starts the processes of a run: the models with their books, and the program itself with budgets that run out.
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { processorUs } from '../speed/processor-time.mjs';
import { MAX_OUTPUT, MODELS, PRICES } from './script.mjs';

export const ADMIN_KEY = 'admin-of-the-bench-0123456789';
const READY_WITHIN_MS = 60_000;

export async function startUpstream(dist, faults) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'upstream.mjs'), dist, String(faults)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const message = () => new Promise((resolve) => child.once('message', resolve));
  const { port } = await message();
  return {
    port,
    books() {
      const answer = message();
      child.send('books');
      return answer;
    },
    stop: () => child.kill('SIGKILL'),
  };
}

const QUALITY = { quick: 5, plain: 6, clever: 7.5, deep: 8.5 };

/** The config as an object: YAML reads JSON. */
export const configOf = (upstreamPort, database, more = {}) => ({
  server: { port: 0, admin_key: ADMIN_KEY },
  storage: { url: `sqlite:${database}` },
  providers: { bench: { base_url: `http://127.0.0.1:${upstreamPort}/v1`, api_key: 'no-secret', max_retries: 1 } },
  models: Object.fromEntries(
    MODELS.map((name) => [
      name,
      {
        provider: 'bench',
        price: PRICES[name],
        context: 128_000,
        max_output: MAX_OUTPUT,
        quality: QUALITY[name],
        family: name,
        timeouts: { connect: '1s', first_token: '600ms', idle: '600ms', total: '1s' },
      },
    ]),
  ),
  tiers: { bench: { models: MODELS, chairman: 'clever' } },
  default_tier: 'bench',
  routing: { explore: 0, deadline: '20s' },
  council: { members: 3, member_timeout: '1s', chairman_timeout: '1s' },
  cache: false,
  sandbox: false,
  ...more,
});

/** `node dist/cli.js` in its folder; ready when it says so over HTTP. */
export async function startQuorum({ dist, folder, config, name = 'quorum' }) {
  const file = join(folder, `${name}.yaml`);
  const logFile = join(folder, `${name}.log`);
  writeFileSync(file, JSON.stringify(config));
  const log = openSync(logFile, 'w');
  const from = performance.now();
  const child = spawn(process.execPath, [join(dist, 'cli.js'), '--config', file, '--port', '0', '--json'], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: process.env.HOME },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code)));
  let url = null;
  for (; url === null; await pause(5)) {
    const said = readFileSync(logFile, 'utf8');
    url = /listening on (http:\/\/[^\s"]+)/.exec(said)?.[1] ?? null;
    if (child.exitCode !== null || performance.now() - from > READY_WITHIN_MS)
      throw new Error(`Quorum didn't start:\n${said.slice(-4_000)}`);
  }
  while (
    !(await fetch(`${url}/readyz`).then(
      (answer) => answer.ok,
      () => false,
    ))
  )
    await pause(5);
  return {
    url,
    pid: child.pid,
    readyMs: performance.now() - from,
    /** Processor time until then: what remains of it on a crowded machine. */
    readyProcessorMs: processorUs(child.pid) / 1_000,
    log: () => readFileSync(logFile, 'utf8'),
    kill: () => child.kill('SIGKILL'),
    ended,
    async stop() {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

/** An administration's answer, parsed; throws on anything but success. */
export async function admin(url, method, path, body) {
  const answer = await fetch(`${url}/admin/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return JSON.parse(text);
}

/** Ten keys in two teams: each key, each team and all together have a limit in USD that runs out. */
export async function handOut(url, { key, team, all }) {
  const keys = [];
  for (const id of ['red', 'blue']) {
    await admin(url, 'POST', '/teams', { id });
    await admin(url, 'POST', '/budgets', { scope: 'team', subject: id, period: 'total', limit_usd: team });
    for (let nth = 0; nth < 5; nth += 1)
      keys.push(
        await admin(url, 'POST', '/keys', {
          name: `${id}-${nth}`,
          team: id,
          budget: { limit_usd: key, period: 'total' },
        }),
      );
  }
  await admin(url, 'POST', '/budgets', { scope: 'global', period: 'total', limit_usd: all });
  return keys.map(({ id, secret, team: of }) => ({ id, secret, team: of }));
}
