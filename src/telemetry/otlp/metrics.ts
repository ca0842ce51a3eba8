// Families of series as metrics of OTLP's JSON, and those that the conventions for generative AI name.
import type { RequestRecord } from '../../contract/index.ts';
import { createSeries, type Family } from '../series.ts';
import { operationOf } from './operation.ts';
import { nano, type ProviderOf } from './spans.ts';

/** As the conventions advise. */
const DURATIONS = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
const TOKENS = [1, 4, 16, 64, 256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864];

interface GenAiMetrics {
  observe(record: RequestRecord): void;
  readonly families: readonly Family[];
}

export function createGenAiMetrics(providerOf: ProviderOf): GenAiMetrics {
  const series = createSeries();
  const names = ['gen_ai.operation.name', 'gen_ai.provider.name', 'gen_ai.request.model'];
  const duration = series.histogram('gen_ai.client.operation.duration', 'Seconds of a call.', DURATIONS, [
    ...names,
    'error.type',
  ]);
  const tokens = series.histogram('gen_ai.client.token.usage', 'Tokens of a call.', TOKENS, [
    ...names,
    'gen_ai.token.type',
  ]);
  return {
    families: series.families,
    observe({ endpoint, attempts }) {
      const operation = operationOf(endpoint);
      for (const { model, upstreamModel, outcome, status, startedMs, endedMs, usage } of attempts) {
        const provider = providerOf(model);
        const error =
          outcome === 'ok' || outcome === 'aborted'
            ? ''
            : outcome === 'timeout'
              ? 'timeout'
              : String(status ?? 'failed');
        duration.record((endedMs - startedMs) / 1_000, operation, provider, upstreamModel, error);
        if (usage === null) continue;
        tokens.record(usage.prompt_tokens, operation, provider, upstreamModel, 'input');
        tokens.record(usage.completion_tokens, operation, provider, upstreamModel, 'output');
      }
    },
  };
}

const CUMULATIVE = 2;

/** One `scopeMetrics` entry's `metrics`. */
export function metricsOf(families: readonly Family[], startedAt: number, now: number): readonly object[] {
  const times = { startTimeUnixNano: nano(startedAt), timeUnixNano: nano(now) };
  return families
    .filter(({ samples }) => samples.size > 0)
    .map((family) => ({
      name: family.name,
      description: family.help,
      unit: unitOf(family.name),
      ...dataOf(family, times),
    }));
}

function dataOf(family: Family, times: object): object {
  const attributes = (labels: readonly string[]) =>
    family.labelNames.flatMap((key, place) =>
      (labels[place] ?? '') === '' ? [] : [{ key, value: { stringValue: labels[place] } }],
    );
  if (family.type === 'histogram')
    return {
      histogram: {
        aggregationTemporality: CUMULATIVE,
        dataPoints: [...family.samples.values()].map(({ labels, counts, count, sum }) => ({
          ...times,
          attributes: attributes(labels),
          count: String(count),
          sum,
          explicitBounds: family.bounds,
          bucketCounts: counts.map(String),
        })),
      },
    };
  const dataPoints = [...family.samples.values()].map(({ labels, value }) => ({
    ...times,
    attributes: attributes(labels),
    asDouble: value,
  }));
  return family.type === 'gauge'
    ? { gauge: { dataPoints } }
    : { sum: { aggregationTemporality: CUMULATIVE, isMonotonic: true, dataPoints } };
}

/** Quorum's names end in their unit. */
function unitOf(name: string): string {
  if (name.endsWith('.duration') || name.includes('_seconds')) return 's';
  if (name.includes('token')) return '{token}';
  return name.endsWith('_ms') ? 'ms' : '1';
}
