// OpenTelemetry's own environment variables, as far as OTLP over HTTP needs them.
import type { OtlpSettings } from '../contract/index.ts';
import type { Environment } from './substitute.ts';

/** null: nothing is sent anywhere. */
export function otlpFrom(env: Environment): OtlpSettings | null {
  const of = (name: string): string | undefined => (env[name]?.trim() === '' ? undefined : env[name]?.trim());
  if (of('OTEL_SDK_DISABLED')?.toLowerCase() === 'true') return null;
  const base = of('OTEL_EXPORTER_OTLP_ENDPOINT')?.replace(/\/+$/, '');
  const urlOf = (signal: 'traces' | 'metrics'): string | null => {
    if (of(`OTEL_${signal.toUpperCase()}_EXPORTER`) === 'none') return null;
    const own = of(`OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_ENDPOINT`);
    const url = own ?? (base === undefined ? null : `${base}/v1/${signal}`);
    return url !== null && /^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : '') ? url : null;
  };
  const [tracesUrl, metricsUrl] = [urlOf('traces'), urlOf('metrics')];
  if (tracesUrl === null && metricsUrl === null) return null;
  const name = of('OTEL_SERVICE_NAME');
  return {
    tracesUrl,
    metricsUrl,
    headers: pairsOf(of('OTEL_EXPORTER_OTLP_HEADERS')),
    resource: { ...pairsOf(of('OTEL_RESOURCE_ATTRIBUTES')), ...(name !== undefined && { 'service.name': name }) },
    sampled: sampledFrom(of('OTEL_TRACES_SAMPLER'), of('OTEL_TRACES_SAMPLER_ARG')),
    metricsEveryMs: Math.max(1_000, Number(of('OTEL_METRIC_EXPORT_INTERVAL')) || 60_000),
  };
}

/** `a=1,b=2`, percent-encoded. */
function pairsOf(text = ''): Readonly<Record<string, string>> {
  return Object.fromEntries(
    text.split(',').flatMap((pair) => {
      const at = pair.indexOf('=');
      return at < 1 ? [] : [[pair.slice(0, at).trim(), decoded(pair.slice(at + 1).trim())]];
    }),
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What a caller decided stands in any case. */
function sampledFrom(sampler = 'parentbased_always_on', argument = '1'): number {
  if (sampler.endsWith('always_off')) return 0;
  if (!sampler.endsWith('traceidratio')) return 1;
  const share = Number(argument);
  return share >= 0 && share <= 1 ? share : 1;
}
