// One keep-alive connection of the load: raw bytes out, just enough parsing to know when an answer is there.
import { connect } from 'node:net';

const HEADERS_END = Buffer.from('\r\n\r\n');
const EVENT_END = Buffer.from('\n\n');

/** The whole request as it goes over the wire. */
export const requestBytes = (body, path = '/v1/chat/completions') =>
  Buffer.from(
    `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\nauthorization: Bearer sk-benchmark\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );

export class Connection {
  /** 200 or what came instead. */
  status = 0;
  events = 0;
  /** Pieces in which bytes arrived: fewer than events when several came together. */
  reads = 0;
  #socket;
  #held = null;
  #inBody = false;
  /** Bytes that are still to come of a body, or of one chunk with its line end; below zero: a chunk's size line comes next. */
  #left = 0;
  #chunked = false;
  #lastChunk = false;
  #onFirst = null;
  #onEvents = null;
  #onEnd = null;
  #onBroken;

  constructor(port, onBroken) {
    this.#onBroken = onBroken;
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.on('data', (chunk) => this.#take(chunk));
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => this.#break());
  }

  opened() {
    return new Promise((resolve) => this.#socket.once('connect', resolve));
  }

  /** `onFirst`: the first bytes of the body are there. `onEvents`: so many events more. */
  send(bytes, onEnd, onFirst = null, onEvents = null) {
    this.#onEnd = onEnd;
    this.#onFirst = onFirst;
    this.#onEvents = onEvents;
    this.#socket.write(bytes);
  }

  close() {
    this.#onBroken = () => {};
    this.#socket.destroy();
  }

  #break() {
    this.#onBroken(this);
  }

  #take(chunk) {
    this.reads += 1;
    if (this.#held !== null) {
      chunk = Buffer.concat([this.#held, chunk]);
      this.#held = null;
    }
    let at = 0;
    while (at < chunk.length) {
      const next = this.#inBody ? this.#body(chunk, at) : this.#head(chunk, at);
      if (next < 0) {
        this.#held = chunk.subarray(at);
        return;
      }
      at = next;
    }
  }

  #head(chunk, at) {
    const end = chunk.indexOf(HEADERS_END, at);
    if (end < 0) return -1;
    const text = chunk.latin1Slice(at, end);
    this.status = Number(text.slice(9, 12));
    const length = /content-length: *(\d+)/i.exec(text);
    this.#chunked = length === null;
    this.#left = length === null ? -1 : Number(length[1]);
    this.#lastChunk = false;
    this.#inBody = true;
    if (this.#left === 0) this.#finish();
    return end + 4;
  }

  #body(chunk, at) {
    if (this.#left < 0) return this.#size(chunk, at);
    const end = Math.min(chunk.length, at + this.#left);
    if (this.#onFirst !== null) {
      const tell = this.#onFirst;
      this.#onFirst = null;
      tell();
    }
    if (this.#onEvents !== null && !this.#lastChunk) this.#count(chunk, at, end);
    this.#left -= end - at;
    if (this.#left > 0) return end;
    if (!this.#chunked || this.#lastChunk) this.#finish();
    else this.#left = -1;
    return end;
  }

  #size(chunk, at) {
    const end = chunk.indexOf('\r\n', at);
    if (end < 0) return -1;
    const size = Number.parseInt(chunk.latin1Slice(at, end), 16);
    this.#lastChunk = size === 0;
    this.#left = size + 2;
    return end + 2;
  }

  #count(chunk, from, to) {
    for (let at = chunk.indexOf(EVENT_END, from); at >= 0 && at < to; at = chunk.indexOf(EVENT_END, at + 2)) {
      this.events += 1;
      this.#onEvents();
    }
  }

  #finish() {
    this.#inBody = false;
    const tell = this.#onEnd;
    this.#onEnd = null;
    tell?.(this);
  }
}
