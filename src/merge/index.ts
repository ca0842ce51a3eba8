// How several answers become one: compared by kind, voted on, merged, with who said what. Pure, and independent of the order of arrival.
import type { Merger } from '../contract/index.ts';
import { judge } from './judge.ts';
import { merge } from './merge.ts';
import { seat } from './panel.ts';
import { createReader } from './reading.ts';
import { createSchemas } from './schema.ts';
import { stand } from './stand.ts';

/** Keeps compiled schemas and what was read of candidates that are still in use; nothing that changes a result. */
export function createMerger(): Merger {
  const schemas = createSchemas();
  const read = createReader();
  return {
    judge: (candidate, context) => judge(candidate, read(candidate), context, schemas),
    stand: (candidates, outstanding, context) =>
      stand(candidates.length === 0 ? null : seat(candidates, context, schemas, read), outstanding),
    merge(candidates, context) {
      if (candidates.length === 0) throw new RangeError('merging needs at least one candidate');
      return merge(seat(candidates, context, schemas, read));
    },
  };
}
