// What reserving and settling cost a request: latency one by one, and processor time under load. Run: node bench/money/ledger.mjs [dist]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const dist = resolve(process.argv[2] ?? join(import.meta.dirname, '../../dist'));
const load = (file) => import(pathToFileURL(join(dist, file)).href);
const { openDatabase, migrate } = await load('store/sqlite/database.js');
const { MIGRATIONS } = await load('store/sqlite/migrations.js');
const { createSqliteAccounts } = await load('store/sqlite/accounts.js');
const { createAdmission, createBudgets, createOutputHistory } = await load('accounts/index.js');
const { budgetOf } = await load('accounts/budget.js');

const REQUESTS = 20_000;
const clock = {
  now: () => performance.timeOrigin + performance.now(),
  after: (ms, task) => {
    const timer = setTimeout(task, ms).unref();
    return () => clearTimeout(timer);
  },
};
const folder = mkdtempSync(join(tmpdir(), 'quorum-ledger-'));
const db = openDatabase(join(folder, 'quorum.db'), { busyMs: 100 });
migrate(db, MIGRATIONS);
const { ledger } = createSqliteAccounts(db, { clock });
const limit = 1e15;
const budgets = createBudgets(() => configured);
const configured = [
  { scope: 'global', limit },
  { scope: 'team', limit, period: 'day' },
  { scope: 'key', limit, timeZone: 'Europe/Berlin' },
].map((input) => budgetOf(`config:${input.scope}`, input, 'config'));
const admission = createAdmission({
  ledger,
  budgets,
  history: createOutputHistory(),
  clock,
  dearestPrice: () => null,
  heldWaitMs: () => 0,
});
const pico = 1e6;
const price = {
  inputPico: pico,
  cachedInputPico: pico,
  cacheWritePico: pico,
  outputPico: pico,
  reasoningPico: pico,
  audioInputPico: pico,
  audioOutputPico: pico,
  imageInputPico: pico,
  imageOutputPico: pico,
  requestPico: 0,
};
const model = { name: 'm', price, maxOutput: 4_096 };
const usage = { prompt_tokens: 100, completion_tokens: 200, total_tokens: 300 };
const waits = [];
let serial = 0;

async function once(upstreamMs) {
  const id = `request-${(serial += 1)}`;
  const key = `key_${serial % 50}`;
  const startedAt = performance.now();
  const reservation = await admission.admit({
    id,
    at: clock.now(),
    spender: { tenant: key, keyId: key, team: `team${serial % 5}`, user: null, tags: [] },
    task: 'math',
    strategy: 'single',
    ceiling: null,
    calls: [{ id: '0', model, sent: true, inputAtMost: 400, outputAtMost: null, choices: 1 }],
  });
  waits.push(performance.now() - startedAt);
  if (upstreamMs !== null) await new Promise((resolve) => setTimeout(resolve, upstreamMs));
  reservation.settle('0', { at: clock.now(), cost: 300_000, usage, estimated: false, priceVersion: 'v1' });
  reservation.finish();
}

const quantile = (share) =>
  Number(waits.sort((one, other) => one - other)[Math.floor(waits.length * share)].toFixed(3));

async function measure(name, clients, upstreamMs) {
  waits.length = 0;
  let left = REQUESTS;
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  const client = async () => {
    while ((left -= 1) >= 0) await once(upstreamMs);
  };
  await Promise.all(Array.from({ length: clients }, client));
  await ledger.flush();
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (performance.now() - startedAt) / 1_000;
  console.log(
    name.padEnd(28),
    `p50 ${quantile(0.5)} ms`,
    `p99 ${quantile(0.99)} ms`,
    `${Math.round((user + system) / REQUESTS)} µs of processor each`,
    `${Math.round(REQUESTS / seconds)}/s`,
  );
}

console.log('reserve and settle, three budgets a request');
await measure('warm up', 50, 0);
await measure('one after the other', 1, null);
await measure('64 at once', 64, null);
await measure('200 at once, 20 ms upstream', 200, 20);
await ledger.stop();
db.close();
rmSync(folder, { recursive: true, force: true });
