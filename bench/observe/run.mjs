// What metrics and traces cost: the same program with both off and with both on, in turns.
//   node bench/observe/run.mjs [--seconds 1.5] [--rounds 14] [--warm 8] [--json]
// Off: telemetry.metrics false, no OTLP endpoint. On: metrics counted, every request traced, spans and metrics sent to a
// receiver in this process. Requests per second depend on what else runs here; processor time of the process doesn't.
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

let [bodies, bytes] = [0, 0];
const receiver = createServer((request, response) => {
  bodies += 1;
  request.on('data', (part) => (bytes += part.length));
  request.on('end', () => response.end('{}'));
});
await new Promise((listening) => receiver.listen(0, '127.0.0.1', listening));

const upstream = await startUpstream();
const load = await startLoad();
const off = await startQuorum({ dist, upstream, more: 'telemetry: { metrics: false }\n' });
const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${receiver.address().port}` };
const on = await startQuorum({ dist, upstream, env });
for (const { port, pid } of [off, on])
  await load.run('saturate', { port, pid, connections: CONNECTIONS, seconds: Number(values.warm) });

const rounds = [];
for (let round = 0; round < Number(values.rounds); round += 1) {
  const order = round % 2 === 0 ? ['off', 'on'] : ['on', 'off'];
  const found = {};
  for (const name of order) {
    const { port, pid } = { off, on }[name];
    found[name] = await load.run('saturate', { port, pid, connections: CONNECTIONS, seconds: Number(values.seconds) });
  }
  rounds.push(found);
}
const over = (pick) => median(rounds.map((found) => pick(found.on) / pick(found.off)));
const result = {
  off: { processor_us: median(rounds.map(({ off: { processorUs } }) => processorUs)) },
  on: { processor_us: median(rounds.map(({ on: { processorUs } }) => processorUs)) },
  requests_per_second_on_to_off: over(({ perSecond }) => perSecond),
  processor_time_on_to_off: over(({ processorUs }) => processorUs),
  failed: rounds.reduce((sum, found) => sum + found.on.failed + found.off.failed, 0),
  received: { bodies, megabytes: bytes / 1e6 },
};
if (values.json) process.stdout.write(`${JSON.stringify(result)}\n`);
else {
  const { off: without, on: withBoth, failed } = result;
  process.stdout
    .write(`processor time a request   off ${without.processor_us.toFixed(1)} µs, on ${withBoth.processor_us.toFixed(1)} µs
on to off                  processor time ${result.processor_time_on_to_off.toFixed(3)}, requests per second ${result.requests_per_second_on_to_off.toFixed(3)}
received                   ${bodies} bodies, ${result.received.megabytes.toFixed(1)} MB; ${failed} requests failed
`);
}
process.exit(failedTarget(result) ? 1 : 0);

/** Within five percent, by whichever of the two the machine disturbed less. */
function failedTarget({ processor_time_on_to_off: time, requests_per_second_on_to_off: rate }) {
  return time > 1.05 && rate < 0.95;
}
