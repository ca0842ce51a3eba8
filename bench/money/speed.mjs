// What keys, a budget for all and a budget of the key cost a request over HTTP: the program with them against the program without.
// Run: node bench/money/speed.mjs [--rounds 5] [--seconds 3] [--connections 64] [--dist DIST] [--json]
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { setTimeout as pause } from 'node:timers/promises';
import { Connection } from '../speed/connection.mjs';
import { processorUs } from '../speed/processor-time.mjs';
import { scratch, startUpstream } from '../speed/processes.mjs';
import { questions } from '../speed/traffic.mjs';
import { admin, ADMIN_KEY, startQuorum } from './program.mjs';

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '64' },
    dist: { type: 'string', default: join(import.meta.dirname, '../../dist') },
    json: { type: 'boolean', default: false },
  },
});
const [rounds, seconds, connections] = [flags.rounds, flags.seconds, flags.connections].map(Number);
const dist = resolve(flags.dist);
const WARM_ROUNDS = 3;
const ONE_BY_ONE = 400;

const model = (price, quality) => ({ provider: 'bench', price, context: 128_000, max_output: 16_384, quality });
const configOf = (port, more) => ({
  server: { port: 0 },
  storage: 'sqlite:./quorum.db',
  providers: { bench: { base_url: `http://127.0.0.1:${port}/v1`, api_key: 'no-secret' } },
  models: { quick: model('0.05/0.20', 5), plain: model('0.15/0.60', 6), clever: model('0.50/2.00', 7.5) },
  tiers: { bench: ['quick', 'plain', 'clever'] },
  default_tier: 'bench',
  routing: { strategy: 'single' },
  cache: false,
  sandbox: false,
  ...more,
});

async function subject(name, upstream, withMoney) {
  const folder = join(scratch, name);
  mkdirSync(folder);
  const more = withMoney
    ? {
        server: { port: 0, admin_key: ADMIN_KEY },
        budgets: [{ scope: 'global', period: 'month', limit_usd: 1_000_000 }],
      }
    : {};
  const quorum = await startQuorum({ dist, folder, config: configOf(upstream.port, more), name });
  const key = withMoney
    ? (await admin(quorum.url, 'POST', '/keys', { name, budget: { limit_usd: 500_000, period: 'day' } })).secret
    : 'sk-benchmark';
  const requests = questions().map((body) =>
    Buffer.from(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\nauthorization: Bearer ${key}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    ),
  );
  return { ...quorum, port: Number(new URL(quorum.url).port), requests };
}

/** As fast as it goes: requests a second, and processor time of each. */
async function saturate({ port, pid, requests }) {
  let [answered, failed, next, stopped] = [0, 0, 0, false];
  const send = (line) => line.send(requests[next++ % requests.length], again);
  const again = (line) => {
    answered += 1;
    if (line.status !== 200) failed += 1;
    if (!stopped) send(line);
  };
  const lines = Array.from({ length: connections }, () => new Connection(port, () => (failed += 1)));
  await Promise.all(lines.map((line) => line.opened()));
  lines.forEach(send);
  await pause(300);
  const [fromUs, from, before] = [processorUs(pid), performance.now(), answered];
  await pause(seconds * 1_000);
  const [count, tookMs, spentUs] = [answered - before, performance.now() - from, processorUs(pid) - fromUs];
  stopped = true;
  await pause(150);
  for (const line of lines) line.close();
  return { perSecond: (count / tookMs) * 1_000, processorUs: spentUs / count, failed };
}

/** One after the other, nothing else going on: the median of the waits. */
async function oneByOne({ port, requests }) {
  const waits = [];
  let failed = 0;
  const line = new Connection(port, () => (failed += 1));
  await line.opened();
  for (let nth = 0; nth < ONE_BY_ONE; nth += 1) {
    const from = performance.now();
    await new Promise((resolve) => line.send(requests[nth % requests.length], resolve));
    waits.push(performance.now() - from);
    if (line.status !== 200) failed += 1;
  }
  line.close();
  return { p50Ms: median(waits), failed };
}

const median = (values) => values.toSorted((one, other) => one - other)[values.length >> 1];

const upstream = await startUpstream();
const subjects = { off: await subject('off', upstream, false), on: await subject('on', upstream, true) };
const found = { off: [], on: [] };
for (let round = -WARM_ROUNDS; round < rounds; round += 1) {
  for (const name of round % 2 === 0 ? ['off', 'on'] : ['on', 'off']) {
    const result = { ...(await saturate(subjects[name])), ...(round < 0 ? {} : await oneByOne(subjects[name])) };
    if (round >= 0) found[name].push(result);
  }
}
const of = (name, pick) => median(found[name].map(pick));
const pairs = (pick) => median(found.on.map((result, round) => pick(result, found.off[round])));
const rows = {
  'requests/s without': Math.round(of('off', ({ perSecond }) => perSecond)),
  'requests/s with': Math.round(of('on', ({ perSecond }) => perSecond)),
  'share of requests/s kept': Number(pairs((on, off) => on.perSecond / off.perSecond).toFixed(3)),
  'processor µs without': Number(of('off', ({ processorUs }) => processorUs).toFixed(1)),
  'processor µs with': Number(of('on', ({ processorUs }) => processorUs).toFixed(1)),
  'share of processor time': Number(pairs((on, off) => off.processorUs / on.processorUs).toFixed(3)),
  'p50 ms without': Number(of('off', ({ p50Ms }) => p50Ms).toFixed(3)),
  'p50 ms with': Number(of('on', ({ p50Ms }) => p50Ms).toFixed(3)),
  'p50 ms added': Number(pairs((on, off) => on.p50Ms - off.p50Ms).toFixed(3)),
  failed: [...found.on, ...found.off].reduce((sum, { failed }) => sum + failed, 0),
};
for (const one of Object.values(subjects)) await one.stop();
await upstream.stop();
console.log(JSON.stringify(rows, null, 2));
process.exitCode = rows.failed === 0 && rows['share of processor time'] >= 0.85 && rows['p50 ms added'] < 0.5 ? 0 : 1;
process.exit();
