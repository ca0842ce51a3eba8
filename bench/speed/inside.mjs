// What a request costs inside, without HTTP and upstream: node bench/speed/inside.mjs [--rounds N] [--bare] [--time] [--heap] [--dist DIR]
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { pathToFileURL } from 'node:url';
import { configText } from './setting.mjs';

const WARM = 20_000;
const ROUND = 10_000;
const SHOWN = 45;
/** As many requests are under way at once, as under load. */
const TOGETHER = 32;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    bare: { type: 'boolean', default: false },
    time: { type: 'boolean', default: false },
    heap: { type: 'boolean', default: false },
    dist: { type: 'string', default: join(import.meta.dirname, '../../dist') },
  },
});
const dist = resolve(values.dist);
const load = (path) => import(pathToFileURL(join(dist, path)).href);
const [config, pipelines, memory, cache, merge, learning, accounts, wire, stores, telemetry, main] = await Promise.all(
  ['config/index.js', 'pipeline.js', 'pipeline/memory.js', 'cache/index.js', 'merge/index.js', 'learning/index.js']
    .concat(['accounts/index.js', 'wire/index.js', 'store/index.js', 'telemetry/index.js', 'main.js'])
    .map(load),
);

const folder = mkdtempSync(join(tmpdir(), 'quorum-inside-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'bench.yaml');
writeFileSync(file, configText(9, false));
const clock = main.systemClock;
const live = await config.createLiveConfig({ file, env: {}, overrides: {}, log: () => {} });
const settings = live.current;

const reply = Buffer.from(
  JSON.stringify({
    id: 'chatcmpl-bench',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: 'Rivers flow to the sea, and that is all there is to say of it. '.repeat(5),
        },
        finish_reason: 'stop',
        logprobs: null,
      },
    ],
    usage: { prompt_tokens: 50, completion_tokens: 60, total_tokens: 110 },
  }),
);
const bodies = Array.from({ length: 64 }, (_, nth) =>
  Buffer.from(
    JSON.stringify({
      model: 'auto',
      messages: [
        { role: 'system', content: 'You are a helpful assistant.' },
        { role: 'user', content: `Question ${nth}: how do rivers shape the towns on their banks, number ${nth * 7}?` },
      ],
      temperature: 0.5,
    }),
  ),
);

/** With everything that is told and kept of a request, unless `--bare`. */
async function kept() {
  const metrics = telemetry.createMetrics({ version: 'bench' });
  const log = telemetry.createLog({ level: 'info', format: 'json', write: () => {}, clock });
  const store = await stores.openStore(`sqlite:${join(folder, 'quorum.db')}`, clock, { decay: (sum) => sum });
  const kept = stores.createSqliteAccounts(stores.openDatabase(join(folder, 'quorum.db')), { clock });
  const done = (record) => {
    store.requests.append(record);
    log.request(record);
    metrics.observe(record);
  };
  return values.bare
    ? { done() {}, learning: learning.createMemoryLearningStore(), ledger: { post() {} } }
    : { done, learning: store.learning, ledger: kept.ledger };
}

const { done, learning: lessons, ledger } = await kept();
const evidence = learning.createEvidence({ halfLifeMs: 1e9, priorStrength: 12 }, []);
const pipeline = pipelines.createPipeline({
  clock,
  random: Math.random,
  settings,
  upstream: {
    whole: async () => ({
      completion: wire.readCompletion(reply),
      bytes: reply,
      retries: 0,
      sentAt: clock.now(),
      firstByteAt: clock.now(),
    }),
  },
  merger: merge.createMerger(),
  memory: memory.createMemory(
    cache.createCache({ clock, limits: () => settings().cache }),
    cache.createFlights(),
    clock.now,
  ),
  admission: accounts.createAdmission({
    ledger,
    budgets: accounts.createBudgets(() => []),
    history: accounts.createOutputHistory(),
    clock,
    dearestPrice: () => null,
    heldWaitMs: () => 0,
  }),
  learning: learning.createLearner({
    evidence,
    sums: { add() {} },
    store: lessons,
    model: (name) => settings().models.get(name),
    now: clock.now,
    onChange() {},
  }),
  done,
  onFault: (fault) => {
    throw fault;
  },
});

