// The server: who may come in, which path leads where, and how it stops.
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { asQuorumError, QuorumError, type Clock } from '../contract/index.ts';
import { parseJsonBody } from '../wire/index.ts';
import { behavioursWith, type BehaviourOverride } from './behaviour.ts';
import { answerChat, chunksOf, completionOf, FINGERPRINT, type World } from './chat.ts';
import { embed, moderate } from './embed.ts';
import { createExchange, Gone, readBody, sendJson, type Exchange } from './exchange.ts';
import { answerCompletion } from './legacy.ts';
import { play } from './play.ts';
import { hashOf } from './random.ts';

export interface SandboxOptions {
  readonly clock: Clock;
  /** Another seed gives other mistakes; the same seed the same ones. A text stands for its hash. */
  readonly seed: number | string;
  /** Defaults to 127.0.0.1. */
  readonly host?: string;
  /** By model name; `*` speaks for all models. */
  readonly overrides?: Readonly<Record<string, BehaviourOverride>>;
  /** Divides every simulated delay; Infinity for none at all. Defaults to 1. */
  readonly speedup?: number;
}

export interface Sandbox {
  /** `http://127.0.0.1:PORT/v1` */
  readonly url: string;
  /** Bearer key, new with every start, so that other local processes can't use the port. */
  readonly apiKey: string;
  /** Its models are so from now on. Throws for unknown names and bad values, and then stays as it was. */
  change(overrides: Readonly<Record<string, BehaviourOverride>>): void;
  /** Ends what is in flight. Idempotent. */
  close(): Promise<void>;
}

type Loose = Readonly<Record<string, unknown>>;
type Handler = (world: World, exchange: Exchange) => Promise<void> | void;

const CREATED = 1_735_689_600;
const modelOf = (id: string): Loose => ({ id, object: 'model', created: CREATED, owned_by: FINGERPRINT });

async function objectBody(exchange: Exchange): Promise<Loose> {
  const body = parseJsonBody(await readBody(exchange));
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Loose;
  throw new QuorumError('invalid_value', 'The body must be a JSON object.');
}

const ROUTES: Readonly<Record<string, { readonly method: 'GET' | 'POST'; readonly handle: Handler }>> = {
  '/v1/models': {
    method: 'GET',
    handle: (world, exchange) =>
      sendJson(exchange, 200, { object: 'list', data: [...world.behaviours.keys()].map(modelOf) }),
  },
  '/v1/chat/completions': {
    method: 'POST',
    handle: async (world, exchange) => {
      const answer = answerChat(world, await objectBody(exchange));
      await play(exchange, answer, { whole: () => completionOf(answer), chunks: () => chunksOf(answer) }, world.clock);
    },
  },
  '/v1/completions': {
    method: 'POST',
    handle: async (world, exchange) => {
      const { answer, wire } = answerCompletion(world, await objectBody(exchange));
      await play(exchange, answer, wire, world.clock);
    },
  },
  '/v1/embeddings': {
    method: 'POST',
    handle: async (world, exchange) => sendJson(exchange, 200, embed(world, await objectBody(exchange))),
  },
  '/v1/moderations': {
    method: 'POST',
    handle: async (world, exchange) => sendJson(exchange, 200, moderate(world, await objectBody(exchange))),
  },
};

function routeOf(world: World, method: string, path: string): Handler {
  const [, name] = /^\/v1\/models\/([^/]+)$/.exec(path) ?? [];
  if (name !== undefined && method === 'GET') {
    const model = decodeURIComponent(name);
    if (!world.behaviours.has(model))
      throw new QuorumError('model_not_found', `The model '${model}' does not exist.`, { param: 'model' });
    return (_world, exchange) => sendJson(exchange, 200, modelOf(model));
  }
  const route = Object.hasOwn(ROUTES, path) ? ROUTES[path]! : undefined;
  if (route === undefined) throw new QuorumError('not_found', `Unknown request URL: ${method} ${path}.`);
  if (route.method !== method)
    throw new QuorumError('method_not_allowed', `${path} takes ${route.method} requests only.`);
  return route.handle;
}

function admit(request: IncomingMessage, apiKey: string): void {
  const given = Buffer.from(request.headers.authorization ?? '');
  const wanted = Buffer.from(`Bearer ${apiKey}`);
  if (given.length === wanted.length && timingSafeEqual(given, wanted)) return;
  throw new QuorumError(
    'invalid_api_key',
    'Incorrect API key provided: the sandbox takes only the key that it made at its start.',
  );
}

async function respond(world: World, apiKey: string, exchange: Exchange): Promise<void> {
  const { request, response } = exchange;
  response.setHeader('x-quorum-simulated', 'true');
  response.setHeader('x-request-id', `req_sim_${randomBytes(8).toString('hex')}`);
  try {
    admit(request, apiKey);
    const path = (request.url ?? '/').split('?')[0]!.replace(/(?<=.)\/+$/, '');
    await routeOf(world, request.method ?? 'GET', path)(world, exchange);
  } catch (thrown) {
    if (thrown instanceof Gone || exchange.signal.aborted) response.destroy();
    else if (response.headersSent) response.destroy();
    else {
      const error = asQuorumError(thrown);
      request.resume();
      sendJson(exchange, error.status, error.toBody());
    }
  }
}

function listen(server: Server, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** Listens on a port that the system chooses. Rejects when a behaviour is wrong or the host can't be listened on. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { clock, seed, host = '127.0.0.1', overrides = {}, speedup = 1 } = options;
  if (!(speedup > 0)) throw new RangeError(`speedup must be above 0, not ${speedup}.`);
  let behaviours = behavioursWith(overrides);
  const world: World = {
    clock,
    seed: typeof seed === 'string' ? hashOf(seed) : seed,
    get behaviours() {
      return behaviours;
    },
  };
  const apiKey = `sk-sandbox-${randomBytes(24).toString('base64url')}`;
  // Controllers of the exchanges in flight: a signal that outlives them all would keep every one of them.
  const active = new Set<AbortController>();
  let closed: Promise<void> | null = null;
  const handle = (request: IncomingMessage, response: ServerResponse): void =>
    void respond(world, apiKey, createExchange(request, response, clock, speedup, active));
  const server = createServer({ keepAliveTimeout: 60_000 }, handle);
  await listen(server, host);
  const { port } = server.address() as AddressInfo;
  const close = (): Promise<void> => {
    closed ??= new Promise((resolve) => {
      server.close(() => resolve());
      for (const exchange of active) exchange.abort(new Gone());
      server.closeAllConnections();
    });
    return closed;
  };
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}/v1`,
    apiKey,
    change: (other) => {
      behaviours = behavioursWith(other);
    },
    close,
  };
}
