// Takes a whole answer: collects it, bounded, and makes a completion or a fault of it.
import type { Completion } from '../contract/index.ts';
import { completionFromStream, packPieces } from '../wire/index.ts';
import { decodeWhole, encodingOf } from './decode.ts';
import type { Translator } from './dialect/index.ts';
import type { Exchange, Receiver } from './exchange.ts';
import { Fault } from './fault.ts';
import { faultOf, isErrorBody, type Headers } from './status.ts';

interface WholeAnswer {
  readonly completion: Completion;
  readonly bytes: Buffer;
  readonly exchange: Exchange;
}

const MEBIBYTE = 1024 * 1024;
const MOST_BYTES = 64 * MEBIBYTE;
const MOST_ERROR_BYTES = MEBIBYTE;

const isGood = (status: number): boolean => status >= 200 && status < 300;

/** Some servers stream whatever they are asked for. A stream that was cut is no completion. */
function streamedCompletion(bytes: Buffer, translator: Translator | null): Completion | null {
  if (!bytes.includes('data:')) return null;
  const parts = translator === null ? [bytes] : [translator.push(bytes), translator.end()];
  const completion = completionFromStream(Buffer.concat(parts.filter((part) => part !== null)));
  const finished = completion?.choices.every((choice) => choice.finish_reason !== null) === true;
  return finished && completion.choices.length > 0 ? completion : null;
}

export class WholeReceiver implements Receiver {
  readonly #settle: (outcome: WholeAnswer | Fault) => void;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #packed = 0;
  #status = 0;
  #headers: Headers = {};

  constructor(settle: (outcome: WholeAnswer | Fault) => void) {
    this.#settle = settle;
  }

  head(_: Exchange, status: number, headers: Headers): void {
    this.#status = status;
    this.#headers = headers;
  }

  data(exchange: Exchange, chunk: Buffer): void {
    const fault = this.take(exchange, chunk);
    if (fault !== null) exchange.stop(fault);
  }

  /** The fault that has to end it: it is too long. */
  take(exchange: Exchange, chunk: Buffer): Fault | null {
    this.#chunks.push(chunk);
    this.#packed = packPieces(this.#chunks, this.#packed);
    this.#bytes += chunk.length;
    return this.#bytes > this.#limit ? this.#tooLong(exchange) : null;
  }

  end(exchange: Exchange): void {
    const bytes = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
    const encoding = encodingOf(this.#headers);
    if (encoding === null || bytes.length === 0) {
      this.#settle(this.#outcome(exchange, bytes));
      return;
    }
    void decodeWhole(encoding, bytes, this.#limit)
      .then((decoded) => this.#settle(this.#outcome(exchange, decoded)))
      .catch(() => this.#settle(this.#unreadable(exchange)));
  }

  fail(fault: Fault): void {
    this.#settle(fault);
  }

  get #limit(): number {
    return isGood(this.#status) ? MOST_BYTES : MOST_ERROR_BYTES;
  }

  #outcome(exchange: Exchange, bytes: Buffer): WholeAnswer | Fault {
    if (!isGood(this.#status)) return this.#refusal(exchange, bytes);
    const { dialect, model } = exchange.line.target;
    const circumstances = { model: model.upstreamModel, now: exchange.line.clock.now() };
    try {
      return { ...dialect.readWhole(bytes, circumstances), exchange };
    } catch {
      if (isErrorBody(bytes, dialect)) return this.#refusal(exchange, bytes);
      const completion = streamedCompletion(bytes, dialect.translate?.(circumstances) ?? null);
      if (completion === null) return this.#unreadable(exchange);
      return { completion, bytes: Buffer.from(JSON.stringify(completion)), exchange };
    }
  }

  #refusal(exchange: Exchange, body: Buffer | null): Fault {
    const { target, clock } = exchange.line;
    return faultOf(target, { status: this.#status, headers: this.#headers, body, now: clock.now() });
  }

  #tooLong(exchange: Exchange): Fault {
    if (!isGood(this.#status)) return this.#refusal(exchange, null);
    const name = exchange.line.target.provider.name;
    return new Fault('malformed', `${name} sent an answer of more than ${MOST_BYTES / MEBIBYTE} MiB`, {
      status: this.#status,
    });
  }

  #unreadable(exchange: Exchange): Fault {
    if (!isGood(this.#status)) return this.#refusal(exchange, null);
    const what = /^[\w.+-]{1,40}\/[\w.+-]{1,40}/.exec(String(this.#headers['content-type']))?.[0] ?? 'something';
    const name = exchange.line.target.provider.name;
    return new Fault('malformed', `${name} answered ${this.#status} with ${what} that is no chat completion`, {
      status: this.#status,
    });
  }
}
