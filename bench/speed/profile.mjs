// Where Quorum's processor time goes under saturation: node bench/speed/profile.mjs [--seconds N] [--cache] [--dist DIR]
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { warm } from './measures.mjs';
import { startLoad, startQuorum, startUpstream } from './processes.mjs';

const SHOWN = 60;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '4' },
    cache: { type: 'boolean', default: false },
    dist: { type: 'string', default: join(import.meta.dirname, '../../dist') },
  },
});

const fileOf = ({ url }) =>
  url.replace(/^.*\/(dist|node_modules)\//, (_, root) => (root === 'dist' ? '' : '~')) || '(engine)';
const nameOf = (frame) => `${frame.functionName || '(anonymous)'}  ${fileOf(frame)}:${frame.lineNumber + 1}`;
const add = (times, key, spent) => times.set(key, (times.get(key) ?? 0) + spent);

/** The file of ours that is nearest in the stack: it pays for the libraries and the engine that it calls. Else the library. */
function ownerOf(node) {
  let outermost = null;
  for (let each = node; each !== undefined; each = each.parent) {
    const file = fileOf(each.callFrame);
    if (!/^[~(]|^node:|^wasm:|^$/.test(file)) return file;
    const library = /^(~[^/]+|node:)/.exec(file)?.[0];
    outermost ??= library ?? null;
  }
  return outermost ?? nameOf(node.callFrame);
}

/** By function: its own time and that with all it called; by file of ours: with all the libraries it calls. Of the last `lastUs` microseconds, without idle time. */
function timesOf({ nodes, samples, timeDeltas }, lastUs) {
  const known = new Map(nodes.map((node) => [node.id, node]));
  for (const node of nodes) for (const child of node.children ?? []) known.get(child).parent = node;
  const [own, whole, owners] = [new Map(), new Map(), new Map()];
  const total = timeDeltas.reduce((sum, delta) => sum + delta, 0);
  let [busy, passed] = [0, 0];
  samples.forEach((id, index) => {
    const spent = timeDeltas[index];
    passed += spent;
    const node = known.get(id);
    if (passed < total - lastUs || node.callFrame.functionName === '(idle)') return;
    busy += spent;
    add(own, nameOf(node.callFrame), spent);
    add(owners, ownerOf(node), spent);
    const above = new Set();
    for (let each = node; each !== undefined; each = each.parent) above.add(nameOf(each.callFrame));
    for (const name of above) if (!name.includes('(engine)')) add(whole, name, spent);
  });
  return { own, whole, owners, busy };
}

function print(title, times, perUs, busy) {
  console.log(`\n${title}`);
  for (const [name, spent] of [...times].sort((a, b) => b[1] - a[1]).slice(0, SHOWN))
    console.log(
      `${((spent / busy) * perUs).toFixed(2).padStart(8)} µs ${((100 * spent) / busy).toFixed(1).padStart(5)} %  ${name}`,
    );
}

const upstream = await startUpstream();
const load = await startLoad();
const dist = resolve(values.dist);
const quorum = await startQuorum({
  dist,
  upstream,
  cache: values.cache,
  nodeArgs: ['--cpu-prof', '--cpu-prof-interval', '400'],
});
const run = () =>
  load.run('saturate', { port: quorum.port, pid: quorum.pid, connections: 64, seconds: Number(values.seconds) });
await warm(load, quorum);
const found = await run();
await quorum.stop();
const file = readdirSync(quorum.folder).find((name) => name.endsWith('.cpuprofile'));
const { own, whole, owners, busy } = timesOf(
  JSON.parse(readFileSync(join(quorum.folder, file), 'utf8')),
  Number(values.seconds) * 1e6,
);
console.log(
  `${found.perSecond.toFixed(0)} req/s, ${found.processorUs.toFixed(1)} µs of processor a request (while profiled)`,
);
print('By function, its own time', own, found.processorUs, busy);
print('By function, with all it calls', whole, found.processorUs, busy);
print('By file of ours, with the libraries it calls', owners, found.processorUs, busy);
await Promise.all([upstream.stop(), load.stop()]);
process.exit(0);
