// Sends an answer at the model's pace, whole or as a stream, and goes wrong where its fate says so.
import { QuorumError, type Clock } from '../contract/index.ts';
import type { Answer, Timed } from './chat.ts';
import { openStream, sendJson, type Exchange } from './exchange.ts';

/** A stalled answer is given up after this, so that a forgotten client doesn't hold a socket for ever. */
const STALL_MS = 600_000;
/** A pause shorter than a timer can keep isn't taken. */
const SHORTEST_PAUSE_MS = 1;
const EARLY = 0.3;

/** How an answer looks on the wire: chat completions and the older completions differ in nothing else. */
export interface Wire {
  readonly whole: () => unknown;
  readonly chunks: () => Iterable<Timed>;
}

async function stall(exchange: Exchange, clock: Clock): Promise<void> {
  await new Promise<void>((resolve) => {
    const cancel = clock.after(STALL_MS, resolve);
    exchange.signal.addEventListener(
      'abort',
      () => {
        cancel();
        resolve();
      },
      { once: true },
    );
  });
  exchange.response.destroy();
}

function refuse(exchange: Exchange, answer: Answer): void {
  if (answer.fate.failure === 'rate_limited') {
    const error = new QuorumError(
      'rate_limit_exceeded',
      `Rate limit reached for ${answer.model} (simulated). Please try again in 1s.`,
    );
    const headers = {
      'retry-after': '1',
      'x-ratelimit-limit-requests': '60',
      'x-ratelimit-remaining-requests': '0',
      'x-ratelimit-reset-requests': '1s',
    };
    sendJson(exchange, 429, error.toBody(), headers);
    return;
  }
  const { errorStatus } = answer.behaviour;
  const type = errorStatus >= 500 ? 'server_error' : errorStatus === 429 ? 'rate_limit_error' : 'invalid_request_error';
  const message = `The model ${answer.model} failed (simulated).`;
  sendJson(exchange, errorStatus, { error: { message, type, param: null, code: null } });
}

async function playWhole(exchange: Exchange, answer: Answer, wire: Wire): Promise<void> {
  const { failure, after } = answer.fate;
  const longest = Math.max(...answer.choices.map(({ reply }) => reply.pieces.length));
  await exchange.pause((longest / answer.behaviour.tokensPerSecond) * 1000);
  if (failure === 'none') {
    sendJson(exchange, 200, wire.whole());
    return;
  }
  const body = Buffer.from(JSON.stringify(wire.whole()));
  const kept = body.subarray(0, Math.max(1, Math.floor(body.length * Math.min(after, 0.9))));
  if (failure === 'malformed') {
    exchange.response.writeHead(200, { 'content-type': 'application/json', 'content-length': kept.length });
    exchange.response.end(kept);
    return;
  }
  exchange.response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
  exchange.response.write(kept, () => exchange.response.destroy());
}

/** Sends one event that doesn't parse, or half of one, and breaks off. */
async function breakOff(exchange: Exchange, answer: Answer, event: string): Promise<void> {
  if (answer.fate.failure === 'malformed') {
    await exchange.write('data: {"id": "chatcmpl-sim", "choices": [{"delta": {"content": oops\n\n');
    exchange.response.end();
    return;
  }
  exchange.response.write(event.slice(0, Math.ceil(event.length / 2)), () => exchange.response.destroy());
}

async function playStream(exchange: Exchange, answer: Answer, wire: Wire, clock: Clock): Promise<void> {
  const { failure, after } = answer.fate;
  const msPerToken = 1000 / answer.behaviour.tokensPerSecond;
  const breaksAt =
    failure === 'none'
      ? Infinity
      : Math.floor(after * Math.max(...answer.choices.map(({ reply }) => reply.pieces.length)));
  let playedMs = 0;
  openStream(exchange);
  for (const { due, chunk } of wire.chunks()) {
    const aheadMs = due * msPerToken - playedMs;
    if (aheadMs >= SHORTEST_PAUSE_MS) {
      await exchange.pause(aheadMs);
      playedMs += aheadMs;
    }
    const event = `data: ${JSON.stringify(chunk)}\n\n`;
    if (due >= breaksAt && due > 0) {
      if (failure === 'stall') await stall(exchange, clock);
      else await breakOff(exchange, answer, event);
      return;
    }
    await exchange.write(event);
  }
  exchange.response.end('data: [DONE]\n\n');
}

export async function play(exchange: Exchange, answer: Answer, wire: Wire, clock: Clock): Promise<void> {
  const { failure, after } = answer.fate;
  if (failure === 'rate_limited') return refuse(exchange, answer);
  const luck = answer.choices[0]!.mind.own.unit('first token');
  await exchange.pause(answer.behaviour.firstTokenMs * (0.8 + 0.4 * luck));
  if (failure === 'error') return refuse(exchange, answer);
  const streams = answer.request.stream === true;
  if (failure === 'stall' && (!streams || after < EARLY)) return stall(exchange, clock);
  return streams ? playStream(exchange, answer, wire, clock) : playWhole(exchange, answer, wire);
}
