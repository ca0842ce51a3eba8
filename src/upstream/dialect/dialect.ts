// How one kind of API is spoken: what a call looks like on the wire, what its answers mean.
import type { ChatRequest, Completion, FailureKind, Model, Provider, Written } from '../../contract/index.ts';

/** Where and in what form the calls to one model go; worked out once. */
export interface Route {
  /** From the origin on, with the query. */
  readonly wholePath: string;
  readonly streamPath: string;
  /** Lower case; the provider's own `headers` win over them. */
  readonly headers: Readonly<Record<string, string>>;
  /** Carries the bare key, where it isn't the header that the provider's other addresses want it in. */
  readonly keyHeader?: string;
  /** The body's JSON text. Throws a `Fault` for what the dialect cannot say. */
  readonly shape: (request: ChatRequest, stream: boolean, written?: Written) => string;
}

/** What an answer doesn't tell of itself. */
export interface Circumstances {
  readonly model: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Turns the bytes of an upstream's stream into those of OpenAI's, whatever way they are cut. */
export interface Translator {
  /** Null while nothing can be said. Throws when one event is too long. */
  push(chunk: Uint8Array): Buffer | null;
  /** After the last byte. A stream that was cut ends without `[DONE]`. */
  end(): Buffer | null;
  /** Something of an answer came out. */
  readonly spoke: boolean;
  /** The upstream's error event, JSON text. */
  readonly error: string | null;
}

/** An upstream's error as it is told to an OpenAI client. */
export interface NativeError {
  readonly status: number;
  /** Null: as the status says. */
  readonly kind: FailureKind | null;
  readonly message: string;
  readonly type: string;
  readonly code: string | null;
  readonly retryAfterMs: number | null;
}

export interface Dialect {
  route(provider: Provider, model: Model): Route;
  /** The completion in a whole answer, and its bytes in OpenAI's form. Throws an Error with a plain reason for what is none. */
  readWhole(bytes: Buffer, circumstances: Circumstances): { readonly completion: Completion; readonly bytes: Buffer };
  /** Null: the bytes are passed on as they come. */
  readonly translate: ((circumstances: Circumstances) => Translator) | null;
  /** The error in a parsed body; null where it is none, or no other than OpenAI's. */
  readonly failure: ((body: unknown, status: number) => NativeError | null) | null;
}
