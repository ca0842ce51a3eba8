// Requests and tokens per minute, and requests at once; for keys, teams and models, in this process's memory.
import { QuorumError, type RateLimits } from '../contract/index.ts';

const MINUTE_MS = 60_000;
const PARALLEL_RETRY_MS = 1_000;
/** Milliseconds since the epoch have a fraction no finer than this. */
const ROUNDING_MS = 0.01;
/** Up to here full buckets may lie about. */
const MOST_KEPT = 10_000;
/** Looked at by each request beyond it: more than it can add. */
const PRUNED_AT_ONCE = 32;
/** What was used beyond the estimate counts against so long to come at the most, however absurd the figure that an upstream told. */
const MOST_DEBT_MS = 60 * MINUTE_MS;

/** Whose limits: `key key_1`, `team data`, `model gpt-4o`. */
export interface Limited {
  readonly name: string;
  readonly limits: RateLimits;
}

interface Entered {
  /** OpenAI's `x-ratelimit-*`, of the tightest limit; empty without limits. */
  readonly headers: Readonly<Record<string, string>>;
  /** Once, when the request is over. `tokens`: what it really used; null: nothing is known. */
  leave(at: number, tokens: number | null): void;
}

export interface RateLimiter {
  /** Throws `rate_limit_exceeded` with `retry-after` and the headers; then nothing was counted. `tokens`: as estimated. */
  enter(subjects: readonly Limited[], tokens: number, at: number): Entered;
}

/**
 * Generic cell rate algorithm (ITU-T I.371): a bucket of one minute's allowance that refills evenly. Its whole state
 * is the moment at which it will be full again.
 */
export interface Bucket {
  readonly fullAt: number;
}

interface Verdict {
  readonly bucket: Bucket;
  readonly allowed: boolean;
  readonly remaining: number;
  /** Until it is full. */
  readonly resetMs: number;
  /** Until `amount` fits; 0 when it does. */
  readonly retryMs: number;
}

/** Pure. More than the whole bucket counts as the whole bucket, or it could never pass. */
export function take(bucket: Bucket, perMinute: number, amount: number, at: number): Verdict {
  const each = MINUTE_MS / perMinute;
  const before = Math.max(bucket.fullAt, at);
  const after = before + Math.min(amount, perMinute) * each;
  const over = after - at - MINUTE_MS;
  const allowed = over <= ROUNDING_MS;
  const fullAt = allowed ? after : before;
  const remaining = Math.max(0, Math.floor((MINUTE_MS - (fullAt - at) + ROUNDING_MS) / each));
  return { bucket: { fullAt }, allowed, remaining, resetMs: fullAt - at, retryMs: allowed ? 0 : over };
}

/** Gives back (or takes, below zero nothing is given) what was estimated wrong. */
const adjust = (bucket: Bucket, perMinute: number, amount: number): Bucket => ({
  fullAt: bucket.fullAt + (amount * MINUTE_MS) / perMinute,
});

type Kind = 'requests' | 'tokens';
interface Gate {
  readonly id: string;
  readonly kind: Kind;
  readonly name: string;
  readonly perMinute: number;
  readonly amount: number;
}

