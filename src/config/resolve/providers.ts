// Providers as they are called: the config's rows over the catalog's, keys taken from the environment.
import type { Provider, ProviderType } from '../../contract/index.ts';
import type { LoadedConfig } from '../load.ts';
import type { ProviderRow } from '../schema/index.ts';

/** A provider, and whether the config's file speaks of it by itself. */
export interface KnownProvider {
  readonly provider: Provider;
  /** The file gives it an address of its own: nothing of the catalog's row holds for it. */
  readonly own: boolean;
  /** The file speaks of it at all. */
  readonly declared: boolean;
}

export function resolveProviders(loaded: LoadedConfig): ReadonlyMap<string, KnownProvider> {
  const { config, catalog, keyVariables } = loaded;
  const names = new Set([...Object.keys(catalog.rows.providers), ...Object.keys(config.providers)]);
  return new Map(
    [...names].map((name): [string, KnownProvider] => {
      const theirs: ProviderRow = config.providers[name] ?? {};
      const shipped = catalog.rows.providers[name];
      const own = isOwn(theirs, shipped);
      const row = own ? theirs : overlay(shipped ?? {}, theirs);
      const variable = keyVariables.get(name) ?? (own ? null : (catalog.keyVariables.get(name) ?? null));
      return [
        name,
        { provider: providerFrom(name, row, variable), own, declared: Object.hasOwn(config.providers, name) },
      ];
    }),
  );
}

const isOwn = (theirs: ProviderRow, shipped: ProviderRow | undefined): boolean =>
  shipped === undefined ||
  (theirs.base_url !== undefined && trimmed(theirs.base_url) !== trimmed(shipped.base_url ?? ''));

/** Keys that are given win; `undefined` isn't given. */
export function overlay<Row extends object>(below: Row, above: Row): Row {
  return { ...below, ...Object.fromEntries(Object.entries(above).filter(([, value]) => value !== undefined)) };
}

const trimmed = (url: string): string => url.replace(/\/+$/, '');

/** Google's OpenAI-compatible address, where what is passed through goes, takes a bearer like OpenAI. */
function usualAuthHeader(type: ProviderType | undefined, baseUrl: string): string {
  if (type === 'anthropic') return 'x-api-key';
  return type === 'gemini' && !baseUrl.endsWith('/openai') ? 'x-goog-api-key' : 'authorization';
}

function providerFrom(name: string, row: ProviderRow, keyVariable: string | null): Provider {
  const key = row.api_key?.reveal() ?? '';
  const simulated = row.type === 'sandbox';
  const baseUrl = trimmed(row.base_url ?? '');
  const authHeader = row.auth_header?.toLowerCase() ?? usualAuthHeader(row.type, baseUrl);
  return {
    name,
    type: row.type ?? 'openai',
    baseUrl: simulated ? (row.base_url ?? 'sandbox:') : baseUrl,
    apiKey: key === '' || row.api_key === undefined ? null : row.api_key,
    keyMissing: key === '' && keyVariable !== null,
    keyVariable,
    local: row.local ?? false,
    simulated,
    authHeader,
    authPrefix: row.auth_prefix ?? (authHeader === 'authorization' ? 'Bearer ' : ''),
    headers: row.headers ?? {},
    extraBody: row.extra_body ?? {},
    dropFields: row.drop_fields ?? [],
    renameFields: row.rename_fields ?? {},
    dropMessageFields: row.drop_message_fields ?? [],
    streamUsage: row.stream_usage ?? true,
    maxRetries: row.max_retries ?? 2,
    ...(row.trace_context !== undefined && { traceContext: row.trace_context }),
    ...(row.reasoning_field !== undefined &&
      row.reasoning_field !== 'reasoning_content' && { reasoningField: row.reasoning_field }),
    ...(row.reports_cost !== undefined && { reportsCost: row.reports_cost }),
    alsoServes: row.also_serves ?? [],
  };
}
