// Kills a spending process at random moments and looks into the books each time. Run: node bench/money/kill-ledger.mjs [times] [dist]
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { audit } from './audit.mjs';

const times = Number(process.argv[2] ?? 1_000);
const dist = resolve(process.argv[3] ?? join(import.meta.dirname, '../../dist'));
const LIMIT = 5e9;
const MOST_MS = 120;

function killedOnce(path, budget) {
  return new Promise((settle, reject) => {
    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, 'spender.mjs'), dist, path, budget, String(LIMIT), '0'],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let said = '';
    child.once('error', reject);
    child.stdout.on('data', (text) => {
      if (said === '') setTimeout(() => child.kill('SIGKILL'), Math.random() * MOST_MS);
      said += text;
    });
    child.once('close', () => settle(said));
  });
}

const folder = mkdtempSync(join(tmpdir(), 'quorum-money-'));
const totals = { kills: 0, released: 0, unreconciled: 0, entries: 0, slowestReadyMs: 0, wrong: [] };
for (let round = 0; round < times; round += 1) {
  // A file sees ten deaths, then the next one begins afresh.
  const path = join(folder, `${Math.floor(round / 10)}.db`);
  const budget = `budget-${round}`;
  const found = await audit(dist, path, budget, LIMIT, await killedOnce(path, budget));
  totals.kills += 1;
  totals.released += found.recovered.released;
  totals.unreconciled += found.recovered.unreconciled;
  totals.entries = totals.entries + found.entries;
  totals.slowestReadyMs = Math.max(totals.slowestReadyMs, Math.round(found.readyMs));
  totals.wrong.push(...found.wrong.map((what) => `round ${round}: ${what}`));
}
rmSync(folder, { recursive: true, force: true });
console.log(JSON.stringify(totals, null, 2));
process.exitCode = totals.wrong.length === 0 ? 0 : 1;
