// Process: the models. Raw sockets and answers made beforehand, so that it is never what limits a measurement.
import { createServer } from 'node:net';
import { streamEvents, wholeAnswer } from './traffic.mjs';

const HEADERS_END = Buffer.from('\r\n\r\n');
const whole = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(wholeAnswer)}\r\n\r\n${wholeAnswer}`,
);
const framed = (text) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
const opening = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n${framed(streamEvents.first)}`,
);
const middle = Buffer.from(framed(streamEvents.middle));
const closing = Buffer.from(`${framed(streamEvents.last)}0\r\n\r\n`);

/** How streams go: so many middle events, one every so often. */
let pace = { events: 10, everyMs: 10 };
const streams = new Set();
let ticking = null;

function openStream(socket) {
  socket.write(opening);
  // Spread over the period, so that no two streams move in step for long.
  const firstAt = performance.now() + pace.everyMs * (0.5 + (streams.size % 16) / 16);
  streams.add({ socket, left: pace.events, everyMs: pace.everyMs, nextAt: firstAt });
  ticking ??= setInterval(tick, 1);
}

function tick() {
  const now = performance.now();
  for (const stream of streams) {
    if (stream.socket.destroyed) streams.delete(stream);
    else if (stream.nextAt <= now) advance(stream);
  }
  if (streams.size > 0) return;
  clearInterval(ticking);
  ticking = null;
}

function advance(stream) {
  stream.nextAt += stream.everyMs;
  if (stream.left-- > 0) {
    stream.socket.write(middle);
    return;
  }
  stream.socket.write(closing);
  streams.delete(stream);
}

/** One request after the other on a connection, bodies by content-length. */
function serve(socket) {
  let held = null;
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    held = held === null ? chunk : Buffer.concat([held, chunk]);
    const headEnd = held.indexOf(HEADERS_END);
    if (headEnd < 0) return;
    const length = /content-length: *(\d+)/i.exec(held.latin1Slice(0, headEnd));
    const end = headEnd + 4 + (length === null ? 0 : Number(length[1]));
    if (held.length < end) return;
    const streamed = held.indexOf('"stream":true', headEnd) >= 0;
    held = held.length > end ? held.subarray(end) : null;
    if (streamed) openStream(socket);
    else socket.write(whole);
  });
}

const server = createServer(serve);
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => process.send({ port: server.address().port }));
process.on('message', (wanted) => {
  pace = wanted.pace;
  process.send({ done: true });
});
process.on('disconnect', () => process.exit());
