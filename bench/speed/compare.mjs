// Builds against each other and the bare pass-through, taking turns: node bench/speed/compare.mjs [--rounds N] DIST [DIST …]
import { parseArgs } from 'node:util';
import { resolve } from 'node:path';
import { median, warm } from './measures.mjs';
import { startBare, startLoad, startQuorum, startUpstream } from './processes.mjs';

const CONNECTIONS = 64;
const SECONDS = 1.2;

const { values, positionals } = parseArgs({
  options: { rounds: { type: 'string', default: '7' } },
  allowPositionals: true,
});
const upstream = await startUpstream();
const load = await startLoad();
const subjects = new Map([['bare', await startBare(upstream)]]);
for (const dist of positionals) subjects.set(dist, await startQuorum({ dist: resolve(dist), upstream }));
for (const subject of subjects.values()) await warm(load, subject);

const found = new Map([...subjects.keys()].map((name) => [name, []]));
for (let left = Number(values.rounds); left > 0; left -= 1) {
  for (const [name, { port, pid }] of subjects) {
    const { processorUs } = await load.run('saturate', { port, pid, connections: CONNECTIONS, seconds: SECONDS });
    found.get(name).push(processorUs);
  }
}
for (const [name, spent] of found) {
  const [least, middle] = [Math.min(...spent), median(spent)].map((us) => us.toFixed(1).padStart(7));
  console.log(`${least} µs at the least, ${middle} in the middle, of processor a request: ${name}`);
}
for (const subject of subjects.values()) await subject.stop();
await Promise.all([upstream.stop(), load.stop()]);
process.exit(0);
