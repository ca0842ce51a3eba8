// Numbers for Prometheus, taken from each request's record.
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { type Attempt, type RequestRecord, usdOf } from '../contract/index.ts';

export interface Metrics {
  /** Counts a finished request. Never throws. */
  observe(record: RequestRecord): void;
  inFlight(change: 1 | -1): void;
  /** Prometheus' text format. */
  render(): Promise<string>;
  readonly contentType: string;
}

const DISTINCT_VALUES = 200;
const SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 90];
const QUEUE_MS = [1, 5, 10, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000];
const OVERHEAD_SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5];
const SHARES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1];

/** `process`: also the process's own numbers (memory, processor, event loop, collections) under their usual names. */
export function createMetrics({
  version,
  process: ofProcess = true,
}: {
  readonly version: string;
  readonly process?: boolean;
}): Metrics {
  const registry = new Registry();
  const series = seriesOf(registry);
  if (ofProcess) collectDefaultMetrics({ register: registry });
  series.build.set({ version, node: process.version }, 1);
  const label = { task: createBound(), model: createBound(), code: createBound(), role: createBound() };

  function observe(record: RequestRecord): void {
    const strategy = record.strategy ?? 'none';
    const { timings } = record;
    const status = `${Math.floor(record.status / 100)}xx`;
    series.requests.inc({ strategy, task: label.task(record.decision?.classification.task), status });
    measure(series.duration, { strategy }, timings.totalMs / 1_000);
    measure(series.overhead, {}, timings.overheadMs / 1_000);
    if (timings.firstByteMs !== null) measure(series.firstByte, { strategy }, timings.firstByteMs / 1_000);
    series.cache.inc({ result: record.cache });
    if (record.errorCode !== null) series.errors.inc({ code: label.code(record.errorCode) });
    if (typeof record.merge?.agreement === 'number') measure(series.agreement, {}, record.merge.agreement);
    if (record.confidence !== null) measure(series.confidence, {}, record.confidence);
    for (const flag of record.flags) series.flags.inc({ flag });
    if (record.role !== undefined)
      measure(series.queueWait, { role: label.role(record.role) }, record.timings.queueMs ?? 0);
    count(series.slimmed, {}, record.slimmed?.tokens ?? 0);
    for (const attempt of record.attempts) observeAttempt(attempt);
  }

  function observeAttempt(attempt: Attempt): void {
    const model = label.model(attempt.model);
    series.calls.inc({ model, outcome: attempt.outcome });
    if (attempt.outcome === 'ok')
      measure(series.callDuration, { model }, (attempt.endedMs - attempt.startedMs) / 1_000);
    if (attempt.cost > 0) count(series.cost, { model }, usdOf(attempt.cost));
    if (attempt.role === 'fallback') series.fallbacks.inc({ model });
    if (attempt.role === 'escalation') series.escalations.inc({ model });
    if (attempt.retries > 0) count(series.retries, { model }, attempt.retries);
    const { usage } = attempt;
    if (usage === null) return;
    count(series.tokens, { model, kind: 'input' }, usage.prompt_tokens);
    count(series.tokens, { model, kind: 'output' }, usage.completion_tokens);
    count(series.tokens, { model, kind: 'cached_input' }, usage.prompt_tokens_details?.cached_tokens ?? 0);
    count(series.tokens, { model, kind: 'reasoning' }, usage.completion_tokens_details?.reasoning_tokens ?? 0);
  }

  return {
    contentType: registry.contentType,
    render: () => registry.metrics(),
    inFlight: (change) => series.inFlight.inc(change),
    observe,
  };
}

type Labels = Readonly<Record<string, string>>;

// The client library throws at what is no number, and a provider's usage may hold anything.
function measure(histogram: Histogram, labels: Labels, value: number): void {
  if (Number.isFinite(value)) histogram.observe(labels, Math.max(0, value));
}

function count(counter: Counter, labels: Labels, by: number): void {
  if (Number.isFinite(by) && by > 0) counter.inc(labels, by);
}

/** Names come from callers and configs; the series must not grow without end. */
function createBound(): (value: string | null | undefined) => string {
  const known = new Set<string>();
  return (value) => {
    if (value === null || value === undefined || value === '') return 'none';
    if (known.has(value)) return value;
    if (known.size >= DISTINCT_VALUES) return 'other';
    known.add(value);
    return value;
  };
}

function seriesOf(registry: Registry) {
  const registers = [registry];
  const counter = (name: string, help: string, labelNames: string[] = []): Counter =>
    new Counter({ name: `quorum_${name}`, help, labelNames, registers });
  const histogram = (name: string, help: string, buckets: number[], labelNames: string[] = []): Histogram =>
    new Histogram({ name: `quorum_${name}`, help, buckets, labelNames, registers });
  const gauge = (name: string, help: string, labelNames: string[] = []): Gauge =>
    new Gauge({ name: `quorum_${name}`, help, labelNames, registers });
  return {
    requests: counter('requests_total', 'Finished requests.', ['strategy', 'task', 'status']),
    errors: counter('errors_total', 'Requests that ended in an error, by its code.', ['code']),
    duration: histogram('request_duration_seconds', 'From the request to the end of its answer.', SECONDS, [
      'strategy',
    ]),
    overhead: histogram('overhead_seconds', 'What Quorum itself added to a request.', OVERHEAD_SECONDS),
    firstByte: histogram('time_to_first_byte_seconds', "From the request to its answer's first byte.", SECONDS, [
      'strategy',
    ]),
    calls: counter('upstream_calls_total', 'Calls to models.', ['model', 'outcome']),
    callDuration: histogram('upstream_call_duration_seconds', 'How long calls that went well took.', SECONDS, [
      'model',
    ]),
    retries: counter('upstream_retries_total', 'Calls made again after a failure.', ['model']),
    tokens: counter('tokens_total', 'Tokens; cached_input is part of input, reasoning of output.', ['model', 'kind']),
    cost: counter('cost_usd_total', 'US dollars.', ['model']),
    cache: counter('cache_results_total', 'What the cache had to say.', ['result']),
    agreement: histogram('agreement', 'Share of the weight behind the answer.', SHARES),
    confidence: histogram('confidence', 'How likely the answer is right.', SHARES),
    flags: counter('flags_total', 'Answers that bear a flag.', ['flag']),
    fallbacks: counter('fallbacks_total', 'Calls in place of one that failed.', ['model']),
    escalations: counter('escalations_total', 'Calls because the answers so far were not enough.', ['model']),
    slimmed: counter('slimmed_tokens_total', 'Tokens of input that slimming left out of requests, estimated.'),
    queueWait: histogram('queue_wait_ms', 'Milliseconds until a request had its slots.', QUEUE_MS, ['role']),
    inFlight: gauge('requests_in_flight', 'Requests being answered.'),
    build: gauge('build_info', 'Always 1.', ['version', 'node']),
  };
}
