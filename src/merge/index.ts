// How several answers become one: compared by kind, voted on, merged, with who said what. Pure, and independent of the order of arrival.
import type { Candidate, Judgement, MergeContext, Merger } from '../contract/index.ts';
import { alone } from './alone.ts';
import { judge } from './judge.ts';
import { merge } from './merge.ts';
import { seat } from './panel.ts';
import type { Panel } from './panel.ts';
import { createReader } from './reading.ts';
import { createSchemas } from './schema.ts';
import { largestOf, stand } from './stand.ts';
import { supportOf } from './support.ts';

/** Keeps compiled schemas and what was read of candidates that are still in use; nothing that changes a result. */
export function createMerger(): Merger {
  const schemas = createSchemas();
  const read = createReader();
  const judged = new WeakMap<Candidate, Judged>();
  let last: Judged | null = null;

  /** As of a reading: only those that are compared with others are kept. */
  function judgeOnce(candidate: Candidate, context: MergeContext): Judgement {
    if (last?.candidate === candidate && last.context === context) return last.judgement;
    const known = judged.get(candidate);
    if (known?.context === context) return known.judgement;
    const judgement = judge(candidate, read.once(candidate, context.request), context, schemas);
    last = { candidate, context, judgement };
    return judgement;
  }

  function judgeAndKeep(candidate: Candidate, context: MergeContext): Judgement {
    const judgement = judgeOnce(candidate, context);
    if (judged.get(candidate)?.judgement !== judgement) judged.set(candidate, { candidate, context, judgement });
    return judgement;
  }

  const sit = (candidates: readonly Candidate[], context: MergeContext, largest: number): Panel =>
    seat(candidates, context, { schemas, read: read.kept, judge: judgeAndKeep }, largest);

  return {
    judge: judgeOnce,
    stand(candidates, outstanding, context) {
      const largest = largestOf([...candidates, ...outstanding]);
      return stand(candidates.length === 0 ? null : sit(candidates, context, largest), outstanding, largest);
    },
    support: (candidates, context) => supportOf(sit(candidates, context, largestOf(candidates))),
    merge(candidates, context) {
      if (candidates.length === 0) throw new RangeError('merging needs at least one candidate');
      const heard = candidates.length === 1 ? candidates : candidates.filter(({ weight }) => weight > 0);
      if (heard.length === 1) return alone(heard[0]!, judgeOnce(heard[0]!, context), context);
      return merge(sit(candidates, context, largestOf(candidates)));
    },
  };
}

interface Judged {
  readonly candidate: Candidate;
  readonly context: MergeContext;
  readonly judgement: Judgement;
}
