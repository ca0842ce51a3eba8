// How things stand while some answers may still be out, and whether they can still change anything.
import type { Merger, Standing } from '../contract/index.ts';
import { groundOf } from './ground.ts';
import { merge } from './merge.ts';
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
    return {
      kind: 'empty',
      camps: [],
      agreement: 0,
      settled: outstanding.length === 0,
      disputed: false,
      evident: false,
    };
  const { kind, camps } = groundOf(panel);
  const [first, ...others] = camps;
  const out = membersOf(outstanding, largest);
  const rivals = [[], ...others.map((camp) => camp.voices)].map((voices) => weigh([...voices, ...out], () => 0));
  const settled = out.length === 0 || rivals.every((weight) => first!.weight > weight + EPSILON);
  return {
    kind,
    camps: campsOf(camps),
    agreement: shareOf(camps),
    settled,
    disputed: isDisputed(camps),
    evident: kind === 'tool_calls' && camps.length > 1 && isEvident(panel),
  };
}

/** Share of the weight from which on what was measured of pairs of models says that a third wouldn't change the value, or which calls are made. */
const EVIDENT_VALUE = 0.6;
const EVIDENT_CALLS = 0.7;

/** The schema and the request's words tell the values apart, wherever they differ; never where a call must be one that a model made. */
function isEvident(panel: Panel): boolean {
  const { task } = panel.context;
  if ((task.merge.toolMerge ?? (task.critical ? 'whole' : 'field')) === 'whole') return false;
  return merge(panel).provenance.every(
    ({ path, agreement, tie }) => !tie && agreement >= (path === 'tool_calls' ? EVIDENT_CALLS : EVIDENT_VALUE),
  );
}
