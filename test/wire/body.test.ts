// Bodies: everything that JSON.parse takes and nothing else, with a 400 that says where it went wrong.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QuorumError } from '../../src/contract/index.ts';
import { parseJsonBody } from '../../src/wire/index.ts';

function parse(text: string): unknown {
  return parseJsonBody(Buffer.from(text));
}

function refusalOf(bytes: Uint8Array): QuorumError {
  try {
    parseJsonBody(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(QuorumError);
    return error as QuorumError;
  }
  throw new Error('It was not refused.');
}

/** The index that a refusal names by line and column. */
function placeIn(text: string, message: string): number {
  const place = /at line (\d+), column (\d+)\.$/.exec(message);
  if (!place) {
    expect(message).toMatch(/ends too early|is empty|is blank/);
    return text.length;
  }
  const lines = text.split('\n').slice(0, Number(place[1]) - 1);
  return lines.reduce((sum, line) => sum + line.length + 1, 0) + Number(place[2]) - 1;
}

/** JSON with a random edit: mostly broken, and broken near something that matters. */
const brokenJson = fc
  .tuple(
    fc.json(),
    fc.nat(),
    fc.nat(3),
    fc.constantFrom('', ',', '"', '}', ']', '{', '[', ':', '\\', '\n', '0', '-', 'x', 'tru', '\u0001'),
  )
  .map(([text, at, removed, added]) => {
    const place = at % (text.length + 1);
    return text.slice(0, place) + added + text.slice(place + removed);
  });

describe('parseJsonBody', () => {
  it('takes what JSON.parse takes, and refuses the rest where V8 does, or at the start of the word that V8 points into', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), brokenJson), (text) => {
        let expected: unknown;
        try {
          expected = JSON.parse(text);
        } catch (error) {
          const ours = placeIn(text, refusalOf(Buffer.from(text)).message);
          const theirs = /at position (\d+)/.exec((error as Error).message)?.[1];
          if (theirs === undefined || /control character|escape/.test((error as Error).message)) return;
          expect(text.slice(ours, Number(theirs))).toMatch(/^[\w.+-]*$/);
          expect(ours).toBeLessThanOrEqual(Number(theirs));
          return;
        }
        expect(parse(text)).toEqual(expected);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['', 'it is empty'],
    ['  \n', 'it is blank'],
    ['{"a":1,}', 'unexpected "}" at line 1, column 8'],
    ['{\n "a": tru\n}', 'unexpected "t" at line 2, column 7'],
    ['{"a":"b\nc"}', 'unexpected "\\n" at line 1, column 8'],
    ['"\\x"', 'unexpected "\\\\" at line 1, column 2'],
    ['{"a":"b', 'it ends too early, after 7 characters'],
    ['{}{}', 'unexpected "{" at line 1, column 3'],
    ["{'a':1}", 'unexpected "\'" at line 1, column 2'],
  ])('says where %j goes wrong', (text, reason) => {
    const refusal = refusalOf(Buffer.from(text));
    expect(refusal.code).toBe('invalid_json');
    expect(refusal.message).toContain(reason);
  });

  it('refuses bad UTF-8 at its first byte, wherever that is', () => {
    const letters = fc.string({ unit: 'grapheme', maxLength: 40 });
    fc.assert(
      fc.property(
        letters,
        fc.constantFrom([0xff], [0xc3, 0x28], [0xed, 0xa0, 0x80], [0xc0, 0xaf]),
        letters,
        (before, bad, after) => {
          const prefix = Buffer.from(before);
          const bytes = Buffer.concat([prefix, Buffer.from(bad), Buffer.from(after)]);
          expect(refusalOf(bytes).message).toContain(`byte ${prefix.length} is not valid UTF-8`);
        },
      ),
    );
    expect(refusalOf(Buffer.from([0x22, 0xe2, 0x82])).message).toContain('byte 1 is not valid UTF-8');
  });

  it('takes 200 levels and not one more, counted outside of strings', () => {
    const nested = (depth: number): string => '[{"a":'.repeat(depth / 2) + '"]}[{\\""' + '}]'.repeat(depth / 2);
    expect(parse(nested(200))).toBeInstanceOf(Array);
    expect(refusalOf(Buffer.from(nested(202))).message).toContain('nested more than 200 levels deep');
    const bare = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    expect(parse(bare(200))).toBeInstanceOf(Array);
    expect(refusalOf(Buffer.from(bare(201))).message).toContain('nested more than 200 levels deep');
    expect(refusalOf(Buffer.from('['.repeat(5_000_000))).message).toContain('at byte 200 it is nested');
    expect(parse(`[${'[{}],'.repeat(500)}1]`)).toHaveLength(501);
    const quoted = `"${'[\\"'.repeat(500)}"`;
    expect(parse(quoted)).toBe('["'.repeat(500));
  });

  it('keeps __proto__ as an own property and pollutes nothing', () => {
    const value = parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}') as object;
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('skips a byte order mark and reads a view into a larger buffer', () => {
    expect(parse('\ufeff{"a":1}')).toEqual({ a: 1 });
    expect(parseJsonBody(Buffer.from('xx{"a":"ü"}yy').subarray(2, -2))).toEqual({ a: 'ü' });
    expect(parseJsonBody(new TextEncoder().encode('[1]'))).toEqual([1]);
  });
});
