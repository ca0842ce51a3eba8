// What is told of a request that was passed through: one record when it has ended, as of a chat request, for log, metrics, traces, reports and history.
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  asQuorumError,
  NO_MONEY,
  traceParent,
  type Attempt,
  type Clock,
  type ErrorCode,
  type Model,
  type Provider,
  type RequestRecord,
  type Trace,
} from '../contract/index.ts';
import { packPieces } from '../wire/index.ts';
import type { ContentTold, Visit } from './chat.ts';
import type { Options } from './options.ts';
import { spenderOf, type Toll } from './toll.ts';

export interface PassageParts {
  readonly clock: Clock;
  /** Of the `traceparent` that came; undefined: nobody traces. */
  readonly trace: (header: string | undefined) => Trace | undefined;
  readonly content: ContentTold;
  /** Gets the record of every request that went through or failed on its way. */
  readonly passed: (record: RequestRecord) => void;
}

interface Destined {
  readonly provider: Provider;
  readonly model: Model | null;
  readonly options: Options<object>;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface Passage {
  /** For the provider, where it may know. */
  readonly traceParent: string | undefined;
  /** It goes out. null: what it costs isn't known. */
  sent(toll: Toll | null): void;
  answered(answer: IncomingMessage): void;
  /** Nothing more comes from the provider. */
  over(): void;
  /** What the client is told instead of an answer, or in the middle of one. */
  failed(thrown: unknown): void;
}

/** More of an answer isn't read for the log, which would cut it. */
const HEARD_BYTES = 64 * 1024;
const IN_WORDS = /^(?:text\/|application\/(?:json|jsonl|x-ndjson))/i;

export function openPassage(
  parts: PassageParts,
  request: IncomingMessage,
  response: ServerResponse,
  visit: Visit,
  destined: Destined,
): Passage {
  const { clock } = parts;
  const { provider, model, options, fields } = destined;
  const receivedAt = clock.now();
  const elapsed = (): number => Math.round((clock.now() - receivedAt) * 1_000) / 1_000;
  // Who passes it on writes its own address into the request.
  const endpoint = (request.url ?? '').split('?', 1)[0]!;
  const trace = parts.trace(request.headers['traceparent'] as string | undefined);
  const spanId = trace?.sampled === true ? trace.nextId() : undefined;
  const spender = spenderOf({ visit, options, fields });
  const heard: Uint8Array[] | null = parts.content.isWanted(visit.visitor.caller.key) ? [] : null;
  let toll: Toll | null = null;
  let sentMs: number | null = null;
  let firstByteMs: number | null = null;
  let answeredMs: number | null = null;
  let status: number | null = null;
  let errorCode: ErrorCode | null = null;
  let isUnderWay = false;
  let isClosed = false;
  let isOver = false;

  function attemptOf(endedMs: number): Attempt | null {
    if (model === null || sentMs === null) return null;
    const isOk = errorCode === null && status !== null && status < 400;
    const wasLeft = errorCode === 'client_closed';
    return {
      model: model.name,
      upstreamModel: model.upstreamModel,
      role: 'member',
      startedMs: sentMs,
      firstByteMs,
      endedMs,
      status,
      outcome: isOk ? 'ok' : wasLeft ? 'aborted' : errorCode === 'upstream_timeout' ? 'timeout' : 'failed',
      reason: isOk ? null : (errorCode ?? `HTTP ${status}`),
      finishReason: null,
      usage: toll?.spent?.usage ?? null,
      estimated: toll?.spent?.estimated ?? false,
      cost: toll?.spent?.cost ?? NO_MONEY,
      retries: 0,
      judgement: null,
      ...(spanId !== undefined && { spanId }),
    };
  }

  function recordOf(): RequestRecord {
    const totalMs = elapsed();
    const leftMs = answeredMs ?? totalMs;
    const attempt = attemptOf(leftMs);
    const upstreamMs = sentMs === null ? 0 : leftMs - sentMs;
    return {
      id: visit.id,
      tenant: spender.tenant,
      at: receivedAt,
      endpoint,
      requestedModel: typeof fields['model'] === 'string' ? fields['model'] : (model?.name ?? ''),
      stream: fields['stream'] === true,
      status: errorCode === 'client_closed' ? 499 : response.statusCode,
      errorCode: errorCode ?? (response.statusCode >= 400 ? 'upstream_error' : null),
      cache: 'bypass',
      decision: null,
      strategy: 'passthrough',
      models: attempt?.outcome === 'ok' ? [attempt.model] : [],
      attempts: attempt === null ? [] : [attempt],
      merge: null,
      confidence: null,
      flags: toll?.clamped === true ? ['clamped'] : [],
      cost: attempt?.cost ?? NO_MONEY,
      timings: {
        totalMs,
        firstByteMs,
        upstreamMs,
        overheadMs: Math.max(0, Math.round((totalMs - upstreamMs) * 1_000) / 1_000),
        stages: { route: sentMs ?? totalMs, ...(sentMs !== null && { members: totalMs - sentMs }) },
      },
      events: [],
      tags: spender.tags,
      ...(spender.user !== null && { user: spender.user }),
      session: options.session,
      ...(trace !== undefined &&
        (trace.sampled || trace.parentId !== null) && {
          trace: { traceId: trace.traceId, spanId: trace.spanId, parentId: trace.parentId, sampled: trace.sampled },
        }),
    };
  }

  /** When the client has its answer and the provider has given its own: only then the cost is known. */
  function end(): void {
    if (isOver || isUnderWay || !isClosed) return;
    isOver = true;
    parts.passed(recordOf());
    if (heard !== null) parts.content.tell(visit.id, fields, heard.length === 0 ? null : Buffer.concat(heard));
  }
  response.on('close', () => {
    isClosed = true;
    if (!response.writableFinished) errorCode ??= 'client_closed';
    end();
  });

  function finish(): void {
    isUnderWay = false;
    end();
  }

  return {
    traceParent:
      trace !== undefined && (provider.traceContext ?? provider.local)
        ? traceParent(trace, spanId ?? trace.spanId)
        : undefined,
    sent(its) {
      toll = its;
      sentMs = elapsed();
      isUnderWay = true;
    },
    answered(answer) {
      firstByteMs = elapsed();
      status = answer.statusCode ?? null;
      answer.once('close', () => {
        answeredMs = elapsed();
        finish();
      });
      if (heard !== null && IN_WORDS.test(String(answer.headers['content-type']))) hear(answer, heard);
    },
    // Of an answer that came, the end is what counts: its cost is known then.
    over: () => {
      if (status === null) finish();
    },
    failed(thrown) {
      errorCode ??= asQuorumError(thrown).code;
    },
  };
}

function hear(answer: IncomingMessage, into: Uint8Array[]): void {
  let room = HEARD_BYTES;
  let packed = 0;
  answer.on('data', (chunk: Uint8Array) => {
    if (room > 0) into.push(chunk.subarray(0, room));
    packed = packPieces(into, packed);
    room -= chunk.byteLength;
  });
}
