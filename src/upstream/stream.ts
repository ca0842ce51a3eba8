// Takes a streamed answer: holds it until the first event is known to be a good one, then passes bytes on as they come.
import { CallFailure, type Sink, type StreamReply } from '../contract/index.ts';
import { encodingOf, openUnfolding, type Unfolding } from './decode.ts';
import type { Translator } from './dialect/index.ts';
import type { Exchange, Receiver } from './exchange.ts';
import { abortedFault, Fault } from './fault.ts';
import { openingOf } from './opening.ts';
import { replayOf } from './replay.ts';
import { faultOf, type Headers } from './status.ts';
import { WholeReceiver } from './whole.ts';

/** Held before `pump` is called; past it the socket is paused. */
const MOST_HELD_BYTES = 64 * 1024;
/** Comments that came before anything was said are gone through again with each piece; after so many it counts as begun. */
const MOST_UNDECIDED = 1_000;

export class StreamReceiver implements Receiver {
  readonly #retries: number;
  readonly #settle: (outcome: StreamReply | Fault) => void;
  #headers: Headers = {};
  #status = 0;
  #unfolding: Unfolding | null = null;
  /** Set when the answer turns out not to be a stream. */
  #document: WholeReceiver | null = null;
  /** For a dialect of its own, once its events begin. */
  #translator: Translator | null = null;
  #opened = false;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #sink: Sink | null = null;
  #draining = false;
  #outcome: 'ended' | Fault | null = null;
  #onOutcome: (() => void) | null = null;

  constructor(retries: number, settle: (outcome: StreamReply | Fault) => void) {
    this.#retries = retries;
    this.#settle = settle;
  }

  head(exchange: Exchange, status: number, headers: Headers): void {
    this.#status = status;
    this.#headers = headers;
    if (status >= 300) this.#beDocument(exchange, headers);
  }

