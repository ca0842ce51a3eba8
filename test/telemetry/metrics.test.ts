// What Prometheus reads is what happened, in a bounded number of series.
import { describe, expect, it } from 'vitest';
import type { Nano } from '../../src/contract/index.ts';
import { createMetrics, type Metrics } from '../../src/telemetry/index.ts';
import { attemptOf, recordOf } from '../store/fixtures.ts';

const fresh = (): Metrics => createMetrics({ version: '1.2.3', process: false });
/** The value of a series, written as Prometheus writes it. */
async function valueOf(metrics: Metrics, series: string): Promise<number | null> {
  const line = (await metrics.render()).split('\n').find((text) => text.startsWith(`${series} `));
  return line === undefined ? null : Number(line.slice(series.length + 1));
}

describe('metrics', () => {
  it('counts a request, its calls, tokens and cost', async () => {
    const metrics = fresh();
    const usage = {
      prompt_tokens: 10,
      completion_tokens: 5,
      total_tokens: 15,
      prompt_tokens_details: { cached_tokens: 4 },
      completion_tokens_details: { reasoning_tokens: 2 },
    };
    metrics.observe(
      recordOf('r1', {
        strategy: 'dual',
        flags: ['disputed'],
        attempts: [
          attemptOf('a', { usage, cost: 2_000_000 as Nano }),
          attemptOf('b', { outcome: 'timeout', usage: null, cost: 0 as Nano, retries: 2 }),
          attemptOf('c', { role: 'fallback' }),
          attemptOf('d', { role: 'escalation' }),
        ],
        merge: { kind: 'number', agreement: 0.75, camps: [], provenance: [], violations: [] },
      }),
    );
    metrics.observe(
      recordOf('r2', { status: 502, errorCode: 'upstream_error', strategy: null, decision: null, attempts: [] }),
    );
    for (const [series, value] of [
      ['quorum_requests_total{strategy="dual",task="math",status="2xx"}', 1],
      ['quorum_requests_total{strategy="none",task="none",status="5xx"}', 1],
      ['quorum_errors_total{code="upstream_error"}', 1],
      ['quorum_request_duration_seconds_bucket{le="0.1",strategy="dual"}', 0],
      ['quorum_request_duration_seconds_bucket{le="0.25",strategy="dual"}', 1],
      ['quorum_request_duration_seconds_sum{strategy="dual"}', 0.101],
      ['quorum_overhead_seconds_count', 2],
      ['quorum_time_to_first_byte_seconds_count{strategy="dual"}', 1],
      ['quorum_upstream_calls_total{model="b",outcome="timeout"}', 1],
      ['quorum_upstream_retries_total{model="b"}', 2],
      ['quorum_tokens_total{model="a",kind="input"}', 10],
      ['quorum_tokens_total{model="a",kind="cached_input"}', 4],
      ['quorum_tokens_total{model="a",kind="reasoning"}', 2],
      ['quorum_cost_usd_total{model="a"}', 0.002],
      ['quorum_cache_results_total{result="miss"}', 2],
      ['quorum_agreement_bucket{le="0.7"}', 0],
      ['quorum_agreement_bucket{le="0.8"}', 1],
      ['quorum_confidence_count', 2],
      ['quorum_flags_total{flag="disputed"}', 1],
      ['quorum_fallbacks_total{model="c"}', 1],
      ['quorum_escalations_total{model="d"}', 1],
      [`quorum_build_info{version="1.2.3",node="${process.version}"}`, 1],
    ] as const)
      expect(await valueOf(metrics, series), series).toBe(value);
  });

  it('tells how many are in flight', async () => {
    const metrics = fresh();
    metrics.inFlight(1);
    metrics.inFlight(1);
    metrics.inFlight(-1);
    expect(await valueOf(metrics, 'quorum_requests_in_flight')).toBe(1);
  });

  it('names beyond the first two hundred become one', async () => {
    const metrics = fresh();
    for (let index = 0; index < 300; index += 1)
      metrics.observe(recordOf('r', { task: `t${index}`, attempts: [attemptOf(`m${index}`)] }));
    metrics.observe(recordOf('r', { task: 't7', attempts: [attemptOf('m7')] }));
    expect(await valueOf(metrics, 'quorum_requests_total{strategy="single",task="other",status="2xx"}')).toBe(100);
    expect(await valueOf(metrics, 'quorum_requests_total{strategy="single",task="t7",status="2xx"}')).toBe(2);
    expect(await valueOf(metrics, 'quorum_upstream_calls_total{model="other",outcome="ok"}')).toBe(100);
  });

  it('is not thrown off by numbers that are none, or names that look like its own', async () => {
    const metrics = fresh();
    const timings = {
      totalMs: Number.NaN,
      firstByteMs: Number.POSITIVE_INFINITY,
      upstreamMs: 0,
      overheadMs: -1,
      stages: {},
    };
    const usage = { prompt_tokens: Number.NaN, completion_tokens: -3, total_tokens: 0 };
    metrics.observe(
      recordOf('r', { timings, task: 'a"}\n1', confidence: Number.NaN, attempts: [attemptOf('__proto__', { usage })] }),
    );
    expect(await valueOf(metrics, 'quorum_requests_total{strategy="single",task="a\\"}\\n1",status="2xx"}')).toBe(1);
    expect(await valueOf(metrics, 'quorum_upstream_calls_total{model="__proto__",outcome="ok"}')).toBe(1);
    expect(await valueOf(metrics, 'quorum_overhead_seconds_sum')).toBe(0);
  });

  it('also tells of the process, when asked to', async () => {
    const metrics = createMetrics({ version: '1' });
    const text = await metrics.render();
    expect(text).toMatch(/^process_resident_memory_bytes \d+/m);
    expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds /m);
    expect(metrics.contentType).toContain('text/plain; version=0.0.4');
    expect(await fresh().render()).not.toContain('nodejs_');
  });
});
