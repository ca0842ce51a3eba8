// An upstream on a real port that speaks OpenAI's API, answers by script, and remembers what it was asked. Benchmarks use it too.
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { answerTo } from './scripted/answer.ts';
import { completionBody, streamChunks } from './scripted/builders.ts';
import { send, type Exit } from './scripted/send.ts';
import type { ReceivedRequest, Script } from './scripted/script.ts';

export { completionBody } from './scripted/builders.ts';
export type { Script } from './scripted/script.ts';

/** A model's name, a path such as `/v1/embeddings`, `*`, or a test of the request. */
type Matcher = string | ((request: ReceivedRequest) => boolean);
/** A list is used up one by one; its last script stays. */
type Reply = Script | readonly Script[] | ((request: ReceivedRequest) => Script);

interface UpstreamOptions {
  /** Those that `GET /v1/models` lists. */
  readonly models?: readonly string[];
  /** Answers chat requests with the same bytes each time and remembers nothing: for benchmarks. */
  readonly fast?: boolean;
  /** What every fast answer says. */
  readonly content?: string;
}

export interface ScriptedUpstream {
  /** `http://127.0.0.1:port/v1` */
  readonly url: string;
  /** In order of arrival. */
  readonly requests: readonly ReceivedRequest[];
  /** The latest reply that matches wins; without one, a good answer that echoes. */
  reply(matcher: Matcher, reply: Reply): void;
  /** Resolves with the requests as soon as there are `count` of them. */
  received(count: number): Promise<readonly ReceivedRequest[]>;
  /** Resolves with the requests whose client went away, as soon as there are `count` of them. */
  aborted(count: number): Promise<readonly ReceivedRequest[]>;
  close(): Promise<void>;
}

type Written = { -readonly [Field in keyof ReceivedRequest]: ReceivedRequest[Field] };

export async function startUpstream(options: UpstreamOptions = {}): Promise<ScriptedUpstream> {
  const requests: Written[] = [];
  const replies = createReplies();
  const watchers = createWatchers();
  const models = options.models ?? ['scripted-model'];

  const record: RequestListener = (incoming, response) => {
    void receive(incoming, response, () => watchers.look()).then(async ({ request, exit }) => {
      requests.push(request);
      watchers.look();
      if (exit.gone.aborted) return;
      const script = replies.scriptFor(request);
      await send(response, answerTo(request, script, models), script, exit);
    });
  };
  const server = createServer(options.fast ? fastListener(options.content) : record);
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    reply: (matcher, reply) => replies.add(matcher, reply),
    received: (count) => watchers.until(() => (requests.length >= count ? [...requests] : null)),
    aborted(count) {
      const gone = (): ReceivedRequest[] => requests.filter((request) => request.aborted !== null);
      return watchers.until(() => (gone().length >= count ? gone() : null));
    },
    close: () => closed(server),
  };
}

/** The request once its body is in, and the way out that its answer has. A client that leaves is noted from the first moment. */
async function receive(
  incoming: IncomingMessage,
  response: ServerResponse,
  onGone: () => void,
): Promise<{ request: Written; exit: Exit }> {
  const at = now();
  const gone = new AbortController();
  let request: Written | null = null;
  let goneAt: number | null = null;
  let cut = false;
  response.on('close', () => {
    if (response.writableFinished || cut) return;
    goneAt = now();
    if (request) request.aborted = goneAt;
    gone.abort();
    onGone();
  });
  const bytes = await bodyOf(incoming);
  request = { ...headOf(incoming), ...parsed(bytes), bytes, at, aborted: goneAt };
  const cutting = (): void => {
    cut = true;
  };
  return { request, exit: { gone: gone.signal, cutting } };
}

function headOf({
  method = '',
  url = '',
  headers,
  socket,
}: IncomingMessage): Pick<Written, 'method' | 'path' | 'headers' | 'connection'> {
  return { method, path: url, headers, connection: connectionOf(socket) };
}

let connections = 0;
const connectionNumbers = new WeakMap<Socket, number>();

