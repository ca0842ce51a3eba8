// How things stand while some answers may still be out, and whether they can still change anything.
import type { Merger, Standing } from '../contract/index.ts';
import { groundOf } from './ground.ts';
import { campsOf, isDisputed } from './merge.ts';
import type { Panel } from './panel.ts';
import { EPSILON, shareOf, shrunk } from './vote.ts';

type Outstanding = Parameters<Merger['stand']>[1];

/** `panel` null: nobody has answered yet. */
export function stand(panel: Panel | null, outstanding: Outstanding): Standing {
  if (panel === null) return { kind: 'empty', camps: [], agreement: 0, settled: false, disputed: false };
  const { kind, camps } = groundOf(panel);
  const [first, second] = camps;
  const out = outstanding.reduce((sum, member) => sum + shrunk(member.weight), 0);
  const settled = out <= EPSILON || first!.weight > (second?.weight ?? 0) + out + EPSILON;
  return { kind, camps: campsOf(camps), agreement: shareOf(camps), settled, disputed: isDisputed(camps) };
}