const NO_WISHES = { strategy: null, tier: null, task: null, models: null, maxCost: null, deadlineMs: null };
const spender = { tenant: 'local', keyId: null, team: null, user: null, tags: [] };
const directive = cache.parseDirective('off');
const { caller, permissions } = accounts.NOBODY;
let asked = 0;

async function ask() {
  const bytes = bodies[asked++ & 63];
  await pipeline.answer({
    id: `req_${asked}`,
    principal: caller,
    request: wire.parseChatRequest(wire.parseJsonBody(bytes)),
    wishes: NO_WISHES,
    permissions,
    directive,
    spender,
    bodyBytes: bytes.length,
    session: null,
    events: false,
    debug: false,
    receivedAt: clock.now(),
    endpoint: '/v1/chat/completions',
    gone: new AbortController().signal,
  });
}

async function run(count) {
  for (let left = count; left > 0; left -= TOGETHER) {
    await Promise.all(Array.from({ length: TOGETHER }, ask));
    // The store and the log work between requests.
    await new Promise(setImmediate);
  }
}

async function round() {
  const from = process.cpuUsage();
  await run(ROUND);
  const { user, system } = process.cpuUsage(from);
  return (user + system) / ROUND;
}

const fileOf = (url) => url.replace(/^.*\/(dist|node_modules)\//, (_, root) => (root === 'dist' ? '' : '~'));
const nameOf = ({ functionName, url, lineNumber }) =>
  `${functionName || '(anonymous)'}  ${fileOf(url) || '(engine)'}:${lineNumber + 1}`;

function print(title, sums, unit) {
  console.log(`\n${title}`);
  const all = [...sums].sort((a, b) => b[1] - a[1]).slice(0, SHOWN);
  for (const [name, sum] of all) console.log(`${sum.toFixed(unit === 'B' ? 0 : 2).padStart(8)} ${unit}  ${name}`);
}

const add = (sums, key, more) => sums.set(key, (sums.get(key) ?? 0) + more);

/** By function, its own and with all it calls. `ownOf`: what a node has itself. */
function tell(root, ownOf, unit) {
  const [own, whole] = [new Map(), new Map()];
  const visit = (node, above) => {
    const name = nameOf(node.callFrame);
    const mine = ownOf(node);
    let sum = mine;
    const inside = above.has(name) ? above : new Set(above).add(name);
    for (const child of node.children) sum += visit(child, inside);
    add(own, name, mine);
    if (inside !== above) add(whole, name, sum);
    return sum;
  };
  visit(root, new Set());
  print('By function, its own', own, unit);
  print('By function, with all it calls', whole, unit);
}

const session = new Session();
session.connect();

async function profileTime() {
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: 200 });
  await session.post('Profiler.start');
  await run(ROUND);
  const { profile } = await session.post('Profiler.stop');
  const spent = new Map();
  profile.samples.forEach((id, nth) => add(spent, id, profile.timeDeltas[nth] / ROUND));
  const known = new Map(profile.nodes.map((node) => [node.id, node]));
  for (const node of profile.nodes) node.children = (node.children ?? []).map((id) => known.get(id));
  tell(profile.nodes[0], ({ id }) => spent.get(id) ?? 0, 'µs');
}

/** Also what has been collected since: what was made counts, not what stayed. */
async function profileHeap() {
  await session.post('HeapProfiler.startSampling', {
    samplingInterval: 4096,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true,
  });
  await run(ROUND);
  const { profile } = await session.post('HeapProfiler.stopSampling');
  tell(profile.head, ({ selfSize }) => selfSize / ROUND, 'B');
}

await run(WARM);
const rounds = [];
for (let left = Number(values.rounds); left > 0; left -= 1) rounds.push(await round());
const shown = rounds.map((us) => us.toFixed(1)).join(', ');
console.log(`${rounds.sort((a, b) => a - b)[rounds.length >> 1].toFixed(1)} µs of processor a request (${shown})`);
if (values.time) await profileTime();
if (values.heap) await profileHeap();
process.exit();
