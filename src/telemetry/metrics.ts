// Numbers for Prometheus and OpenTelemetry, taken from each request's record; what others know is asked when somebody reads.
import { collectDefaultMetrics, Registry } from 'prom-client';
import { type Attempt, type RequestRecord, usdOf } from '../contract/index.ts';
import { createLitellmNames } from './litellm-names.ts';
import { createSeries, prometheusText, type Family, type Series } from './series.ts';

export interface Metrics {
  /** Counts a finished request. Never throws. */
  observe(record: RequestRecord): void;
  inFlight(change: 1 | -1): void;
  /** Prometheus' text format. */
  render(): Promise<string>;
  /** The same as data, without the process's own. */
  families(): Promise<readonly Family[]>;
  /** Asked before each reading, for what isn't counted here. What it throws is left out. */
  onRead(fill: (series: Series) => (() => void) | (() => Promise<void>)): void;
  readonly contentType: string;
}

/** Names that may be labels; anything else is `other`. */
interface KnownNames {
  model(name: string): boolean;
  task(name: string): boolean;
}

interface MetricsOptions {
  readonly version: string;
  /** Also the process's own numbers (memory, processor, event loop, collections) under their usual names. */
  readonly process?: boolean;
  /** Absent: whatever comes, up to a bound. */
  readonly known?: KnownNames;
  readonly litellmNames?: () => boolean;
}

const DISTINCT_VALUES = 200;
const STATUS_CLASSES = ['0xx', '1xx', '2xx', '3xx', '4xx', '5xx'];
const SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 90];
const QUEUE_MS = [1, 5, 10, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000];
const OVERHEAD_SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5];
const SHARES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1];

export function createMetrics({ version, process: ofProcess = true, known, litellmNames }: MetricsOptions): Metrics {
  const series = createSeries();
  const counted = countersOf(series);
  const litellm = createLitellmNames();
  const registry = new Registry();
  if (ofProcess) collectDefaultMetrics({ register: registry });
  counted.build.set(1, version, process.version);
  const label = {
    task: createBound(known?.task),
    model: createBound(known?.model),
    code: createBound(),
    role: createBound(),
    arm: createBound(),
  };
  const fills: (() => void | Promise<void>)[] = [];
  let inFlight = 0;

  function observe(record: RequestRecord): void {
    const strategy = record.strategy ?? 'none';
    const { timings } = record;
    const task = label.task(record.decision?.classification.task);
    counted.requests.add(1, strategy, task, STATUS_CLASSES[Math.floor(record.status / 100)] ?? 'other');
    counted.duration.record(timings.totalMs / 1_000, strategy);
    counted.overhead.record(timings.overheadMs / 1_000);
    if (timings.firstByteMs !== null) counted.firstByte.record(timings.firstByteMs / 1_000, strategy);
    for (const stage in timings.stages) counted.stage.record(timings.stages[stage]! / 1_000, stage);
    counted.cache.add(1, record.cache);
    if (record.errorCode !== null) counted.errors.add(1, label.code(record.errorCode));
    if (typeof record.merge?.agreement === 'number') counted.agreement.record(record.merge.agreement);
    if (record.confidence !== null) counted.confidence.record(record.confidence);
    for (const flag of record.flags) counted.flags.add(1, flag);
    if (record.role !== undefined) counted.queueWait.record(timings.queueMs ?? 0, label.role(record.role));
    if (record.slimmed !== undefined) counted.slimmed.add(record.slimmed.tokens);
    if (record.experiments !== undefined)
      for (const { experiment, arm, exposed } of record.experiments)
        counted.experiments.add(1, label.arm(experiment), label.arm(arm), String(exposed));
    for (const attempt of record.attempts) observeAttempt(attempt);
    if (litellmNames?.()) litellm.observe(record, label.model);
  }

  function observeAttempt(attempt: Attempt): void {
    const model = label.model(attempt.model);
    counted.calls.add(1, model, attempt.outcome);
    if (attempt.outcome === 'ok') counted.callDuration.record((attempt.endedMs - attempt.startedMs) / 1_000, model);
    if (attempt.firstByteMs !== null)
      counted.callFirstByte.record((attempt.firstByteMs - attempt.startedMs) / 1_000, model);
    counted.cost.add(usdOf(attempt.cost), model);
    if (attempt.role === 'fallback') counted.fallbacks.add(1, model);
    if (attempt.role === 'escalation') counted.escalations.add(1, model);
    counted.retries.add(attempt.retries, model);
    const { usage } = attempt;
    if (usage === null) return;
    counted.tokens.add(usage.prompt_tokens, model, 'input');
    counted.tokens.add(usage.completion_tokens, model, 'output');
    counted.tokens.add(usage.prompt_tokens_details?.cached_tokens ?? 0, model, 'cached_input');
    counted.tokens.add(usage.completion_tokens_details?.reasoning_tokens ?? 0, model, 'reasoning');
  }

  async function families(): Promise<readonly Family[]> {
    counted.inFlight.set(inFlight);
    for (const fill of fills) await safely(fill);
    return litellmNames?.() ? [...series.families, ...litellm.families(series.families)] : series.families;
  }

  return {
    observe,
    families,
    contentType: registry.contentType,
    render: async () => prometheusText(await families()) + (ofProcess ? `\n${await registry.metrics()}` : ''),
    inFlight: (change) => {
      inFlight += change;
    },
    onRead: (fill) => void fills.push(fill(series)),
  };
}

/** A number that can't be had is no reason to show none. */
async function safely(fill: () => void | Promise<void>): Promise<void> {
  try {
    await fill();
  } catch {
    // It is missing from this reading.
  }
}

/** Names come from callers and configs; the series must not grow without end. */
function createBound(isKnown?: (name: string) => boolean): (value: string | null | undefined) => string {
  const shown = new Set<string>();
  return (value) => {
    if (value === null || value === undefined || value === '') return 'none';
    if (shown.has(value)) return value;
    if (shown.size >= DISTINCT_VALUES || isKnown?.(value) === false) return 'other';
    shown.add(value);
    return value;
  };
}

function countersOf({ counter: count, histogram: spread, gauge: level }: Series) {
  const counter = (name: string, help: string, labels?: string[]) => count(`quorum_${name}`, help, labels);
  const histogram = (name: string, help: string, bounds: number[], labels?: string[]) =>
    spread(`quorum_${name}`, help, bounds, labels);
  const gauge = (name: string, help: string, labels?: string[]) => level(`quorum_${name}`, help, labels);
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
    stage: histogram('stage_duration_seconds', 'How long each stage of a request took.', SECONDS, ['stage']),
    calls: counter('upstream_calls_total', 'Calls to models.', ['model', 'outcome']),
    callDuration: histogram('upstream_call_duration_seconds', 'How long calls that went well took.', SECONDS, [
      'model',
    ]),
    callFirstByte: histogram('upstream_first_byte_seconds', "From a call to its answer's first byte.", SECONDS, [
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
    experiments: counter('experiment_requests_total', 'Requests that took part in an experiment.', [
      'experiment',
      'arm',
      'exposed',
    ]),
    inFlight: gauge('requests_in_flight', 'Requests being answered.'),
    build: gauge('build_info', 'Always 1.', ['version', 'node']),
  };
}
