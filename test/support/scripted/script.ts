// What a scripted upstream can be told to do, and what it remembers of each request.
import type { IncomingHttpHeaders } from 'node:http';
import type { AnswerOptions } from './builders.ts';

/** One piece of an explicit stream; waits `delayMs` first. `data` is made an event, `raw` is sent as it is. */
export interface StreamStep {
  readonly delayMs?: number;
  readonly data?: unknown;
  readonly raw?: string | Uint8Array;
}

/** An answer and how it misbehaves. Without any field: a good answer, whole or streamed as asked. */
export interface Script extends AnswerOptions {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** An explicit body: bytes and texts as they are, anything else as JSON. */
  readonly body?: unknown;
  /** An error body in OpenAI's shape; the status is 200 unless told. */
  readonly error?: Readonly<Record<string, unknown>> | string;
  readonly malformed?: boolean;
  readonly html?: boolean;
  /** An explicit stream. `[DONE]` follows unless it is in there or `done` is false. */
  readonly chunks?: readonly StreamStep[];
  /** False: a stream ends without `[DONE]`. */
  readonly done?: boolean;
  /** True: the usage chunk comes without being asked for; false: never. */
  readonly streamUsage?: boolean;
  readonly lineEnd?: '\n' | '\r\n' | '\r';
  readonly gzip?: boolean;
  /** Before the headers. */
  readonly delayMs?: number;
  /** Before each chunk of a stream but the first. */
  readonly chunkDelayMs?: number;
  /** Sends the body in pieces of so many bytes. */
  readonly trickle?: { readonly bytes: number; readonly everyMs: number };
  /** Destroys the connection: before the headers, after so many bytes of the body, or in the middle of an event half way through. */
  readonly cut?: 'before-headers' | 'mid-event' | number;
  /** Cuts with a TCP reset instead of a close. */
  readonly reset?: boolean;
  /** Goes silent and keeps the connection open; true is `before-headers`. */
  readonly stall?: boolean | 'before-headers' | 'after-headers' | 'mid-stream';
}

/** One request as it was received. */
export interface ReceivedRequest {
  readonly method: string;
  /** With the query, as sent. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Parsed when JSON, else the text. */
  readonly body: unknown;
  readonly bytes: Uint8Array;
  /** `body.model`, or an empty text. */
  readonly model: string;
  /** Milliseconds since the epoch, with fractions. */
  readonly at: number;
  /** When the client went away before the end; null while it hasn't. */
  readonly aborted: number | null;
  /** Number of the connection, from 1: equal for requests that shared one. */
  readonly connection: number;
}
