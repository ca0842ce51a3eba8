// Keys, teams and budgets in SQLite, with every change in the audit.
import {
  QuorumError,
  type Act,
  type AuditEntry,
  type Budget,
  type KeySecret,
  type RegistryStore,
  type Team,
  type VirtualKey,
} from '../../contract/index.ts';
import { sqliteCode, type Db } from './database.ts';

interface AuditRow {
  seq: number;
  at: number;
  actor: string;
  action: string;
  subject: string;
  detail: string;
}

export function createSqliteRegistry(db: Db): RegistryStore {
  const version = db.prepare<{ version: number }>('SELECT version FROM registry');
  const keys = db.prepare<{ key: string; last_used_at: number | null }>('SELECT key, last_used_at FROM keys');
  const secrets = db.prepare<{ hash: string; key_id: string; until: number | null }>('SELECT * FROM key_secrets');
  const teams = db.prepare<{ team: string }>('SELECT team FROM teams');
  const budgets = db.prepare<{ budget: string }>('SELECT budget FROM budgets');
  const putKey = db.prepare(
    'INSERT INTO keys (id, key) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET key = excluded.key',
  );
  const dropSecrets = db.prepare('DELETE FROM key_secrets WHERE key_id = ?');
  const putSecret = db.prepare('INSERT INTO key_secrets VALUES (?, ?, ?)');
  const putTeam = db.prepare('INSERT INTO teams VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET team = excluded.team');
  const putBudget = db.prepare(
    'INSERT INTO budgets VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET budget = excluded.budget',
  );
  const dropBudget = db.prepare('DELETE FROM budgets WHERE id = ?');
  const raise = db.prepare('UPDATE registry SET version = version + 1');
  const note = db.prepare('INSERT INTO audit (at, actor, action, subject, detail) VALUES (?, ?, ?, ?, ?)');
  const use = db.prepare('UPDATE keys SET last_used_at = max(coalesce(last_used_at, 0), ?) WHERE id = ?');
  const lastUses = db.prepare<{ id: string; last_used_at: number }>(
    'SELECT id, last_used_at FROM keys WHERE last_used_at IS NOT NULL',
  );
  const page = db.prepare<AuditRow>(
    'SELECT * FROM audit WHERE seq < ?1 AND (?2 IS NULL OR subject = ?2) ORDER BY seq DESC LIMIT ?3',
  );

  const change = (act: Act, action: string, subject: string, detail: unknown, write: () => void): void =>
    orUnavailable(() =>
      db.transaction(() => {
        write();
        note.run(act.at, act.actor, action, subject, JSON.stringify(detail));
        raise.run();
      }),
    );
  const currentVersion = (): number => version.first()?.version ?? 0;

  return {
    version: currentVersion,
    // The version is read first: what changes meanwhile is loaded again at the next look. Needs no lock, so a full disk doesn't matter.
    load: () => ({
      version: currentVersion(),
      keys: keys.all().map((row) => ({ ...(JSON.parse(row.key) as VirtualKey), lastUsedAt: row.last_used_at })),
      secrets: secrets.all().map(({ hash, key_id: keyId, until }): KeySecret => ({ keyId, hash, until })),
      teams: teams.all().map((row) => JSON.parse(row.team) as Team),
      budgets: budgets.all().map((row) => JSON.parse(row.budget) as Budget),
    }),
    saveKey: (key, hashes, act) =>
      change(act, act.action, key.id, key, () => {
        putKey.run(key.id, JSON.stringify(key));
        dropSecrets.run(key.id);
        for (const { hash, keyId, until } of hashes) putSecret.run(hash, keyId, until);
      }),
    saveTeam: (team, act) =>
      change(act, act.action, team.id, team, () => void putTeam.run(team.id, JSON.stringify(team))),
    saveBudget: (budget, act) =>
      change(act, act.action, budget.id, budget, () => void putBudget.run(budget.id, JSON.stringify(budget))),
    deleteBudget: (id, act) => change(act, 'budget.delete', id, {}, () => void dropBudget.run(id)),
    touch: (uses) =>
      db.transaction(() => {
        for (const { keyId, at } of uses) use.run(at, keyId);
      }),
    lastUses: () => new Map(lastUses.all().map(({ id, last_used_at: at }) => [id, at])),
    audit: (limit, cursor, subject) => {
      const rows = page
        .all(cursor === null ? Number.MAX_SAFE_INTEGER : Number(cursor), subject ?? null, limit)
        .map((row): AuditEntry => ({ ...row, detail: JSON.parse(row.detail) as AuditEntry['detail'] }));
      return { rows, cursor: rows.length < limit ? null : String(rows.at(-1)?.seq) };
    },
  };
}

/** A locked file, a full disk: nothing was changed, and the same may work in a moment. */
export function orUnavailable(write: () => void): void {
  try {
    write();
  } catch (error) {
    if (sqliteCode(error) === '') throw error;
    throw new QuorumError('budget_unavailable', 'The database can’t be written at the moment; nothing was changed.', {
      retryAfterMs: 1_000,
      cause: error,
    });
  }
}
