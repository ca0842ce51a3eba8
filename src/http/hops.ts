// A Quorum whose provider is a Quorum, and so on round: the count of those that a request went through ends it.
import type { IncomingMessage } from 'node:http';
import { QuorumError } from '../contract/index.ts';

const OURS = /\b1\.1 quorum\b/g;
/** A chain longer than this is a circle. Small, since each link may ask several. */
const MOST_HOPS = 3;

/** How many Quorums the request came through. Throws `loop_detected`. */
export function hopsOf({ headers }: IncomingMessage): number {
  const hops = headers.via?.match(OURS)?.length ?? 0;
  if (hops <= MOST_HOPS) return hops;
  throw new QuorumError(
    'loop_detected',
    `The request went through ${hops} Quorums: a provider's base_url leads back to where it came from.`,
    { shouldRetry: false },
  );
}

/** Nothing of what others wrote there goes on. */
export const via = (hops: number): string =>
  Array(hops + 1)
    .fill('1.1 quorum')
    .join(', ');
