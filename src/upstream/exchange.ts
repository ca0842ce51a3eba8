// One HTTP exchange with an upstream: sends, keeps time with a single timer, obeys the signal, and ends exactly once.
import type { Dispatcher } from 'undici';
import type { AbortWatch, Clock } from '../contract/index.ts';
import { abortedFault, Fault } from './fault.ts';
import type { PaceLine } from './pacing.ts';
import type { Handler, Link, Sockets } from './sockets.ts';
import type { Headers } from './status.ts';
import { withHops, type Target } from './target.ts';
import { brokenOff, notSent, unreachable } from './trouble.ts';

/** Everything an attempt needs that stays the same from one attempt to the next. */
export interface Line {
  readonly clock: Clock;
  readonly sockets: Sockets;
  readonly target: Target;
  readonly body: Buffer;
  readonly traceParent: string | undefined;
  readonly stream: boolean;
  readonly signal: AbortWatch;
  readonly deadlineAt: number;
  readonly totalMs: number;
  readonly firstTokenMs: number;
  readonly pace: PaceLine;
  /** What the pace calls the present attempt. */
  turn: number;
  /** Earlier attempts that may have been charged. */
  lost: number;
  /** Quorums that the request came through. */
  readonly hops: number;
}

/** Who takes the answer. Called in this order; exactly one of `end` and `fail` comes, and comes last. */
export interface Receiver {
  head(exchange: Exchange, status: number, headers: Headers): void;
  data(exchange: Exchange, chunk: Buffer): void;
  end(exchange: Exchange): void;
  fail(fault: Fault): void;
}

/** Of those before its answer, as many as a provider may send. */
const MOST_HINTS = 20;

/** Node's timers go off at once beyond it. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Thrown into undici for a call that ended while it queued: the socket goes to the next one unharmed. */
const GONE = new Error('the call has ended');

export class Exchange implements Handler {
  readonly line: Line;
  readonly sentAt: number;
  /** Of the body; below zero while there is none. */
  firstByteAt = -1;
  link: Link | null = null;
  over = false;
  readonly #receiver: Receiver;
  readonly #endBy: number;
  readonly #turn: number;
  #controller: Dispatcher.DispatchController | null = null;
  #cancelTimer: () => void;
  /** When the present phase has lasted too long. */
  #phaseBy: number;
  /** When the timer looks. Too early does no harm: it is set anew. */
  #looksAt = 0;
  #answered = false;
  /** Answers of the 1xx kind. */
  #hints = 0;
  #reused = false;

  constructor(line: Line, receiver: Receiver) {
    const now = line.clock.now();
    this.line = line;
    this.#turn = line.turn;
    this.#receiver = receiver;
    this.sentAt = now;
    this.#endBy = Math.min(now + line.totalMs, line.deadlineAt);
    this.#phaseBy = now + line.target.model.timeouts.connectMs;
    this.#cancelTimer = this.#look(now);
    line.signal.addEventListener('abort', this);
  }

  send(fresh: boolean): void {
    const { target, body, stream, sockets, hops, traceParent } = this.line;
    const usual = stream ? target.streamHeaders : target.wholeHeaders;
    const headers = traceParent === undefined ? usual : [...usual, 'traceparent', traceParent];
    const path = stream ? target.route.streamPath : target.route.wholePath;
    const counted = hops === 0 ? headers : withHops(headers, hops);
    const outgoing = { origin: target.origin, path, headers: counted, body, handler: this };
    if (fresh) sockets.sendFresh(outgoing);
    else sockets.send(outgoing);
  }

  /** Stops reading from the socket; what is under way in it still comes. The idle clock stands still meanwhile. */
  pause(): void {
    if (this.over) return;
    this.#controller?.pause();
    if (this.link !== null) this.link.pausedBy = this;
    this.#phaseBy = Number.POSITIVE_INFINITY;
  }

  resume(): void {
    if (this.over) return;
    this.#awaitMore(this.line.clock.now());
    if (this.link !== null) this.link.pausedBy = null;
    this.#controller?.resume();
  }

