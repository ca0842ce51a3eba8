// How things stand while some answers may still be out, and whether they can still change anything.
import type { Merger, Standing } from '../contract/index.ts';
import { groundOf } from './ground.ts';
import { campsOf, isDisputed } from './outcome.ts';
import type { Panel } from './panel.ts';
import { EPSILON, oddsOf, shareOf, weigh } from './vote.ts';
import type { Member } from './vote.ts';

type Outstanding = Parameters<Merger['stand']>[1];

/** Those that are still out, as members of whatever camp they may join. `largest`: of all weights, theirs too. */
function membersOf(outstanding: Outstanding, largest: number): Member[] {
  return outstanding
    .map(({ model, family, weight }) => ({ model, family, odds: oddsOf(weight, largest) }))
    .filter((member) => member.odds > 0);
}

export const largestOf = (members: readonly { readonly weight: number }[]): number =>
  Math.max(0, ...members.map((member) => member.weight).filter((weight) => Number.isFinite(weight)));

/** `panel` null: nobody has answered yet. Settled when even all that are out, on one rival's side or by themselves, weigh less than the first camp. */
export function stand(panel: Panel | null, outstanding: Outstanding, largest: number): Standing {
  if (panel === null)
    return { kind: 'empty', camps: [], agreement: 0, settled: outstanding.length === 0, disputed: false };
  const { kind, camps } = groundOf(panel);
  const [first, ...others] = camps;
  const out = membersOf(outstanding, largest);
  const rivals = [[], ...others.map((camp) => camp.voices)].map((voices) => weigh([...voices, ...out], () => 0));
  const settled = out.length === 0 || rivals.every((weight) => first!.weight > weight + EPSILON);
  return { kind, camps: campsOf(camps), agreement: shareOf(camps), settled, disputed: isDisputed(camps) };
}
