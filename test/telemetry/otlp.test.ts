// Traces and metrics arrive at an OTLP receiver as the conventions say; nothing is sent, made or loaded where none is named.
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Sampling } from '../../src/contract/index.ts';
import { otlpFrom } from '../../src/config/otlp.ts';
import { createTracer, passedOn, readTraceParent } from '../../src/telemetry/index.ts';
import { createOtlp } from '../../src/telemetry/otlp/index.ts';
import { attemptOf, recordOf } from '../store/fixtures.ts';
import { chat, scriptedConfig, send, startQuorum, type RunningQuorum } from '../support/program.ts';
import { startUpstream, type ScriptedUpstream } from '../support/scripted-upstream.ts';
import { simulatedClock } from '../support/simulated-clock.ts';

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}
interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly Attribute[];
  readonly status?: { readonly code: number };
}
interface Metric {
  readonly name: string;
  readonly sum?: { readonly dataPoints: readonly object[] };
  readonly histogram?: {
    readonly dataPoints: readonly { readonly attributes: readonly Attribute[]; readonly count: string }[];
  };
}

interface Receiver {
  readonly url: string;
  readonly spans: Span[];
  readonly metrics: Map<string, Metric>;
  readonly headers: IncomingHttpHeaders[];
  readonly resources: unknown[];
  /** Answers with these first. */
  readonly refuse: number[];
  readonly server: Server;
}

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function startReceiver(): Promise<Receiver> {
  const spans: Span[] = [];
  const metrics = new Map<string, Metric>();
  const headers: IncomingHttpHeaders[] = [];
  const resources: unknown[] = [];
  const refuse: number[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (part) => (text += String(part)));
    request.on('end', () => {
      headers.push(request.headers);
      const refused = refuse.shift();
      if (refused === undefined) {
        const body = JSON.parse(text) as {
          resourceSpans?: { resource: unknown; scopeSpans: { spans: Span[] }[] }[];
          resourceMetrics?: { scopeMetrics: { metrics: Metric[] }[] }[];
        };
        for (const each of body.resourceSpans ?? []) {
          resources.push(each.resource);
          spans.push(...each.scopeSpans.flatMap((scope) => scope.spans));
        }
        for (const metric of body.resourceMetrics?.flatMap((each) =>
          each.scopeMetrics.flatMap((scope) => scope.metrics),
        ) ?? [])
          metrics.set(metric.name, metric);
      }
      response.writeHead(refused ?? 200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(() => new Promise((resolve) => server.close(resolve)));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    metrics,
    headers,
    resources,
    refuse,
    server,
  };
}

async function start(
  env: Readonly<Record<string, string>>,
  provider = {},
): Promise<{ quorum: RunningQuorum; upstream: ScriptedUpstream }> {
  const upstream = await startUpstream();
  const quorum = await startQuorum({ config: scriptedConfig(upstream, { provider }), env });
  open.push(
    () => upstream.close(),
    () => quorum.stop(),
  );
  return { quorum, upstream };
}

const valueOf = ({ attributes }: { readonly attributes: readonly Attribute[] }, key: string): unknown =>
  Object.values(attributes.find((each) => each.key === key)?.value ?? {})[0];

const CALLERS = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

it('a span for the strategy and one for each call, within the caller’s trace, which goes on at the provider', async () => {
  const receiver = await startReceiver();
  const { quorum, upstream } = await start(
    {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-team=observability',
      OTEL_SERVICE_NAME: 'front',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
    },
    { trace_context: true },
  );
  upstream.reply('gamma', { status: 500 });
  const told = await chat(quorum.url, { model: 'quorum/triple' }, { traceparent: CALLERS });
  await chat(quorum.url, { model: 'alpha', stream: true });
  await chat(quorum.url, { model: 'gamma' });
  await quorum.stop();

  const requests = receiver.spans.filter(({ kind }) => kind === 2);
  const calls = receiver.spans.filter(({ kind }) => kind === 3);
  const ours = requests.find(({ traceId }) => traceId === '0af7651916cd43dd8448eb211c80319c')!;
  expect(ours).toMatchObject({ parentSpanId: 'b7ad6b7169203331', name: 'chat quorum/triple' });
  expect(valueOf(ours, 'quorum.request_id')).toBe(told.headers['x-request-id']);
  expect(valueOf(ours, 'quorum.strategy')).toBe('triple');
  const own = calls.filter(({ parentSpanId }) => parentSpanId === ours.spanId);
  expect(own.length).toBeGreaterThanOrEqual(2);
  for (const call of own) {
    expect(call.traceId).toBe(ours.traceId);
    expect(valueOf(call, 'gen_ai.operation.name')).toBe('chat');
    expect(valueOf(call, 'gen_ai.provider.name')).toBe('scripted');
    expect(call.name).toBe(`chat ${String(valueOf(call, 'gen_ai.request.model'))}`);
    expect(BigInt(call.endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(call.startTimeUnixNano));
  }
  const failed = calls.find((call) => valueOf(call, 'quorum.outcome') === 'failed')!;
  expect([failed.status?.code, valueOf(failed, 'error.type')]).toEqual([2, '500']);
  const good = own.find((call) => call.status === undefined && valueOf(call, 'quorum.outcome') === 'ok')!;
  expect(Number(valueOf(good, 'gen_ai.usage.input_tokens'))).toBeGreaterThan(0);

  const sent = upstream.requests.map(({ headers }) => headers['traceparent']);
  expect(new Set(sent).size).toBe(sent.length);
  for (const call of own) expect(sent).toContain(`00-${ours.traceId}-${call.spanId}-01`);

  const alone = requests.find((each) => each !== ours)!;
  expect([alone.parentSpanId, alone.traceId === ours.traceId]).toEqual([undefined, false]);
  expect(receiver.headers.every((headers) => headers['x-team'] === 'observability')).toBe(true);
  expect(JSON.stringify(receiver.resources[0])).toContain('"service.name","value":{"stringValue":"front"}');
  expect(JSON.stringify(receiver.spans)).not.toContain('Is it so?');

  const usage = receiver.metrics.get('gen_ai.client.token.usage')!.histogram!.dataPoints;
  expect(usage.map((point) => valueOf(point, 'gen_ai.token.type'))).toContain('output');
  expect(receiver.metrics.get('gen_ai.client.operation.duration')!.histogram!.dataPoints.length).toBeGreaterThan(1);
  expect(receiver.metrics.get('quorum_requests_total')!.sum!.dataPoints.length).toBeGreaterThan(0);
});

it('no provider hears of traces unless it may; the record knows them', async () => {
  const receiver = await startReceiver();
  const { quorum, upstream } = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url });
  const told = await chat(quorum.url, {}, { traceparent: CALLERS });
  expect(upstream.requests[0]!.headers['traceparent']).toBeUndefined();
  const record = (await send(`${quorum.url}/v1/requests/${String(told.headers['x-request-id'])}`)).json();
  expect(record['trace']).toMatchObject({
    trace_id: '0af7651916cd43dd8448eb211c80319c',
    parent_id: 'b7ad6b7169203331',
  });
});

it('without an endpoint nothing is sent, and a caller’s trace passes through to providers that may know it', async () => {
  const receiver = await startReceiver();
  const { quorum, upstream } = await start({}, { trace_context: true });
  await chat(quorum.url, {}, { traceparent: CALLERS });
  await chat(quorum.url, {});
  expect(upstream.requests.map(({ headers }) => headers['traceparent'])).toEqual([CALLERS, undefined]);
  await quorum.stop();
  expect(receiver.headers).toEqual([]);
});

it('what is passed through has spans of its own, with the name that the conventions have for it', async () => {
  const receiver = await startReceiver();
  const { quorum, upstream } = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url }, { trace_context: true });
  const body = { model: 'alpha', input: 'a secret thought' };
  await send(`${quorum.url}/v1/embeddings`, { body, headers: { traceparent: CALLERS } });
  await send(`${quorum.url}/v1/completions`, { body: { model: 'alpha', prompt: 'x' } });
  await send(`${quorum.url}/v1/files`);
  await quorum.stop();
  const [request, call] = [2, 3].map((kind) => receiver.spans.filter((span) => span.kind === kind));
  expect(request!.map(({ name }) => name)).toEqual(['embeddings alpha', 'text_completion alpha', 'files']);
  expect(request![0]).toMatchObject({
    traceId: '0af7651916cd43dd8448eb211c80319c',
    parentSpanId: 'b7ad6b7169203331',
  });
  expect(call!.map((span) => valueOf(span, 'gen_ai.operation.name'))).toEqual(['embeddings', 'text_completion']);
  expect(Number(valueOf(call![0]!, 'gen_ai.usage.input_tokens'))).toBeGreaterThan(0);
  expect(call![0]!.parentSpanId).toBe(request![0]!.spanId);
  expect(upstream.requests[0]!.headers['traceparent']).toBe(
    `00-0af7651916cd43dd8448eb211c80319c-${call![0]!.spanId}-01`,
  );
  const told = receiver.metrics.get('gen_ai.client.token.usage')!.histogram!.dataPoints;
  expect(told.map((point) => valueOf(point, 'gen_ai.operation.name'))).toContain('embeddings');
  expect(JSON.stringify(receiver.spans)).not.toContain('a secret thought');
});

