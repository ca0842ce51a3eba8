// A finished request as spans of OTLP's JSON, after the semantic conventions for generative AI: one for the strategy, one for each call.
// Written as text at once: objects that are serialised afterwards cost twice as much, and every request pays for it.
import { operationOf } from './operation.ts';
import { usdOf, type Attempt, type RequestRecord, type TraceMark } from '../../contract/index.ts';
import { whyOf } from '../why.ts';

const [SERVER, CLIENT] = [2, 3];
const ERROR = 2;

/** Which provider a model is asked at. */
export type ProviderOf = (model: string) => string;

/** Spans separated by commas; empty when nobody wants to see the trace. */
export function spansOf(record: RequestRecord, providerOf: ProviderOf): string {
  const { trace } = record;
  if (trace === undefined || !trace.sampled) return '';
  const calls = record.attempts.map((attempt) => callSpan(record, trace, attempt, providerOf));
  return [requestSpan(record, trace), ...calls].join(',');
}

function requestSpan(record: RequestRecord, trace: TraceMark): string {
  const { status, errorCode, decision, merge, timings } = record;
  const attributes =
    operation(record.endpoint) +
    text('gen_ai.request.model', record.requestedModel) +
    word(record.strategy === 'passthrough' ? 'url.path' : 'http.route', record.endpoint) +
    number('http.response.status_code', status) +
    word('quorum.request_id', record.id) +
    word('quorum.strategy', record.strategy) +
    text('quorum.task', decision?.classification.task) +
    text('quorum.tier', decision?.tier) +
    word('quorum.cache', record.cache) +
    text('quorum.models', record.models.join(',')) +
    word('quorum.flags', record.flags.join(',')) +
    double('quorum.agreement', merge?.agreement) +
    double('quorum.confidence', record.confidence) +
    double('quorum.cost_usd', usdOf(record.cost)) +
    double('quorum.overhead_ms', timings.overheadMs) +
    word('error.type', errorCode);
  return span(
    {
      trace,
      spanId: trace.spanId,
      parentId: trace.parentId,
      name: nameOf(record.endpoint, record.requestedModel),
      kind: SERVER,
      from: record.at,
      to: record.at + timings.totalMs,
      error: status >= 500 ? (errorCode ?? 'error') : null,
    },
    attributes,
    eventsOf(record),
  );
}

/** What isn't a call: that it climbed, and that answers were ranked. */
function eventsOf({ at, events }: RequestRecord): string {
  let all = '';
  for (const { type, atMs, model, detail } of events) {
    if (type !== 'escalated' && type !== 'ranking') continue;
    const attributes = list(text('quorum.model', model) + text('quorum.detail', detail));
    all += `,{"timeUnixNano":"${nano(at + atMs)}","name":"${type}","attributes":${attributes}}`;
  }
  return all;
}

function callSpan(record: RequestRecord, trace: TraceMark, attempt: Attempt, providerOf: ProviderOf): string {
  const { usage, outcome, finishReason, status, firstByteMs, startedMs } = attempt;
  const wentWrong = outcome === 'failed' || outcome === 'timeout';
  const attributes =
    operation(record.endpoint) +
    text('gen_ai.provider.name', providerOf(attempt.model)) +
    text('gen_ai.request.model', attempt.upstreamModel) +
    (finishReason === null
      ? ''
      : `,{"key":"gen_ai.response.finish_reasons","value":{"arrayValue":{"values":[{"stringValue":${JSON.stringify(finishReason)}}]}}}`) +
    number('gen_ai.usage.input_tokens', usage?.prompt_tokens) +
    number('gen_ai.usage.output_tokens', usage?.completion_tokens) +
    number('http.response.status_code', status) +
    (wentWrong ? word('error.type', outcome === 'timeout' ? 'timeout' : String(status ?? 'failed')) : '') +
    text('quorum.model', attempt.model) +
    word('quorum.role', attempt.role) +
    word('quorum.outcome', outcome) +
    (attempt.retries === 0 ? '' : number('quorum.retries', attempt.retries)) +
    double('quorum.cost_usd', usdOf(attempt.cost)) +
    (firstByteMs === null ? '' : double('quorum.first_byte_ms', firstByteMs - startedMs));
  return span(
    {
      trace,
      spanId: attempt.spanId ?? trace.spanId,
      parentId: trace.spanId,
      name: nameOf(record.endpoint, attempt.upstreamModel),
      kind: CLIENT,
      from: record.at + startedMs,
      to: record.at + attempt.endedMs,
      error: wentWrong ? whyOf(attempt) : null,
    },
    attributes,
    '',
  );
}

interface SpanParts {
  readonly trace: TraceMark;
  readonly spanId: string;
  readonly parentId: string | null;
  readonly name: string;
  readonly kind: number;
  /** Milliseconds since the epoch. */
  readonly from: number;
  readonly to: number;
  readonly error: string | null;
}

function span(
  { trace, spanId, parentId, name, kind, from, to, error }: SpanParts,
  attributes: string,
  events: string,
): string {
  const parent = parentId === null ? '' : `"parentSpanId":"${parentId}",`;
  const happened = events === '' ? '' : `,"events":${list(events)}`;
  const failed = error === null ? '' : `,"status":{"code":${ERROR},"message":${JSON.stringify(error)}}`;
  return `{"traceId":"${trace.traceId}","spanId":"${spanId}",${parent}"name":${JSON.stringify(name)},"kind":${kind},"startTimeUnixNano":"${nano(from)}","endTimeUnixNano":"${nano(to)}","attributes":${list(attributes)}${happened}${failed}}`;
}

/** Microseconds are all that the clock tells. */
export const nano = (ms: number): string => `${Math.round(ms * 1_000)}000`;

// Attributes come with a comma before them; what isn't known isn't said.
const list = (attributes: string): string => `[${attributes.slice(1)}]`;
const operation = (endpoint: string): string => word('gen_ai.operation.name', operationOf(endpoint));
const nameOf = (endpoint: string, model: string): string => `${operationOf(endpoint)} ${model}`.trimEnd();

const text = (key: string, value: string | null | undefined): string =>
  value === null || value === undefined || value === ''
    ? ''
    : `,{"key":"${key}","value":{"stringValue":${JSON.stringify(value)}}}`;
/** A word of Quorum's own: nothing in it needs an escape. */
const word = (key: string, value: string | null): string =>
  value === null || value === '' ? '' : `,{"key":"${key}","value":{"stringValue":"${value}"}}`;
const number = (key: string, value: number | null | undefined): string =>
  value === null || value === undefined || !Number.isFinite(value)
    ? ''
    : `,{"key":"${key}","value":{"intValue":"${Math.round(value)}"}}`;
const double = (key: string, value: number | null | undefined): string =>
  value === null || value === undefined || !Number.isFinite(value)
    ? ''
    : `,{"key":"${key}","value":{"doubleValue":${value}}}`;
