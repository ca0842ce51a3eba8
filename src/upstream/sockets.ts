// Keep-alive connections, one pool per origin. Knows which socket an exchange is on, and whether it has served before.
import type { Socket } from 'node:net';
import { buildConnector, Client, Pool, type Dispatcher } from 'undici';

/** What an exchange learns of the connection it was given, before the connection is up. */
export interface Link {
  /** Requests begun on the present socket. */
  served: number;
  /** Who keeps the socket from being read at the moment. */
  pausedBy: { resume(): void } | null;
  /** The exchange is over: a socket that is still being opened for it is closed, and none is opened any more. */
  abandon(): void;
}

/** Hears of one request. */
export interface Handler extends Dispatcher.DispatchHandler {
  link: Link | null;
  /** It wants nothing more. */
  readonly over: boolean;
}

/** One request and who hears of it. */
interface Outgoing {
  readonly origin: string;
  readonly path: string;
  readonly headers: readonly string[];
  readonly body: Buffer;
  readonly handler: Handler;
}

export interface Sockets {
  send(outgoing: Outgoing): void;
  /** On a connection of its own, opened for it and closed after it. */
  sendFresh(outgoing: Outgoing): void;
  /** Ends what is still under way. */
  close(): Promise<void>;
}

type Connect = (options: buildConnector.Options, callback: buildConnector.Callback) => void;
type Options = Dispatcher.DispatchOptions & { readonly handler?: Handler };

/**
 * When a socket that isn't kept alive ends or resets, undici takes it for a possible end of the body and asserts, uncaught,
 * that it isn't paused just then. At an end everything has been read, so going on does no harm; a reset is an error
 * like any other under another code.
 */
function guardPause(link: Link, socket: Socket): void {
  socket.on('end', () => link.pausedBy?.resume());
  socket.on('error', (error: NodeJS.ErrnoException) => {
    if (link.pausedBy !== null && error.code === 'ECONNRESET') error.code = 'UND_ERR_SOCKET';
  });
}

/** `https://api.openai.com` */
export type MayConnect = (origin: string) => boolean;

const GIVEN_UP = new Error('given up');
/** Where a socket would be opened, the last word on whether it may. */
const NOT_ALLOWED = Object.assign(new Error('not allowed'), { code: 'ERR_ORIGIN_NOT_ALLOWED' });

/** Pools pick their client by themselves; this one tells the exchange that it was picked. */
class LinkedClient extends Client {
  readonly #link: Link & { abandoned: boolean };

  constructor(origin: string | URL, options: object, connect: Connect, mayConnect: MayConnect) {
    let opening: Socket | null = null;
    const link: Link & { abandoned: boolean } = {
      served: 0,
      pausedBy: null,
      abandoned: false,
      abandon: () => {
        link.abandoned = true;
        opening?.destroy(GIVEN_UP);
      },
    };
    const open: Connect = (target, callback) => {
      link.served = 0;
      // undici's connector returns the socket, though its type doesn't say so.
      const socket = connect(target, (...outcome) => {
        opening = null;
        callback(...outcome);
      }) as unknown as Socket;
      opening = socket;
      guardPause(link, socket);
    };
    // After an abort undici would connect anew for the very request that was aborted.
    const refuse =
      (why: Error): Connect =>
      (_, callback) =>
        queueMicrotask(() => callback(why, null));
    super(origin, {
      ...options,
      connect: (target, callback) => {
        const mayOpen = mayConnect(`${target.protocol}//${target.host}`);
        (link.abandoned ? refuse(GIVEN_UP) : mayOpen ? open : refuse(NOT_ALLOWED))(target, callback);
      },
    });
    this.#link = link;
  }

  override dispatch(options: Options, handler: Dispatcher.DispatchHandler): boolean {
    const { handler: exchange } = options;
    // It ended while it queued; no socket is to be opened for it.
    if (exchange?.over === true) return true;
    this.#link.abandoned = false;
    this.#link.pausedBy = null;
    if (exchange !== undefined) exchange.link = this.#link;
    return super.dispatch(options, handler);
  }
}

/** Read from a socket whose client is behind. undici's own 64 KiB would be held for every reader that stalls. */
const CONNECT_OPTIONS = { timeout: 0, highWaterMark: 4 * 1024 };
/** Idle sockets are kept this long unless the server says less; one that died meanwhile is replaced without a word. */
const KEEP_ALIVE_MS = 30_000;
// Exchanges keep their own time, one timer each.
const CLIENT_OPTIONS = { pipelining: 1, headersTimeout: 0, bodyTimeout: 0, keepAliveTimeout: KEEP_ALIVE_MS };

const optionsOf = (outgoing: Outgoing): Options & { readonly origin: string } => ({
  origin: outgoing.origin,
  path: outgoing.path,
  method: 'POST',
  headers: outgoing.headers as string[],
  body: outgoing.body,
  handler: outgoing.handler,
});

export function createSockets(maxSockets: number, mayConnect: MayConnect): Sockets {
  const connect: Connect = buildConnector(CONNECT_OPTIONS);
  const pools = new Map<string, Pool>();
  const fresh = new Set<Client>();

  const openPool = (origin: string): Pool => {
    const pool = new Pool(origin, {
      ...CLIENT_OPTIONS,
      connections: maxSockets,
      factory: (url, options) => new LinkedClient(url, options, connect, mayConnect),
    });
    pools.set(origin, pool);
    return pool;
  };

  return {
    send(outgoing) {
      const pool = pools.get(outgoing.origin) ?? openPool(outgoing.origin);
      pool.dispatch(optionsOf(outgoing), outgoing.handler);
    },
    sendFresh(outgoing) {
      const client = new LinkedClient(outgoing.origin, CLIENT_OPTIONS, connect, mayConnect);
      fresh.add(client);
      client.dispatch({ ...optionsOf(outgoing), reset: true }, outgoing.handler);
      void client.close().finally(() => fresh.delete(client));
    },
    async close() {
      await Promise.all([...pools.values(), ...fresh].map((dispatcher) => dispatcher.destroy()));
    },
  };
}