  /** Ends it from this side: the socket is closed at once. */
  stop(fault: Fault): void {
    if (!this.#close()) return;
    this.link?.abandon();
    this.#controller?.abort(GONE);
    this.#receiver.fail(this.#controller === null ? fault.unsent() : fault);
  }

  /** The signal was aborted. */
  handleEvent(): void {
    this.stop(abortedFault(this.line.signal.reason));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.over) throw GONE;
    this.#controller = controller;
    this.#reused = this.link !== null && this.link.served++ > 0;
    this.#phaseBy = this.line.stream ? this.line.clock.now() + this.line.firstTokenMs : Number.POSITIVE_INFINITY;
  }

  onResponseStarted(): void {
    this.#answered = true;
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: Headers): void {
    // They are pieces of the socket's first chunk and would keep it for as long as the stream goes on.
    (controller as { rawHeaders?: unknown }).rawHeaders = null;
    if (this.over) return;
    if (status < 200) {
      if (++this.#hints > MOST_HINTS) this.stop(this.#refused('hints without end'));
      return;
    }
    this.line.pace.heard(this.#turn, status, headers);
    this.#receiver.head(this, status, headers);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    // After a pause undici's parser gives an empty chunk first.
    if (this.over || chunk.length === 0) return;
    if (this.line.stream && !controller.paused) {
      const now = this.line.clock.now();
      this.#awaitMore(now);
      if (this.firstByteAt < 0) this.firstByteAt = now;
    } else if (this.firstByteAt < 0) this.firstByteAt = this.line.clock.now();
    this.#receiver.data(this, chunk);
  }

  onResponseEnd(): void {
    if (!this.#close()) return;
    try {
      this.#receiver.end(this);
    } catch {
      // Nobody would hear of it any more, and the call would never end.
      this.#receiver.fail(this.#refused('an answer that nothing can be made of'));
    }
  }

  #refused(what: string): Fault {
    return new Fault('malformed', `${this.line.target.provider.name} sent ${what}`);
  }

  onResponseError(_: Dispatcher.DispatchController | undefined, error: Error & { readonly code?: string }): void {
    if (!this.#close()) return;
    const { provider } = this.line.target;
    this.#receiver.fail(
      this.#answered
        ? brokenOff(provider, error)
        : this.#controller === null
          ? notSent(provider, error)
          : unreachable(provider, error, this.#reused),
    );
  }

  /** False when it was over already. */
  #close(): boolean {
    if (this.over) return false;
    this.over = true;
    this.#cancelTimer();
    this.line.pace.over(this.#turn);
    this.line.signal.removeEventListener('abort', this);
    return true;
  }

  readonly #onTimer = (): void => {
    const now = this.line.clock.now();
    const dueAt = Math.min(this.#phaseBy, this.#endBy);
    if (now < dueAt) this.#cancelTimer = this.#look(now);
    else this.stop(this.#lateness());
  };

  #look(now: number): () => void {
    this.#looksAt = Math.min(this.#phaseBy, this.#endBy);
    const afterMs = Math.max(0, this.#looksAt - now);
    return this.line.clock.after(Math.min(afterMs, LONGEST_TIMER_MS), this.#onTimer);
  }

  /** The phase before may have had much longer. */
  #awaitMore(now: number): void {
    this.#phaseBy = now + this.line.target.model.timeouts.idleMs;
    if (this.#phaseBy >= this.#looksAt) return;
    this.#cancelTimer();
    this.#cancelTimer = this.#look(now);
  }

  #lateness(): Fault {
    const { target, deadlineAt, totalMs, firstTokenMs } = this.line;
    const { connectMs, idleMs } = target.model.timeouts;
    const late = (what: string): Fault => new Fault('timeout', `${target.provider.name} ${what}`);
    if (this.#endBy <= this.#phaseBy) {
      return this.#endBy === deadlineAt
        ? late("wasn't done when the request's time was up")
        : late(`wasn't done within ${totalMs} ms`);
    }
    if (this.#controller === null) return late(`gave no connection within ${connectMs} ms`);
    return this.firstByteAt >= 0
      ? late(`fell silent for ${idleMs} ms`)
      : late(`said nothing within ${firstTokenMs} ms`);
  }
}
