// A real HTTP server to call, a clock that tests push, and calls with sensible defaults.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import {
  CallFailure,
  type Clock,
  type Model,
  type Provider,
  type Sink,
  type UpstreamCall,
} from '../../src/contract/index.ts';
import { createUpstream, type UpstreamOptions } from '../../src/upstream/index.ts';
import { testModel, testProvider } from '../support/settings.ts';

const realClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  after: (afterMs, task) => {
    const timer = setTimeout(task, afterMs);
    return () => clearTimeout(timer);
  },
};

/** A time to connect that marks the timer of an attempt, for `jumpingClock` to leave alone. */
const MARK_MS = 1e-6;

/** Timeouts for calls under a jumping clock. */
export const PATIENT = { connectMs: MARK_MS, firstTokenMs: 1e9, idleMs: 1e9, totalMs: 1e9 };

/** Sleeps between attempts end at once, and the time jumps by as much; the timers of attempts never run. */
export function jumpingClock(): Clock & { readonly waits: readonly number[] } {
  let now = 1000;
  const waits: number[] = [];
  return {
    waits,
    now: () => now,
    after(afterMs, task) {
      // A sum and a difference of the mark lose its last digits.
      if (afterMs > 0 && afterMs < 2 * MARK_MS) return () => undefined;
      waits.push(afterMs);
      const turn = setImmediate(() => {
        now += afterMs;
        task();
      });
      return () => clearImmediate(turn);
    },
  };
}

interface Seen {
  readonly request: IncomingMessage;
  readonly body: Record<string, unknown>;
  readonly text: string;
  readonly socket: Socket;
}

export interface Site {
  readonly origin: string;
  readonly server: Server;
  readonly seen: Seen[];
  readonly sockets: Set<Socket>;
}

export type Answer = (response: ServerResponse, seen: Seen, nth: number) => void;

/** `answer` is called with each request once its body is there; `nth` counts from 1. */
export async function site(answer: Answer): Promise<Site> {
  const seen: Seen[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const one = { request, text, body: JSON.parse(text) as Record<string, unknown>, socket: request.socket };
      seen.push(one);
      answer(response, one, seen.length);
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server, seen, sockets };
}

/** An upstream that is closed when the test is over. */
export function upstreamFor(options: Partial<UpstreamOptions> = {}): ReturnType<typeof createUpstream> {
  const upstream = createUpstream({ clock: realClock, random: () => 0.5, userAgent: 'quorum/1.2.3', ...options });
  onTestFinished(() => upstream.close());
  return upstream;
}

export interface CallOverrides extends Partial<Omit<UpstreamCall, 'provider' | 'model'>> {
  readonly provider?: Partial<Provider>;
  readonly model?: Partial<Model>;
}

export function callTo(origin: string, overrides: CallOverrides = {}): UpstreamCall {
  const { provider, model, ...rest } = overrides;
  return {
    provider: testProvider({ name: 'acme', baseUrl: `${origin}/v1`, ...provider }),
    model: testModel({ name: 'small', upstreamModel: 'acme-small-1', ...model }),
    request: { model: 'small', messages: [{ role: 'user', content: 'hello' }] },
    stream: false,
    requestId: 'req-1',
    deadlineAt: Number.MAX_SAFE_INTEGER,
    signal: new AbortController().signal,
    maxRetries: 0,
    ...rest,
  };
}

export const COMPLETION = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'acme-small-1',
  choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
};

export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

export const failureOf = (promise: Promise<unknown>): Promise<CallFailure> =>
  promise.then(
    () => {
      throw new Error('it succeeded');
    },
    (thrown: unknown) => {
      if (thrown instanceof CallFailure) return thrown;
      throw thrown;
    },
  );

/** A sink that takes everything. */
export function collecting(): Sink & { readonly chunks: Uint8Array[]; text(): string } {
  const chunks: Uint8Array[] = [];
  return {
    chunks,
    write: (bytes) => {
      chunks.push(bytes);
      return true;
    },
    drained: () => Promise.resolve(),
    text: () => Buffer.concat(chunks).toString(),
  };
}

/** Resolves when `condition` holds; polls the event loop, not the time. */
export async function until(condition: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > giveUpAt) throw new Error('it never came about');
    await new Promise((resolve) => setImmediate(resolve));
  }
}
