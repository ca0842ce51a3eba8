// What failed on the way, and the error a client gets when nothing came of it.
import { CallFailure, QuorumError, type FailedAttempt } from '../contract/index.ts';

export interface Failed {
  readonly model: string;
  readonly ms: number;
  readonly failure: CallFailure;
}

const plainly = ({ model, ms, failure }: Failed): FailedAttempt => ({
  model,
  status: failure.status,
  ms: Math.round(ms),
  reason: failure.message,
});

/** The upstream's own words about the caller's request, with their status. */
function passOn(failure: CallFailure): QuorumError {
  return new QuorumError(failure.kind === 'rate_limited' ? 'rate_limit_exceeded' : 'invalid_value', failure.message, {
    ...(failure.body !== null &&
      failure.status !== null && {
        passedOn: { status: failure.status, contentType: failure.contentType, body: failure.body },
      }),
    ...(failure.retryAfterMs !== null && { retryAfterMs: failure.retryAfterMs }),
  });
}

/** When the first of them may be asked again, as they said themselves; nothing where one said nothing of it. Who refuses us is out. */
function askAgain(failed: readonly Failed[]): { readonly retryAfterMs?: number } {
  const waits = failed
    .filter(({ failure }) => failure.kind !== 'refused')
    .map(({ failure }) => failure.retryAfterMs ?? 0);
  const soonest = Math.min(...waits);
  return soonest > 0 && waits.length > 0 ? { retryAfterMs: soonest } : {};
}

/** No answer at all: what every model said decides what the client is told. `isOver`: the request's time is up. */
export function nothingCame(failed: readonly Failed[], isOver: boolean): QuorumError {
  const rejected = failed.find(({ failure }) => failure.kind === 'rejected');
  if (rejected) return passOn(rejected.failure);
  const limited = failed.filter(({ failure }) => failure.kind === 'rate_limited');
  if (limited.length > 0 && limited.length === failed.length) {
    return passOn(
      limited.reduce((soonest, next) =>
        (next.failure.retryAfterMs ?? Infinity) < (soonest.failure.retryAfterMs ?? Infinity) ? next : soonest,
      ).failure,
    );
  }
  const attempts = failed.map(plainly);
  const models = [...new Set(attempts.map(({ model }) => model))].join(', ');
  if (isOver || (failed.length > 0 && failed.every(({ failure }) => failure.kind === 'timeout'))) {
    return new QuorumError('upstream_timeout', `No answer in time from ${models}.`, { attempts });
  }
  return new QuorumError(
    'upstream_error',
    `Every upstream failed: ${attempts.map(({ model, reason }) => `${model}: ${reason}`).join('; ')}.`,
    { attempts, ...askAgain(failed) },
  );
}

/** Some answers, and fewer than it takes. */
export function tooFew(wanted: number, answers: number, failed: readonly Failed[], isOver: boolean): QuorumError {
  const attempts = failed.map(plainly);
  const what = attempts.map(({ model, reason }) => `${model}: ${reason}`).join('; ');
  return new QuorumError(
    isOver ? 'upstream_timeout' : 'not_enough_answers',
    `${answers} of at least ${wanted} answers came${isOver ? ' in time' : ''}${what && ` (${what})`}.`,
    { attempts, ...askAgain(failed) },
  );
}
