// `idempotency-key`: the same request again gets the same answer, and is done and charged once.
import { createHash } from 'node:crypto';
import {
  type AbortWatch,
  QuorumError,
  type Clock,
  type IdempotencyClaim,
  type IdempotencyStore,
  type KeptAnswer,
} from '../contract/index.ts';

const POLL_MS = 100;
const MOST_KEPT_BYTES = 8 * 1024 * 1024;
const LONGEST_KEY = 255;

interface IdempotentRequest {
  readonly tenant: string;
  /** The header as it came. */
  readonly key: string;
  /** `requestFingerprint` of what was asked. */
  readonly fingerprint: string;
  readonly at: number;
  /** Ends the wait for the one that is under way. */
  readonly signal: AbortWatch;
}

/** To be ended by exactly one of these; what comes after the first counts for nothing. */
export interface Ticket {
  /** It is done: everybody who asks the same within 24 h gets this. On disk when it returns, unless the disk refuses. */
  keep(answer: KeptAnswer): void;
  /** It failed, or the answer can't be kept: the next one does it anew. */
  abandon(): void;
}

type Turn =
  | { readonly kind: 'replay'; readonly answer: KeptAnswer }
  | { readonly kind: 'mine'; readonly ticket: Ticket };

export interface Idempotency {
  /**
   * Whether to do it or what it gave. Waits while the same is under way, in this process or another.
   * Rejects with `idempotency_conflict` for another body, `invalid_value` for a bad key, `budget_unavailable` when it can't know.
   */
  begin(request: IdempotentRequest): Promise<Turn>;
}

export function createIdempotency(
  store: IdempotencyStore,
  clock: Clock,
  onTrouble: (error: unknown) => void = () => undefined,
): Idempotency {
  /** Those under way in this process: resolves when they end. */
  const underWay = new Map<string, Promise<void>>();

  const ticketFor = ({ tenant, key }: IdempotentRequest, name: string): Ticket => {
    let end = (): void => undefined;
    underWay.set(name, new Promise((resolve) => (end = resolve)));
    let ended = false;
    const once = (write: () => void): void => {
      if (ended) return;
      ended = true;
      try {
        write();
      } catch (error) {
        onTrouble(error);
      }
      underWay.delete(name);
      end();
    };
    const abandon = (): void => once(() => store.abandon(tenant, key));
    return {
      keep: (answer) =>
        answer.body.byteLength > MOST_KEPT_BYTES ? abandon() : once(() => store.keep(tenant, key, answer)),
      abandon,
    };
  };

  const begin = async (request: IdempotentRequest): Promise<Turn> => {
    const { tenant, key, signal } = request;
    if (key.length > LONGEST_KEY || !/^[\x20-\x7e]+$/.test(key))
      throw new QuorumError('invalid_value', `An idempotency key is 1 to ${LONGEST_KEY} printable characters.`, {
        param: 'idempotency-key',
      });
    const name = `${tenant}\n${key}`;
    for (;;) {
      const claim = claimOf(store, request, underWay.has(name));
      if (claim.kind === 'mine') return { kind: 'mine', ticket: ticketFor(request, name) };
      if (claim.kind === 'done') return { kind: 'replay', answer: claim.answer };
      if (claim.kind === 'conflict')
        throw new QuorumError('idempotency_conflict', 'This idempotency key was used for another request body.', {
          param: 'idempotency-key',
          shouldRetry: false,
        });
      await nextLook(underWay.get(name), clock, signal);
    }
  };
  return { begin };
}

/** The same for everything that means the same request: method and path, and the body to the byte. */
export function requestFingerprint(endpoint: string, body: Uint8Array | string): string {
  return createHash('sha256').update(endpoint).update('\n').update(body).digest('hex');
}

function claimOf(
  store: IdempotencyStore,
  { tenant, key, fingerprint, at }: IdempotentRequest,
  runningHere: boolean,
): IdempotencyClaim {
  try {
    return store.claim(tenant, key, fingerprint, at, runningHere);
  } catch (cause) {
    const message = 'It can’t be told at the moment whether this request was done before. Try again in a moment.';
    throw new QuorumError('budget_unavailable', message, { retryAfterMs: 1_000, cause });
  }
}

/** When the one under way here ends; of another process only looking again can tell. */
async function nextLook(ending: Promise<void> | undefined, clock: Clock, signal: AbortWatch): Promise<void> {
  if (signal.aborted) throw new QuorumError('client_closed', 'The client has gone.');
  let cancel = (): void => undefined;
  let onAbort = (): void => undefined;
  const waits = new Promise<void>((resolve, reject) => {
    onAbort = () => reject(new QuorumError('client_closed', 'The client has gone.'));
    signal.addEventListener('abort', onAbort, { once: true });
    if (ending === undefined) cancel = clock.after(POLL_MS, resolve);
    else void ending.then(resolve);
  });
  try {
    await waits;
  } finally {
    cancel();
    signal.removeEventListener('abort', onAbort);
  }
}
