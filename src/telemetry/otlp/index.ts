// Sends traces and metrics through OTLP/HTTP as JSON. Loaded only where an endpoint is set.
import type { Clock, OtlpSettings, RequestRecord, Trace } from '../../contract/index.ts';
import type { Family } from '../series.ts';
import { createTracer, passedOn } from '../trace-context.ts';
import { createGenAiMetrics, metricsOf } from './metrics.ts';
import { spansOf, type ProviderOf } from './spans.ts';
import { createWaiting } from './waiting.ts';

export interface OtlpOptions {
  readonly settings: OtlpSettings;
  readonly version: string;
  readonly clock: Clock;
  readonly families: () => Promise<readonly Family[]>;
  readonly providerOf: ProviderOf;
  /** Resolves with the status. */
  readonly post: (url: string, headers: Readonly<Record<string, string>>, body: string | Uint8Array) => Promise<number>;
  /** Told when sending begins to fail and when it works again. */
  readonly onTrouble: (trouble: string | null) => void;
}

interface Otlp {
  begin(traceParent: string | undefined): Trace | undefined;
  observe(record: RequestRecord): void;
  /** Sends what waits. */
  flush(): Promise<void>;
  stop(): Promise<void>;
}

const SEND_EVERY_MS = 2_000;
const TRIES = 3;
const PAUSE_MS = 500;

export function createOtlp(options: OtlpOptions): Otlp {
  const { settings, clock, onTrouble } = options;
  const startedAt = clock.now();
  const genAi = createGenAiMetrics(options.providerOf);
  const resource = resourceText(settings.resource, options.version);
  const headers = { 'content-type': 'application/json', ...settings.headers };
  const waiting = createWaiting();
  const [head, tail] = [
    Buffer.from(`{"resourceSpans":[{"resource":${resource},"scopeSpans":[{"scope":{"name":"quorum"},"spans":[`),
    Buffer.from(']}]}]}'),
  ];
  const tracer = settings.tracesUrl === null ? null : createTracer(settings.sampling, () => clock.now());
  let inTrouble = false;
  let stopped = false;
  let sending: Promise<void> = Promise.resolve();

  /** Of what went wrong one wants to see each, though nobody could know before. A caller who doesn't want to see it is obeyed. */
  function shownIfFailed(record: RequestRecord): RequestRecord {
    if (record.status < 500 || record.trace !== undefined) return record;
    const trace = tracer?.afterwards() ?? null;
    if (trace === null) return record;
    return { ...record, trace, attempts: record.attempts.map((each) => ({ ...each, spanId: trace.nextId() })) };
  }

  /** Tried again where that may help; what can't be sent is given up: no request waits for it. */
  async function send(url: string, body: string | Uint8Array): Promise<void> {
    let trouble = '';
    for (let tried = 1; tried <= TRIES; tried += 1) {
      try {
        const status = await options.post(url, headers, body);
        if (status < 300) {
          if (inTrouble) onTrouble(null);
          inTrouble = false;
          return;
        }
        trouble = `${new URL(url).origin} answers ${status}`;
        if (status !== 429 && status < 502) break;
      } catch (error) {
        trouble = `${new URL(url).origin}: ${error instanceof Error ? error.message : String(error)}`;
      }
      if (stopped) break;
      await new Promise<void>((resume) => clock.after(PAUSE_MS * 2 ** tried, resume));
    }
    if (!inTrouble) onTrouble(trouble);
    inTrouble = true;
  }

  async function sendSpans(): Promise<void> {
    const url = settings.tracesUrl;
    if (url === null) return;
    for (let spans = waiting.take(); spans !== null; spans = waiting.take())
      await send(url, Buffer.concat([head, spans, tail]));
  }

  async function sendMetrics(): Promise<void> {
    if (settings.metricsUrl === null) return;
    const families = [...(await options.families()), ...genAi.families];
    const metrics = JSON.stringify(metricsOf(families, startedAt, clock.now()));
    await send(
      settings.metricsUrl,
      `{"resourceMetrics":[{"resource":${resource},"scopeMetrics":[{"scope":{"name":"quorum"},"metrics":${metrics}}]}]}`,
    );
  }

  const inTurn = (task: () => Promise<void>): Promise<void> => {
    sending = sending.then(task).catch((error: unknown) => onTrouble(String(error)));
    return sending;
  };
  const cancels = [
    every(clock, SEND_EVERY_MS, () => inTurn(sendSpans)),
    every(clock, settings.metricsEveryMs, () => inTurn(sendMetrics)),
  ];

  return {
    begin: tracer?.begin ?? passedOn,
    observe(record) {
      genAi.observe(record);
      const spans = spansOf(shownIfFailed(record), options.providerOf);
      if (spans === '') return;
      const wasFull = waiting.isFull;
      waiting.add(spans);
      if (waiting.isFull && !wasFull) void inTurn(sendSpans);
    },
    flush: () => inTurn(sendSpans).then(() => inTurn(sendMetrics)),
    async stop() {
      stopped = true;
      for (const cancel of cancels) cancel();
      await inTurn(sendSpans);
      await inTurn(sendMetrics);
    },
  };
}

/** The next turn begins when the last is over. */
function every(clock: Clock, ms: number, task: () => Promise<void>): () => void {
  let cancel = clock.after(ms, turn);
  let over = false;
  function turn(): void {
    void task().then(() => {
      if (!over) cancel = clock.after(ms, turn);
    });
  }
  return () => {
    over = true;
    cancel();
  };
}

function resourceText(attributes: OtlpSettings['resource'], version: string): string {
  const all = { 'service.name': 'quorum', 'service.version': version, ...attributes };
  return JSON.stringify({
    attributes: Object.entries(all).map(([key, value]) => ({ key, value: { stringValue: value } })),
  });
}
