// Packed values: what comes out is what JSON would have kept, whatever the fields are called.
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { openDatabase, migrate, type Db } from '../../src/store/index.ts';
import { MIGRATIONS } from '../../src/store/sqlite/migrations.ts';
import { createPacker } from '../../src/store/sqlite/pack.ts';
import { recordOf } from './fixtures.ts';

let db: Db;
const opened = (): Db => {
  db = openDatabase(':memory:');
  migrate(db, MIGRATIONS);
  return db;
};
afterEach(() => db.close());

const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown;

describe('a packer', () => {
  it('gives back any plain value as JSON would', () => {
    const packer = createPacker(opened());
    fc.assert(
      fc.property(
        fc.object({ withNullPrototype: false, values: [fc.string(), fc.double(), fc.boolean(), fc.constant(null)] }),
        (value) => {
          expect(packer.unpack(packer.pack(value))).toEqual(asJson(value));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('needs a third of the room for a record, from the third one on', () => {
    const packer = createPacker(opened());
    const record = recordOf('r1');
    for (let times = 0; times < 3; times += 1) {
      expect(packer.unpack(packer.pack(record))).toEqual(asJson(record));
      db.transaction(() => packer.save())();
    }
    const packed = packer.pack(record);
    expect(packed.length).toBeLessThan(JSON.stringify(record).length / 3);
    expect(packer.unpack(packed)).toEqual(asJson(record));
    expect(createPacker(db).unpack(packed)).toEqual(asJson(record));
    // As the driver gives it back.
    expect(createPacker(db).unpack(new Uint8Array(packed).buffer)).toEqual(asJson(record));
  });

  it('reads what earlier versions wrote', () => {
    const packer = createPacker(opened());
    const record = recordOf('r1');
    expect(packer.unpack(JSON.stringify(record))).toEqual(asJson(record));
    db.exec(`INSERT INTO shapes VALUES ('s1', '["a","b"]')`);
    expect(packer.unpack('["s1",1,[0,"x",[-1,"c",null]]]')).toEqual({ a: 1, b: ['x', { c: null }] });
  });

  it('refers only to words whose transaction was kept', () => {
    const packer = createPacker(opened());
    const value = { task: 'arithmetic', models: ['small', 'large'] };
    for (let times = 0; times < 3; times += 1) packer.pack(value);
    expect(() =>
      db.transaction(() => {
        packer.save();
        throw new Error('the disk is full');
      }),
    ).toThrow();
    expect(createPacker(db).unpack(packer.pack(value))).toEqual(value);
    db.transaction(() => packer.save())();
    const packed = packer.pack(value);
    expect(packed.length).toBeLessThan(15);
    expect(createPacker(db).unpack(packed)).toEqual(value);
  });

  it('two that share a table understand each other', () => {
    const [one, other] = [createPacker(opened()), createPacker(db)];
    const [first, second] = [{ task: 'math' }, { kind: 'prose', task: 'math' }];
    for (let times = 0; times < 3; times += 1) {
      one.pack(first);
      other.pack(second);
    }
    for (const packer of [one, other]) db.transaction(() => packer.save())();
    expect(other.unpack(one.pack(first))).toEqual(first);
    expect(one.unpack(other.pack(second))).toEqual(second);
  });

  it('keeps nothing that callers or models say', () => {
    const packer = createPacker(opened());
    for (let times = 0; times < 5; times += 1) {
      packer.pack({ merge: { camps: [{ value: 'a secret' }] }, tags: ['a secret'], events: [{ detail: 'a secret' }] });
      db.transaction(() => packer.save())();
    }
    expect(
      db
        .prepare<{ text: string }>('SELECT text FROM words')
        .all()
        .some(({ text }) => text.includes('secret')),
    ).toBe(false);
  });

  it('keeps no names without end', () => {
    const packer = createPacker(opened());
    for (let nth = 0; nth < 12_000; nth += 1) {
      const value = { [`name-${nth}`]: { __proto__: nth, nth, model: `model-${nth}` } };
      const packed = packer.pack(value);
      if (nth % 3_000 === 0) expect(packer.unpack(packed)).toEqual(asJson(value));
    }
    db.transaction(() => packer.save())();
    expect(packer.unpack(packer.pack({ 'name-11999': [1, { late: true }] }))).toEqual({
      'name-11999': [1, { late: true }],
    });
    expect(db.prepare<{ rows: number }>('SELECT count(*) AS rows FROM words').first()!.rows).toBeLessThan(6_000);
  });
});
