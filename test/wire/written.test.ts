// What nobody changed goes on as it was written.
import * as fc from 'fast-check';
import '../../src/routing/index.ts'; // It tells V8 which engine patterns take.
import { describe, expect, it, test } from 'vitest';
import { inexactNumbers, jsonAsWritten, readJsonBody } from '../../src/wire/index.ts';

type Fields = Readonly<Record<string, unknown>>;
const writtenOf = (text: string) => {
  const read = readJsonBody(Buffer.from(text));
  return { text: read.text, fields: read.value as Fields };
};

describe('what is sent on', () => {
  const text = `{ "model": "auto", "seed": 12345678901234567890 ,
    "big":1e400,"small":1.0,"list":[9007199254740993, {"a":1,"a":2}], "tw\\u0069ce": 1, "twice":2,
    "text":"a \\"}],{ \\\\", "\\"q\\"": -0.0, "__proto__": {"x": 18446744073709551615}, "gone": true }`;
  const written = writtenOf(text);
  const { gone: _, ...rest } = written.fields;

  it('keeps every letter of what wasn’t touched', () => {
    expect(jsonAsWritten({ ...rest, model: 'gpt', more: [1] }, written)).toBe(
      '{"model":"gpt","seed": 12345678901234567890,"big":1e400,"small":1.0,' +
        '"list":[9007199254740993, {"a":1,"a":2}],"twice":2,"text":"a \\"}],{ \\\\","\\"q\\"": -0.0,' +
        '"__proto__": {"x": 18446744073709551615},"more":[1]}',
    );
  });

  it('writes anew what was, and leaves out what has no JSON', () => {
    const body = { seed: 7, list: [...(written.fields['list'] as unknown[])], model: undefined, twice: 2 };
    expect(JSON.parse(jsonAsWritten(body, written))).toEqual({ seed: 7, list: [9007199254740992, { a: 2 }], twice: 2 });
    expect(jsonAsWritten({}, written)).toBe('{}');
    expect(jsonAsWritten({ a: 1 }, undefined)).toBe('{"a":1}');
  });

  test('Π it means what JSON.stringify would mean, in any spelling', () => {
    const key = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 5 }),
      fc.constantFrom('__proto__', '"', '\\', '{', ','),
    );
    fc.assert(
      fc.property(
        fc.dictionary(key, fc.jsonValue({ maxDepth: 3 }), { noNullPrototype: true, maxKeys: 6 }),
        fc.constantFrom(undefined, 1, '\t'),
        fc.integer({ min: 0, max: 5 }),
        (fields, indent, at) => {
          const from = writtenOf(JSON.stringify(fields, null, indent));
          const changed = Object.keys(from.fields)[at];
          const body = {
            ...from.fields,
            ...(changed !== undefined && changed !== '__proto__' && { [changed]: 'new' }),
          };
          expect(JSON.parse(jsonAsWritten(body, from))).toEqual(JSON.parse(JSON.stringify(body)));
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('numbers that a double can’t hold', () => {
  it.each([
    ['{"seed":12345678901234567890}', '12345678901234567890'],
    ['{"seed":12345678901234567891}', '12345678901234567891'],
    ['{"a":[1e400],"b":-1e-400}', '1e400 -1e-400'],
    ['{"seed":9007199254740992}', ''],
    ['{"seed":42,"text":"12345678901234567890"}', ''],
    ['{"text":"\\"12345678901234567890","n":1}', ''],
  ])('%s', (text, odd) => expect(inexactNumbers(writtenOf(text))).toBe(odd));

  it('are found wherever in a long text they stand', () => {
    for (let before = 8_160; before < 8_210; before++)
      for (const odd of ['12345678901234567890', '1e-400']) {
        const text = `{"a":"${'x'.repeat(before)}","n":${odd}}`;
        expect(inexactNumbers(writtenOf(text))).toBe(odd);
      }
  });

  it('are looked for as fast among a million digits as among letters', () => {
    const msOf = (word: string): number => {
      const written = writtenOf(JSON.stringify({ a: word.repeat(1_000_000 / word.length) }));
      const spent = Array.from({ length: 3 }, () => {
        const since = process.cpuUsage();
        inexactNumbers(written);
        const { user, system } = process.cpuUsage(since);
        return (user + system) / 1_000;
      });
      return Math.min(...spent);
    };
    expect(msOf('12345 ')).toBeLessThan(20 * Math.max(1, msOf('hello ')));
  });
});
