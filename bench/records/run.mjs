// Whether millions of stored requests, and their deletion, slow the requests of now: an empty database and a full one, in turns.
//   node bench/records/run.mjs [--millions 5] [--seconds 8] [--rounds 3] [--rate 150] [--json]
// The full one holds rows of a real request's size; the older half is past its retention, so that deletion is under way all the while.
import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import Libsql from 'libsql';
import { median, warm } from '../speed/measures.mjs';
import { startLoad, startQuorum, startUpstream } from '../speed/processes.mjs';

const { values } = parseArgs({
  options: {
    millions: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '3' },
    rate: { type: 'string', default: '150' },
    json: { type: 'boolean', default: false },
  },
});
const dist = resolve(import.meta.dirname, '../../dist');
const ROWS = Math.round(Number(values.millions) * 1e6);
const AT_ONCE = 250_000;
const DAY_MS = 86_400_000;

/** Rows like those of the program, in time order; the first half is older than the retention of 90 days. */
async function fill(folder) {
  const { openStore } = await import(pathToFileURL(join(dist, 'store/index.js')).href);
  const clock = {
    now: () => Date.now(),
    after: (ms, task) =>
      (
        (id) => () =>
          clearTimeout(id)
      )(setTimeout(task, ms)),
  };
  const store = await openStore(`sqlite:${join(folder, 'quorum.db')}`, clock, { decay: (sum) => sum });
  await store.close();
  const db = new Libsql(join(folder, 'quorum.db'));
  db.exec('PRAGMA synchronous = OFF; PRAGMA journal_mode = WAL; PRAGMA cache_size = -400000');
  const record = JSON.stringify({ id: 'x', attempts: [], filler: 'recorded '.repeat(70) });
  const from = Date.now() - 180 * DAY_MS;
  const stepMs = (179 * DAY_MS) / ROWS;
  const insert = db.prepare(`
    WITH RECURSIVE n(i) AS (SELECT ? UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)
    INSERT INTO requests (id, tenant, at, task, status, strategy, models, flags, cost_nano, total_ms, record)
    SELECT printf('req_%012x%08x', ? + i * ?, i), 'local', ? + i * ?, 'code', 200, 'single', char(10) || 'plain' || char(10), char(10) || char(10), 1000, 500.0, ?
    FROM n`);
  const since = performance.now();
  for (let at = 0; at < ROWS; at += AT_ONCE) {
    insert.run([at, Math.min(ROWS, at + AT_ONCE), from, stepMs, from, stepMs, record]);
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  }
  db.close();
  process.stderr.write(
    `${ROWS} rows in ${((performance.now() - since) / 1000).toFixed(0)} s, ${(statSync(join(folder, 'quorum.db')).size / 1e9).toFixed(1)} GB\n`,
  );
}

function rowsIn(folder) {
  const db = new Libsql(join(folder, 'quorum.db'), { readonly: true });
  const { first, last } = db.prepare('SELECT min(seq) AS first, max(seq) AS last FROM requests').get([]);
  db.close();
  return { first, last };
}

const upstream = await startUpstream();
const load = await startLoad();
const empty = await startQuorum({ dist, upstream });
const full = await startQuorum({ dist, upstream, prepare: fill });
for (const subject of [empty, full]) await warm(load, subject);
// Deletion begins 20 s after the start.
await pause(Math.max(0, 25_000 - 4_000));

const options = { perSecond: Number(values.rate), seconds: Number(values.seconds), stream: false };
const rounds = [];
const before = rowsIn(full.folder).first;
const since = performance.now();
for (let round = 0; round < Number(values.rounds); round += 1) {
  const found = {};
  for (const name of round % 2 === 0 ? ['empty', 'full'] : ['full', 'empty']) {
    const { port, pid } = { empty, full }[name];
    found[name] = await load.run('openLoop', { port, pid, ...options });
  }
  rounds.push(found);
}
const deleted = rowsIn(full.folder).first - before;
const seconds = (performance.now() - since) / 1000;
const of = (name, quantile) => median(rounds.map((found) => found[name].whole[quantile]));
const result = {
  rows: ROWS,
  deleted_per_second: Math.round(deleted / seconds),
  empty: { p50: of('empty', 'p50'), p99: of('empty', 'p99') },
  full: { p50: of('full', 'p50'), p99: of('full', 'p99') },
  p99_full_to_empty: median(rounds.map((found) => found.full.whole.p99 / found.empty.whole.p99)),
  p99_ms_more: median(rounds.map((found) => found.full.whole.p99 - found.empty.whole.p99)),
  // A machine that is busy otherwise makes both shed load.
  failed: Object.fromEntries(
    ['empty', 'full'].map((name) => [name, rounds.reduce((sum, found) => sum + found[name].failed, 0)]),
  ),
};
process.stdout.write(
  values.json
    ? `${JSON.stringify(result)}\n`
    : `empty: p50 ${result.empty.p50.toFixed(2)} ms, p99 ${result.empty.p99.toFixed(2)} ms
${(ROWS / 1e6).toFixed(1)} million rows: p50 ${result.full.p50.toFixed(2)} ms, p99 ${result.full.p99.toFixed(2)} ms, while ${result.deleted_per_second} rows a second are deleted
p99, full to empty: ${result.p99_full_to_empty.toFixed(2)} (${result.p99_ms_more.toFixed(2)} ms more); requests failed: ${result.failed.empty} and ${result.failed.full}
`,
);
process.exit();
