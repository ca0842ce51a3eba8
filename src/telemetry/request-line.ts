// What the log says of a request: how it went, never what was said.
import { type Attempt, type RequestRecord, usdOf } from '../contract/index.ts';
import { whyOf } from './why.ts';

/** Numbers rounded to what anyone reads. */
const ms = (value: number): number => Math.round(value * 100) / 100;

/** Which calls failed, and why; what was wrong with the request itself is the caller's to know. */
function failuresOf(attempts: readonly Attempt[]): readonly string[] | undefined {
  let failed: string[] | undefined;
  for (const attempt of attempts)
    if ((attempt.outcome === 'failed' || attempt.outcome === 'timeout') && attempt.status !== 400)
      (failed ??= []).push(`${attempt.model}: ${whyOf(attempt)}`);
  return failed;
}

export function requestFields(record: RequestRecord): Record<string, unknown> {
  const { timings } = record;
  return {
    request_id: record.id,
    tenant: record.tenant,
    endpoint: record.endpoint,
    model: record.requestedModel,
    status: record.status,
    error: record.errorCode ?? undefined,
    stream: record.stream,
    cache: record.cache,
    strategy: record.strategy ?? undefined,
    task: record.decision?.classification.task,
    tier: record.decision?.tier,
    models: record.models,
    attempts: record.attempts.length,
    failed: failuresOf(record.attempts),
    confidence: record.confidence ?? undefined,
    agreement: record.merge?.agreement ?? undefined,
    flags: record.flags.length === 0 ? undefined : record.flags,
    cost_usd: usdOf(record.cost),
    total_ms: ms(timings.totalMs),
    first_byte_ms: timings.firstByteMs === null ? undefined : ms(timings.firstByteMs),
    upstream_ms: ms(timings.upstreamMs),
    overhead_ms: ms(timings.overheadMs),
  };
}
