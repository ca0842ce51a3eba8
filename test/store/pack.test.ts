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

  it('needs less than half the room for a record, and reads what was written as JSON', () => {
    const packer = createPacker(opened());
    const record = recordOf('r1');
    const text = packer.pack(record);
    packer.save()();
    expect(text.length).toBeLessThan(JSON.stringify(record).length / 2);
    expect(packer.unpack(JSON.stringify(record))).toEqual(asJson(record));
    expect(createPacker(db).unpack(text)).toEqual(asJson(record));
  });

  it('writes names again that a transaction took back', () => {
    const packer = createPacker(opened());
    const text = packer.pack({ once: 1 });
    expect(() =>
      db.transaction(() => {
        packer.save();
        throw new Error('the disk is full');
      }),
    ).toThrow();
    db.transaction(() => packer.save())();
    expect(createPacker(db).unpack(text)).toEqual({ once: 1 });
    expect(createPacker(db).pack({ once: 2 })).toBe(text.replace('1]', '2]'));
  });

  it('keeps no names without end', () => {
    const packer = createPacker(opened());
    for (let nth = 0; nth < 12_000; nth += 1) {
      const value = { [`name-${nth}`]: { __proto__: nth, nth } };
      const text = packer.pack(value);
      if (nth % 3_000 === 0) expect(packer.unpack(text)).toEqual(asJson(value));
    }
    packer.save()();
    expect(packer.unpack(packer.pack({ 'name-11999': [1, { late: true }] }))).toEqual({
      'name-11999': [1, { late: true }],
    });
    expect(db.prepare<{ rows: number }>('SELECT count(*) AS rows FROM shapes').first()!.rows).toBeLessThan(6_000);
  });
});
