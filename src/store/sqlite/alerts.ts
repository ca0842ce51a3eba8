// Alerts that went out or still have to, in SQLite: each id once over all processes.
import type { AlertStore, BudgetAlert } from '../../contract/index.ts';
import type { Db } from './database.ts';

export function createSqliteAlerts(db: Db): AlertStore {
  const insert = db.prepare('INSERT OR IGNORE INTO alerts (id, alert, at) VALUES (?, ?, ?)');
  const deliver = db.prepare('UPDATE alerts SET delivered_at = ? WHERE id = ?');
  const open = db.prepare<{ alert: string }>(
    'SELECT alert FROM alerts WHERE delivered_at IS NULL AND at < ? ORDER BY at LIMIT 100',
  );
  return {
    claim: (alert) => insert.run(alert.id, JSON.stringify(alert), alert.at) === 1,
    delivered: (id, at) => void deliver.run(at, id),
    undelivered: (before) => open.all(before).map((row) => JSON.parse(row.alert) as BudgetAlert),
  };
}
