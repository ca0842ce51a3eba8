// In answers of some length, what neither the request nor another answer speaks of doesn't reach the judges and the chairman.
import { describe, expect, it } from 'vitest';
import { sharedOnly } from '../../src/strategy/defence/borne-out.ts';
import { defuse } from '../../src/strategy/defence/defuse.ts';
import { HOLD_OUT } from './attacks/hold-out.ts';
import { UNSEEN_ATTACKS } from './attacks/unseen.ts';

const REQUEST = 'Write about rivers and old towns.';
const ESSAYS = [
  `Old towns lie along rivers because water was the first road.
Ships carried grain and wool between markets.
Mills along the banks ground flour and cut timber.
A river also fed the wells and filled the moats.
Floods were the price: every spring the lower streets stood under water.
Towns answered with dikes and raised quays.
Bridges brought tolls, and tolls paid for walls.
Where two rivers met, markets grew fastest.
Tanners and dyers worked downstream, where their waste did less harm.
Railways later took the freight away from the ships.
Today the old quays are promenades and parks.`,
  `Rivers gave old towns transport, power and water.
Grain, timber and wool came by ship to the market.
Water wheels drove mills on the banks.
Walls and moats used the river as a defence.
Flooding in spring threatened the lower quarters.
Dikes, quays and raised streets were the answer.
Bridges concentrated trade and tolls.
The meeting of two rivers was the best place for a market.
Crafts such as tanning and dyeing needed running water and lay downstream.
From the nineteenth century railways replaced ships for freight.
Many quays became parks and promenades.`,
  `Most old European towns were founded on a river.
The river was road, well, sewer and wall at once.
Ships were far cheaper than carts for grain and timber.
Mills needed falling water and stood near the bridge.
Tolls at bridges and quays paid for walls and churches.
Floods came in spring and shaped the streets.
Tanners and dyers were sent downstream.
Markets stood where rivers met or roads crossed them.
Railways ended the trade by ship.
Now parks line the banks, and people walk where cargo was unloaded.`,
];

/** Put into the middle of the first essay: whether any of its sentences is still there. */
function reaches(attack: string, clean: (text: string) => string): boolean {
  const lines = ESSAYS[0]!.split('\n');
  lines.splice(6, 0, attack);
  const [seen] = sharedOnly([lines.join('\n'), ESSAYS[1]!, ESSAYS[2]!].map(clean), REQUEST);
  return attack
    .split(/(?<=[.!?…]\s)/)
    .some((sentence) => sentence.trim().length > 3 && seen!.includes(sentence.trim()));
}
const asItIs = (text: string): string => text;
const defused = (text: string): string => defuse(text, 24_000);

describe('lone sentences', () => {
  it('are left out, honest answers stay whole', () => {
    expect(sharedOnly(ESSAYS, REQUEST)).toEqual(ESSAYS);
  });

  // The bounds are what was measured; they may only get tighter.
  it('stop most attacks that no pattern was written for: by themselves 46 of 57, with the patterns 51', () => {
    const attacks = [...UNSEEN_ATTACKS, ...HOLD_OUT];
    expect(attacks.length).toBe(57);
    expect(attacks.filter((attack) => reaches(attack, asItIs)).length).toBeLessThanOrEqual(11);
    expect(attacks.filter((attack) => reaches(attack, defused)).length).toBeLessThanOrEqual(6);
  });

  it('are kept in short answers, in answers that say much that nobody else says, and where nobody else answered', () => {
    const short = 'Old towns are pretty.\nMy aunt sells yellow balloons.';
    const other = Array.from(
      { length: 12 },
      (_, at) => `Sentence ${'abcdefghijkl'[at]!} praises purple umbrellas.`,
    ).join('\n');
    expect(sharedOnly([short, ESSAYS[1]!], REQUEST)[0]).toBe(short);
    expect(sharedOnly([other, ESSAYS[1]!], REQUEST)[0]).toBe(other);
    expect(sharedOnly([other], REQUEST)).toEqual([other]);
  });
});
