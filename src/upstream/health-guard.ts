// An upstream that leaves sick models alone and takes a slot for each call, whatever becomes of it.
import {
  CallFailure,
  QuorumError,
  type Clock,
  type StreamReply,
  type Upstream,
  type UpstreamCall,
} from '../contract/index.ts';
import type { CallEnd } from './breaker.ts';
import type { Health, Whom } from './health.ts';
import { FREE, type Lease, type Slots } from './slots.ts';

interface GuardParts {
  readonly clock: Clock;
  readonly health: Health;
  readonly slots: Slots;
  /** Whether any provider or model has a limit. */
  readonly isLimited: () => boolean;
}

const slotOfProvider = (name: string): string => `provider ${name}`;
export const slotOfModel = (name: string): string => `model ${name}`;

/** Whether the model is to blame for how a call ended. */
function endOf(thrown: unknown, call: UpstreamCall, now: number): CallEnd {
  if (!(thrown instanceof CallFailure)) return 'neither';
  switch (thrown.kind) {
    case 'rejected':
      return 'good';
    case 'aborted':
    case 'rate_limited':
      return 'neither';
    case 'timeout':
      // The caller's own time was up.
      return now >= call.deadlineAt ? 'neither' : 'bad';
    case 'refused':
    case 'server_error':
    case 'unreachable':
    case 'malformed':
      return thrown.sent || thrown.kind === 'unreachable' ? 'bad' : 'neither';
    default:
      return thrown.kind satisfies never;
  }
}

export function guarded(upstream: Upstream, { clock, health, slots, isLimited }: GuardParts): Upstream {
  const whoms = new WeakMap<UpstreamCall['model'], Whom>();

  function whomOf({ model, provider }: UpstreamCall): Whom {
    const known = whoms.get(model);
    if (known !== undefined && known.address === provider.baseUrl) return known;
    const whom = { model: model.name, provider: provider.name, address: provider.baseUrl };
    whoms.set(model, whom);
    return whom;
  }

  /** Throws when the call is not to be made. */
  function admit(whom: Whom, { replaceable, standIn }: UpstreamCall): void {
    const objection = health.admit(whom, { replaceable: replaceable === true, standIn: standIn === true });
    if (objection !== null) throw new CallFailure('unreachable', `${whom.provider} ${objection}`, { sent: false });
  }

  const bounded = (call: UpstreamCall, whom: Whom): UpstreamCall =>
    call.maxRetries > 0 && !health.mayRetry(whom) ? { ...call, maxRetries: 0 } : call;

  async function enter({ provider, model, tenant, signal, replaceable }: UpstreamCall): Promise<Lease> {
    try {
      return await slots.take([slotOfProvider(provider.name), slotOfModel(model.name)], tenant ?? '', signal);
    } catch (thrown) {
      if (signal.aborted) throw new CallFailure('aborted', 'the call was given up', { cause: thrown, sent: false });
      if (replaceable !== true || !(thrown instanceof QuorumError)) throw thrown;
      throw new CallFailure('rate_limited', thrown.message, {
        sent: false,
        retryAfterMs: thrown.extra.retryAfterMs ?? null,
      });
    }
  }

  const slotFor = (call: UpstreamCall): Lease | Promise<Lease> => (isLimited() ? enter(call) : FREE);

  const withWait = <Reply extends { readonly queueMs?: number }>(reply: Reply, { waitedMs }: Lease): Reply =>
    waitedMs === 0 ? reply : { ...reply, queueMs: waitedMs + (reply.queueMs ?? 0) };

  /** The slot and the verdict wait for the stream's end; one that nobody reads ends with its signal or its time. */
  function watched(reply: StreamReply, call: UpstreamCall, whom: Whom, lease: Lease, startedAt: number): StreamReply {
    let isOpen = true;
    let cancelTimer: (() => void) | null = null;
    const end = (how: CallEnd): void => {
      if (!isOpen) return;
      isOpen = false;
      cancelTimer?.();
      if (lease !== FREE) call.signal.removeEventListener('abort', given);
      lease.release();
      health.ended(whom, how, startedAt);
    };
    const given = (): void => end('neither');
    if (lease !== FREE) {
      call.signal.addEventListener('abort', given, { once: true });
      cancelTimer = clock.after(Math.max(0, Math.min(call.deadlineAt - clock.now(), 2 ** 31 - 1)), given);
    }
    return {
      ...withWait(reply, lease),
      async pump(sink) {
        try {
          await reply.pump(sink);
          end('good');
        } catch (thrown) {
          end(endOf(thrown, call, clock.now()));
          throw thrown;
        }
      },
    };
  }

  function ended<Reply extends { readonly queueMs?: number }>(
    reply: Reply,
    _: UpstreamCall,
    whom: Whom,
    lease: Lease,
    startedAt: number,
  ): Reply {
    lease.release();
    health.ended(whom, 'good', startedAt);
    return withWait(reply, lease);
  }

  /** `take` gets the reply, and the slot with it. */
  async function guard<Reply>(
    call: UpstreamCall,
    ask: (call: UpstreamCall) => Promise<Reply>,
    take: (reply: Reply, call: UpstreamCall, whom: Whom, lease: Lease, startedAt: number) => Reply,
  ): Promise<Reply> {
    const whom = whomOf(call);
    admit(whom, call);
    let lease = FREE;
    const startedAt = clock.now();
    try {
      const slot = slotFor(call);
      lease = slot === FREE ? FREE : await slot;
      return take(await ask(bounded(call, whom)), call, whom, lease, startedAt);
    } catch (thrown) {
      lease.release();
      health.ended(whom, endOf(thrown, call, clock.now()), startedAt);
      throw thrown;
    }
  }

  return {
    whole: (call) => guard(call, upstream.whole, ended),
    stream: (call) => guard(call, upstream.stream, watched),
    close: () => upstream.close(),
  };
}