  data(exchange: Exchange, chunk: Buffer): void {
    if (this.#unfolding !== null) feed(exchange, this.#unfolding, chunk);
    else if (this.#document !== null) this.#document.data(exchange, chunk);
    else {
      const encoding = encodingOf(this.#headers);
      if (encoding === null) this.#take(exchange, chunk);
      else this.#decode(exchange, encoding, chunk);
    }
  }

  end(exchange: Exchange): void {
    if (this.#unfolding === null) this.#end(exchange);
    else this.#unfolding.end();
  }

  fail(fault: Fault): void {
    this.#unfolding?.giveUp();
    if (this.#document !== null) this.#document.fail(fault);
    else if (this.#opened) this.#finish(fault);
    else this.#settle(fault);
  }

  #decode(exchange: Exchange, encoding: string, chunk: Buffer): void {
    const unfolding = openUnfolding(encoding, chunk, {
      data: (decoded) => this.#unfold(exchange, decoded),
      end: () => {
        try {
          this.#end(exchange);
        } catch {
          this.#stopWith(exchange, this.#malformed(exchange, 'nothing can be made of'));
        }
      },
      fail: (what) => this.#stopWith(exchange, this.#malformed(exchange, what)),
      room: () => {
        if (!this.#isHeldUp) exchange.resume();
      },
    });
    if (unfolding === null) {
      exchange.stop(this.#malformed(exchange, 'is encoded in an unknown way'));
      return;
    }
    this.#unfolding = unfolding;
    feed(exchange, unfolding, chunk);
  }

  /** An exchange that is over, but for what is still folded up, no longer hears of its end. */
  #unfold(exchange: Exchange, decoded: Buffer): void {
    const { signal } = exchange.line;
    if (signal.aborted) this.#stopWith(exchange, abortedFault(signal.reason));
    else this.#take(exchange, decoded);
  }

  #take(exchange: Exchange, chunk: Buffer): void {
    if (this.#document !== null) this.#takeDocument(exchange, this.#document, chunk);
    else if (this.#translator !== null) this.#translate(exchange, this.#translator, chunk);
    else this.#pass(exchange, chunk);
  }

  #takeDocument(exchange: Exchange, document: WholeReceiver, chunk: Buffer): void {
    const fault = document.take(exchange, chunk);
    if (fault !== null) this.#stopWith(exchange, fault);
  }

  #pass(exchange: Exchange, chunk: Buffer): void {
    if (this.#sink !== null) this.#write(exchange, this.#sink, chunk);
    else this.#hold(exchange, chunk);
  }

  /** `chunk` null: the end. It opens on the first thing that is said; an error before it can be tried elsewhere. */
  #translate(exchange: Exchange, translator: Translator, chunk: Buffer | null): void {
    let bytes: Buffer | null;
    try {
      bytes = chunk === null ? translator.end() : translator.push(chunk);
    } catch {
      this.#stopWith(exchange, this.#malformed(exchange, 'has an event without an end'));
      return;
    }
    if (bytes === null) return;
    if (!this.#opened && !translator.spoke) {
      this.#stopWith(exchange, this.#errorEvent(exchange, translator.error ?? ''));
      return;
    }
    if (!this.#opened) this.#open(exchange);
    this.#pass(exchange, bytes);
  }

  #begin(exchange: Exchange): void {
    const { target, clock } = exchange.line;
    const { translate } = target.dialect;
    if (translate === null) {
      this.#open(exchange);
      return;
    }
    this.#translator = translate({ model: target.model.upstreamModel, now: clock.now() });
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    for (const chunk of held) this.#take(exchange, chunk);
  }

  #hold(exchange: Exchange, chunk: Buffer): void {
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    if (!this.#opened) this.#decide(exchange, false);
    if (this.#isHeldUp) this.#holdUp(exchange);
  }

  /** Whoever takes the bytes is behind. */
  get #isHeldUp(): boolean {
    return this.#draining || (this.#sink === null && this.#opened && this.#heldBytes > MOST_HELD_BYTES);
  }

  /** What came compressed unfolds no further meanwhile. */
  #holdUp(exchange: Exchange): void {
    this.#unfolding?.pause();
    exchange.pause();
  }

  #goOn(exchange: Exchange): void {
    this.#unfolding?.resume();
    if (this.#unfolding?.isFull !== true) exchange.resume();
  }

  #decide(exchange: Exchange, ended: boolean): void {
    const head = this.#held.length === 1 ? this.#held[0]! : Buffer.concat(this.#held);
    const opening = openingOf(head, ended);
    switch (opening.is) {
      case 'undecided':
        if (this.#held.length >= MOST_UNDECIDED) this.#begin(exchange);
        return;
      case 'events':
        this.#begin(exchange);
        return;
      case 'document':
        this.#beDocument(exchange, { ...this.#headers, 'content-encoding': undefined });
        if (this.#document !== null) this.#takeDocument(exchange, this.#document, head);
        return;
      case 'error':
        this.#stopWith(exchange, this.#errorEvent(exchange, opening.json));
        return;
      default:
        opening satisfies never;
    }
  }

  #open(exchange: Exchange): void {
    this.#opened = true;
    this.#settle({
      retries: this.#retries,
      sentAt: exchange.sentAt,
      firstByteAt: exchange.firstByteAt,
      pump: (sink) => this.#pump(exchange, sink),
    });
  }

  #pump(exchange: Exchange, sink: Sink): Promise<void> {
    if (this.#sink !== null) return Promise.reject(new Error('a stream is pumped once only'));
    return new Promise((resolve, reject) => {
      this.#onOutcome = () => {
        if (this.#outcome instanceof Fault) reject(this.#outcome.toFailure(this.#retries));
        else resolve();
      };
      this.#sink = sink;
      const held = this.#held;
      this.#held = [];
      for (const chunk of held) this.#write(exchange, sink, chunk);
      if (this.#outcome !== null) this.#onOutcome();
      else if (!this.#draining) this.#goOn(exchange);
    });
  }

  #write(exchange: Exchange, sink: Sink, chunk: Buffer): void {
    try {
      const goesOn = sink.write(chunk);
      // What the upstream does with the connection then is none of the answer.
      if (sink.isOver?.() === true) this.#finish('ended');
      if (goesOn || this.#draining) return;
    } catch (thrown) {
      this.#stopWith(exchange, thrown instanceof CallFailure ? faultFrom(thrown) : abortedFault(thrown));
      return;
    }
    this.#draining = true;
    this.#holdUp(exchange);
    sink.drained().then(
      () => {
        this.#draining = false;
        this.#goOn(exchange);
      },
      (reason: unknown) => this.#stopWith(exchange, abortedFault(reason)),
    );
  }

  #beDocument(exchange: Exchange, headers: Headers): void {
    this.#document = new WholeReceiver((outcome) => {
      this.#settle(outcome instanceof Fault ? outcome : replayOf(exchange, outcome.completion, this.#retries));
    });
    this.#document.head(exchange, this.#status, headers);
  }

  #end(exchange: Exchange): void {
    if (this.#document === null && this.#translator === null && !this.#opened) this.#decide(exchange, true);
    if (this.#translator !== null) this.#translate(exchange, this.#translator, null);
    if (this.#document !== null) this.#document.end(exchange);
    else if (this.#opened) this.#finish('ended');
    else this.#settle(this.#malformed(exchange, 'holds no event'));
  }

  #finish(outcome: 'ended' | Fault): void {
    if (this.#outcome !== null) return;
    this.#outcome = outcome;
    this.#onOutcome?.();
  }

  /** Also when the exchange itself is over, and only a decoder's tail is left. */
  #stopWith(exchange: Exchange, fault: Fault): void {
    exchange.stop(fault);
    this.fail(fault);
  }

  #errorEvent(exchange: Exchange, json: string): Fault {
    const { target, clock } = exchange.line;
    const body = Buffer.from(json);
    return faultOf(target, { status: this.#status, headers: this.#headers, body, now: clock.now() });
  }

  #malformed(exchange: Exchange, what: string): Fault {
    return new Fault('malformed', `${exchange.line.target.provider.name} sent a stream that ${what}`, {
      status: this.#status,
    });
  }
}

function feed(exchange: Exchange, unfolding: Unfolding, chunk: Buffer): void {
  unfolding.feed(chunk);
  if (unfolding.isFull) exchange.pause();
}

/** Whoever takes the bytes found that they are no answer. */
const faultFrom = ({ kind, message }: CallFailure): Fault => new Fault(kind, message);
