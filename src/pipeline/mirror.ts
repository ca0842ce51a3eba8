// Hands an answer that was made for a client to whatever runs beside it.
import { completionFromStream } from '../wire/index.ts';
import { completionOf } from './render.ts';
import type { Trail } from './trail.ts';

/** A repeated answer was made before; nothing is compared with it. */
export function mirror(trail: Trail): void {
  const { trial, merged, streamed, models, strategy, task, cost, totalMs } = trail;
  if (trial === null || trial.mirror === null || (merged === null && streamed === null)) return;
  const completion = () => (merged === null ? completionFromStream(streamed!) : completionOf(merged).completion);
  trial.mirror({ completion, models, strategy, task, costNano: cost, ms: totalMs });
}
