// Why a call failed, as the log and traces tell it: in our own words. What else was said is on the record, for who may read that.
import type { Attempt } from '../contract/index.ts';

/** What is wrong with the request, and what an upstream says in the middle of a stream, may quote the prompt. */
export function whyOf({ outcome, status, firstByteMs, reason }: Attempt): string {
  if (status === 400) return 'the request is wrong for it';
  const hadBegun = outcome === 'failed' && status === null && firstByteMs !== null;
  return hadBegun ? 'broke off' : (reason ?? outcome);
}
