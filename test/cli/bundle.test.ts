// The one file that the command line runs as: made wherever there is a bundler, and no larger in memory than it need be.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const DIST = resolve(import.meta.dirname, '../../dist');
const CHUNKS = join(DIST, 'chunks');

test('is made where there is a bundler, in one byte a character and without code pages', async () => {
  const hasBundler = await import('rolldown').then(
    () => true,
    () => false,
  );
  expect(existsSync(CHUNKS)).toBe(hasBundler);
  const files = hasBundler ? [join(DIST, 'cli.js'), ...readdirSync(CHUNKS).map((name) => join(CHUNKS, name))] : [];
  for (const file of files) {
    const text = readFileSync(file, 'utf8');
    expect([file, /[\u0100-\uffff]/.exec(text)?.[0]]).toEqual([file, undefined]);
    expect([file, text.includes('maccenteuro')]).toEqual([file, false]);
  }
});
