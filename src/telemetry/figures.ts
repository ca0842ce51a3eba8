// What sums of requests or calls amount to: shares, costs, percentiles.
import type { Sums } from './tally.ts';

export interface Spread {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
}

export interface Figures {
  /** Of a report by model or provider: calls. */
  readonly requests: number;
  readonly ok: number;
  readonly failed: number;
  readonly refused: number;
  readonly aborted: number;
  readonly error_rate: number;
  readonly cache_hits: number;
  readonly retries: number;
  readonly cost_usd: number;
  readonly cost_per_request_usd: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly agreement: number | null;
  readonly confidence: number | null;
  readonly accuracy: number | null;
  readonly verdicts: number;
  readonly latency_ms: Spread | null;
  readonly first_byte_ms: Spread | null;
  readonly queue_ms: Spread | null;
  readonly overhead_ms: Spread | null;
  readonly stages_ms: Readonly<Record<string, Spread>>;
}

const STAGES = ['route', 'members', 'rankings', 'synthesis'];

export function figuresOf({ counts, spreads }: Sums, verdicts: readonly { readonly good: number }[] = []): Figures {
  const of = (name: string): number => counts[name] ?? 0;
  const requests = of('requests');
  const share = (part: number, whole: number): number | null => (whole === 0 ? null : fraction(part / whole));
  const spread = (name: string): Spread | null => spreadOf(spreads.get(name));
  return {
    requests,
    ok: of('ok'),
    failed: of('failed'),
    refused: of('refused'),
    aborted: of('aborted'),
    error_rate: share(of('failed'), requests) ?? 0,
    cache_hits: of('hits'),
    retries: of('retries'),
    cost_usd: of('cost') / 1e9,
    cost_per_request_usd: requests === 0 ? 0 : Math.round(of('cost') / requests) / 1e9,
    input_tokens: of('input_tokens'),
    output_tokens: of('output_tokens'),
    agreement: share(of('agreed'), of('judged')),
    confidence: share(of('confidence'), of('confident')),
    accuracy: share(
      verdicts.reduce((sum, { good }) => sum + good, 0),
      verdicts.length,
    ),
    verdicts: verdicts.length,
    latency_ms: spread('total'),
    first_byte_ms: spread('first_byte'),
    queue_ms: spread('queue'),
    overhead_ms: spread('overhead'),
    stages_ms: Object.fromEntries(
      STAGES.flatMap((stage) => {
        const known = spread(stage);
        return known === null ? [] : [[stage, known]];
      }),
    ),
  };
}

function spreadOf(
  histogram: Sums['spreads'] extends Map<string, infer Each> ? Each | undefined : never,
): Spread | null {
  if (histogram === undefined || histogram.count() === 0) return null;
  const at = (q: number): number => rounded(histogram.quantile(q))!;
  return {
    count: histogram.count(),
    mean: rounded(histogram.sum() / histogram.count())!,
    p50: at(0.5),
    p90: at(0.9),
    p95: at(0.95),
    p99: at(0.99),
  };
}

const fraction = (value: number): number => Math.round(value * 10_000) / 10_000;
export const rounded = (ms: number | null): number | null => (ms === null ? null : Math.round(ms * 1000) / 1000);
