// Calls to models: one attempt after the other until one gives an answer or no more may be made.
import {
  sleep,
  type Clock,
  type Random,
  type StreamReply,
  type Upstream,
  type UpstreamCall,
  type WholeReply,
} from '../contract/index.ts';
import { Exchange, type Line } from './exchange.ts';
import { abortedFault, Fault } from './fault.ts';
import { createPaces, type Paces, type Turn } from './pacing-models.ts';
import { createRetryBudget, nextRetryMs, type RetryBudget } from './retry.ts';
import { createSockets, type MayConnect } from './sockets.ts';
import { StreamReceiver } from './stream.ts';
import { createTargets, type Target } from './target.ts';
import { WholeReceiver } from './whole.ts';

export interface UpstreamOptions {
  /** How the program names itself to providers. */
  readonly userAgent?: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Whether a socket may be opened to this origin; default: any provider's. */
  readonly mayConnect?: MayConnect;
  /** Connections to one origin; more calls at once wait for one. */
  readonly maxSockets?: number;
  /** What providers' rate limits allow; default: its own. */
  readonly paces?: Paces;
}

const MOST_SOCKETS = 1024;

type Attempt<Reply> = (line: Line, retries: number, fresh: boolean) => Promise<Reply | Fault>;

const attemptWhole: Attempt<WholeReply> = (line, retries, fresh) =>
  new Promise((resolve) => {
    const receiver = new WholeReceiver((outcome) => {
      if (outcome instanceof Fault) resolve(outcome);
      else {
        const { completion, bytes, exchange } = outcome;
        resolve({ completion, bytes, retries, sentAt: exchange.sentAt, firstByteAt: exchange.firstByteAt });
      }
    });
    new Exchange(line, receiver).send(fresh);
  });

const attemptStream: Attempt<StreamReply> = (line, retries, fresh) =>
  new Promise((resolve) => {
    new Exchange(line, new StreamReceiver(retries, resolve)).send(fresh);
  });

/** The body, or why the dialect has no words for it. */
function shaped({ route }: Target, { request, written }: UpstreamCall, stream: boolean): Buffer | Fault {
  try {
    return Buffer.from(route.shape(request, stream, written));
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown;
    throw thrown;
  }
}

/** What is known before anything is sent. */
function obstacle({ signal, clock, deadlineAt }: Line): Fault | null {
  if (signal.aborted) return abortedFault(signal.reason);
  if (clock.now() >= deadlineAt) return new Fault('timeout', "the request's time was up before the call");
  return null;
}

/** Waits before the next attempt; false when there is to be none. */
async function pause(line: Line, call: UpstreamCall, fault: Fault, retries: number, random: Random): Promise<boolean> {
  const { clock, deadlineAt, signal } = line;
  const maxRetries = Math.min(call.maxRetries, call.provider.maxRetries);
  const retryAfterMs = fault.detail.retryAfterMs ?? null;
  const waitMs = nextRetryMs({ retries, maxRetries, retryAfterMs, now: clock.now(), deadlineAt }, random);
  if (waitMs === null) return false;
  await sleep(clock, waitMs, signal).catch((reason: unknown) => {
    throw abortedFault(reason).unsent().toFailure(retries, line.lost);
  });
  return true;
}

/** Waits until the provider's rate limits let it go, where they don't; how long that took. */
async function queue(line: Line, call: UpstreamCall, retries: number, paces: Paces): Promise<number> {
  const { clock, deadlineAt, pace } = line;
  const since = clock.now();
  let turn: Turn;
  try {
    turn = await pace.turn(paces.wishOf(call, deadlineAt - since));
  } catch (reason) {
    throw abortedFault(reason).unsent().toFailure(retries, line.lost);
  }
  if (typeof turn === 'number') {
    line.turn = turn;
    return clock.now() - since;
  }
  const name = line.target.provider.name;
  throw new Fault('rate_limited', `${name} takes no more requests for now, as it said itself`, {
    retryAfterMs: turn.waitMs,
  })
    .unsent()
    .toFailure(retries, line.lost);
}

async function run<Reply extends object>(
  line: Line,
  call: UpstreamCall,
  attempt: Attempt<Reply>,
  random: Random,
  budget: RetryBudget,
  paces: Paces,
): Promise<Reply> {
  let retrying = false;
  let queueMs = 0;
  budget.begin();
  try {
    for (let retries = 0; ; retries++) {
      if (line.pace.isFree) line.turn = line.pace.send();
      else queueMs += await queue(line, call, retries, paces);
      let outcome = await attempt(line, retries, false);
      if (outcome instanceof Fault && outcome.detail.staleSocket === true) outcome = await attempt(line, retries, true);
      if (!(outcome instanceof Fault)) {
        const { lost } = line;
        return queueMs === 0 && lost === 0
          ? outcome
          : { ...outcome, ...(queueMs > 0 && { queueMs }), ...(lost > 0 && { lost }) };
      }
      if (retrying) budget.give();
      retrying = outcome.detail.retryable === true && budget.take();
      if (!retrying || !(await pause(line, call, outcome, retries, random)))
        throw outcome.toFailure(retries, line.lost);
      if (outcome.mayBeCharged) line.lost++;
    }
  } finally {
    if (retrying) budget.give();
    budget.end();
  }
}

export function createUpstream(options: UpstreamOptions): Upstream {
  const { clock, random, mayConnect = () => true } = options;
  const sockets = createSockets(options.maxSockets ?? MOST_SOCKETS, mayConnect);
  const targetOf = createTargets(options.userAgent ?? 'quorum');
  const budget = createRetryBudget();
  const paces = options.paces ?? createPaces(clock);

  function start<Reply extends object>(call: UpstreamCall, stream: boolean, attempt: Attempt<Reply>): Promise<Reply> {
    const target = targetOf(call.provider, call.model);
    const body = shaped(target, call, stream);
    if (body instanceof Fault) return Promise.reject(body.unsent().toFailure(0));
    const line: Line = {
      clock,
      sockets,
      target,
      traceParent: call.traceParent,
      body,
      stream,
      signal: call.signal,
      deadlineAt: call.deadlineAt,
      totalMs: call.totalMs ?? call.model.timeouts.totalMs,
      firstTokenMs: call.firstTokenMs ?? call.model.timeouts.firstTokenMs,
      pace: paces.of(call),
      turn: 0,
      lost: 0,
      hops: call.hops ?? 0,
    };
    const fault = obstacle(line);
    return fault === null
      ? run(line, call, attempt, random, budget, paces)
      : Promise.reject(fault.unsent().toFailure(0));
  }

  return {
    whole: (call) => start(call, false, attemptWhole),
    stream: (call) => start(call, true, attemptStream),
    close: () => sockets.close(),
  };
}
