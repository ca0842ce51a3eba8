// Which of the answers a correction bears out.
import { expect, test } from 'vitest';
import { campOf } from '../../src/learning/index.ts';

test.each([
  ['The answer is 3.5.', ['the answer is 35', 'The answer is 3.5'], 1],
  [35, ['3.5', '35'], 1],
  [[1, 5], ['[15]', '[1, 5]'], 1],
  ['$1,000', ['1.000', '1000'], 1],
  ['  Paris. ', ['London', '**Paris**'], 1],
  [{ city: 'Paris', year: 1900 }, ['{"city": "Paris", "year": 1900}'], 0],
  ['12:30', ['1230', '12:30'], 1],
  ['yes', ['no', 'perhaps'], -1],
  [null, ['null'], -1],
])('%j among %j', (correction, values, place) => {
  expect(campOf(correction, values)).toBe(place);
});
