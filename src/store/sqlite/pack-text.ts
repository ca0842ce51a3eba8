// Records as text in little room. Most of a record's JSON is the names of its fields, which are the same in all of them: they are
// kept once, in a table, and a record refers to them by a hash. A record is little more than half as long, and so is all that the disk does for it.
import { createHash } from 'node:crypto';
import type { Migration } from './migrations.ts';
import type { Db } from './database.ts';

export const SHAPES_MIGRATION: Migration = {
  name: 'names of fields, kept once',
  sql: 'CREATE TABLE shapes (id TEXT PRIMARY KEY, names TEXT) WITHOUT ROWID',
};

export interface Packer {
  /** Plain data as `JSON.stringify` would take it. */
  pack(value: object): string;
  /** Writes names that are new; call in the transaction that writes what was packed. The returned function tells that it is committed. */
  save(): () => void;
  /** What was packed, or plain JSON as it was written before. */
  unpack(text: string): unknown;
}

/** Names of fields in order, one at a time. */
interface Node {
  readonly next: Map<string, Node>;
  readonly names: string;
  /** Empty: no object has ended here. */
  id: string;
  /** The same name follows almost always. */
  lastName: string;
  last: Node | null;
}

/** Instead of a hash: a list, and an object that brings its names along. */
const LIST = 0;
const NAMED = -1;
/** Of base64: 42 bits, of which some thousand hashes are all different but for once in a million. */
const ID_LENGTH = 7;
/** Upstreams choose some names; past so many they are no longer kept. */
const MOST_NODES = 5_000;

export function createPacker(db: Db): Packer {
  const insert = db.prepare('INSERT OR IGNORE INTO shapes (id, names) VALUES (?, ?)');
  const read = db.prepare<{ names: string }>('SELECT names FROM shapes WHERE id = ?');
  const nodeOf = (names: string): Node => ({ next: new Map(), names, id: '', lastName: '', last: null });
  const root = nodeOf('');
  let nodes = 0;
  const namesOf = new Map<string, readonly string[]>();
  /** Not on disk yet. */
  let fresh: (readonly [id: string, names: string])[] = [];

  /** null: there are too many. */
  const nodeAfter = (node: Node, name: string): Node | null => {
    if (node.lastName === name && node.last !== null) return node.last;
    let found = node.next.get(name);
    if (found === undefined) {
      if (++nodes > MOST_NODES) return null;
      found = nodeOf(`${node.names}${JSON.stringify(name)},`);
      node.next.set(name, found);
    }
    node.lastName = name;
    node.last = found;
    return found;
  };

  const idOf = (node: Node): string => {
    if (node.id !== '') return node.id;
    const names = `[${node.names.slice(0, -1)}]`;
    node.id = createHash('sha256').update(names).digest('base64url').slice(0, ID_LENGTH);
    namesOf.set(node.id, JSON.parse(names) as readonly string[]);
    fresh.push([node.id, names]);
    return node.id;
  };

  function shaped(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    if (!Array.isArray(value)) return fieldsOf(value as Readonly<Record<string, unknown>>);
    const list: unknown[] = [LIST];
    for (const each of value as readonly unknown[]) list.push(shaped(each));
    return list;
  }

  function fieldsOf(fields: Readonly<Record<string, unknown>>): unknown[] {
    let node: Node | null = root;
    const list: unknown[] = [''];
    for (const name in fields) {
      const value = fields[name];
      if (value === undefined) continue;
      node = nodeAfter(node, name);
      if (node === null) return namedOf(fields);
      list.push(shaped(value));
    }
    list[0] = idOf(node);
    return list;
  }

  function namedOf(fields: Readonly<Record<string, unknown>>): unknown[] {
    const list: unknown[] = [NAMED];
    for (const name in fields) if (fields[name] !== undefined) list.push(name, shaped(fields[name]));
    return list;
  }

  const shape = (id: string): readonly string[] => {
    const known = namesOf.get(id);
    if (known !== undefined) return known;
    const names = JSON.parse(read.first(id)?.names ?? '[]') as readonly string[];
    namesOf.set(id, names);
    return names;
  };

  function unpacked(value: unknown): unknown {
    if (!Array.isArray(value)) return value;
    const [kind, ...values] = value as readonly unknown[];
    if (kind === LIST) return values.map(unpacked);
    if (kind !== NAMED)
      return Object.fromEntries(shape(kind as string).map((name, nth) => [name, unpacked(values[nth])]));
    const pairs = Array.from({ length: values.length / 2 }, (_, nth) => [
      values[2 * nth],
      unpacked(values[2 * nth + 1]),
    ]);
    return Object.fromEntries(pairs) as unknown;
  }

  return {
    // Lists that are written by the engine: texts joined here would leave twenty times their length behind.
    pack: (value) => JSON.stringify(shaped(value)),
    save() {
      const saved = fresh;
      for (const [id, names] of saved) insert.run(id, names);
      return () => {
        fresh = fresh.filter((each) => !saved.includes(each));
      };
    },
    unpack: (text) => {
      const value = JSON.parse(text) as unknown;
      return text.startsWith('{') ? value : unpacked(value);
    },
  };
}
