// Sick providers, overload, slow and leaving clients, in one command: node bench/stress/run.mjs [--only sick,…] [--json] [--dist DIR]
import { existsSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { tableText } from '../speed/table.mjs';
import { startProviders } from './program.mjs';
import { SCENARIOS } from './scenarios.mjs';

const USAGE = `node bench/stress/run.mjs [--only ${Object.keys(SCENARIOS).join(',')}] [--seconds N] [--outage N] [--soak N] [--aborts N] [--readers N] [--streams N] [--reloads N] [--inputs N] [--seed N] [--json] [--dist DIR]
  --seconds  how long a round of steady load takes (default 5)
  --outage   seconds that everything fails (default 60)
  --soak     seconds of jobs and bursts (default 60; an hour is 3600)
  --aborts   clients that leave, for each strategy (default 1000)
  --readers  clients that read nothing (default 1000)
  --streams  open streams when it is told to stop (default 500)
  --reloads  of the config under load (default 1000)
  --inputs   of the fuzzer (default 1000000; in CI 20000), --seed which (default 1)
  --dist     the built program (default dist; build it with: npm run build)`;

const number = (text, name) => {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${name}: a number above 0`);
  return value;
};

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: Object.keys(SCENARIOS).join(',') },
    seconds: { type: 'string', default: '5' },
    outage: { type: 'string', default: '60' },
    soak: { type: 'string', default: '60' },
    aborts: { type: 'string', default: '1000' },
    readers: { type: 'string', default: '1000' },
    streams: { type: 'string', default: '500' },
    reloads: { type: 'string', default: '1000' },
    inputs: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    dist: { type: 'string', default: join(import.meta.dirname, '../../dist') },
    help: { type: 'boolean', default: false },
  },
});

async function main() {
  const only = values.only.split(',').map((name) => name.trim());
  const strange = only.filter((name) => !Object.hasOwn(SCENARIOS, name));
  if (strange.length > 0) throw new Error(`--only: there is no ${strange.join(', ')}`);
  const dist = resolve(values.dist);
  if (!existsSync(join(dist, 'cli.js')))
    throw new Error(`There is no built program in ${dist}: run npm run build first.`);
  const say = (text) => values.json || process.stdout.write(`${text}\n`);
  say(
    `Quorum under stress: ${new Date().toISOString()}, Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}, load ${loadavg()[0].toFixed(1)}\n`,
  );
  const providers = await startProviders();
  const context = {
    dist,
    providers,
    seconds: number(values.seconds, 'seconds'),
    outageSeconds: number(values.outage, 'outage'),
    soakSeconds: number(values.soak, 'soak'),
    aborts: number(values.aborts, 'aborts'),
    readers: number(values.readers, 'readers'),
    streams: number(values.streams, 'streams'),
    reloads: number(values.reloads, 'reloads'),
    inputs: number(values.inputs, 'inputs'),
    seed: number(values.seed, 'seed'),
  };
  const rows = [];
  try {
    for (const name of only) {
      const found = await SCENARIOS[name](context);
      rows.push(...found);
      say(`${name}\n${tableText(found)}\n`);
    }
  } finally {
    providers.stop();
  }
  if (values.json) process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
  process.exitCode = rows.some(({ met, unclear }) => met === false || unclear) ? 1 : 0;
}

if (values.help) process.stdout.write(`${USAGE}\n`);
else
  main().catch((error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  });
