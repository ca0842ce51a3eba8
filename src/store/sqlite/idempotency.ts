// Which requests were done already, and their answers, in SQLite; shared by all processes on the file.
import type { IdempotencyStore } from '../../contract/index.ts';
import type { Db } from './database.ts';

const KEEP_MS = 86_400_000;
const CLEAN_EVERY = 200;

/** `isOwnerAlive`: whether the process that claimed a request can still finish it. */
export function createSqliteIdempotency(
  db: Db,
  options: { readonly owner: string; readonly isOwnerAlive: (owner: string) => boolean },
): IdempotencyStore {
  const find = db.prepare<{
    fingerprint: string;
    at: number;
    owner: string;
    status: number | null;
    headers: string | null;
    body: Uint8Array | null;
  }>('SELECT fingerprint, at, owner, status, headers, body FROM idempotency WHERE tenant = ? AND key = ?');
  const put = db.prepare(
    'INSERT OR REPLACE INTO idempotency (tenant, key, fingerprint, at, owner) VALUES (?, ?, ?, ?, ?)',
  );
  const keep = db.prepare(
    'UPDATE idempotency SET status = ?, headers = ?, body = ? WHERE tenant = ? AND key = ? AND owner = ?',
  );
  const drop = db.prepare('DELETE FROM idempotency WHERE tenant = ? AND key = ? AND owner = ? AND status IS NULL');
  const clean = db.prepare('DELETE FROM idempotency WHERE at < ?');
  let claims = 0;

  return {
    claim: (tenant, key, fingerprint, at, runningHere) =>
      db.transaction(() => {
        claims += 1;
        if (claims % CLEAN_EVERY === 0) clean.run(at - KEEP_MS);
        const row = find.first(tenant, key);
        if (row !== null && row.at > at - KEEP_MS) {
          if (row.fingerprint !== fingerprint) return { kind: 'conflict' };
          if (row.status !== null && row.body !== null) {
            const headers = JSON.parse(row.headers ?? '{}') as Record<string, string>;
            return { kind: 'done', answer: { status: row.status, headers, body: new Uint8Array(row.body) } };
          }
          const running = row.owner === options.owner ? runningHere : options.isOwnerAlive(row.owner);
          if (running) return { kind: 'running' };
        }
        put.run(tenant, key, fingerprint, at, options.owner);
        return { kind: 'mine' };
      }),
    keep: (tenant, key, { status, headers, body }) => {
      keep.run(status, JSON.stringify(headers), body, tenant, key, options.owner);
    },
    abandon: (tenant, key) => {
      drop.run(tenant, key, options.owner);
    },
  };
}
