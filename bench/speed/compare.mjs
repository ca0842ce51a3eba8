// Builds, and engine flags, against each other and the bare pass-through, taking turns.
//   node bench/speed/compare.mjs [--rounds N] [--processes N] [--latency] [--gc] DIST[@--flag…] [DIST[@--flag…] …]
// --processes: so many of each, since two of the same differ; --latency: 1,000 requests and 100 streams a second as well;
// --gc: how long a collection of the young generation takes, by V8's own trace.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { median, warm } from './measures.mjs';
import { startBare, startLoad, startQuorum, startUpstream } from './processes.mjs';

const CONNECTIONS = 64;
const SECONDS = 1.2;
const PACED_SECONDS = 2;

const { values, positionals } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    processes: { type: 'string', default: '1' },
    latency: { type: 'boolean', default: false },
    gc: { type: 'boolean', default: false },
  },
  allowPositionals: true,
});

const upstream = await startUpstream();
const load = await startLoad();
const subjects = [{ name: 'bare', ...(await startBare(upstream)) }];
for (let left = Number(values.processes); left > 0; left -= 1) {
  for (const name of positionals) {
    const [dist, ...flags] = name.split('@');
    const nodeArgs = values.gc ? [...flags, '--trace-gc'] : flags;
    subjects.push({ name, ...(await startQuorum({ dist: resolve(dist), upstream, nodeArgs })) });
  }
}

/** By subject: all that was measured, by figure. */
const found = new Map(subjects.map((subject) => [subject, {}]));
function note(subject, figures) {
  const known = found.get(subject);
  for (const [figure, value] of Object.entries(figures)) (known[figure] ??= []).push(value);
}

async function paced({ port, pid }, perSecond, stream) {
  const { whole, first } = await load.run('openLoop', { port, pid, perSecond, seconds: PACED_SECONDS, stream });
  return stream ? { 'first chunk, ms': first.p50 } : { 'p50, ms': whole.p50, 'p99, ms': whole.p99 };
}

const SCAVENGE = /Scavenge .* MB, (?:pooled: .*? MB, )?([\d.]+) \//g;
const scavenges = ({ folder }) =>
  folder === undefined ? [] : [...readFileSync(join(folder, 'log'), 'utf8').matchAll(SCAVENGE)].map(([, ms]) => +ms);

for (let round = 0; round < Number(values.rounds); round += 1) {
  for (const subject of subjects) {
    const { port, pid } = subject;
    // After a minute without work V8 collects all it can, and what it had compiled with it.
    await warm(load, subject);
    const before = values.gc ? scavenges(subject).length : 0;
    const { processorUs } = await load.run('saturate', { port, pid, connections: CONNECTIONS, seconds: SECONDS });
    note(subject, { 'processor, µs': processorUs });
    if (values.gc) for (const ms of scavenges(subject).slice(before)) note(subject, { 'scavenge, ms': ms });
    if (values.latency)
      note(subject, { ...(await paced(subject, 1_000, false)), ...(await paced(subject, 100, true)) });
  }
}

const shown = (value) => value.toFixed(2).padStart(9);
for (const name of new Set(subjects.map((subject) => subject.name))) {
  console.log(name);
  const same = [...found].filter(([subject]) => subject.name === name).map(([, figures]) => figures);
  for (const figure of Object.keys(same[0])) {
    const each = same.map((figures) => figures[figure] ?? []);
    const all = each.flat();
    const middles =
      each.length === 1 ? '' : `; in the middle, by process: ${each.map((own) => median(own)?.toFixed(2)).join(' ')}`;
    console.log(
      `  ${figure.padEnd(16)} ${shown(Math.min(...all))} at the least, ${shown(median(all))} in the middle${middles}`,
    );
  }
}
for (const subject of subjects) await subject.stop();
await Promise.all([upstream.stop(), load.stop()]);
process.exit(0);
