// OpenTelemetry's own environment variables, as far as OTLP over HTTP needs them.
import type { OtlpSettings, Sampling } from '../contract/index.ts';
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
    sampling: samplingFrom(of('OTEL_TRACES_SAMPLER'), of('OTEL_TRACES_SAMPLER_ARG')),
    otherProtocol: otherThanJson(
      of('OTEL_EXPORTER_OTLP_PROTOCOL') ??
        of('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL') ??
        of('OTEL_EXPORTER_OTLP_METRICS_PROTOCOL'),
    ),
    metricsEveryMs: Math.max(1_000, Number(of('OTEL_METRIC_EXPORT_INTERVAL')) || 60_000),
  };
}

/** Collectors that take protobuf over HTTP take JSON at the same address. */
const otherThanJson = (protocol = 'http/json'): string | null => (protocol === 'http/json' ? null : protocol);

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

/** Tracing every request of a busy program costs a fifth of its speed, and nobody looks at a thousand traces a second. */
const USUAL_PER_SECOND = 100;

/** OpenTelemetry's samplers by their names, and Quorum's own `rate_limited`, which is also what holds where none is named. */
function samplingFrom(sampler = 'rate_limited', argument?: string): Sampling {
  const parentBased = sampler.startsWith('parentbased_') || sampler === 'rate_limited';
  const every = { share: 1, perSecond: null, parentBased };
  const given = Number(argument ?? Number.NaN);
  switch (sampler.replace('parentbased_', '')) {
    case 'always_on':
      return every;
    case 'always_off':
      return { ...every, share: 0 };
    case 'traceidratio':
      return { ...every, share: given >= 0 && given <= 1 ? given : 1 };
    default:
      return { ...every, parentBased: true, perSecond: given > 0 && given < 1e6 ? given : USUAL_PER_SECOND };
  }
}
