// Money under fire: 200 clients, every strategy, faults at every step, budgets that run out; then all books are compared.
// Run: node bench/money/run.mjs [--requests 6000] [--clients 200] [--faults 0.25] [--processes 1] [--dist DIST] [--json]
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { setTimeout as pause } from 'node:timers/promises';
import { auditLedger, compare, falseRefusals, readLedger } from './books.mjs';
import { askAll, wishOf } from './clients.mjs';
import { configOf, handOut, startQuorum, startUpstream, admin } from './program.mjs';

const { values: flags } = parseArgs({
  options: {
    requests: { type: 'string', default: '6000' },
    clients: { type: 'string', default: '200' },
    faults: { type: 'string', default: '0.25' },
    processes: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Date.now() % 1e6) },
    dist: { type: 'string', default: join(import.meta.dirname, '../../dist') },
    json: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
  },
});
const [requests, clients, faults, processes] = [flags.requests, flags.clients, flags.faults, flags.processes].map(
  Number,
);
const dist = resolve(flags.dist);
/** So that about two thirds of what is asked can be paid. */
const USD = requests * 0.006;
const LIMITS = { key: USD / 10, team: (USD * 4.2) / 10, all: (USD * 8) / 10 };
const QUIET_MS = 15_000;

const folder = mkdtempSync(join(tmpdir(), 'quorum-money-'));
const upstream = await startUpstream(dist, faults);
const database = join(folder, 'quorum.db');
const running = [];
for (let nth = 0; nth < processes; nth += 1)
  running.push(await startQuorum({ dist, folder, config: configOf(upstream.port, database), name: `quorum-${nth}` }));
const failed = [];
try {
  const keys = await handOut(running[0].url, LIMITS);
  await pause(600);
  const wishes = Array.from({ length: requests }, (_, nth) => wishOf(`m${flags.seed}-${nth}`, keys, faults));
  const startedAt = performance.now();
  const told = await askAll(
    running.map(({ url }) => url),
    wishes,
    clients,
  );
  const tookMs = performance.now() - startedAt;
  const quietMs = await quiet();
  const pending = (await standings()).reduce((sum, { balance }) => sum + Math.round(balance.held_usd * 1e9), 0);
  const { books } = await upstream.books();
  if (flags.keep) writeFileSync(join(folder, 'books.json'), JSON.stringify({ books, told }));
  const codes = await Promise.all(running.map((one) => one.stop()));
  const ledger = await readLedger(dist, database);
  await report({ told, wishes, books, ledger, pending, tookMs, quietMs, codes });
} finally {
  for (const one of running) one.kill();
  upstream.stop();
  if (flags.keep) console.log(folder);
  else rmSync(folder, { recursive: true, force: true });
}

async function standings() {
  const { data } = await admin(running[0].url, 'GET', '/budgets?limit=100');
  return data.filter(({ balance }) => balance !== null);
}

/** Waits until no call is open upstream and nothing is held; how long that took. */
async function quiet() {
  const from = performance.now();
  while (performance.now() - from < QUIET_MS) {
    const { open } = await upstream.books();
    if (open === 0 && (await standings()).every(({ balance }) => balance.held_usd === 0)) break;
    await pause(100);
  }
  return performance.now() - from;
}

async function report({ told, wishes, books, ledger, pending, tookMs, quietMs, codes }) {
  const nano = Object.fromEntries(Object.entries(LIMITS).map(([name, usd]) => [name, Math.round(usd * 1e9)]));
  const compared = compare(ledger.entries, books);
  const cried = await falseRefusals(dist, { told, wishes, books }, nano, faults);
  const inHindsight = await falseRefusals(dist, { told, wishes, books }, nano, faults, true);
  const own = auditLedger(ledger);
  const count = (of) => told.reduce((counts, one) => ({ ...counts, [of(one)]: (counts[of(one)] ?? 0) + 1 }), {});
  const flagged = ledger.entries.reduce(
    (counts, { flag }) => ({ ...counts, [flag ?? 'plain']: (counts[flag ?? 'plain'] ?? 0) + 1 }),
    {},
  );
  const usd = (amount) => `$${(amount / 1e9).toFixed(9)}`;
  const spent = ledger.balances.map(({ allowance, posted }) => ({
    name: `${allowance.scope} ${allowance.subject ?? ''}`.trim(),
    limit: allowance.limit,
    posted,
  }));
  const overspent = spent.reduce((sum, { limit, posted }) => sum + Math.max(0, posted - limit), 0);
  const books_ = {
    requests: told.length,
    clients,
    processes,
    seed: flags.seed,
    seconds: Math.round(tookMs / 100) / 10,
    quietMs: Math.round(quietMs),
    calls: books.length,
    outcomes: count(({ status, error, left, complete }) =>
      left ? 'left' : status === 200 ? (complete ? 'answered' : 'broke off') : (error?.code ?? String(status)),
    ),
    upstream: books.reduce((counts, { how }) => ({ ...counts, [how]: (counts[how] ?? 0) + 1 }), {}),
    entries: flagged,
    used: Object.fromEntries(
      spent.map(({ name, limit, posted }) => [name, `${((posted / limit) * 100).toFixed(2)} %`]),
    ),
    overspent: usd(overspent),
    pending: usd(pending),
    refusedWithMoneyLeft: cried.length,
    heldThoughItCameToLess: inHindsight.length - cried.length,
    told: { calls: compared.told.calls, ledger: usd(compared.told.ledger), upstream: usd(compared.told.upstream) },
    untold: {
      calls: compared.untold.calls,
      ledger: usd(compared.untold.ledger),
      upstream: usd(compared.untold.upstream),
      crossed: compared.crossed,
    },
    exits: codes,
  };
  failed.push(...own, ...compared.wrong);
  if (overspent !== 0) failed.push(`${usd(overspent)} overspent`);
  if (pending !== 0) failed.push(`${usd(pending)} pending`);
  if (compared.told.ledger !== compared.told.upstream) failed.push('the sums differ');
  for (const one of cried.slice(0, 20)) failed.push(`refused with money left: ${JSON.stringify(one)}`);
  if (codes.some((code) => code !== 0)) failed.push(`exit codes ${codes.join(', ')}`);
  console.log(JSON.stringify({ ...books_, wrong: failed.length, first: failed.slice(0, 25) }, null, 2));
  process.exitCode = failed.length === 0 ? 0 : 1;
}
