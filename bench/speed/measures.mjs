// The measurements: each takes the processes it needs and returns rows of the table.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { residentMb } from './processor-time.mjs';
import { startBare, startQuorum } from './processes.mjs';
import { row } from './table.mjs';
import { largeBodies, questions } from './traffic.mjs';

const CONNECTIONS = 64;
/** Of large bodies more would only wait in line. */
const FEW_CONNECTIONS = 16;
const ROUNDS = 3;
/** Rounds in which more events than this came in one piece don't tell what one by itself costs. */
const MOST_TOGETHER = 1.15;
const WARM_SECONDS = 2;
const WARM_ROUNDS = 10;

export const median = (values) => {
  const sorted = values.filter((value) => value !== null && Number.isFinite(value)).sort((a, b) => a - b);
  if (sorted.length === 0) return null;
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/** Every subject once a round, in turning order, so that what disturbs the machine disturbs all of them. */
async function interleaved(subjects, rounds, measure) {
  const results = Object.fromEntries(Object.keys(subjects).map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    const names = Object.keys(subjects);
    for (const name of [...names.slice(round % names.length), ...names.slice(0, round % names.length)])
      results[name].push(await measure(subjects[name]));
  }
  return results;
}

const of = (results, pick) => median(results.map(pick));
/** Of the same round, so that both saw the same machine. */
const ratio = (over, under, pick) => median(over.map((result, round) => pick(result) / pick(under[round])));
const difference = (left, right, pick) => median(left.map((result, round) => pick(result) - pick(right[round])));
const failures = (...lists) => lists.flat().reduce((sum, { failed }) => sum + failed, 0);

const rate = ({ perSecond }) => perSecond;
const cost = ({ processorUs }) => processorUs;
/** 1: each by itself. A proxy that is late passes several on at once; processor time is counted for what arrived in one piece. */
const together = ({ eventsARead }) => eventsARead;

const saturate = (load, seconds) => (subject) =>
  load.run('saturate', { port: subject.port, pid: subject.pid, connections: CONNECTIONS, seconds });

/** Until the engine has compiled what it will: the processor time of a request no longer falls. */
export async function warm(load, subject) {
  let before = Infinity;
  for (let round = 0; round < WARM_ROUNDS; round += 1) {
    const { processorUs } = await saturate(load, WARM_SECONDS)(subject);
    if (processorUs > before * 0.95) return;
    before = processorUs;
  }
}

/** The bare pass-through and Quorum, warm; the same two for all measurements that can share them. */
export function pairOf({ dist, upstream, load }) {
  let pair = null;
  const begin = async () => {
    const started = { bare: await startBare(upstream), quorum: await startQuorum({ dist, upstream }) };
    for (const subject of Object.values(started)) await warm(load, subject);
    return started;
  };
  return () => (pair ??= begin());
}

async function throughput({ upstream, load, seconds, pair }) {
  const found = await interleaved({ direct: upstream, ...(await pair()) }, ROUNDS, saturate(load, seconds));
  return [
    row('requests/s, upstream directly', of(found.direct, rate), 'req/s'),
    row('requests/s, bare pass-through', of(found.bare, rate), 'req/s'),
    row('requests/s, Quorum', of(found.quorum, rate), 'req/s'),
    row('requests/s, Quorum to bare', ratio(found.quorum, found.bare, rate), 'x', { least: 0.5 }),
    row('processor time a request, bare', of(found.bare, cost), 'µs'),
    row('processor time a request, Quorum', of(found.quorum, cost), 'µs'),
    row('processor time, bare to Quorum', ratio(found.bare, found.quorum, cost), 'x', { least: 0.5 }),
    row(
      'share of its processor used, bare',
      of(found.bare, ({ busy }) => busy),
      'x',
    ),
    row(
      'share of its processor used, Quorum',
      of(found.quorum, ({ busy }) => busy),
      'x',
    ),
    row('failed requests', failures(found.direct, found.bare, found.quorum), '', { most: 0 }),
  ];
}

/** Large requests have no target: what they take is to grow as the bare pass-through's does. */
async function bodies({ load, seconds, pair }) {
  const both = await pair();
  const rows = [];
  for (const [name, body] of Object.entries(largeBodies)) {
    const run = ({ port, pid }) => load.run('saturate', { port, pid, connections: FEW_CONNECTIONS, seconds, body });
    for (const subject of Object.values(both)) await run(subject);
    const found = await interleaved(both, ROUNDS, run);
    rows.push(
      row(`processor time, ${name}, bare`, of(found.bare, cost), 'µs'),
      row(`processor time, ${name}, Quorum`, of(found.quorum, cost), 'µs'),
      row(`${name}, bare to Quorum`, ratio(found.bare, found.quorum, cost), 'x'),
      row(`failed requests, ${name}`, failures(found.bare, found.quorum), '', { most: 0 }),
    );
  }
  return rows;
}

/** What several models cost the proxy, besides their own calls: without a target. The models here all say the same, at once. */
async function strategies({ load, seconds, pair }) {
  const { quorum } = await pair();
  const rows = [];
  for (const strategy of ['single', 'cascade', 'dual', 'triple', 'council']) {
    const [body] = questions({ model: `quorum/${strategy}` });
    const run = ({ port, pid }) => load.run('saturate', { port, pid, connections: FEW_CONNECTIONS, seconds, body });
    await run(quorum);
    const found = await interleaved({ quorum }, ROUNDS, run);
    rows.push(row(`processor time a request, ${strategy}`, of(found.quorum, cost), 'µs'));
    rows.push(row(`failed requests, ${strategy}`, failures(found.quorum), '', { most: 0 }));
  }
  return rows;
}

async function latency({ upstream, load, seconds, pair }) {
  const both = await pair();
  const run = (subject) =>
    load.run('openLoop', { port: subject.port, pid: subject.pid, perSecond: 1_000, seconds, stream: false });
  const found = await interleaved({ direct: upstream, ...both }, ROUNDS + 2, run);
  const [p50, p99] = [({ whole }) => whole.p50, ({ whole }) => whole.p99];
  return [
    row('latency at 1,000 req/s p50, upstream directly', of(found.direct, p50), 'ms'),
    row('latency at 1,000 req/s p50, bare', of(found.bare, p50), 'ms'),
    row('latency at 1,000 req/s p50, Quorum', of(found.quorum, p50), 'ms'),
    row('latency p50, Quorum over bare', difference(found.quorum, found.bare, p50), 'ms', { most: 0.2 }),
    row('latency at 1,000 req/s p99, bare', of(found.bare, p99), 'ms'),
    row('latency at 1,000 req/s p99, Quorum', of(found.quorum, p99), 'ms'),
    row('latency p99, Quorum over bare', difference(found.quorum, found.bare, p99), 'ms', { most: 3 }),
    row('failed requests', failures(found.direct, found.bare, found.quorum), '', { most: 0 }),
  ];
}

async function stream({ upstream, load, seconds, pair }) {
  const both = await pair();
  await upstream.ask({ pace: { events: 10, everyMs: 10 } });
  const open = (subject) =>
    load.run('openLoop', { port: subject.port, pid: subject.pid, perSecond: 100, seconds, stream: true });
  for (const subject of Object.values(both)) await open(subject);
  const first = await interleaved(both, ROUNDS + 2, open);

  await upstream.ask({ pace: { events: 1_000_000, everyMs: 5 } });
  const hold = (subject) =>
    load.run('hold', { port: subject.port, pid: subject.pid, streams: 40, seconds, openMs: 200 });
  for (const subject of Object.values(both)) await hold(subject);
  const chunks = await interleaved(both, ROUNDS, hold);
  const p50 = (result) => result.first.p50;
  const isClean = (_, round) => Object.values(chunks).every((results) => together(results[round]) < MOST_TOGETHER);
  const apart = { bare: chunks.bare.filter(isClean), quorum: chunks.quorum.filter(isClean) };
  return [
    row('first chunk at 100 streams/s p50, bare', of(first.bare, p50), 'ms'),
    row('first chunk at 100 streams/s p50, Quorum', of(first.quorum, p50), 'ms'),
    row('first chunk p50, Quorum over bare', difference(first.quorum, first.bare, p50), 'ms', { most: 0.5 }),
    row('processor time a chunk, bare', of(chunks.bare, cost), 'µs'),
    row('processor time a chunk, Quorum', of(chunks.quorum, cost), 'µs'),
    row('processor time a chunk, Quorum to bare', ratio(apart.quorum, apart.bare, cost), 'x', { most: 1.3 }),
    row('events that came together, bare', of(chunks.bare, together), ''),
    row('events that came together, Quorum', of(chunks.quorum, together), ''),
    row('failed streams', failures(first.bare, first.quorum, chunks.bare, chunks.quorum), '', { most: 0 }),
  ];
}

async function cache({ dist, upstream, load, seconds }) {
  const uncached = await startQuorum({ dist, upstream });
  const cached = await startQuorum({ dist, upstream, cache: true });
  for (const subject of [uncached, cached]) await warm(load, subject);
  const found = await interleaved({ uncached, cached }, ROUNDS, saturate(load, seconds));
  await Promise.all([uncached.stop(), cached.stop()]);
  return [
    row('requests/s, cache off', of(found.uncached, rate), 'req/s'),
    row('requests/s, cache hits', of(found.cached, rate), 'req/s'),
    row('requests/s, hits to uncached', ratio(found.cached, found.uncached, rate), 'x', { least: 1.5 }),
    row('processor time a hit', of(found.cached, cost), 'µs'),
    row('processor time, uncached to hit', ratio(found.uncached, found.cached, cost), 'x', { least: 1.5 }),
    row('failed requests', failures(found.uncached, found.cached), '', { most: 0 }),
  ];
}

/** In a process of its own: the room alone, without the server. */
function decide({ dist }) {
  const { stdout, stderr, status } = spawnSync(process.execPath, [join(import.meta.dirname, 'decide.mjs'), dist], {
    encoding: 'utf8',
    timeout: 120_000,
  });
  if (status !== 0) throw new Error(`decide.mjs failed: ${stderr}`);
  const times = JSON.parse(stdout);
  return [
    row('classification and plan, 200 B', times.small, 'µs', { most: 10 }),
    row('classification and plan, 2 KB', times.medium, 'µs', { most: 50 }),
    row('classification and plan, 1 MB', times.large, 'µs', { most: 1_000 }),
  ];
}

async function memory({ dist, upstream, load, seconds }) {
  const [bare, quorum] = [await startBare(upstream), await startQuorum({ dist, upstream })];
  await pause(1_500);
  const idle = { bare: residentMb(bare.pid), quorum: residentMb(quorum.pid) };
  await upstream.ask({ pace: { events: 1_000_000, everyMs: 500 } });
  const hold = (subject) =>
    load.run('hold', {
      port: subject.port,
      pid: subject.pid,
      streams: 1_000,
      seconds: Math.max(4, seconds),
      openMs: 3_000,
    });
  const slow = { bare: await hold(bare), quorum: await hold(quorum) };
  await Promise.all([bare.stop(), quorum.stop()]);
  return [
    row('resident when idle, bare', idle.bare, 'MB'),
    row('resident when idle, Quorum', idle.quorum, 'MB', { most: 110 }),
    row('resident with 1,000 slow streams, bare', slow.bare.mostMb, 'MB'),
    row('resident with 1,000 slow streams, Quorum', slow.quorum.mostMb, 'MB', { most: 200 }),
    row('of those streams open all the while, Quorum', slow.quorum.open, '', { least: 1_000 }),
    row('failed streams', failures(slow.bare, slow.quorum), '', { most: 0 }),
  ];
}

async function ready({ dist, upstream }) {
  const [times, spent] = [[], []];
  for (let count = 0; count < ROUNDS + 2; count += 1) {
    const quorum = await startQuorum({ dist, upstream, everyMs: 5 });
    times.push(quorum.readyMs);
    spent.push(quorum.readyProcessorUs / 1_000);
    await quorum.stop();
  }
  return [
    row('from start to ready', median(times), 'ms', { most: 600 }),
    row('processor time of it', median(spent), 'ms'),
  ];
}

export const MEASURES = { throughput, bodies, strategies, latency, stream, cache, decide, memory, ready };
