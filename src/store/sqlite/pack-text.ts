// Records as they were packed before they became bytes: JSON of lists, whose fields' names stand in a table of their own. Read, no longer written.
import type { Migration } from './migrations.ts';
import type { Db } from './database.ts';

export const SHAPES_MIGRATION: Migration = {
  name: 'names of fields, kept once',
  sql: 'CREATE TABLE shapes (id TEXT PRIMARY KEY, names TEXT) WITHOUT ROWID',
};

/** Instead of a shape: a list, and an object that brings its names along. */
const LIST = 0;
const NAMED = -1;

/** Reads packed text, and plain JSON as it was written before. */
export function createTextReader(db: Db): (text: string) => unknown {
  const read = db.prepare<{ names: string }>('SELECT names FROM shapes WHERE id = ?');
  const namesOf = (id: string): readonly string[] => JSON.parse(read.first(id)?.names ?? '[]') as readonly string[];

  function unpacked(value: unknown): unknown {
    if (!Array.isArray(value)) return value;
    const [kind, ...values] = value as readonly unknown[];
    if (kind === LIST) return values.map(unpacked);
    if (kind !== NAMED)
      return Object.fromEntries(namesOf(kind as string).map((name, nth) => [name, unpacked(values[nth])]));
    const pairs = Array.from({ length: values.length / 2 }, (_, nth) => [
      values[2 * nth],
      unpacked(values[2 * nth + 1]),
    ]);
    return Object.fromEntries(pairs) as unknown;
  }

  return (text) => {
    const value = JSON.parse(text) as unknown;
    return text.startsWith('{') ? value : unpacked(value);
  };
}
