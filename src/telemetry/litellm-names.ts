// The same numbers under the names that LiteLLM's documentation gives them (docs.litellm.ai/docs/proxy/prometheus), so that its boards go on working.
// Its counters end in `_total` because Python's client adds that. Labels that would grow without bound (users, hashed keys) are left out.
import type { RequestRecord } from '../contract/index.ts';
import { createSeries, type Family, type Sample } from './series.ts';

const SECONDS = [0.005, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300];

interface LitellmNames {
  observe(record: RequestRecord, nameOf: (model: string) => string): void;
  /** Those that are made of Quorum's own. */
  families(own: readonly Family[]): readonly Family[];
}

export function createLitellmNames(): LitellmNames {
  const series = createSeries();
  const all = series.counter('litellm_proxy_total_requests_metric_total', 'Requests to the proxy.', [
    'requested_model',
    'status_code',
  ]);
  const failed = series.counter('litellm_proxy_failed_requests_metric_total', 'Failed requests to the proxy.', [
    'requested_model',
    'exception_status',
  ]);
  const latency = series.histogram('litellm_request_total_latency_metric', 'Seconds in all.', SECONDS, [
    'requested_model',
  ]);
  return {
    observe({ requestedModel, status, timings }, nameOf) {
      const model =
        requestedModel.startsWith('quorum/') || requestedModel === 'auto' ? requestedModel : nameOf(requestedModel);
      all.add(1, model, String(status));
      if (status >= 400) failed.add(1, model, String(status));
      latency.record(timings.totalMs / 1_000, model);
    },
    families: (own) => [...series.families, ...own.flatMap(renamed)],
  };
}

/** Quorum's name → LiteLLM's. */
const SAME: Readonly<Record<string, readonly [name: string, labels: readonly string[]]>> = {
  quorum_cost_usd_total: ['litellm_spend_metric_total', ['model']],
  quorum_upstream_call_duration_seconds: ['litellm_llm_api_latency_metric', ['model']],
  quorum_upstream_first_byte_seconds: ['litellm_llm_api_time_to_first_token_metric', ['model']],
  quorum_overhead_seconds: ['litellm_overhead_latency_metric', []],
};

function renamed(family: Family): readonly Family[] {
  const same = SAME[family.name];
  if (same !== undefined) return [{ ...family, name: same[0], labelNames: same[1] }];
  if (family.type === 'histogram') return [];
  const samples = [...family.samples.values()];
  switch (family.name) {
    case 'quorum_tokens_total':
      return [
        summed(family, 'litellm_input_tokens_metric_total', samples, ([, kind]) => kind === 'input'),
        summed(family, 'litellm_output_tokens_metric_total', samples, ([, kind]) => kind === 'output'),
        summed(
          family,
          'litellm_total_tokens_metric_total',
          samples,
          ([, kind]) => kind === 'input' || kind === 'output',
        ),
      ];
    case 'quorum_upstream_calls_total':
      return [
        summed(family, 'litellm_deployment_total_requests_total', samples, () => true, 'litellm_model_name'),
        summed(
          family,
          'litellm_deployment_success_responses_total',
          samples,
          ([, end]) => end === 'ok',
          'litellm_model_name',
        ),
        summed(
          family,
          'litellm_deployment_failure_responses_total',
          samples,
          ([, end]) => end === 'failed' || end === 'timeout',
          'litellm_model_name',
        ),
      ];
    case 'quorum_breaker_state':
      return [summed(family, 'litellm_deployment_state', samples, () => true, 'litellm_model_name')];
    case 'quorum_budget_limit_usd':
      return [
        ofScope(family, 'litellm_team_max_budget_metric', 'team', samples),
        ofScope(family, 'litellm_api_key_max_budget_metric', 'key', samples),
      ];
    case 'quorum_budget_left_usd':
      return [
        ofScope(family, 'litellm_remaining_team_budget_metric', 'team', samples),
        ofScope(family, 'litellm_remaining_api_key_budget_metric', 'key', samples),
      ];
    default:
      return [];
  }
}

type Plain = Extract<Family, { type: 'counter' | 'gauge' }>;

/** By the first label. */
function summed(
  { type, help }: Plain,
  name: string,
  samples: readonly Sample[],
  isMeant: (labels: readonly string[]) => boolean,
  label = 'model',
): Family {
  const sums = new Map<string, Sample>();
  for (const { labels, value } of samples) {
    if (!isMeant(labels)) continue;
    const first = labels[0] ?? '';
    const known = sums.get(first) ?? { labels: [first], value: 0 };
    known.value += value;
    sums.set(first, known);
  }
  return { type, help, name, labelNames: [label], samples: sums };
}

/** Budgets of teams, or of keys. */
function ofScope({ type, help }: Plain, name: string, scope: 'team' | 'key', samples: readonly Sample[]): Family {
  const own = samples.filter(({ labels }) => labels[1] === scope);
  const label = scope === 'team' ? 'team' : 'api_key_alias';
  return {
    type,
    help,
    name,
    labelNames: [label],
    samples: new Map(own.map(({ labels, value }) => [labels[2] ?? '', { labels: [labels[2] ?? ''], value }])),
  };
}
