// What metrics and traces cost: the same program without either (twice, so that one sees what chance does), with metrics, with both as they
// are by default, and with every request traced, in turns.
//   node bench/observe/run.mjs [--seconds 1.5] [--rounds 14] [--warm 8] [--json]
// Traces and metrics go to a receiver in this process. Requests per second depend on what else runs here; processor time of the process
// doesn't. It fails where the default is further than 5 % from nothing at all, in both; every request traced is shown beside.
import { createServer } from 'node:http';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { median } from '../speed/measures.mjs';
import { startLoad, startQuorum, startUpstream } from '../speed/processes.mjs';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '1.5' },
    rounds: { type: 'string', default: '14' },
    warm: { type: 'string', default: '8' },
    json: { type: 'boolean', default: false },
  },
});
const dist = resolve(import.meta.dirname, '../../dist');
const CONNECTIONS = 64;
const WITHIN = 0.05;

let [bodies, bytes] = [0, 0];
const receiver = createServer((request, response) => {
  bodies += 1;
  request.on('data', (part) => (bytes += part.length));
  request.on('end', () => response.end('{}'));
});
await new Promise((listening) => receiver.listen(0, '127.0.0.1', listening));
const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${receiver.address().port}` };

const upstream = await startUpstream();
const load = await startLoad();
const neither = { dist, upstream, more: 'telemetry: { metrics: false }\n' };
const subjects = {
  off: await startQuorum(neither),
  again: await startQuorum(neither),
  metrics: await startQuorum({ dist, upstream }),
  both: await startQuorum({ dist, upstream, env: endpoint }),
  every: await startQuorum({ dist, upstream, env: { ...endpoint, OTEL_TRACES_SAMPLER: 'always_on' } }),
};
const names = Object.keys(subjects);
const saturate = (name, seconds) =>
  load.run('saturate', { port: subjects[name].port, pid: subjects[name].pid, connections: CONNECTIONS, seconds });
for (const name of names) await saturate(name, Number(values.warm));

const rounds = [];
const sent = Object.fromEntries(names.map((name) => [name, 0]));
for (let round = 0; round < Number(values.rounds); round += 1) {
  const found = {};
  // Each begins as often as the others, and follows each of them.
  const turned = names.map((_, place) => names[(place + round) % names.length]);
  for (const name of round % 2 === 0 ? turned : turned.toReversed()) {
    const before = bytes;
    found[name] = await saturate(name, Number(values.seconds));
    sent[name] += bytes - before;
  }
  rounds.push(found);
}
const toOff = (name, pick) =>
  median(rounds.map((found) => (2 * pick(found[name])) / (pick(found.off) + pick(found.again))));
const result = Object.fromEntries(
  names.map((name) => [
    name,
    {
      processor_us: median(rounds.map((found) => found[name].processorUs)),
      processor_time_to_off: toOff(name, ({ processorUs }) => processorUs),
      requests_per_second_to_off: toOff(name, ({ perSecond }) => perSecond),
      received_megabytes: sent[name] / 1e6,
      failed: rounds.reduce((sum, found) => sum + found[name].failed, 0),
    },
  ]),
);
const TITLES = {
  off: 'neither',
  again: 'neither, again',
  metrics: 'metrics',
  both: 'metrics, traces',
  every: '… of every request',
};
if (values.json) process.stdout.write(`${JSON.stringify(result)}\n`);
else
  for (const [name, row] of Object.entries(result))
    process.stdout.write(
      `${TITLES[name].padEnd(20)} ${row.processor_us.toFixed(1).padStart(6)} µs a request; to neither: processor time ${row.processor_time_to_off.toFixed(3)}, requests per second ${row.requests_per_second_to_off.toFixed(3)}; ${row.received_megabytes.toFixed(1)} MB received, ${row.failed} failed\n`,
    );
const { processor_time_to_off: time, requests_per_second_to_off: rate } = result.both;
process.exit(time > 1 + WITHIN && rate < 1 - WITHIN ? 1 : 0);
