// What metrics and traces cost: the same program without either, with metrics, with both as they are by default, and with every request traced.
//   node bench/observe/run.mjs [--processes 5] [--rounds 6] [--seconds 0.8] [--warm 4] [--json]
// Of each there are several processes, which take turns: two of the very same program differ by a tenth and more, each for as long as it
// lives. What counts is the process in the middle. Traces and metrics go to a receiver in this process. Requests per second depend on what else
// runs here; processor time of the process doesn't. It fails where the default is further than 5 % from nothing at all, in both.
import { spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { median } from '../speed/measures.mjs';
import { pinned, startLoad, startQuorum, startUpstream } from '../speed/processes.mjs';

const { values } = parseArgs({
  options: {
    processes: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '0.8' },
    rounds: { type: 'string', default: '6' },
    warm: { type: 'string', default: '4' },
    json: { type: 'boolean', default: false },
  },
});
const dist = resolve(import.meta.dirname, '../../dist');
const CONNECTIONS = 64;
const WITHIN = 0.05;

// The receiver is not to take the processor that the proxy has to itself.
if (pinned) spawnSync('taskset', ['-cp', '1', String(process.pid)]);
let bytes = 0;
const receiver = createServer((request, response) => {
  request.on('data', (part) => (bytes += part.length));
  request.on('end', () => response.end('{}'));
});
await new Promise((listening) => receiver.listen(0, '127.0.0.1', listening));
const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${receiver.address().port}` };

const upstream = await startUpstream();
const load = await startLoad();
const KINDS = {
  neither: { more: 'telemetry: { metrics: false }\n' },
  metrics: {},
  'metrics, traces': { env: endpoint },
  '… of every request': { env: { ...endpoint, OTEL_TRACES_SAMPLER: 'always_on' } },
};
const names = Object.keys(KINDS);
const subjects = [];
for (let count = 0; count < Number(values.processes); count += 1)
  for (const name of names)
    subjects.push({ name, process: await startQuorum({ dist, upstream, ...KINDS[name] }), found: [], received: 0 });

const saturate = ({ process: { port, pid } }, seconds) =>
  load.run('saturate', { port, pid, connections: CONNECTIONS, seconds });
for (const subject of subjects) await saturate(subject, Number(values.warm));
for (let round = 0; round < Number(values.rounds); round += 1) {
  // Each begins as often as the others, and follows each of them.
  const turned = subjects.map((_, place) => subjects[(place + 3 * round) % subjects.length]);
  for (const subject of round % 2 === 0 ? turned : turned.toReversed()) {
    const before = bytes;
    subject.found.push(await saturate(subject, Number(values.seconds)));
    subject.received += bytes - before;
  }
}

const of = (name) => subjects.filter((subject) => subject.name === name);
const time = ({ processorUs }) => processorUs;
const rate = ({ perSecond }) => perSecond;
/** Of each process, against the usual one that does neither in the same round. */
const toNeither = (name, pick) =>
  of(name).map(({ found }) =>
    median(found.map((one, round) => pick(one) / median(of('neither').map((each) => pick(each.found[round]))))),
  );
const result = Object.fromEntries(
  names.map((name) => {
    const times = toNeither(name, time);
    return [
      name,
      {
        processor_us: median(of(name).flatMap(({ found }) => found.map(time))),
        processor_time_to_neither: median(times),
        of_the_processes: [Math.min(...times), Math.max(...times)],
        requests_per_second_to_neither: median(toNeither(name, rate)),
        received_megabytes: of(name).reduce((sum, { received }) => sum + received, 0) / 1e6,
        failed: of(name).reduce((sum, { found }) => sum + found.reduce((all, { failed }) => all + failed, 0), 0),
      },
    ];
  }),
);
const text = (name, row) =>
  `${name.padEnd(20)} ${row.processor_us.toFixed(1).padStart(6)} µs a request; to neither: processor time ${row.processor_time_to_neither.toFixed(3)} (${row.of_the_processes.map((each) => each.toFixed(2)).join(' to ')}), requests per second ${row.requests_per_second_to_neither.toFixed(3)}; ${row.received_megabytes.toFixed(1)} MB received, ${row.failed} failed\n`;
process.stdout.write(
  values.json
    ? `${JSON.stringify(result)}\n`
    : Object.entries(result)
        .map(([name, row]) => text(name, row))
        .join(''),
);
for (const { process: each } of subjects) await each.stop();
await Promise.all([upstream.stop(), load.stop()]);
const usual = result['metrics, traces'];
const missed = usual.processor_time_to_neither > 1 + WITHIN && usual.requests_per_second_to_neither < 1 - WITHIN;
process.exit(missed ? 1 : 0);
