// A finished request as spans of OTLP's JSON, after the semantic conventions for generative AI: one for the strategy, one for each call.
// Written as text at once: objects that are serialised afterwards cost twice as much, and every request pays for it.
import { usdOf, type Attempt, type RequestRecord, type TraceMark } from '../../contract/index.ts';

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
  const { status, errorCode, strategy, decision, merge } = record;
  const attributes = [
    text('gen_ai.operation.name', 'chat'),
    text('gen_ai.request.model', record.requestedModel),
    text('http.request.method', 'POST'),
    text('http.route', record.endpoint),
    number('http.response.status_code', status),
    text('quorum.request_id', record.id),
    text('quorum.strategy', strategy),
    text('quorum.task', decision?.classification.task),
    text('quorum.tier', decision?.tier),
    text('quorum.cache', record.cache),
    text('quorum.models', record.models.join(',')),
    text('quorum.flags', record.flags.join(',')),
    double('quorum.agreement', merge?.agreement),
    double('quorum.confidence', record.confidence),
    double('quorum.cost_usd', usdOf(record.cost)),
    double('quorum.overhead_ms', record.timings.overheadMs),
    text('error.type', errorCode),
  ];
  const events = record.events.flatMap(({ type, atMs, model, detail }) =>
    type === 'routed' || type === 'escalated' || type === 'ranking' || type === 'failed'
      ? [
          `{"timeUnixNano":"${nano(record.at + atMs)}","name":"${type}","attributes":${list([text('quorum.model', model), text('quorum.detail', detail)])}}`,
        ]
      : [],
  );
  return span({
    trace,
    spanId: trace.spanId,
    parentId: trace.parentId,
    name: `chat ${record.requestedModel}`,
    kind: SERVER,
    from: record.at,
    to: record.at + record.timings.totalMs,
    attributes,
    events,
    error: status >= 500 ? (errorCode ?? 'error') : null,
  });
}

function callSpan(record: RequestRecord, trace: TraceMark, attempt: Attempt, providerOf: ProviderOf): string {
  const { usage, outcome, finishReason, status } = attempt;
  const wentWrong = outcome === 'failed' || outcome === 'timeout';
  const attributes = [
    text('gen_ai.operation.name', 'chat'),
    text('gen_ai.provider.name', providerOf(attempt.model)),
    text('gen_ai.request.model', attempt.upstreamModel),
    finishReason === null
      ? ''
      : `{"key":"gen_ai.response.finish_reasons","value":{"arrayValue":{"values":[{"stringValue":${JSON.stringify(finishReason)}}]}}}`,
    number('gen_ai.usage.input_tokens', usage?.prompt_tokens),
    number('gen_ai.usage.output_tokens', usage?.completion_tokens),
    number('http.response.status_code', status),
    text('error.type', wentWrong ? (outcome === 'timeout' ? 'timeout' : String(status ?? 'failed')) : null),
    text('quorum.model', attempt.model),
    text('quorum.role', attempt.role),
    text('quorum.outcome', outcome),
    number('quorum.retries', attempt.retries),
    double('quorum.cost_usd', usdOf(attempt.cost)),
    double('quorum.first_byte_ms', attempt.firstByteMs === null ? null : attempt.firstByteMs - attempt.startedMs),
  ];
  return span({
    trace,
    spanId: attempt.spanId ?? trace.spanId,
    parentId: trace.spanId,
    name: `chat ${attempt.upstreamModel}`,
    kind: CLIENT,
    from: record.at + attempt.startedMs,
    to: record.at + attempt.endedMs,
    attributes,
    events: [],
    error: wentWrong ? (attempt.reason ?? outcome) : null,
  });
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
  readonly attributes: readonly string[];
  readonly events: readonly string[];
  readonly error: string | null;
}

function span({ trace, spanId, parentId, name, kind, from, to, attributes, events, error }: SpanParts): string {
  const parent = parentId === null ? '' : `"parentSpanId":"${parentId}",`;
  const happened = events.length === 0 ? '' : `,"events":[${events.join(',')}]`;
  const failed = error === null ? '' : `,"status":{"code":${ERROR},"message":${JSON.stringify(error)}}`;
  return `{"traceId":"${trace.traceId}","spanId":"${spanId}",${parent}"name":${JSON.stringify(name)},"kind":${kind},"startTimeUnixNano":"${nano(from)}","endTimeUnixNano":"${nano(to)}","attributes":${list(attributes)}${happened}${failed}}`;
}

/** Microseconds are all that the clock tells. */
export const nano = (ms: number): string => `${Math.round(ms * 1_000)}000`;

const list = (attributes: readonly string[]): string => `[${attributes.filter((each) => each !== '').join(',')}]`;

// What isn't known isn't said.
const text = (key: string, value: string | null | undefined): string =>
  value === null || value === undefined || value === ''
    ? ''
    : `{"key":"${key}","value":{"stringValue":${JSON.stringify(value)}}}`;
const number = (key: string, value: number | null | undefined): string =>
  value === null || value === undefined || !Number.isFinite(value)
    ? ''
    : `{"key":"${key}","value":{"intValue":"${Math.round(value)}"}}`;
const double = (key: string, value: number | null | undefined): string =>
  value === null || value === undefined || !Number.isFinite(value)
    ? ''
    : `{"key":"${key}","value":{"doubleValue":${value}}}`;
