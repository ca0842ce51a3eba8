// What a process that died had sent: posted at its reserve, listed for the administration, put right by it once.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDatabase } from '../../src/store/sqlite/database.ts';
import { createSqliteLedger } from '../../src/store/sqlite/ledger.ts';
import { allowance, nano, otherOwner, request } from '../store/ledger-support.ts';
import { openOffice } from './office.ts';

test('a call that a crash left open is listed, corrected once, and in the audit', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'quorum-left-'));
  const path = join(folder, 'quorum.db');
  const budgets = [{ scope: 'global', period: 'total', limit_usd: 5 }];
  const office = await openOffice({ more: { storage: { url: `sqlite:${path}` }, budgets } });
  const spent = async (): Promise<unknown> => {
    const { balance } = (await office.admin('GET', '/budgets/config:global:total')).json();
    return [balance.spent_usd, balance.held_usd];
  };
  try {
    // Another process holds $2 for a call that goes out, and is silent since long before.
    const db = openDatabase(path);
    const clock = { now: () => Date.now() - 60_000, after: () => () => undefined };
    const dead = createSqliteLedger(db, { clock, owner: otherOwner() });
    const total = allowance('config:global:total||total|0', 5e9, { budget: 'config:global:total', period: 'total' });
    await dead.hold({ ...request('req_lost', [total], 2e9), spender: { ...request('', []).spender, tags: [] } });
    db.close();

    await expect.poll(spent, { timeout: 8_000, interval: 100 }).toEqual([2, 0]);
    const { data } = (await office.admin('GET', '/unreconciled')).json();
    expect(data).toMatchObject([{ request_id: 'req_lost', amount_usd: 2, flag: 'unreconciled', price_version: null }]);
    const correct = (cost: unknown) => office.admin('POST', `/unreconciled/${data[0]!.id}/correct`, { cost_usd: cost });
    expect((await correct(-1)).status).toBe(400);
    expect((await correct(0.5)).status).toBe(200);
    expect(await spent()).toEqual([0.5, 0]);
    expect((await correct(0.1)).status).toBe(404);
    expect((await office.admin('GET', '/unreconciled')).json().data).toEqual([]);
    // Both entries stay.
    const { data: entries } = (await office.admin('GET', '/ledger')).json();
    expect(entries.map(({ amount_usd: amount }) => nano(amount * 1e9))).toEqual([-1.5e9, 2e9]);
    const audit = (await office.admin('GET', '/audit?limit=1')).json().data;
    expect(audit).toMatchObject([{ action: 'ledger.correct', actor: 'admin', detail: { cost_usd: 0.5 } }]);
  } finally {
    await office.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
