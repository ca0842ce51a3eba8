// Records as bytes in little room, written without leaving anything behind. Most of a record are the names of its fields, and words that stand
// in all of them: those are kept once, in a table, and a record refers to them by number.
import type { Migration } from './migrations.ts';
import type { Db } from './database.ts';
import { createTextReader } from './pack-text.ts';
import { createByteReader, createByteWriter, TAG } from './pack-bytes.ts';

export const WORDS_MIGRATION: Migration = {
  name: 'words of records, kept once',
  sql: 'CREATE TABLE words (id INTEGER PRIMARY KEY, text TEXT UNIQUE)',
};

/** What was packed: a blob comes from the driver as an `ArrayBuffer`. */
export type Packed = Uint8Array | ArrayBuffer | string;

interface Packer {
  /** Plain data as `JSON.stringify` would take it. */
  pack(value: object): Uint8Array;
  /** Writes words that are new; call in the transaction that writes what was packed. The returned function tells that it is committed. */
  save(): () => void;
  /** What was packed, now or by an earlier version. */
  unpack(packed: Packed): unknown;
}

/** Names of fields in order, one at a time. */
interface Node {
  readonly next: Map<string, Node>;
  readonly names: string;
  /** Which of them say words of ours. */
  readonly areWordy: readonly boolean[];
  /** Of its names in the table; 0: not there yet. */
  id: number;
  isWanted: boolean;
  /** The same name follows almost always. */
  lastName: string;
  last: Node | null;
}

/** Fields whose texts are words of the config or our own. What callers and models say is never kept beyond its record. */
const WORDY: ReadonlySet<string> = new Set(
  'task model models strategy tier kind type role outcome finishReason endpoint cache because constraints excluded source flags reserve ceiling chairman members steps tenant'.split(
    ' ',
  ),
);
/** Upstreams choose some names; past so many they are no longer kept. */
const MOST_NODES = 5_000;
/** Of one object. */
const MOST_NAMES = 64;
const MOST_WORDS = 20_000;
const LONGEST_WORD = 80;
/** A word is one from the third time on. */
const TIMES = 3;
/** Words that are counted at the same time. */
const MOST_COUNTED = 2_000;

export function createPacker(db: Db): Packer {
  const insert = db.prepare('INSERT OR IGNORE INTO words (text) VALUES (?)');
  const find = db.prepare<{ id: number }>('SELECT id FROM words WHERE text = ?');
  const read = db.prepare<{ text: string }>('SELECT text FROM words WHERE id = ?');
  const count = db.prepare<{ rows: number }>('SELECT count(*) AS rows FROM words');
  const nodeOf = (names: string, areWordy: readonly boolean[]): Node => ({
    next: new Map(),
    names,
    areWordy,
    id: 0,
    isWanted: false,
    lastName: '',
    last: null,
  });
  const root = nodeOf('', []);
  let nodes = 0;
  const ids = new Map<string, number>();
  let counts = new Map<string, number>();
  /** By number, as they were read. */
  const texts: string[] = [];
  const names: (readonly string[])[] = [];
  /** To be kept with the next transaction. */
  let wanted: string[] = [];
  let wantedNodes: Node[] = [];
  const out = createByteWriter();
  const unpackText = createTextReader(db);

  /** null: there are too many. */
  const nodeAfter = (node: Node, name: string): Node | null => {
    if (node.lastName === name && node.last !== null) return node.last;
    let found = node.next.get(name);
    if (found === undefined) {
      if (++nodes > MOST_NODES) return null;
      found = nodeOf(`${node.names}${JSON.stringify(name)},`, [...node.areWordy, WORDY.has(name)]);
      node.next.set(name, found);
    }
    node.lastName = name;
    node.last = found;
    return found;
  };

  function word(text: string): void {
    const id = ids.get(text);
    if (id !== undefined) {
      out.word(id);
      return;
    }
    out.text(text);
    if (text.length > LONGEST_WORD || text.length < 2) return;
    const times = (counts.get(text) ?? 0) + 1;
    if (times === TIMES) wanted.push(text);
    if (counts.size >= MOST_COUNTED) counts = new Map();
    counts.set(text, times);
  }

  function write(value: unknown, isWordy: boolean): void {
    if (typeof value === 'string') {
      if (isWordy) word(value);
      else out.text(value);
    } else if (typeof value === 'number') out.number(value);
    else if (typeof value === 'boolean') out.tag(value ? TAG.yes : TAG.no);
    else if (Array.isArray(value)) writeList(value as readonly unknown[], isWordy);
    else if (typeof value === 'object' && value !== null) writeFields(value as Readonly<Record<string, unknown>>);
    else out.tag(TAG.nothing);
  }

  function writeList(list: readonly unknown[], isWordy: boolean): void {
    out.counted(TAG.list, list.length);
    for (const each of list) write(each, isWordy);
  }

  function writeFields(fields: Readonly<Record<string, unknown>>): void {
    const node = nodeOfNames(fields);
    if (node === null || node.id === 0) {
      if (node !== null) want(node);
      writeNamed(fields);
      return;
    }
    out.shape(node.id);
    let nth = 0;
    for (const name in fields) {
      const value = fields[name];
      if (value !== undefined) write(value, node.areWordy[nth++]!);
    }
  }

  /** null: they bring their names along. */
  function nodeOfNames(fields: Readonly<Record<string, unknown>>): Node | null {
    let node: Node | null = root;
    for (const name in fields) {
      if (fields[name] === undefined) continue;
      node = node.areWordy.length < MOST_NAMES ? nodeAfter(node, name) : null;
      if (node === null) return null;
    }
    return node;
  }

  function want(node: Node): void {
    if (node.isWanted) return;
    node.isWanted = true;
    wantedNodes.push(node);
  }

  function writeNamed(fields: Readonly<Record<string, unknown>>): void {
    const names = Object.keys(fields).filter((name) => fields[name] !== undefined);
    out.counted(TAG.named, names.length);
    for (const name of names) {
      out.text(name);
      write(fields[name], WORDY.has(name));
    }
  }

  const textOf = (id: number): string => (texts[id] ??= read.first(id)?.text ?? '');
  const namesOf = (id: number): readonly string[] => (names[id] ??= JSON.parse(textOf(id) || '[]') as string[]);
  const unpackBytes = createByteReader(textOf, namesOf);
  const idOf = (text: string): number => {
    insert.run(text);
    return find.first(text)!.id;
  };

  return {
    pack(value) {
      out.begin();
      write(value, false);
      return out.end();
    },
    save() {
      if (wanted.length === 0 && wantedNodes.length === 0) return () => {};
      const [words, shapes] = [wanted, wantedNodes];
      const room = Math.max(0, MOST_WORDS - (count.first()?.rows ?? 0));
      const shapeIds = shapes.slice(0, room).map((node) => idOf(`[${node.names.slice(0, -1)}]`));
      const wordIds = words.slice(0, Math.max(0, room - shapes.length)).map(idOf);
      return () => {
        wanted = wanted.slice(words.length);
        wantedNodes = wantedNodes.slice(shapes.length);
        shapeIds.forEach((id, nth) => (shapes[nth]!.id = id));
        wordIds.forEach((id, nth) => ids.set(words[nth]!, id));
      };
    },
    unpack: (packed) =>
      typeof packed === 'string'
        ? unpackText(packed)
        : unpackBytes(ArrayBuffer.isView(packed) ? packed : new Uint8Array(packed)),
  };
}
