// POST /v1/chat/completions and /v1/route: from bytes to the path and back.
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  estimateTokens,
  requestFingerprint,
  type Idempotency,
  type Limited,
  type RateLimiter,
  type Ticket,
  type Visitor,
} from '../accounts/index.ts';
import type {
  AbortWatch,
  Attempt,
  Clock,
  CurrentSettings,
  Model,
  Settings,
  Sink,
  Trace,
  VirtualKey,
} from '../contract/index.ts';
import type { Answer, Inbound } from '../pipeline/exchange.ts';
import { tee } from '../pipeline/keep.ts';
import { namedModels, withKeys } from '../pipeline/names.ts';
import type { Pipeline } from '../pipeline.ts';
import { shown } from '../pipeline/shown.ts';
import { parseChatRequest, readJsonBody } from '../wire/index.ts';
import { balanceShown } from './admin/budgets.ts';
import { readBody } from './body.ts';
import { JSON_TYPE, STREAM_HEADERS, tellIn, type HeaderList } from './headers.ts';
import { sendJson } from './json.ts';
import { asGiven, readOptions } from './options.ts';

export interface ChatParts {
  readonly pipeline: Pipeline;
  readonly clock: Clock;
  readonly limiter: RateLimiter;
  readonly settings: CurrentSettings;
  readonly idempotency: Idempotency;
  readonly bodyLimitBytes: () => number;
  readonly content: ContentTold;
  /** Where the request stands in a trace, by its `traceparent`; undefined: nobody traces it. */
  readonly trace: (header: string | undefined) => Trace | undefined;
}

/** What was said goes into the log where a key's owner wants that, and nowhere else. */
export interface ContentTold {
  isWanted(key: VirtualKey | null): boolean;
  /** `answer` null: there was none. */
  tell(id: string, asked: unknown, answer: Uint8Array | null): void;
}

export interface Visit {
  readonly id: string;
  readonly visitor: Visitor;
  /** Aborts when the client has gone, or with the error that ends the request. */
  readonly gone: AbortWatch;
  /** Quorums that it came through. */
  readonly hops: number;
}

const NO_HEADERS: HeaderList = [];
const ENDPOINT = '/v1/chat/completions';

async function readInbound(parts: ChatParts, request: IncomingMessage, visit: Visit): Promise<Inbound> {
  const receivedAt = parts.clock.now();
  const { caller, permissions } = visit.visitor;
  const bytes = await readBody(request, parts.bodyLimitBytes());
  const { value, text } = readJsonBody(bytes);
  const fields = parseChatRequest(value);
  const options = readOptions(request.headers, fields);
  const { wishes, tags } = options;
  const trace = parts.trace(request.headers['traceparent'] as string | undefined);
  return {
    id: visit.id,
    gone: visit.gone,
    hops: visit.hops,
    principal: caller,
    request: options.request,
    written: { text, fields },
    wishes: caller.key === null ? wishes : withKeys(caller.key, fields.model, wishes, parts.settings()),
    directive: options.directive,
    session: options.session,
    role: options.role,
    experiment: options.experiment,
    events: options.events,
    debug: options.debug,
    permissions,
    spender: {
      tenant: caller.tenant,
      keyId: caller.keyId,
      team: caller.team,
      user: userOf(options.request) ?? caller.user,
      tags: caller.tags.length === 0 ? tags : [...new Set([...caller.tags, ...tags])],
    },
    bodyBytes: bytes.byteLength,
    receivedAt,
    endpoint: ENDPOINT,
    trace,
  };
}

/** OpenAI's two names for the end user. */
export function userOf({
  user,
  safety_identifier: identifier,
}: {
  readonly user?: unknown;
  readonly safety_identifier?: unknown;
}): string | null {
  if (typeof identifier === 'string' && identifier !== '') return identifier.slice(0, 256);
  return typeof user === 'string' && user !== '' ? user.slice(0, 256) : null;
}

export async function answerChat(
  parts: ChatParts,
  request: IncomingMessage,
  response: ServerResponse,
  visit: Visit,
): Promise<void> {
  const asked = await readInbound(parts, request, visit);
  const key = request.headers['idempotency-key'];
  const ticket = typeof key === 'string' ? await turnOf(parts, key, asked, response) : null;
  if (ticket === 'replayed') return;
  let said: Uint8Array | null = null;
  try {
    const { inbound, headers } = enter(parts, asked, visit, response);
    const heard = parts.content.isWanted(visit.visitor.caller.key);
    if (heard) response.on('close', () => parts.content.tell(inbound.id, inbound.request.messages, said));
    const answer = await parts.pipeline.answer(heard ? { ...inbound, keepsContent: true } : inbound);
    said = await send(answer, inbound.id, headers, response, ticket, heard);
  } catch (thrown) {
    throw asGiven(thrown, request.headers, asked.written?.fields ?? {});
  } finally {
    ticket?.abandon();
  }
}

