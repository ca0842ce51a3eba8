// Which known name is meant by a wrong one.
import { expect, test } from 'vitest';
import { nearest } from '../../src/contract/index.ts';

test('a name with slips is the nearest one; what is nothing like any is none', () => {
  const known = ['alpha', 'beta', 'bb', 'quorum/dual'];
  for (const [name, near] of [
    ['alhpa', 'alpha'],
    ['ALPHA', 'alpha'],
    ['quorum/daul', 'quorum/dual'],
    ['b', 'bb'],
    ['a', null],
    ['xy', null],
    ['gpt-4o', null],
    ['', null],
  ] as const)
    expect([name, nearest(name, known)]).toEqual([name, near]);
});