describe('sending', () => {
  const settings = otlpFrom({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' })!;
  const traced = (id: string) =>
    recordOf(id, {
      trace: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), parentId: null, sampled: true },
      attempts: [attemptOf('a')],
    });
  const made = (statuses: number[]) => {
    const clock = simulatedClock();
    const post = vi.fn<(url: string, headers: object, body: string | Uint8Array) => Promise<number>>(() =>
      Promise.resolve(statuses.shift() ?? 200),
    );
    const onTrouble = vi.fn<(trouble: string | null) => void>();
    const otlp = createOtlp({
      settings,
      version: '1',
      clock,
      families: () => Promise.resolve([]),
      providerOf: () => 'p',
      post,
      onTrouble,
    });
    return { clock, post, onTrouble, otlp };
  };

  it('tells why a call failed, never in words that may quote the prompt', async () => {
    const { clock, post, otlp } = made([]);
    const attempts = [
      attemptOf('a', { outcome: 'failed', status: 401, reason: 'house answered 401' }),
      attemptOf('b', { outcome: 'failed', status: 400, reason: 'my diary is no image' }),
      attemptOf('c', { outcome: 'failed', status: null, firstByteMs: 12, reason: 'my diary was flagged' }),
    ];
    otlp.observe({ ...traced('r1'), attempts });
    await clock.advance(10_000);
    const sent = String(post.mock.calls[0]![2]);
    expect(sent).toContain('house answered 401');
    expect(sent).toContain('broke off');
    expect(sent).not.toContain('diary');
  });

  it('is tried again where that may help, told once when it is given up, and once when it works again', async () => {
    const { clock, post, onTrouble, otlp } = made([503, 200, 400, 400, 200]);
    otlp.observe(traced('r1'));
    await clock.advance(10_000);
    expect(post).toHaveBeenCalledTimes(2);
    expect(onTrouble).not.toHaveBeenCalled();
    for (const id of ['r2', 'r3']) {
      otlp.observe(traced(id));
      await clock.advance(5_000);
    }
    expect(onTrouble.mock.calls).toEqual([['http://collector:4318 answers 400']]);
    otlp.observe(traced('r4'));
    await clock.advance(5_000);
    expect(onTrouble.mock.calls.at(-1)).toEqual([null]);
  });

  it('keeps a bounded number, and never more in one body than is read at once', async () => {
    const { clock, post, otlp } = made([]);
    for (let nth = 0; nth < 20_000; nth += 1) otlp.observe(traced(`r${nth}`));
    await clock.advance(2_500);
    const bodies = post.mock.calls.filter(([url]) => url.endsWith('/traces')).map(([, , body]) => Buffer.from(body));
    expect(Math.max(...bodies.map((body) => body.byteLength))).toBeLessThan(600_000);
    const spans = bodies.flatMap(
      (body) =>
        (JSON.parse(String(body)) as { resourceSpans: [{ scopeSpans: [{ spans: unknown[] }] }] }).resourceSpans[0]
          .scopeSpans[0].spans,
    );
    expect(spans.length).toBeGreaterThan(2_000);
    expect(spans.length).toBeLessThan(2 * 20_000);
  });
});

