// Looks into the books of a ledger whose process died: what it said it did must be there, and nothing may be left over.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Opens the file as a new process would, which recovers it, and gives what is wrong, in words. */
export async function audit(modules, path, budget, limit, said) {
  const load = (file) => import(pathToFileURL(join(modules, file)).href);
  const { openDatabase, migrate } = await load('store/sqlite/database.js');
  const { MIGRATIONS } = await load('store/sqlite/migrations.js');
  const { createSqliteAccounts } = await load('store/sqlite/accounts.js');
  const clock = { now: () => performance.timeOrigin + performance.now(), after: () => () => {} };
  const startedAt = performance.now();
  const db = openDatabase(path, { busyMs: 1_000 });
  migrate(db, MIGRATIONS);
  const recovered = { released: 0, unreconciled: 0 };
  const { ledger } = createSqliteAccounts(db, { clock, onRecovered: (counts) => Object.assign(recovered, counts) });
  const readyMs = performance.now() - startedAt;
  const one = (sql, ...values) => db.prepare(sql).first(...values);
  const wrong = [];
  const balance = one('SELECT posted, held FROM balances WHERE id = ?', budget) ?? { posted: 0, held: 0 };
  const { sum } = one(
    `SELECT coalesce(sum(amount), 0) AS sum FROM entries, json_each(allowances) AS a WHERE a.value = ?`,
    budget,
  );
  if (balance.held !== 0) wrong.push(`${balance.held} still held`);
  if (balance.posted > limit) wrong.push(`${balance.posted} spent of ${limit}`);
  if (balance.posted !== sum) wrong.push(`${balance.posted} posted, entries say ${sum}`);
  const posted = new Map(
    db
      .prepare('SELECT call, amount FROM entries')
      .all()
      .map(({ call, amount }) => [call, amount]),
  );
  for (const [, call] of said.matchAll(/^called (\S+)\n/gm))
    if (!posted.has(call)) wrong.push(`${call} was sent and is not in the ledger`);
  for (const [, call, cost] of said.matchAll(/^acknowledged (\S+) (\d+)\n/gm))
    if (posted.get(call) !== Number(cost))
      wrong.push(`${call} was acknowledged at ${cost}, the ledger says ${posted.get(call)}`);
  await ledger.stop();
  db.close();
  return { wrong, recovered, readyMs, entries: posted.size };
}
