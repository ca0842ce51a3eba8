// What an administrator set while it was running: one small table that every process reads again when it changes.
import type { OptionStore } from '../../contract/index.ts';
import type { Db } from './database.ts';
import { orUnavailable } from './keys.ts';
import type { Migration } from './migrations.ts';

export const OPTIONS_MIGRATION: Migration = {
  name: 'options',
  sql: `
    CREATE TABLE options (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE options_version (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL) STRICT;
    INSERT INTO options_version VALUES (1, 0);
  `,
};

export function createOptionTable(db: Db): OptionStore {
  const version = db.prepare<{ version: number }>('SELECT version FROM options_version');
  const all = db.prepare<{ name: string; value: string }>('SELECT name, value FROM options');
  const put = db.prepare('INSERT OR REPLACE INTO options VALUES (?, ?)');
  const drop = db.prepare('DELETE FROM options WHERE name = ?');
  const raise = db.prepare('UPDATE options_version SET version = version + 1');
  const note = db.prepare('INSERT INTO audit (at, actor, action, subject, detail) VALUES (?, ?, ?, ?, ?)');
  const current = (): number => version.first()?.version ?? 0;
  return {
    version: current,
    load: () => Object.fromEntries(all.all().map(({ name, value }) => [name, JSON.parse(value) as unknown])),
    set: (changes, { at, actor }) =>
      orUnavailable(() =>
        db.transaction(() => {
          for (const [name, value] of Object.entries(changes)) {
            if (value === null) drop.run(name);
            else put.run(name, JSON.stringify(value));
          }
          note.run(at, actor, 'settings.update', 'settings', JSON.stringify(changes));
          raise.run();
        }),
      ),
  };
}