it('reads OpenTelemetry’s variables', () => {
  expect(otlpFrom({})).toBeNull();
  expect(otlpFrom({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318', OTEL_SDK_DISABLED: 'true' })).toBeNull();
  expect(otlpFrom({ OTEL_EXPORTER_OTLP_ENDPOINT: 'no url' })).toBeNull();
  expect(
    otlpFrom({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318/',
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0.25',
    }),
  ).toMatchObject({
    tracesUrl: 'http://c:4318/v1/traces',
    metricsUrl: null,
    sampling: { share: 0.25, perSecond: null, parentBased: true },
  });
  expect(
    otlpFrom({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://t/x', OTEL_EXPORTER_OTLP_HEADERS: 'a=b%20c,bad' }),
  ).toMatchObject({ tracesUrl: 'https://t/x', metricsUrl: null, headers: { a: 'b c' } });
  const protocol = (name: string) =>
    otlpFrom({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318', OTEL_EXPORTER_OTLP_PROTOCOL: name })!.otherProtocol;
  expect([protocol('http/json'), protocol('grpc'), protocol('')]).toEqual([null, 'grpc', null]);
  const samplingOf = (sampler?: string, argument?: string) =>
    otlpFrom({
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318',
      OTEL_TRACES_SAMPLER: sampler,
      OTEL_TRACES_SAMPLER_ARG: argument,
    })!.sampling;
  expect(samplingOf()).toEqual({ share: 1, perSecond: 100, parentBased: true });
  expect(samplingOf(undefined, '20')).toEqual({ share: 1, perSecond: 20, parentBased: true });
  expect(samplingOf('always_on')).toEqual({ share: 1, perSecond: null, parentBased: false });
  expect(samplingOf('parentbased_always_on')).toEqual({ share: 1, perSecond: null, parentBased: true });
  expect(samplingOf('parentbased_always_off')).toEqual({ share: 0, perSecond: null, parentBased: true });
  expect(samplingOf('traceidratio', 'x')).toEqual({ share: 1, perSecond: null, parentBased: false });
});

describe('trace ids', () => {
  it('what is no traceparent is none', () => {
    fc.assert(
      fc.property(fc.string(), (text) => readTraceParent(text) === null),
      { numRuns: 200 },
    );
    for (const bad of [`00-${'0'.repeat(32)}-b7ad6b7169203331-01`, `ff${CALLERS.slice(2)}`, CALLERS.toUpperCase()])
      expect(readTraceParent(bad)).toBeNull();
    expect(passedOn(undefined)).toBeUndefined();
  });

  const always = { share: 1, perSecond: null, parentBased: true };
  const begun = (sampling: Sampling, header?: string) => createTracer(sampling, () => 0).begin(header);

  it('are different each time; others are sampled by their share, and a caller’s decision stands where it should', () => {
    const half = createTracer({ ...always, share: 0.5 }, () => 0);
    const traces = Array.from({ length: 2_000 }, () => half.begin(undefined)).filter((trace) => trace !== undefined);
    expect(traces.every(({ sampled }) => sampled)).toBe(true);
    expect(new Set(traces.map(({ traceId }) => traceId)).size).toBe(traces.length);
    expect(traces.length).toBeGreaterThan(850);
    expect(traces.length).toBeLessThan(1_150);
    const unsampled = CALLERS.replace(/01$/, '00');
    expect(begun({ ...always, share: 0 }, CALLERS)?.sampled).toBe(true);
    expect(begun(always, unsampled)).toMatchObject({ sampled: false, spanId: 'b7ad6b7169203331' });
    expect(begun({ ...always, parentBased: false }, unsampled)).toMatchObject({
      sampled: true,
      parentId: 'b7ad6b7169203331',
    });
    expect(begun({ ...always, share: 0, parentBased: false }, CALLERS)?.sampled).toBe(false);
    expect(begun({ ...always, share: 0 })).toBeUndefined();
  });

  it('at most so many a second begin here, evenly; callers’ own come on top', () => {
    let now = 1_000_000;
    const tracer = createTracer({ ...always, perSecond: 100 }, () => now);
    const sampledIn = (seconds: number, header?: string): number => {
      let count = 0;
      for (let nth = 0; nth < seconds * 2_000; nth += 1) {
        now += 0.5;
        if (tracer.begin(header)?.sampled) count += 1;
      }
      return count;
    };
    // A second's worth may come at once, and at an ordinary load everything is traced.
    expect(sampledIn(1)).toBeGreaterThanOrEqual(199);
    const counts = Array.from({ length: 10 }, () => sampledIn(1));
    for (const count of counts) expect(Math.abs(count - 100)).toBeLessThanOrEqual(1);
    expect(sampledIn(1, CALLERS)).toBe(2_000);
    now += 10_000;
    const slow = Array.from({ length: 90 }, () => {
      now += 11;
      return tracer.begin(undefined)?.sampled;
    });
    expect(slow.every(Boolean)).toBe(true);
  });
});

it('of requests that nobody meant to trace, those that failed are traced all the same, unless their caller said no', async () => {
  const receiver = await startReceiver();
  const { quorum, upstream } = await start({
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
    OTEL_TRACES_SAMPLER_ARG: '1',
  });
  expect(quorum.logs.filter((line) => line.includes('as JSON over HTTP') && line.includes('grpc'))).toHaveLength(1);
  await chat(quorum.url, { model: 'alpha' });
  upstream.reply('gamma', { status: 500 });
  const failed = await chat(quorum.url, { model: 'gamma' });
  await chat(quorum.url, { model: 'gamma' }, { traceparent: CALLERS.replace(/01$/, '00') });
  await chat(quorum.url, { model: 'alpha' });
  await quorum.stop();
  const seen = receiver.spans.filter(({ kind }) => kind === 2);
  expect(seen.map(({ name }) => name)).toEqual(['chat alpha', 'chat gamma']);
  expect(valueOf(seen[1]!, 'quorum.request_id')).toBe(failed.headers['x-request-id']);
  const calls = receiver.spans.filter(({ kind, parentSpanId }) => kind === 3 && parentSpanId === seen[1]!.spanId);
  expect(calls.length).toBeGreaterThan(0);
  expect(new Set(receiver.spans.map(({ spanId }) => spanId)).size).toBe(receiver.spans.length);
});
