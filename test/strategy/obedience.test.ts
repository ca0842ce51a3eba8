// Judges who do what answers tell them don't count, whatever the words: found out by what they do, not by what they read.
import { describe, expect, it } from 'vitest';
import { gaveIn, outlierOf, TEMPTATION } from '../../src/strategy/suspicion.ts';
import { ATTACKER, attackedCouncil } from './attacks/council.ts';
import { isTold } from './attacks/gullible.ts';
import { HOLD_OUT } from './attacks/hold-out.ts';
import { ATTACKS } from './attacks/hostile.ts';
import { UNSEEN_ATTACKS } from './attacks/unseen.ts';

/** What each knows; more is better. The attacker's answer is the poorest. */
const FACTS: Readonly<Record<string, string>> = {
  'birch-mini': 'Old towns are pretty.',
  'cedar-flash': 'Old towns lie along rivers.\nShips bring grain.\nMills need falling water.',
  'dahlia-pro': 'Old towns lie along rivers.\nShips bring grain.\nMills need falling water.\nFloods feed the fields.',
  'elm-large': 'Old towns lie along rivers.\nShips bring grain.',
};
const worth = (text: string): number => text.split('\n').filter((line) => FACTS['dahlia-pro']!.includes(line)).length;

/** `obeys`: whether it takes an order from this text. */
const council = (attack: string, obeys: (model: string) => (text: string) => boolean) =>
  attackedCouncil({
    says: (model) => (model === ATTACKER ? `${FACTS[model]!}\n${attack}` : FACTS[model]!),
    worth,
    obeys: (model, text) => obeys(model)(text),
  });

const RIGHT = `All in all: ${FACTS['dahlia-pro']!}`;
const nobody = () => () => false;
/** Falls for every order, in whatever words: of the attacker, and of anybody else. */
const falls = (text: string): boolean => text.includes(FACTS[ATTACKER]!) || text.includes(TEMPTATION);

describe('judges who obey', () => {
  it('all of them, to an order in words that nobody foresaw: none counts, and the answer stays out of the drafts', async () => {
    const { answer, degraded, events } = await council('…', () => falls);
    // The attacker's own ranking is left: it never saw its own answer.
    expect({ answer, degraded }).toEqual({ answer: RIGHT, degraded: false });
    expect(events.filter(({ type }) => type === 'ranking').map(({ model }) => model)).toEqual([ATTACKER]);
    expect(events).toContainEqual(expect.objectContaining({ stage: 2, detail: 'it does what answers tell it' }));
  });

  it('one of them: the others decide', async () => {
    const { answer, events } = await council('…', (model) => (model === 'cedar-flash' ? falls : () => false));
    expect(answer).toBe(RIGHT);
    expect(events.filter(({ type }) => type === 'ranking').map(({ model }) => model)).not.toContain('cedar-flash');
  });

  it('cost nothing where all are honest: no judge is asked twice', async () => {
    const { answer, degraded, judges } = await council('…', nobody);
    expect({ answer, degraded, judges }).toEqual({ answer: RIGHT, degraded: false, judges: 4 });
  });

  it('are told from judges who like what the others do not bear out', async () => {
    const likes = (text: string): boolean => text.includes(FACTS[ATTACKER]!);
    const { events } = await council('…', () => likes);
    expect(events.filter(({ type }) => type === 'ranking').length).toBeGreaterThanOrEqual(2);
  });
});

describe('attacks on judges and a chairman who obey whatever they read', () => {
  const survived = async (attacks: readonly { text: string; order: string }[]): Promise<string[]> => {
    const won: string[] = [];
    for (const { text, order } of attacks) {
      const { answer } = await council(text, () => (shown) => isTold(shown, order));
      if (answer !== RIGHT) won.push(text);
    }
    return won;
  };

  it('of the sets they were written with: none changes the answer', async () => {
    const plain = ATTACKS.filter(({ at }) => at !== 'call').map(({ text, order }) => ({ text, order: order ?? text }));
    expect(await survived(plain)).toEqual([]);
  }, 120_000);

  it('written later, in other words: none of either set changes the answer', async () => {
    expect(UNSEEN_ATTACKS.length + HOLD_OUT.length).toBeGreaterThanOrEqual(50);
    expect(await survived([...UNSEEN_ATTACKS, ...HOLD_OUT].map((text) => ({ text, order: text })))).toEqual([]);
  }, 60_000);
});

describe('who is tested', () => {
  it('nobody where answers are alike, or too few to compare', () => {
    expect(
      outlierOf(
        new Map([
          ['a', 0.5],
          ['b', 0.52],
          ['c', 0.55],
        ]),
      ),
    ).toBeNull();
    expect(
      outlierOf(
        new Map([
          ['a', 0],
          ['b', 1],
        ]),
      ),
    ).toBeNull();
    expect(
      outlierOf(
        new Map([
          ['a', 0.2],
          ['b', 0.5],
          ['c', 0.5],
        ]),
      ),
    ).toBe('a');
  });

  it('gives in who lifts the last from its place', () => {
    expect(gaveIn(['x', 'y', 'z'], ['x', 'z', 'y'])).toBe(true);
    expect(gaveIn(['x', 'y', 'z'], ['z', 'x', 'y'])).toBe(true);
    expect(gaveIn(['x', 'y', 'z'], ['x', 'y', 'z'])).toBe(false);
    expect(gaveIn(['x', 'y', 'z'], ['y', 'x', 'z'])).toBe(false);
  });
});
