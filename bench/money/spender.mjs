// A process that spends from a shared ledger until the budget is used up, and says what it did. Killed at will by those who test it.
// node spender.mjs MODULES DATABASE BUDGET LIMIT_NANO COST_NANO   (COST_NANO 0: anything up to a hundredth of the limit)
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [modules, path, budget, limitText, costText] = process.argv.slice(2);
const load = (file) => import(pathToFileURL(join(modules, file)).href);
const { openDatabase, migrate } = await load('store/sqlite/database.js');
const { MIGRATIONS } = await load('store/sqlite/migrations.js');
const { createSqliteAccounts } = await load('store/sqlite/accounts.js');

const CLIENTS = 20;
const limit = Number(limitText);
const fixed = Number(costText);
const clock = {
  now: () => performance.timeOrigin + performance.now(),
  after: (ms, task) => {
    const timer = setTimeout(task, ms).unref();
    return () => clearTimeout(timer);
  },
};
const db = openDatabase(path, { busyMs: 100 });
migrate(db, MIGRATIONS);
const { ledger } = createSqliteAccounts(db, { clock });
const say = (line) => writeSync(1, `${line}\n`);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const allowance = {
  id: budget,
  budget,
  scope: 'global',
  subject: null,
  period: 'total',
  startsAt: 0,
  resetsAt: null,
  limit,
  enforced: true,
  onExceed: 'reject',
  softAt: [],
};
const spender = { tenant: 'k', keyId: 'k', team: null, user: null, tags: [] };
let serial = 0;

async function spendOnce() {
  const id = `${process.pid}-${(serial += 1)}`;
  const most = fixed || 1 + Math.floor((Math.random() * limit) / 100);
  const cost = fixed || Math.floor(Math.random() * most);
  const leg = (name, sent) => ({ id: name, model: 'm', atLeast: most, atMost: most, sent });
  const legs = fixed || Math.random() < 0.5 ? [leg('a', true)] : [leg('a', true), leg('b', false)];
  const outcome = await ledger
    .hold({ id, at: clock.now(), spender, allowances: [allowance], legs, task: null, strategy: null })
    .catch((error) => error);
  if (outcome.kind !== 'held')
    return outcome.code !== 'budget_held' && outcome.code !== 'budget_unavailable' ? 'empty' : pause(1);
  say(`called ${id}/a`);
  await pause(Math.random() * 3);
  const charge = (amount) => ({ at: clock.now(), cost: amount, usage: null, estimated: false, priceVersion: 'v' });
  ledger.settle(id, 'a', charge(cost));
  if (legs.length > 1 && Math.random() < 0.5) {
    await ledger.markSent(id, ['b']);
    say(`called ${id}/b`);
    await pause(Math.random() * 2);
    ledger.settle(id, 'b', charge(cost));
  }
  ledger.finish(id, clock.now());
  if (Math.random() < 0.2) {
    await ledger.flush();
    say(`acknowledged ${id}/a ${cost}`);
  }
}

async function client() {
  while ((await spendOnce()) !== 'empty');
}

say('ready');
await Promise.all(Array.from({ length: CLIENTS }, client));
await ledger.stop();
db.close();