/** Limits are looked at before anything is done; what was used is told them afterwards. */
function enter(
  parts: ChatParts,
  inbound: Inbound,
  { visitor }: Visit,
  response: ServerResponse,
): { inbound: Inbound; headers: HeaderList } {
  const subjects = [...limitsOf(visitor), ...ofModels(inbound, parts.settings())];
  if (subjects.length === 0) return { inbound, headers: NO_HEADERS };
  const entered = parts.limiter.enter(subjects, estimateTokens(inbound.request), parts.clock.now());
  let used: number | null = null;
  response.on('close', () => entered.leave(parts.clock.now(), used));
  const ended = (attempts: readonly Attempt[]): void => {
    used = attempts.reduce((sum, { usage }) => sum + (usage?.total_tokens ?? 0), 0);
  };
  return { inbound: { ...inbound, ended }, headers: Object.entries(entered.headers).flat() };
}

export function limitsOf({ caller: { key }, team }: Visitor): readonly Limited[] {
  const all: Limited[] = [];
  if (key !== null) all.push({ name: `key ${key.id}`, limits: key.limits });
  if (team !== null) all.push({ name: `team ${team.id}`, limits: team.limits });
  return all.filter(({ limits }) => limits.rpm !== null || limits.tpm !== null || limits.parallel !== null);
}

const ofModels = ({ request, wishes }: Inbound, settings: Settings): readonly Limited[] =>
  namedModels(request.model, wishes, settings).flatMap(limitsOfModel);

export const limitsOfModel = ({ name, limits }: Model): readonly Limited[] =>
  limits === undefined ? [] : [{ name: `model ${name}`, limits }];

async function turnOf(
  parts: ChatParts,
  key: string,
  inbound: Inbound,
  response: ServerResponse,
): Promise<Ticket | 'replayed'> {
  const turn = await parts.idempotency.begin({
    tenant: inbound.principal.tenant,
    key,
    fingerprint: requestFingerprint(inbound.endpoint, inbound.written?.text ?? ''),
    at: inbound.receivedAt,
    signal: inbound.gone,
  });
  if (turn.kind === 'mine') return turn.ticket;
  const { status, headers, body } = turn.answer;
  response.writeHead(status, [...Object.entries(headers).flat(), 'idempotent-replayed', 'true']);
  response.end(body);
  return 'replayed';
}

/** `more`: headers that have nothing to do with the answer. Gives what went out, as far as it was kept. */
function send(
  answer: Answer,
  id: string,
  more: HeaderList,
  response: ServerResponse,
  ticket: Ticket | null,
  heard: boolean,
): Uint8Array | null | Promise<Uint8Array | null> {
  if (answer.kind === 'whole') {
    const headers: HeaderList = ['content-type', JSON_TYPE, 'content-length', String(answer.bytes.byteLength)];
    tellIn(headers, id, answer.told);
    if (more.length > 0) headers.push(...more);
    ticket?.keep({ status: 200, headers: asObject(headers), body: answer.bytes });
    response.writeHead(200, headers);
    response.end(answer.bytes);
    return answer.bytes;
  }
  const headers: HeaderList = STREAM_HEADERS.slice();
  tellIn(headers, id, answer.told);
  if (more.length > 0) headers.push(...more);
  response.writeHead(200, headers);
  return pour(answer.write, response, heard, ticket && { ticket, headers: asObject(headers) });
}

/** For as long as the stream goes on, nothing of what was told is kept that nobody wants any more. */
async function pour(
  write: Extract<Answer, { readonly kind: 'stream' }>['write'],
  response: ServerResponse,
  heard: boolean,
  repeated: { readonly ticket: Ticket; readonly headers: Record<string, string> } | null,
): Promise<Uint8Array | null> {
  const kept = tee(sinkOf(response), heard || repeated !== null);
  const whole = await write(kept.sink);
  const body = kept.bytes();
  if (whole && body !== null) repeated?.ticket.keep({ status: 200, headers: repeated.headers, body });
  response.end();
  return body;
}

const asObject = (headers: HeaderList): Record<string, string> =>
  Object.fromEntries(
    Array.from({ length: headers.length / 2 }, (_, index) => [headers[2 * index]!, headers[2 * index + 1]!]),
  );

export async function explainRoute(
  parts: ChatParts,
  request: IncomingMessage,
  response: ServerResponse,
  visit: Visit,
): Promise<void> {
  const inbound = await readInbound(parts, request, visit);
  const { budgets, ...told } = await parts.pipeline.explain(inbound).catch((thrown: unknown) => {
    throw asGiven(thrown, request.headers, inbound.written?.fields ?? {});
  });
  const answer = { ...(shown(told) as object), budgets: budgets.map(balanceShown) };
  sendJson(response, answer, ['x-request-id', inbound.id]);
}

/** A client that has gone takes everything and says nothing: whoever writes finds out by the abort signal. */
function sinkOf(response: ServerResponse): Sink {
  return {
    write: (bytes) => response.destroyed || response.write(bytes),
    drained: () =>
      new Promise((resolve) => {
        if (response.destroyed || !response.writableNeedDrain) {
          resolve();
          return;
        }
        const done = (): void => {
          response.off('drain', done);
          response.off('close', done);
          resolve();
        };
        response.on('drain', done);
        response.on('close', done);
      }),
  };
}