function connectionOf(socket: Socket): number {
  const number = connectionNumbers.get(socket) ?? ++connections;
  connectionNumbers.set(socket, number);
  return number;
}

function parsed(bytes: Uint8Array): Pick<Written, 'body' | 'model'> {
  const text = Buffer.from(bytes).toString('utf8');
  try {
    const body = JSON.parse(text) as { readonly model?: unknown } | null;
    return { body, model: typeof body?.model === 'string' ? body.model : '' };
  } catch {
    return { body: text, model: '' };
  }
}

/** What came of the body, also when the client left in the middle of it. */
function bodyOf(incoming: IncomingMessage): Promise<Uint8Array> {
  return new Promise((resolve) => {
    const parts: Uint8Array[] = [];
    incoming.on('data', (part: Uint8Array) => parts.push(part));
    incoming.on('error', () => {});
    incoming.on('close', () => resolve(Buffer.concat(parts)));
    incoming.on('end', () => resolve(Buffer.concat(parts)));
  });
}

interface Replies {
  add(matcher: Matcher, reply: Reply): void;
  scriptFor(request: ReceivedRequest): Script;
}

function createReplies(): Replies {
  const known: {
    readonly matches: (request: ReceivedRequest) => boolean;
    readonly next: (request: ReceivedRequest) => Script;
  }[] = [];
  return {
    add(matcher, reply) {
      known.push({ matches: matching(matcher), next: scripting(reply) });
    },
    scriptFor: (request) => known.findLast(({ matches }) => matches(request))?.next(request) ?? {},
  };
}

function matching(matcher: Matcher): (request: ReceivedRequest) => boolean {
  if (typeof matcher === 'function') return matcher;
  if (matcher.startsWith('/')) return ({ path }) => path === matcher || path.startsWith(`${matcher}?`);
  return ({ model }) => matcher === '*' || model === matcher;
}

function scripting(reply: Reply): (request: ReceivedRequest) => Script {
  if (typeof reply === 'function') return reply;
  if (!isList(reply)) return () => reply;
  let turn = 0;
  return () => reply[Math.min(turn++, reply.length - 1)] ?? {};
}

function isList(reply: Script | readonly Script[]): reply is readonly Script[] {
  return Array.isArray(reply);
}

interface Watchers {
  look(): void;
  until<Value>(read: () => Value | null): Promise<Value>;
}

/** Promises of what will be true, looked at again whenever something happened. */
function createWatchers(): Watchers {
  let waiting: readonly (() => boolean)[] = [];
  return {
    look() {
      waiting = waiting.filter((met) => !met());
    },
    until: (read) =>
      new Promise((resolve) => {
        const met = (): boolean => {
          const value = read();
          if (value !== null) resolve(value);
          return value !== null;
        };
        if (!met()) waiting = [...waiting, met];
      }),
  };
}

/** Answers made once; the body is only searched for what decides between them. */
function fastListener(content = 'Hello from the scripted upstream.'): RequestListener {
  const whole = Buffer.from(JSON.stringify(completionBody({ content })));
  const events = (includeUsage: boolean): readonly Uint8Array[] =>
    [...streamChunks({ content, includeUsage }).map((chunk) => JSON.stringify(chunk)), '[DONE]'].map((data) =>
      Buffer.from(`data: ${data}\n\n`),
    );
  const [plain, counted] = [events(false), events(true)];
  const wholeHeaders = { 'content-type': 'application/json', 'content-length': String(whole.length) };
  const streamHeaders = { 'content-type': 'text/event-stream; charset=utf-8' };
  return (incoming, response) => {
    void bodyOf(incoming).then((bytes) => {
      const text = Buffer.from(bytes).toString('latin1');
      if (!/"stream":\s*true/.test(text)) {
        response.writeHead(200, wholeHeaders).end(whole);
        return;
      }
      response.writeHead(200, streamHeaders);
      for (const event of /"include_usage":\s*true/.test(text) ? counted : plain) response.write(event);
      response.end();
    });
  };
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function now(): number {
  return performance.timeOrigin + performance.now();
}