export function createRateLimiter(buckets = new Map<string, Bucket>()): RateLimiter {
  const running = new Map<string, number>();
  let round = buckets.entries();

  /** Goes round all buckets a few at a time. */
  const prune = (at: number): void => {
    for (let looked = 0; looked < PRUNED_AT_ONCE && buckets.size > MOST_KEPT; looked += 1) {
      const { value: entry } = round.next();
      if (entry === undefined) round = buckets.entries();
      else if (entry[1].fullAt <= at) buckets.delete(entry[0]);
    }
  };
  const start = (name: string, by: number): void => {
    const count = (running.get(name) ?? 0) + by;
    if (count <= 0) running.delete(name);
    else running.set(name, count);
  };

  return {
    enter: (subjects, tokens, at) => {
      prune(at);
      const gates = subjects.flatMap((subject) => gatesOf(subject, tokens));
      const verdicts = gates.map((gate) => ({
        gate,
        verdict: take(buckets.get(gate.id) ?? EMPTY, gate.perMinute, gate.amount, at),
      }));
      const headers = headersOf(verdicts);
      const refused = verdicts.filter(({ verdict }) => !verdict.allowed);
      if (refused.length > 0) throw tooMany(refused, headers);
      const crowded = subjects.find(
        ({ name, limits }) => limits.parallel !== null && (running.get(name) ?? 0) >= limits.parallel,
      );
      if (crowded !== undefined) throw tooManyAtOnce(crowded, headers);
      for (const { gate, verdict } of verdicts) buckets.set(gate.id, verdict.bucket);
      for (const { name } of subjects) start(name, 1);
      let left = false;
      return {
        headers,
        leave: (leftAt, used) => {
          if (left) return;
          left = true;
          for (const { name } of subjects) start(name, -1);
          if (used === null) return;
          for (const { id, kind, perMinute, amount } of gates) {
            if (kind !== 'tokens') continue;
            const { fullAt } = adjust(buckets.get(id) ?? EMPTY, perMinute, used - Math.min(amount, perMinute));
            buckets.set(id, { fullAt: Math.min(fullAt, leftAt + MOST_DEBT_MS) });
          }
        },
      };
    },
  };
}

const EMPTY: Bucket = { fullAt: 0 };

function gatesOf({ name, limits: { rpm, tpm } }: Limited, tokens: number): Gate[] {
  const gates: Gate[] = [];
  if (rpm !== null) gates.push({ id: `${name} requests`, kind: 'requests', name, perMinute: rpm, amount: 1 });
  if (tpm !== null) gates.push({ id: `${name} tokens`, kind: 'tokens', name, perMinute: tpm, amount: tokens });
  return gates;
}

type Judged = { readonly gate: Gate; readonly verdict: Verdict };

function headersOf(verdicts: readonly Judged[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const kind of ['requests', 'tokens'] as const) {
    const share = ({ gate, verdict }: Judged): number => verdict.remaining / gate.perMinute;
    const tightest = verdicts
      .filter(({ gate }) => gate.kind === kind)
      .sort((one, other) => share(one) - share(other))[0];
    if (tightest === undefined) continue;
    headers[`x-ratelimit-limit-${kind}`] = String(tightest.gate.perMinute);
    headers[`x-ratelimit-remaining-${kind}`] = String(tightest.verdict.remaining);
    headers[`x-ratelimit-reset-${kind}`] = durationOf(tightest.verdict.resetMs);
  }
  return headers;
}

/** As OpenAI writes it: `17ms`, `6s`, `1.5s`, `1m0s`. */
export function durationOf(ms: number): string {
  const whole = Math.ceil(Math.max(0, ms));
  if (whole < 1_000) return `${whole}ms`;
  const seconds = whole / 1_000;
  const minutes = Math.floor(seconds / 60);
  const rest = Number((seconds - minutes * 60).toFixed(3));
  return minutes > 0 ? `${minutes}m${rest}s` : `${rest}s`;
}

function tooMany(refused: readonly Judged[], headers: Readonly<Record<string, string>>): QuorumError {
  const worst = refused.reduce((one, other) => (other.verdict.retryMs > one.verdict.retryMs ? other : one));
  const { kind, name, perMinute } = worst.gate;
  const message = `Too many ${kind}: ${name} may have ${perMinute} a minute. Try again in ${durationOf(worst.verdict.retryMs)}.`;
  return new QuorumError('rate_limit_exceeded', message, { retryAfterMs: Math.ceil(worst.verdict.retryMs), headers });
}

function tooManyAtOnce({ name, limits }: Limited, headers: Readonly<Record<string, string>>): QuorumError {
  const message = `Too many requests at once: ${name} may have ${limits.parallel} in flight.`;
  return new QuorumError('rate_limit_exceeded', message, { retryAfterMs: PARALLEL_RETRY_MS, headers });
}
