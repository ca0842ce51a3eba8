// `idempotency-key`: done and charged once, the same answer for a day, another body refused.
import { describe, expect, it } from 'vitest';
import { createIdempotency, requestFingerprint } from '../../src/accounts/index.ts';
import type { KeptAnswer } from '../../src/contract/index.ts';
import { createSqliteIdempotency } from '../../src/store/sqlite/idempotency.ts';
import { migrate, openDatabase } from '../../src/store/sqlite/database.ts';
import { MIGRATIONS } from '../../src/store/sqlite/migrations.ts';
import { simulatedClock } from '../support/simulated-clock.ts';

const answer: KeptAnswer = { status: 200, headers: { 'x-request-id': 'r1' }, body: Buffer.from('{"id":"r1"}') };

function open() {
  const db = openDatabase(':memory:');
  migrate(db, MIGRATIONS);
  const clock = simulatedClock();
  const living = new Set(['one', 'two']);
  const process = (owner: string) =>
    createIdempotency(createSqliteIdempotency(db, { owner, isOwnerAlive: (id) => living.has(id) }), clock);
  const request = (body = 'body', more = {}) => ({
    tenant: 'key_1',
    key: 'order-7',
    fingerprint: requestFingerprint('/v1/chat/completions', body),
    at: clock.now(),
    signal: new AbortController().signal,
    ...more,
  });
  return { db, clock, living, process, request };
}

describe('idempotency', () => {
  it('does 100 at once one time and answers all the same', async () => {
    const { process, request } = open();
    const one = process('one');
    let done = 0;
    const run = async (): Promise<string> => {
      const turn = await one.begin(request());
      if (turn.kind === 'replay') return Buffer.from(turn.answer.body).toString();
      done += 1;
      await Promise.resolve();
      turn.ticket.keep(answer);
      return Buffer.from(answer.body).toString();
    };
    const answers = await Promise.all(Array.from({ length: 100 }, run));
    expect(done).toBe(1);
    expect(new Set(answers)).toEqual(new Set(['{"id":"r1"}']));
  });

  it('remembers across a restart, for 24 hours, status and headers too', async () => {
    const { process, request, clock } = open();
    const turn = await process('one').begin(request());
    if (turn.kind === 'mine') turn.ticket.keep(answer);
    const again = await process('two').begin(request());
    expect(again).toMatchObject({ kind: 'replay', answer: { status: 200, headers: { 'x-request-id': 'r1' } } });
    await clock.advance(86_400_000);
    expect(await process('two').begin(request())).toMatchObject({ kind: 'mine' });
  });

  it('refuses another body under the same key, but not another tenant’s', async () => {
    const { process, request } = open();
    const one = process('one');
    await one.begin(request());
    await expect(one.begin(request('other'))).rejects.toMatchObject({ code: 'idempotency_conflict', status: 409 });
    expect(await one.begin(request('other', { tenant: 'key_2' }))).toMatchObject({ kind: 'mine' });
  });

  it('lets the next one try when the first failed', async () => {
    const { process, request } = open();
    const one = process('one');
    const first = await one.begin(request());
    const second = one.begin(request());
    if (first.kind === 'mine') first.ticket.abandon();
    expect(await second).toMatchObject({ kind: 'mine' });
  });

  it('waits for another process, and takes over when that died', async () => {
    const { process, request, clock, living } = open();
    const first = await process('one').begin(request());
    const two = process('two');
    const waiting = two.begin(request());
    if (first.kind === 'mine') first.ticket.keep(answer);
    expect(await clock.runUntil(waiting)).toMatchObject({ kind: 'replay' });
    await process('one').begin(request('x', { key: 'order-8' }));
    const other = two.begin(request('x', { key: 'order-8' }));
    await clock.advance(1_000);
    living.delete('one');
    expect(await clock.runUntil(other)).toMatchObject({ kind: 'mine' });
  });

  it('waits no longer for one whose client has gone', async () => {
    const { process, request } = open();
    const gone = new AbortController();
    const one = process('one');
    await one.begin(request());
    const waiting = one.begin(request('body', { signal: gone.signal }));
    gone.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'client_closed' });
  });

  it('refuses a bad key with 400, and does nothing when it can’t know with 503', async () => {
    const { process, request, db } = open();
    const one = process('one');
    for (const key of ['', 'x'.repeat(256), 'line\nbreak'])
      await expect(one.begin(request('body', { key }))).rejects.toMatchObject({ code: 'invalid_value', status: 400 });
    db.exec('DROP TABLE idempotency');
    await expect(one.begin(request())).rejects.toMatchObject({ code: 'budget_unavailable', status: 503 });
  });
});
