// Records as text in little room. Most of a record's JSON is the names of its fields, which are the same in all of them: they are
// kept once, in a table, and a record refers to them by number. A record is a third as long, and so is all that the disk does for it.
import type { Migration } from './migrations.ts';
import type { Db } from './database.ts';

export const SHAPES_MIGRATION: Migration = {
  name: 'names of fields, kept once',
  sql: 'CREATE TABLE shapes (number INTEGER PRIMARY KEY, names TEXT UNIQUE)',
};

export interface Packer {
  /** Before the first of a transaction. */
  begin(): void;
  /** Plain data as `JSON.stringify` would take it; call inside a transaction, since new names are written in it. */
  pack(value: object): string;
  /** The transaction is on disk: the numbers that it gave are there to stay. */
  committed(): void;
  /** What was packed, or plain JSON as it was written before. */
  unpack(text: string): unknown;
}

/** Names of fields in order, one at a time; a number where an object has ended. */
interface Node {
  readonly next: Map<string, Node>;
  readonly names: string;
  number: number;
  /** The same name follows almost always. */
  lastName: string;
  last: Node | null;
}

/** Instead of a number: a list, and an object that brings its names along. */
const LIST = 0;
const NAMED = -1;
const UNKNOWN = -2;
/** Upstreams choose some names; past so many they are no longer kept. */
const MOST_NODES = 5_000;
/** Short texts are the same again and again: models, tasks, kinds. */
const SHORT = 40;
const MOST_SHORT = 4_096;

export function createPacker(db: Db): Packer {
  const insert = db.prepare('INSERT OR IGNORE INTO shapes (names) VALUES (?)');
  const find = db.prepare<{ number: number }>('SELECT number FROM shapes WHERE names = ?');
  const read = db.prepare<{ names: string }>('SELECT names FROM shapes WHERE number = ?');
  const nodeOf = (names: string): Node => ({ next: new Map(), names, number: UNKNOWN, lastName: '', last: null });
  const root = nodeOf('');
  let nodes = 0;
  const namesOf = new Map<number, readonly string[]>();
  const short = new Map<string, string>();
  let fresh: Node[] = [];

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

  const numberOf = (node: Node): number => {
    if (node.number !== UNKNOWN) return node.number;
    const names = `[${node.names.slice(0, -1)}]`;
    insert.run(names);
    node.number = find.first(names)!.number;
    fresh.push(node);
    return node.number;
  };

  const textOf = (text: string): string => {
    if (text.length > SHORT) return JSON.stringify(text);
    const known = short.get(text);
    if (known !== undefined) return known;
    const quoted = JSON.stringify(text);
    if (short.size >= MOST_SHORT) short.clear();
    short.set(text, quoted);
    return quoted;
  };

  function packed(value: unknown): string {
    if (typeof value === 'string') return textOf(value);
    if (typeof value === 'number') return Number.isFinite(value) ? String(value) : 'null';
    if (typeof value === 'boolean') return value ? 'true' : 'false';
    if (typeof value !== 'object' || value === null) return 'null';
    return Array.isArray(value) ? listOf(value) : objectOf(value as Readonly<Record<string, unknown>>);
  }

  function listOf(list: readonly unknown[]): string {
    let text = `[${LIST}`;
    for (const each of list) text += `,${packed(each)}`;
    return `${text}]`;
  }

  function objectOf(fields: Readonly<Record<string, unknown>>): string {
    let node: Node | null = root;
    let text = '';
    for (const name in fields) {
      const value = fields[name];
      if (value === undefined) continue;
      node = nodeAfter(node, name);
      if (node === null) return namedOf(fields);
      text += `,${packed(value)}`;
    }
    return `[${numberOf(node)}${text}]`;
  }

  function namedOf(fields: Readonly<Record<string, unknown>>): string {
    let text = `[${NAMED}`;
    for (const name in fields)
      if (fields[name] !== undefined) text += `,${JSON.stringify(name)},${packed(fields[name])}`;
    return `${text}]`;
  }

  const shape = (number: number): readonly string[] => {
    const known = namesOf.get(number);
    if (known !== undefined) return known;
    const names = JSON.parse(read.first(number)?.names ?? '[]') as readonly string[];
    namesOf.set(number, names);
    return names;
  };

  function unpacked(value: unknown): unknown {
    if (!Array.isArray(value)) return value;
    const [number, ...values] = value as readonly unknown[];
    if (number === LIST) return values.map(unpacked);
    if (number !== NAMED)
      return Object.fromEntries(shape(number as number).map((name, nth) => [name, unpacked(values[nth])]));
    const pairs = Array.from({ length: values.length / 2 }, (_, nth) => [
      values[2 * nth],
      unpacked(values[2 * nth + 1]),
    ]);
    return Object.fromEntries(pairs) as unknown;
  }

  return {
    begin() {
      for (const node of fresh) node.number = UNKNOWN;
      fresh = [];
    },
    pack: (value) => packed(value),
    committed() {
      fresh = [];
    },
    unpack: (text) => {
      const value = JSON.parse(text) as unknown;
      return text.startsWith('{') ? value : unpacked(value);
    },
  };
}
