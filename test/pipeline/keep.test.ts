// What is kept of a stream as it passes: all of it, or nothing of one that is too long.
import { expect, test } from 'vitest';
import { tee } from '../../src/pipeline/keep.ts';

const MEBIBYTE = 1024 * 1024;

function passed(pieces: number, wanted: boolean) {
  let bytes = 0;
  const sink = { write: (part: Uint8Array) => (bytes += part.length) > 0, drained: () => Promise.resolve() };
  const kept = tee(sink, wanted);
  for (let piece = 0; piece < pieces; piece++) kept.sink.write(new Uint8Array(MEBIBYTE).fill(piece));
  return { bytes, kept: kept.bytes() };
}

test('a stream that somebody will want is kept byte by byte', () => {
  const { bytes, kept } = passed(16, true);
  expect([bytes, kept!.length, kept!.at(-1)]).toEqual([16 * MEBIBYTE, 16 * MEBIBYTE, 15]);
});

test('one of more than 16 MiB passes, and nothing of it is kept', () => {
  expect(passed(17, true)).toEqual({ bytes: 17 * MEBIBYTE, kept: null });
  expect(passed(1, false)).toEqual({ bytes: MEBIBYTE, kept: null });
});
