// Speed and memory against a bare pass-through, in one command: node bench/speed/run.mjs [--seconds N] [--only throughput,…] [--json] [--dist DIR]
import { existsSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { MEASURES, pairOf } from './measures.mjs';
import { pinned, startLoad, startUpstream } from './processes.mjs';
import { tableText } from './table.mjs';

const USAGE = `node bench/speed/run.mjs [--seconds N] [--only ${Object.keys(MEASURES).join(',')}] [--json] [--dist DIR]
  --seconds  how long each round of a measurement takes (default 3)
  --only     some of the measurements
  --json     figures for a program
  --dist     the built program (default dist; build it with: npm run build)`;

class UsageError extends Error {}

function read() {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '3' },
      only: { type: 'string', default: Object.keys(MEASURES).join(',') },
      json: { type: 'boolean', default: false },
      dist: { type: 'string', default: join(import.meta.dirname, '../../dist') },
      help: { type: 'boolean', default: false },
    },
  });
  const seconds = Number(values.seconds);
  const only = values.only.split(',').map((name) => name.trim());
  const strange = only.filter((name) => !Object.hasOwn(MEASURES, name));
  if (!(seconds > 0 && seconds <= 600)) throw new UsageError('--seconds: a number above 0, at most 600');
  if (strange.length > 0) throw new UsageError(`--only: there is no ${strange.join(', ')}`);
  const dist = resolve(values.dist);
  if (!existsSync(join(dist, 'cli.js')))
    throw new UsageError(`There is no built program in ${dist}: run npm run build first.`);
  return { seconds, only, dist, json: values.json, help: values.help };
}

const machine = () => ({
  date: new Date().toISOString(),
  node: process.version,
  processor: cpus()[0]?.model ?? 'unknown',
  processors: cpus().length,
  loadAverage: loadavg()[0],
  pinned,
});

async function main(options) {
  const facts = machine();
  const say = (text) => options.json || process.stdout.write(`${text}\n`);
  say(
    `Quorum, speed and memory: ${facts.date}, Node ${facts.node}, ${facts.processors} × ${facts.processor}, load ${facts.loadAverage.toFixed(1)}`,
  );
  say(
    pinned
      ? 'The proxy runs alone on processor 0; load and upstream on processor 1.'
      : 'Not pinned to processors (taskset or a second one is missing): figures swing more.',
  );
  const upstream = await startUpstream();
  const load = await startLoad();
  const pair = pairOf({ dist: options.dist, upstream, load });
  const results = {};
  for (const name of options.only) {
    results[name] = await MEASURES[name]({ ...options, upstream, load, pair });
    say(`\n${tableText(results[name])}`);
  }
  if (options.json) process.stdout.write(`${JSON.stringify({ ...facts, results }, null, 2)}\n`);
  const rows = Object.values(results).flat();
  const names = (some) => some.map(({ what }) => what).join('; ');
  const missed = rows.filter(({ met }) => met === false);
  const unclear = rows.filter((each) => each.unclear);
  if (missed.length > 0) say(`\nNot reached: ${names(missed)}.`);
  if (unclear.length > 0) say(`\nUnclear, the machine was too busy: ${names(unclear)}.`);
  if (missed.length + unclear.length === 0) say('\nEvery target is reached.');
}

try {
  const options = read();
  if (options.help) process.stdout.write(`${USAGE}\n`);
  else await main(options);
  process.exit(0);
} catch (error) {
  const told = error instanceof UsageError || error.code?.startsWith('ERR_PARSE_ARGS');
  process.stderr.write(`${told ? `${error.message}\n\n${USAGE}` : error.stack}\n`);
  process.exit(1);
}
