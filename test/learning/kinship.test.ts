// Models that made the same mistakes before count as less than two voices.
import { describe, expect, it } from 'vitest';
import type { ConfidenceFacts } from '../../src/contract/index.ts';
import { createKinship } from '../../src/learning/kinship.ts';

const said = (camps: Readonly<Record<string, number>>): Pick<ConfidenceFacts, 'task' | 'voices'> => ({
  task: 'math',
  voices: Object.entries(camps).map(([model, camp]) => ({ model, quality: 0.7, camp })),
});

describe('kinship', () => {
  it('grows for those who are wrong alike, and for nobody else', () => {
    const kinship = createKinship();
    expect(kinship.of('math', 'a', 'b')).toBe(0);
    for (let turn = 0; turn < 30; turn++) kinship.observe(said({ right: 0, a: 1, b: 1, c: 2 }), [0.95, 0.03, 0.02]);
    expect(kinship.of('math', 'a', 'b')).toBeGreaterThan(0.3);
    expect(kinship.of('math', 'b', 'a')).toBe(kinship.of('math', 'a', 'b'));
    expect(kinship.of('math', 'a', 'c')).toBe(0);
    expect(kinship.of('code', 'a', 'b')).toBe(0);
  });

  it('is none where all who are wrong say the same, as they must to yes or no', () => {
    const kinship = createKinship();
    for (let turn = 0; turn < 50; turn++) {
      kinship.observe(said({ right: 0, a: 1, b: 1 }), [0.9, 0.1]);
      kinship.observe(said({ right: 0, a: 1, c: 1 }), [0.9, 0.1]);
      kinship.observe(said({ right: 0, b: 1, c: 1 }), [0.9, 0.1]);
    }
    expect(kinship.of('math', 'a', 'b')).toBeLessThan(0.05);
  });

  it('learns nothing from those who are right together', () => {
    const kinship = createKinship();
    for (let turn = 0; turn < 50; turn++) kinship.observe(said({ a: 0, b: 0 }), [1]);
    expect(kinship.of('math', 'a', 'b')).toBe(0);
  });
});
