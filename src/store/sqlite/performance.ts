// Hours of requests and calls: each process writes rows of its own, so that nobody has to add to another's.
import { randomUUID } from 'node:crypto';
import type { HourRow, PerformanceStore } from '../../contract/index.ts';
import type { Db } from './database.ts';
import type { Migration } from './migrations.ts';
import type { Source, Writer } from './writer.ts';

export const PERFORMANCE_MIGRATION: Migration = {
  name: 'hours of requests and calls',
  sql: `
    CREATE TABLE performance (
      hour INTEGER NOT NULL,
      run TEXT NOT NULL,
      scope TEXT NOT NULL,
      task TEXT NOT NULL,
      model TEXT NOT NULL,
      tenant TEXT NOT NULL,
      strategy TEXT NOT NULL,
      tier TEXT NOT NULL,
      body TEXT NOT NULL,
      PRIMARY KEY (hour, run, scope, task, model, tenant, strategy, tier)
    ) STRICT, WITHOUT ROWID;
  `,
};

const MOST_ROWS = 100;

interface PerformanceQueue extends Source {
  readonly port: (writer: Writer) => PerformanceStore;
}

export function createPerformanceQueue(db: Db, run: string = randomUUID()): PerformanceQueue {
  const waiting = new Map<string, HourRow>();
  const put = db.prepare('INSERT OR REPLACE INTO performance VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)');
  const stored = db.prepare<HourRow>(
    'SELECT hour, scope, task, model, tenant, strategy, tier, body FROM performance WHERE hour = ?',
  );
  const known = db.prepare<{ hour: number }>(
    'SELECT DISTINCT hour FROM performance WHERE hour BETWEEN ? AND ? ORDER BY hour',
  );
  const drop = db.prepare('DELETE FROM performance WHERE hour < ?');

  return {
    waiting: () => waiting.size,
    write: () => {
      const batch = [...waiting].slice(0, MOST_ROWS);
      for (const [, { hour, scope, task, model, tenant, strategy, tier, body }] of batch)
        put.run(hour, run, scope, task, model, tenant, strategy, tier, body);
      return () => {
        for (const [key, row] of batch) if (waiting.get(key) === row) waiting.delete(key);
      };
    },
    port: (writer) => ({
      keep: (rows) => {
        for (const row of rows) waiting.set(keyOf(row), row);
        if (rows.length > 0) writer.soon(false);
      },
      ofHour: (hour) => {
        if (waiting.size > 0) writer.attempt();
        return stored.all(hour);
      },
      hours: (from, to) => {
        if (waiting.size > 0) writer.attempt();
        return known.all(from, to).map((row) => row.hour);
      },
      forget: (beforeHour) => void drop.run(beforeHour),
    }),
  };
}

const keyOf = ({ hour, scope, task, model, tenant, strategy, tier }: HourRow): string =>
  JSON.stringify([hour, scope, task, model, tenant, strategy, tier]);
